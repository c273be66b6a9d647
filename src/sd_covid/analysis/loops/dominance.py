"""Which loops make the behaviour, over time: loop scores, and their shares of the whole.

The score of a loop is the product of the scores of its links; its relative score is that over the sum of all scores'
sizes in its partition (Schoenberg, Davidsen & Eberlein 2020, eq. 3 and 4): positive when it reinforces, negative when
it balances, and together 1 in size while anything moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.analysis.loops.inventory import CAP, Loop, Partition, family, partitions
from sd_covid.analysis.loops.links import Floats, Links, score_links
from sd_covid.analysis.loops.strongest import strongest_loops
from sd_covid.engine.separate.course import Course

#: Instants at which the loops of a large partition are looked for; each costs a search from every stock.
SEARCHED = 12
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoredPartition:
    """The loops of one partition with their scores.

    Attributes
    ----------
    partition : Partition
    loops : tuple of tuple of int
        Those that have scores: all, or those that the search found.
    scores, relative : ndarray, shape (loop, instant)
    searched : int
        At how many instants loops were looked for; 0 where all are there.
    kept : float
        Of what all loops found at an instant score, the smallest share that those kept make up.
    """

    partition: Partition
    loops: tuple[Loop, ...]
    scores: Floats
    relative: Floats
    searched: int
    kept: float

    def families(self, links: Links) -> dict[tuple[str, ...], list[int]]:
        """Positions of the loops that lead through the same variables, by these."""
        found: dict[tuple[str, ...], list[int]] = {}
        for place, loop in enumerate(self.loops):
            found.setdefault(family(links.equations, loop), []).append(place)
        return found


def score_loops(
    course: Course,
    *,
    cap: int = CAP,
    searched: int = SEARCHED,
    progress: Progress | None = None,
) -> tuple[Links, list[ScoredPartition]]:
    """Scores of the links and loops of a run.

    Parameters
    ----------
    course : Course
    cap : int
        How many loops of a partition are listed at most; in one with more they are looked for.
    searched : int
        At how many instants, evenly over the run. With 0 a partition that has too many keeps its independent set,
        without scores: a share of what these do would be no share of the whole.
    progress : callable, optional
        Called with the number of instants searched and of all.

    Returns
    -------
    Links, list of ScoredPartition
        The largest partition first; none for a model without feedback.
    """
    links = score_links(course)
    found = []
    for part in partitions(course.equations, cap, independent=not searched):
        loops, instants, kept = part.loops, 0, 1.0
        if not part.complete and searched:
            loops, instants, kept = _looked_for(links, part, searched, progress)
        known = part.complete or searched > 0
        scores = loop_scores(links, loops) if known else np.full((len(loops), len(links.times)), np.nan)
        found.append(ScoredPartition(part, loops, scores, relative_scores(scores), instants, kept))
    return links, found


def _looked_for(
    links: Links, part: Partition, searched: int, progress: Progress | None
) -> tuple[tuple[Loop, ...], int, float]:
    """Loops of a partition that has too many, at how many instants they were looked for, and their share."""
    instants = _spread(len(links.times), searched)
    members, found, shares = sorted(part.quantities), set[Loop](), []
    for done, instant in enumerate(instants):
        loops, share = strongest_loops(links, members, instant)
        found |= loops.keys()
        shares.append(share)
        if progress is not None:
            progress(done + 1, len(instants))
    return tuple(sorted(found, key=lambda loop: (len(loop), loop))), len(instants), min(shares)


def _spread(count: int, wanted: int) -> list[int]:
    """Positions spread evenly over a run, the last included."""
    return sorted({int(at) for at in np.linspace(count - 1, 0, min(count, wanted)).round()})


def loop_scores(links: Links, loops: Sequence[Loop]) -> Floats:
    """The score of each loop at each instant, shape (loop, instant)."""
    found = np.empty((len(loops), len(links.times)))
    for place, loop in enumerate(loops):
        found[place] = links.scores[links.of(loop)].prod(axis=0)
    return found


def relative_scores(scores: Floats) -> Floats:
    """Scores over the sum of their sizes; 0 while nothing moves."""
    whole = np.abs(scores).sum(axis=0)
    with np.errstate(all="ignore"):
        return np.where(whole == 0, 0.0, scores / whole)
