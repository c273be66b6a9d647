"""What is judged: objectives of packages in worlds, one number for each draw.

In come comparisons of the same packages, each under another path of the drivers or another structure of the model; out
come `Outcomes`, in which every package has the same draws in the same world, so that whatever is taken of them is
paired. A comparison is let go once its numbers are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.appraisal.benefits import Benefits
from sd_covid.policy.appraisal.effectiveness import extra_cost
from sd_covid.policy.appraisal.package import appraise
from sd_covid.policy.comparison.scenarios import Comparison, Measure
from sd_covid.policy.types import Floats

Better = Literal["lower", "higher"]
#: What varies beside the draws: what befalls the country, or how the model is made.
WorldKind = Literal["path", "structure"]
#: Sums of money that a comparison counts by itself: extra cost, and benefits less what society gives up.
Amount = Literal["cost", "balance"]


@dataclass(frozen=True, slots=True)
class Objective:
    """Something by which packages are judged.

    Attributes
    ----------
    id : str
    title, unit : Text
        As a reader sees them; the unit is that of a total where outcomes are added up.
    better : {'lower', 'higher'}
    output : str
        Of the study's outputs; empty for an amount of money.
    measure : {'year', 'mean', 'peak', 'total', 'discounted total'}
    years : tuple of int
    difference : bool
        Whether it is the difference from the null alternative; a level otherwise.
    amount : {'cost', 'balance'} or None
        Of money: present value against the null alternative, million euro.
    relevance : float
        Smallest difference that matters.
    target : float or None
        In its own unit; met at or on the better side of it.
    """

    id: str
    title: Text
    unit: Text
    better: Better
    output: str = ""
    measure: Measure = "year"
    years: tuple[int, int] = (0, 0)
    difference: bool = False
    amount: Amount | None = None
    relevance: float = 0.0
    target: float | None = None

    @property
    def sign(self) -> float:
        """By what its values are multiplied so that more is better."""
        return 1.0 if self.better == "higher" else -1.0


@dataclass(frozen=True, slots=True)
class World:
    """A path of the drivers or a structure of the model, under which every package was run.

    Attributes
    ----------
    id : str
    title : Text
    kind : {'path', 'structure'}
    paired : bool
        Whether its draws are those of the first world; a structure that was fitted anew has its own.
    """

    id: str
    title: Text
    kind: WorldKind = "path"
    paired: bool = True


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Objectives of packages in worlds.

    Attributes
    ----------
    packages : tuple of str
        Ids; the first is the null alternative.
    titles : dict
        Package -> title.
    objectives : tuple of Objective
    worlds : tuple of World
        The first is the one that others are held against.
    values : ndarray, shape (objective, world, package, draw)
        In the unit of each objective; NaN where a run failed.
    unpriced : tuple of str
        Levers that differ between packages and have no price: costs leave them out.
    """

    packages: tuple[str, ...]
    titles: dict[str, Text]
    objectives: tuple[Objective, ...]
    worlds: tuple[World, ...]
    values: Floats
    unpriced: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> NDArray[np.bool_]:
        """Draws in which every package ran to its end in every world, shape (draw,)."""
        return np.asarray(np.isfinite(self.values).all(axis=(0, 1, 2)), dtype=np.bool_)

    @property
    def failed(self) -> int:
        """Draws that are kept out everywhere, since some package failed in some world."""
        return int((~self.sound).sum())

    def objective(self, name: str) -> Objective:
        """The objective with that id."""
        return self.objectives[self.at(name)]

    def at(self, name: str) -> int:
        """The place of an objective on the first axis of `values`."""
        return [item.id for item in self.objectives].index(name)

    def gains(self, name: str, worlds: Sequence[int] | None = None) -> Floats:
        """An objective in sound draws, turned so that more is better.

        Parameters
        ----------
        name : str
        worlds : sequence of int, optional
            Places of the worlds; all paths of the drivers by default.

        Returns
        -------
        ndarray, shape (world, package, draw)
        """
        chosen = self.of_kind("path") if worlds is None else list(worlds)
        values = self.values[self.at(name)][chosen][:, :, self.sound]
        return np.asarray(self.objective(name).sign * values, dtype=np.float64)

    def states(self, name: str) -> Floats:
        """The same over all draws and all paths of the drivers, each counted alike, shape (package, state)."""
        gains = self.gains(name)
        return np.swapaxes(gains, 0, 1).reshape(len(self.packages), -1)

    def of_kind(self, kind: WorldKind) -> list[int]:
        """Places of the worlds of a kind."""
        return [place for place, world in enumerate(self.worlds) if world.kind == kind]


def measured(
    comparison: Comparison, objectives: Sequence[Objective], benefits: Benefits | None = None
) -> tuple[Floats, tuple[str, ...]]:
    """The objectives of every scenario of a comparison.

    Parameters
    ----------
    comparison : Comparison
    objectives : sequence of Objective
    benefits : Benefits, optional
        Needed for the balance of costs and benefits.

    Returns
    -------
    values : ndarray, shape (objective, scenario, member)
        NaN for a member that failed in the scenario or in the null alternative.
    unpriced : tuple of str
        Levers without a price in some scenario.

    Raises
    ------
    RunError, UnknownNameError
        A year outside the run, an output that was not kept, a balance without benefits.
    """
    ids = [entry.id for entry in comparison.scenarios]
    values = np.full((len(objectives), len(ids), comparison.member.size), np.nan)
    unpriced: dict[str, None] = {}
    for row, objective in enumerate(objectives):
        for column, scenario in enumerate(ids):
            sound = comparison.sound(scenario, comparison.reference)
            if objective.amount is not None:
                values[row, column, sound] = _money(comparison, objective.amount, scenario, benefits)
                unpriced |= dict.fromkeys(extra_cost(comparison, scenario)[1])
                continue
            mine, theirs = comparison.pairs(objective.output, scenario, objective.measure, objective.years)
            values[row, column, sound] = mine - theirs if objective.difference else mine
    return values, tuple(unpriced)


def _money(comparison: Comparison, amount: Amount, scenario: str, benefits: Benefits | None) -> Floats:
    """Present value of an amount against the null alternative, shape (sound member,), million euro."""
    if amount == "cost":
        return extra_cost(comparison, scenario)[0]
    if benefits is None:
        raise RunError("a balance needs the effects of the study", advice="write scenarios/benefits.yaml")
    found = appraise(comparison, benefits, scenario)
    return found.present(found.balance)
