"""Which figures stored draws rest on, and how those of the tables differ from them.

In: a problem and its stored posterior, whose record lists every figure it has seen and a hash of all else it rests on.
Out: figures that are new, and figures that are not there any more; a figure with another value is both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_covid.calibration.problem.petab import Measurement, Problem
from sd_covid.calibration.stored.store import Posterior, tables_hash
from sd_covid.calibration.tables import Row
from sd_covid.errors import DataError

Figure = tuple[str, str, float, float, str, str, str, str]
"""Observable, experiment, end of the period, value, overrides, overrides of the noise, sample size, period."""


Place = tuple[str, str, float]
"""Observable, experiment and end of the period."""


def place_of(item: Measurement) -> Place:
    """Of what a figure is told, whatever its value."""
    return item.observable, item.experiment, item.time


def figure_of(item: Measurement) -> Figure:
    """What of a row of the measurement table the likelihood depends on, and the name of its period."""
    return (
        item.observable,
        item.experiment,
        item.time,
        item.value,
        ";".join(item.overrides),
        ";".join(item.noise_overrides),
        item.row.text("sample_size"),
        item.period,
    )


def record(problem: Problem) -> dict[str, Any]:
    """What the record of a posterior says of the figures it rests on, and of all else in the tables."""
    return {
        "figures": [list(figure_of(item)) for item in problem.measurements],
        "settings_hash": _settings_hash(problem),
    }


@dataclass(frozen=True, slots=True)
class Differences:
    """Figures of the tables beside those that stored draws rest on.

    Attributes
    ----------
    added, removed : tuple of Measurement
        In the tables and not seen; seen and not in the tables, put together from the record.
    """

    added: tuple[Measurement, ...]
    removed: tuple[Measurement, ...]

    @property
    def replaced(self) -> dict[Place, float]:
        """Earlier value of each figure that has another one now."""
        places = {place_of(item) for item in self.added}
        return {place_of(item): item.value for item in self.removed if place_of(item) in places}

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def differences(problem: Problem, seen: tuple[Figure, ...], file: Path) -> Differences:
    """How the figures of a problem differ from those that draws have seen.

    Parameters
    ----------
    problem : Problem
    seen : tuple of Figure
        See `seen_figures`.
    file : Path
        Of the stored posterior: where a removed figure is now.
    """
    known, now = set(seen), {figure_of(item) for item in problem.measurements}
    return Differences(
        tuple(item for item in problem.measurements if figure_of(item) not in known),
        tuple(_measurement(item, file) for item in seen if item not in now),
    )


def seen_figures(problem: Problem, stored: Posterior, file: Path) -> tuple[Figure, ...]:
    """The figures that stored draws rest on.

    Parameters
    ----------
    problem : Problem
        As its tables stand now.
    stored : Posterior
    file : Path
        Of the stored posterior, for messages.

    Raises
    ------
    DataError
        The record does not tell, or more than figures has changed since.
    """
    again = f"a full fit is due: run sd-covid calibrate {problem.path}"
    found = stored.provenance.get("figures")
    if found is None:
        if stored.provenance["data_hash"] == tables_hash(problem):  # an older record: what is there was seen
            return tuple(figure_of(item) for item in problem.measurements)
        reason = "the draws do not tell which figures they have seen, and the tables have changed since"
        raise DataError(reason, advice=again, file=file)
    if stored.provenance["settings_hash"] != _settings_hash(problem):
        reason = (
            "more than figures has changed since the draws were made: parameters, observables or settings"
        )
        raise DataError(reason, advice=again, file=file)
    return tuple(_figure(item) for item in found)


def _settings_hash(problem: Problem) -> str:
    return tables_hash(problem, without=("measurement",))


def _figure(cells: Iterable[Any]) -> Figure:
    observable, experiment, time, value, overrides, noise, size, period = cells
    return observable, experiment, float(time), float(value), overrides, noise, size, period


def _measurement(figure: Figure, file: Path) -> Measurement:
    """A figure of the record as a measurement again."""
    observable, experiment, time, value, overrides, noise, size, period = figure

    def items(text: str) -> tuple[str, ...]:
        return tuple(text.split(";")) if text else ()

    row = Row({"sample_size": size, "period": period}, file, 0)
    return Measurement(
        observable, experiment, value, time, items(overrides), items(noise), False, period, row
    )
