"""The loops of a model in one run, as they are told: each with its path, polarity, gain, delay and share over time.

Loops of single elements that lead through the same variables are told as one, with their relative scores added; in a
partition with too many loops to list, so are those that lead through the same stocks (the composite relative loop score
of Schoenberg & Eberlein 2020, Seamlessly integrating Loops That Matter).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.loops.dominance import SEARCHED, Progress, ScoredPartition, score_loops
from sd_covid.analysis.loops.inventory import CAP, Loop, family
from sd_covid.analysis.loops.links import Floats, Links
from sd_covid.analysis.loops.measures import Measures, Polarity
from sd_covid.engine.separate.course import record
from sd_covid.engine.separate.equations import Equations, separate

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation


@dataclass(frozen=True, slots=True)
class LoopStory:
    """One loop, or several told as one.

    Attributes
    ----------
    id : str
        R, B or U and a number, by its share: reinforcing, balancing, or changing.
    partition : int
        Which of the partitions, from 1.
    path : tuple of str
        Names of its variables in order of effect; of several loops, those of the strongest.
    stocks : tuple of str
        Names of the stocks on the path.
    count : int
        How many loops of single elements it stands for.
    polarity : {'reinforcing', 'balancing', 'changing', 'idle'}
    gains : ndarray, shape (instant,)
        Of the strongest, in 1/time^stocks.
    delay : float
        Of the strongest, in the model's unit of time; NaN where a stock of it does not drain itself.
    relative : ndarray, shape (instant,)
        Its share of what all loops of the partition do.
    """

    id: str
    partition: int
    path: tuple[str, ...]
    stocks: tuple[str, ...]
    count: int
    polarity: Polarity
    gains: Floats
    delay: float
    relative: Floats

    @property
    def share(self) -> float:
        """The mean size of its relative score."""
        return float(np.abs(self.relative).mean())


@dataclass(frozen=True, slots=True)
class PartitionStory:
    """A set of quantities that act on one another, and its loops, the one that matters most first.

    Attributes
    ----------
    quantities : int
    complete : bool
        Whether all its loops were listed.
    found : int
        Loops that were listed, or found by the search.
    independent : int
        How many loops can be independent of one another.
    searched : int
        Instants of the search; 0 where all were listed.
    kept : float
        The least share that the loops kept make up of all that were found at an instant.
    loops : tuple of LoopStory
    """

    quantities: int
    complete: bool
    found: int
    independent: int
    searched: int
    kept: float
    loops: tuple[LoopStory, ...]


@dataclass(frozen=True, slots=True)
class LoopStudy:
    """The loops of a model in one run.

    Attributes
    ----------
    equations : Equations
    links : Links
    times : ndarray, shape (instant,)
    partitions : tuple of PartitionStory
        The largest first; empty for a model without feedback.
    """

    equations: Equations
    links: Links
    times: Floats
    partitions: tuple[PartitionStory, ...]

    @property
    def loops(self) -> list[LoopStory]:
        """All loops, by partition."""
        return [loop for part in self.partitions for loop in part.loops]


def study_loops(
    simulation: Simulation,
    parameters: Mapping[str, float] | None = None,
    *,
    seed: int = 0,
    cap: int = CAP,
    searched: int = SEARCHED,
    progress: Progress | None = None,
) -> LoopStudy:
    """Find the loops of a model, and what they do in one run.

    Parameters
    ----------
    simulation : Simulation
    parameters : mapping, optional
        Constants that differ from the file.
    seed : int
    cap, searched, progress
        As for `score_loops`; 0 instants give the independent loops of a large partition, without scores.

    Returns
    -------
    LoopStudy

    Raises
    ------
    RunError
        For a model whose equations cannot be told apart, or a run that is not finite.
    """
    equations = separate(simulation)
    course = record(simulation, equations, parameters, seed)
    links, scored = score_loops(course, cap=cap, searched=searched, progress=progress)
    measures = Measures(links)
    counts: dict[str, int] = {}
    parts = [_told(simulation, links, measures, item, place + 1, counts) for place, item in enumerate(scored)]
    return LoopStudy(equations, links, links.times, tuple(parts))


def _told(
    simulation: Simulation,
    links: Links,
    measures: Measures,
    scored: ScoredPartition,
    place: int,
    counts: dict[str, int],
) -> PartitionStory:
    """The story of one partition."""
    sizes = np.abs(scored.relative).mean(axis=1)
    families: dict[tuple[str, ...], list[int]] = {}
    for at, loop in enumerate(scored.loops):
        kept = loop if scored.partition.complete else _stocks(links, loop) or loop
        families.setdefault(family(links.equations, kept), []).append(at)
    told = []
    for members in families.values():
        first = scored.loops[max(members, key=lambda at: sizes[at])]
        relative = scored.relative[members].sum(axis=0)
        told.append((members, first, relative))
    told.sort(key=lambda item: -float(np.abs(item[2]).mean()))
    loops = []
    for members, first, relative in told:
        polarity = measures.polarity([scored.loops[at] for at in members])
        letter = {"reinforcing": "R", "balancing": "B"}.get(polarity, "U")
        counts[letter] = counts.get(letter, 0) + 1
        path = _path(simulation, links, first, whole=len(members) > 1)
        stocks = tuple(dict.fromkeys(_path(simulation, links, _stocks(links, first), whole=len(members) > 1)))
        loops.append(
            LoopStory(
                f"{letter}{counts[letter]}",
                place,
                path,
                stocks,
                len(members),
                polarity,
                measures.gain(first),
                measures.delay(first),
                relative,
            )
        )
    part = scored.partition
    return PartitionStory(
        len(part.quantities),
        part.complete,
        len(scored.loops),
        part.independent,
        scored.searched,
        scored.kept,
        tuple(loops),
    )


def _stocks(links: Links, loop: Sequence[int]) -> Loop:
    """The stocks of a loop; of one that remembers without a stock, what remembers."""
    items = links.equations.quantities
    return tuple(k for k in loop if items[k].stock) or tuple(k for k in loop if items[k].state is not None)


def _path(simulation: Simulation, links: Links, loop: Sequence[int], *, whole: bool) -> tuple[str, ...]:
    """Names along a loop: of whole variables, or with their elements where these alone tell steps apart."""
    cells = [links.equations.quantities[k].cell for k in loop]
    names = [simulation.names.spell(cell) for cell in cells]
    if whole:
        short = [simulation.model.variables[cell.variable].name for cell in cells]
        kept = [name for at, name in enumerate(short) if name != short[at - 1]]
        names = short if len(set(kept)) == len(kept) else names
    return tuple(name for at, name in enumerate(names) if name != names[at - 1]) or tuple(names[:1])
