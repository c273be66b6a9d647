"""How often the order of packages turns: over draws, over paths of the drivers, and over structures of the model.

In come `Outcomes`; out come counts for each source of doubt apart. Draws of one world are paired, and so are those of
two worlds with the same draws; a structure with draws of its own is compared by the order of means only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from sd_covid.analysis.robustness.outcomes import Objective, Outcomes
from sd_covid.analysis.robustness.scores import ranks
from sd_covid.policy.comparison.ranking import concordance, reversed_share, rounding
from sd_covid.policy.types import Floats

Source = Literal["draws", "path", "structure"]


@dataclass(frozen=True, slots=True)
class Reversal:
    """What one source of doubt does to the order of packages.

    Attributes
    ----------
    source : {'draws', 'path', 'structure'}
    world : str
        Id of the path or structure; the first world for draws.
    pairs : int
        Pairs of packages whose means differ by the relevance or more in the first world and here.
    turned : int
        Of these, those whose means are in the other order here. Of draws always 0.
    share : float
        Of draws × pairs that differ by the relevance or more: for draws, the share against the order of the means; for
        a path or structure, the share in another order than in the first world, draw by draw. NaN where no pair differs
        by so much, or draws are not paired.
    leader : int
        Place of the package with the best mean here.
    """

    source: Source
    world: str
    pairs: int
    turned: int
    share: float
    leader: int


@dataclass(frozen=True, slots=True)
class Reversals:
    """Reversals by one objective.

    Attributes
    ----------
    objective : Objective
    rows : tuple of Reversal
        Draws first, then paths, then structures.
    ranks : ndarray, shape (world, package)
        Of the means; 1 is the best.
    concordance : float
        Kendall's W of these ranks over all worlds.
    """

    objective: Objective
    rows: tuple[Reversal, ...]
    ranks: Floats
    concordance: float


def reversals(outcomes: Outcomes, objective: Objective) -> Reversals:
    """How often the order of the packages turns by one objective.

    Parameters
    ----------
    outcomes : Outcomes
    objective : Objective
        One of theirs.

    Returns
    -------
    Reversals
    """
    gains = outcomes.gains(objective.id, range(len(outcomes.worlds)))
    means = gains.mean(axis=2)
    base = means[0]
    rows = [
        Reversal(
            "draws",
            outcomes.worlds[0].id,
            pairs=_turned(base, base, objective.relevance)[0],
            turned=0,
            share=reversed_share(
                np.repeat(base[:, None], gains.shape[2], axis=1), gains[0], objective.relevance
            ),
            leader=int(base.argmax()),
        )
    ]
    for place in (*outcomes.of_kind("path"), *outcomes.of_kind("structure")):
        world = outcomes.worlds[place]
        if place == 0:
            continue
        pairs, turned = _turned(base, means[place], objective.relevance)
        share = reversed_share(gains[0], gains[place], objective.relevance) if world.paired else float("nan")
        rows.append(Reversal(world.kind, world.id, pairs, turned, share, int(means[place].argmax())))
    found = ranks(means)
    return Reversals(objective, tuple(rows), found, concordance(found))


def _turned(first: Floats, other: Floats, relevance: float) -> tuple[int, int]:
    """Pairs of packages that differ by the relevance or more in both, and those of another order."""
    pairs, turned = 0, 0
    least = max(relevance, rounding(first, other))
    for a, b in combinations(range(len(first)), 2):
        here, there = float(first[a] - first[b]), float(other[a] - other[b])
        if min(abs(here), abs(there)) >= least:
            pairs += 1
            turned += here * there < 0
    return pairs, turned
