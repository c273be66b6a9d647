"""Whether figures of regions add up to the figure of the country.

In come figures and ``sums.yaml``, which says what ought to add up and to what; out come `Sum`s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.local.figures import Figure, Figures
from sd_covid.data.local.regions import LEVELS, Regions
from sd_covid.data.text import Text
from sd_covid.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Sum:
    """Figures of one period beside what they should add up to.

    Attributes
    ----------
    what : str
        The series.
    period : str
    level : str
        Of the parts.
    parts, expected : int
        How many there are, and how many regions the division of that year has.
    total : float
        Of the parts.
    country : float
        What they should add up to; NaN where no figure was read.
    unassigned : float
        What the publisher counted in no region.
    tolerance : float
        By how much rounding may part them.
    note : Text
    """

    what: str
    period: str
    level: str
    parts: int
    expected: int
    total: float
    country: float
    unassigned: float
    tolerance: float
    note: Text

    @property
    def difference(self) -> float:
        """What is missing to the country's figure, after what no region has."""
        return self.country - self.total - self.unassigned

    @property
    def holds(self) -> bool:
        """Whether every region is there and the sum agrees."""
        return self.parts == self.expected and abs(self.difference) <= self.tolerance


def read_sums(
    path: Path, figures: Figures, regions: Regions, control: Callable[[str], Mapping[str, float]]
) -> tuple[Sum, ...]:
    """Add up what the file names, in every period in which the parts have figures.

    Parameters
    ----------
    path : Path
        ``sums.yaml``.
    figures : Figures
    regions : Regions
    control : callable
        From a series of the study's registry to its figures by period.

    Raises
    ------
    DataError
        A key or series that there is not, with file and line.
    """
    found: list[Sum] = []
    for node in read_yaml(path).items():
        found += _sums(node, figures, regions, control)
    return tuple(found)


def _sums(
    node: Node, figures: Figures, regions: Regions, control: Callable[[str], Mapping[str, float]]
) -> list[Sum]:
    keys = node.fields(("series", "parts", "tolerance"), ("control", "unassigned", "note"))
    series, level = _known(keys["series"], figures), keys["parts"].choice(LEVELS)
    parts: dict[str, list[Figure]] = {}
    for item in figures.of(series, level=level):
        parts.setdefault(item.period, []).append(item)
    own = {item.period: item.value for item in figures.of(series, level="country")}
    country = control(keys["control"].text()) if "control" in keys else own
    note = keys["note"].fields(("nl", "en")) if "note" in keys else {}
    return [
        Sum(
            series,
            period,
            level,
            len(items),
            sum(item.level == level and item.stands_in(items[0].year) for item in regions.by_code.values()),
            math.fsum(item.value for item in items),
            country.get(period, math.nan),
            _number(keys.get("unassigned")),
            _number(keys["tolerance"]),
            Text(*(note[name].text() for name in ("nl", "en"))) if note else Text(),
        )
        for period, items in sorted(parts.items())
    ]


def _known(node: Node, figures: Figures) -> str:
    try:
        figures.of(node.text())
    except UnknownNameError as error:
        raise node.error(error.reason, error.advice or "see definitions.csv") from error
    return node.text()


def _number(node: Node | None) -> float:
    if node is None:
        return 0.0
    try:
        return float(node.text())
    except ValueError as error:
        raise node.error(f"'{node.text()}' is not a number", "write a number") from error
