"""Local signals: what somebody saw somewhere on a day, as a note beside the published series of a variable.

A signal is a dated note about a variable of a diagram, by a municipality or another observer. It is shown beside
figures and never becomes one: it has a direction at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sd_covid.data.registry import Registry, Series
from sd_covid.errors import ScenarioError
from sd_covid.marvel.beside.counterparts import OUTPUTS
from sd_covid.marvel.diagram import Diagram, Variable
from sd_covid.marvel.faults import fault, nearest
from sd_covid.marvel.session.words import SIGNS, sign_meant, word
from sd_covid.model.names import key
from sd_covid.policy.files.tables import Cell, read_csv

COLUMNS = ("date", "place", "variable", "direction", "text", "source")


@dataclass(frozen=True, slots=True)
class Signal:
    """A note.

    Attributes
    ----------
    day : date
    place : str
        Municipality, region or neighbourhood.
    variable : Variable
        Of the diagram.
    direction : int or None
        1 for more, -1 for less, 0 for no difference; None where the observer does not say.
    text, source : str
        What was seen, and by whom.
    """

    day: date
    place: str
    variable: Variable
    direction: int | None
    text: str
    source: str


def read_signals(file: Path, diagram: Diagram, language: str = "en") -> tuple[Signal, ...]:
    """Read local signals.

    Parameters
    ----------
    file : Path
        A CSV file with the columns of `COLUMNS`; a direction as on a form, or empty.
    diagram : Diagram
    language : {'nl', 'en'}
        Of what is said when something is wrong.

    Returns
    -------
    tuple of Signal
        By day.

    Raises
    ------
    DiagramError, ScenarioError
        A day that is none or still to come, an unknown variable, a direction that is none, a note without place, text
        or source.
    """
    known = {key(item.id): item for item in diagram.variables}
    found = []
    for row in read_csv(file, "signals", language).rows("signals", COLUMNS):
        for column in ("place", "text", "source"):
            if row[column].empty:
                raise fault("empty", language, at=row[column])
        name = row["variable"].text
        if key(name) not in known:
            advice = nearest(name, [item.id for item in diagram.variables], language)
            raise fault("unknown", language, {"name": name, "advice": advice}, at=row["variable"])
        found.append(
            Signal(
                _day(row["date"], language),
                row["place"].text,
                known[key(name)],
                _direction(row["direction"], language),
                row["text"].text,
                row["source"].text,
            )
        )
    if not found:
        raise fault("none", language, {"what": "signals", "sheet": "signals"}, file=file)
    return tuple(sorted(found, key=lambda item: item.day))


def series_of(folder: Path, diagram: Diagram, registry: Registry, language: str = "en") -> dict[str, Series]:
    """The published series that tells each variable, by the ``series`` of ``outputs.csv``.

    Parameters
    ----------
    folder : Path
        Of the diagram.
    diagram : Diagram
    registry : Registry
    language : {'nl', 'en'}

    Returns
    -------
    dict
        Id of a variable -> its series; variables without one are not there.

    Raises
    ------
    DiagramError, ScenarioError, UnknownNameError
        An unknown variable or series.
    """
    known = {key(item.id): item.id for item in diagram.variables}
    found = {}
    for row in read_csv(folder / "outputs.csv", "outputs", language).rows("outputs", OUTPUTS):
        name = row["variable"].text
        if key(name) not in known:
            advice = nearest(name, known.values(), language)
            raise fault("unknown", language, {"name": name, "advice": advice}, at=row["variable"])
        if not row["series"].empty:
            found[known[key(name)]] = registry.series(row["series"].text)
    return found


def _day(cell: Cell, language: str) -> date:
    try:
        found = cell.day()
    except ScenarioError:
        raise fault("session.day", language, {"found": cell.text}, at=cell) from None
    if found > date.today():
        raise fault("session.day to come", language, {"found": cell.text}, at=cell)
    return found


def _direction(cell: Cell, language: str) -> int | None:
    if cell.empty:
        return None
    meant, sign = sign_meant(cell.text)
    if not meant:
        answers = [word(f"answer.{name}", language) for name in SIGNS]
        advice = nearest(cell.text, answers, language)
        raise fault("choice", language, {"found": cell.text, "advice": advice}, at=cell)
    return sign
