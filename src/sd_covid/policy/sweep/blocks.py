"""A sweep cut into blocks: fixed parts of draws × sets of assumptions, with fixed numbers, for each scenario.

The run of draw d under set a has the number d × sets + a in every scenario, and with it the same random numbers; a
block holds runs of consecutive numbers. So what a block comes to does not depend on who runs it, or when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sd_covid.model.names import key
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.comparison.run import overruled
from sd_covid.policy.sweep.plan import SweepPlan


@dataclass(frozen=True, slots=True)
class Grid:
    """How draws × sets are cut into blocks.

    Attributes
    ----------
    draws, sets : int
        How many there are.
    of_draws, of_sets : int
        How many a block holds of each: all sets, or some of those of one draw.
    """

    draws: int
    sets: int
    of_draws: int
    of_sets: int

    @classmethod
    def of(cls, draws: int, sets: int, most: int) -> Grid:
        """Blocks of `most` runs at most, and as near to it as whole draws come."""
        if sets >= most:
            return cls(draws, sets, 1, most)
        return cls(draws, sets, min(draws, most // sets), sets)

    @property
    def runs(self) -> int:
        """Runs of a scenario."""
        return self.draws * self.sets

    def __len__(self) -> int:
        return -(-self.draws // self.of_draws) * -(-self.sets // self.of_sets)

    def place(self, number: int) -> tuple[int, int]:
        """Where a block stands among those along the draws and along the sets."""
        return divmod(number, -(-self.sets // self.of_sets))

    def ranges(self, number: int) -> tuple[slice, slice]:
        """The draws and the sets of a block."""
        draw, assumption = self.place(number)
        first, left = draw * self.of_draws, assumption * self.of_sets
        return (
            slice(first, min(first + self.of_draws, self.draws)),
            slice(left, min(left + self.of_sets, self.sets)),
        )

    def size(self, number: int) -> int:
        """Runs of a block."""
        draws, sets = self.ranges(number)
        return int(draws.stop - draws.start) * int(sets.stop - sets.start)


@dataclass(frozen=True, slots=True)
class Variant:
    """Settings that are run, for one scenario or for several that come to the same.

    Attributes
    ----------
    settings : dict
        Model constant -> value.
    scenarios : tuple of int
        Positions among the scenarios of the sweep.
    """

    settings: dict[str, float]
    scenarios: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the runs of one variant, with all that it takes to run it.

    Attributes
    ----------
    variant, number : int
    settings : dict
    draws, sets : DataFrame
        Rows of the block; each draw is run under each set, which varies fastest.
    first_member : int
        The number of its first run.
    reference : dict or None
        Settings of the scenario from which differences are taken; None where there is none, or it is this one.
    """

    variant: int
    number: int
    settings: dict[str, float]
    draws: pd.DataFrame
    sets: pd.DataFrame
    first_member: int
    reference: dict[str, float] | None = None

    def frame(self, settings: dict[str, float] | None = None) -> pd.DataFrame:
        """Constants of all its runs: those of a scenario overrule a set's, which overrule a draw's.

        `settings` are those of another scenario, to be run on the same draws and sets.
        """
        settings = self.settings if settings is None else settings
        draws, sets = len(self.draws), len(self.sets)
        table = pd.concat(
            [
                self.draws.iloc[np.repeat(np.arange(draws), sets)].reset_index(drop=True),
                self.sets.iloc[np.tile(np.arange(sets), draws)].reset_index(drop=True),
            ],
            axis=1,
        )
        return overruled(table, settings) if settings else table


class Blocks:
    """All blocks of a sweep, scenario after scenario.

    Parameters
    ----------
    plan : SweepPlan

    Attributes
    ----------
    grid : Grid
    variants : tuple of Variant

    Raises
    ------
    RunError
        When draws set a whole array of which a set of assumptions or a scenario sets one element.
    """

    def __init__(self, plan: SweepPlan) -> None:
        self.grid = Grid.of(len(plan.draws.table), len(plan.sets.table), plan.block)
        varied = list(map(str, plan.sets.table))
        left = overruled(plan.draws.table, dict.fromkeys(varied, 0.0)) if varied else plan.draws.table
        self._draws, self._sets = left.drop(columns=varied), plan.sets.table
        names = ConstantNames(plan.simulation.constants)
        moved = [*map(str, self._draws), *varied]
        settings = [scenario.settings for scenario in plan.scenarios]
        self.variants = variants(settings, names, plan.simulation.constants, moved)
        self._reference = _reference(plan, self.variants)

    def __len__(self) -> int:
        return len(self.variants) * len(self.grid)

    def __getitem__(self, place: tuple[int, int]) -> Block:
        variant, number = place
        draws, sets = self.grid.ranges(number)
        first = draws.start * self.grid.sets + sets.start
        rows = self._draws.iloc[draws], self._sets.iloc[sets]
        other = None if self._reference in (None, variant) else self.variants[self._reference].settings
        return Block(variant, number, self.variants[variant].settings, *rows, first, other)


def _reference(plan: SweepPlan, found: Sequence[Variant]) -> int | None:
    """The variant from which differences are taken; None where none are."""
    if plan.statistics is None or not plan.statistics.differences_from:
        return None
    place = [item.id for item in plan.scenarios].index(plan.statistics.differences_from)
    return next(number for number, item in enumerate(found) if place in item.scenarios)


def variants(
    settings: Sequence[Mapping[str, float]],
    names: ConstantNames,
    defaults: Mapping[str, float],
    moved: Sequence[str],
) -> tuple[Variant, ...]:
    """Scenarios that come to the same as one: the same value of every constant, whatever they write down.

    Parameters
    ----------
    settings : sequence of mapping
        Of each scenario, constant -> value.
    names : ConstantNames
    defaults : mapping
        Value of every constant in the model.
    moved : sequence of str
        Constants that draws or sets of assumptions set: there a scenario's value counts, be it the default or not.
    """
    loose = {key(element) for name in moved for element in names.elements(name)}
    found: dict[str, list[int]] = {}
    for position, item in enumerate(settings):
        whole = {element: float(value) for name, value in item.items() for element in names.elements(name)}
        effect = {
            element: value
            for element, value in whole.items()
            if key(element) in loose or value != defaults[element]
        }
        found.setdefault(content_hash(effect), []).append(position)
    return tuple(Variant(dict(settings[at[0]]), tuple(at)) for at in found.values())


def content_hash(content: object) -> str:
    """SHA-256 of something that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
