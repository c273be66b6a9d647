"""Cells of age and group: the national runs by cell and year, and which part of each a municipality has.

In come a comparison and profiles; out come yearly means by cell, and allotments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.local.composition import allotment
from sd_covid.analysis.local.indicators import Indicator
from sd_covid.analysis.local.profile import VULNERABLE, Profiles
from sd_covid.errors import RunError
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.saved_points import index_of, mean_between, new_year

Floats = NDArray[np.float64]

_GROUPS = ("regular", "vulnerable")


@dataclass(frozen=True)
class Cells:
    """The national run by cell and year.

    Attributes
    ----------
    names : tuple of str
        Elements, joined by commas, as ``youth,vulnerable``.
    number, of : ndarray, shape (scenario, draw, year, cell)
        Yearly means of numerator and denominator.
    """

    names: tuple[str, ...]
    number: Floats
    of: Floats


def cells_of(comparison: Comparison, indicator: Indicator) -> Cells:
    """Yearly means of the cells of an indicator."""
    found = [_elements(comparison, name) for name in (indicator.numerator, indicator.denominator)]
    names = [name for name in found[1] if name in found[0] and _kept(name, indicator)]
    if not names:
        raise RunError(
            f"'{indicator.numerator}' and '{indicator.denominator}' have no cells in common",
            advice="see 'ages' in calibration/local/indicators.yaml",
        )
    ids = [item.id for item in comparison.scenarios]
    sound = comparison.sound(*ids)
    number, of = (
        np.stack([comparison.levels[table[name]][:, sound] for name in names], axis=-1) for table in found
    )
    number = number * indicator.times * (of if indicator.is_share else 1.0)
    edges = [
        (index_of(comparison.date, new_year(year)), index_of(comparison.date, new_year(year + 1)))
        for year in comparison.years
    ]

    def yearly(paths: Floats) -> Floats:
        last = np.moveaxis(paths, 2, -1)
        return np.stack([mean_between(comparison.time, last, *edge) for edge in edges], axis=2)

    return Cells(tuple(names), yearly(number), yearly(of))


def _elements(comparison: Comparison, name: str) -> dict[str, str]:
    """Elements of a variable -> its output in the comparison."""
    found = {}
    for output in comparison.outputs:
        base, _, element = output.name.partition("[")
        if base == name:
            found[element.rstrip("]")] = output.name
    return found


def _kept(name: str, indicator: Indicator) -> bool:
    """Whether a cell is one of the ages that are counted."""
    return not indicator.ages or any(part in indicator.ages for part in name.split(","))


def shares(indicator: Indicator, profiles: Profiles, cells: Cells) -> Floats:
    """Which part of each cell each municipality has, shape (municipality, cell); sums over municipalities are 1."""
    vulnerable = profiles.values[VULNERABLE]
    scale = profiles.values[indicator.scale] if indicator.scale else np.ones_like(vulnerable)
    by_group = dict(zip(_GROUPS, (1 - vulnerable, vulnerable), strict=True))
    columns, persons = [], {}
    for name in cells.names:
        parts = name.split(",")
        age = next((part for part in parts if part in indicator.ages), "")
        fields = indicator.ages[age] if age else (indicator.by,)
        persons[age] = sum(profiles.values[field] for field in fields) * scale
        groups = [by_group[part] for part in parts if part in by_group]
        columns.append(persons[age] * (groups[0] if groups else 1.0))
    national = cells.of[0].mean(axis=(0, 1))
    # What a municipality has of each age follows the country's cells, so that age groups of other widths fit.
    totals = np.zeros(len(vulnerable))
    for age, people in persons.items():
        of_age = [place for place, name in enumerate(cells.names) if not age or age in name.split(",")]
        totals += national[of_age].sum() * people / people.sum()
    return allotment(np.stack(columns, axis=1), totals, national)
