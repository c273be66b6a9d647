"""What interventions do to performances: the change at selected moments, and a score of every combination.

A performance is a membership between 0 and 1: where it stands on its scale, turned where less is better. The score is
the weighted mean of the memberships, and of that the mean over time (van Zijderveld 2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.marvel.checks import check
from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.run import Runs, Switches, combinations, superposed
from sd_covid.marvel.sample import Samples, sample
from sd_covid.marvel.stability import Stability, unstable_samples

Floats = NDArray[np.float64]
Symbol = Literal["--", "-", "0", "+", "++"]

MOMENTS = (0.5, 1.0, 2.0, 5.0, 10.0)  # years
SMALL, LARGE = 0.02, 0.10  # changes from which a symbol is single, and double
#: Links times runs up to which samples are run where effects do not add up: about a minute of one processor.
_MOST_WORK = 25_000_000


def symbol(change: float) -> Symbol:
    """A change in the desired direction as a symbol."""
    size = abs(change)
    if size < SMALL:
        return "0"
    sign = "+" if change > 0 else "-"
    return sign * 2 if size >= LARGE else sign  # type: ignore[return-value]


def memberships(diagram: Diagram, paths: Floats) -> Floats:
    """How well performances do, 0 to 1, from paths of shape (..., performance, time)."""
    items = diagram.performances
    low, high, desired = (
        np.array(values, dtype=np.float64)[:, None]
        for values in zip(*((item.low, item.high, item.desired) for item in items), strict=True)
    )
    share = np.clip((paths - low) / (high - low), 0, 1)
    return np.asarray(np.where(desired > 0, share, 1 - share))


def score(diagram: Diagram, paths: Floats, times: Floats) -> Floats:
    """The scores of paths of shape (..., performance, time)."""
    return np.asarray(memberships(diagram, paths).reshape(*paths.shape[:-2], -1) @ _weights(diagram, times))


def _weights(diagram: Diagram, times: Floats) -> Floats:
    """What each performance counts at each time, shape (performance * time,): the trapezoidal rule over time."""
    weights = np.array([item.weight for item in diagram.performances])
    steps = np.diff(times)
    over_time = (np.append(steps, 0) + np.insert(steps, 0, 0)) / 2
    return np.asarray(np.outer(weights / weights.sum(), over_time / over_time.sum()).ravel())


@dataclass(frozen=True, slots=True)
class Scores:
    """What interventions and their combinations come to.

    Attributes
    ----------
    effects : ndarray, shape (intervention, performance, time)
        Change by each intervention alone, at the values of the classes.
    switches : ndarray of bool, shape (combination, intervention)
    scores : ndarray, shape (combination,)
        At the values of the classes.
    added : bool
        Whether combinations are sums of their parts, exact to rounding, or each was run.
    sampled : ndarray of int, shape (chosen,)
        The combinations that were scored on every sample.
    by_sample : ndarray, shape (sample, chosen)
        Scores of those; paired, as each sample goes through all of them.
    effects_by_sample : ndarray, shape (sample, intervention, performance, moment)
    unstable, failed : int
        Samples that run away, and others without finite paths; kept out.
    stability : Stability
        At the values of the classes.
    """

    effects: Floats
    switches: Switches
    scores: Floats
    added: bool
    sampled: NDArray[np.int64]
    by_sample: Floats
    effects_by_sample: Floats
    unstable: int
    failed: int
    stability: Stability


def score_all(
    runs: Runs,
    samples: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    language: str = "en",
) -> Scores:
    """Score every combination of interventions, and again on samples within the classes.

    Parameters
    ----------
    runs : Runs
    samples, seed : int
        How many samples of strengths and delays; 0 for none.
    progress : callable, optional
        Gets how many members of how many are done.
    language : {'nl', 'en'}
        Of an error.

    Returns
    -------
    Scores
        Where effects do not add up and all combinations on all samples would take long, the samples are of nothing, of
        each intervention alone, and of those combinations that score best at the values of the classes.

    Raises
    ------
    DiagramError
        One that cannot be scored; see `sd_covid.marvel.checks.check`.
    """
    diagram, times = runs.diagram, runs.times
    count = len(diagram.interventions)
    found = check(diagram, clipping=runs.clipping, language=language)
    switches = combinations(count)
    alone = 2 ** np.arange(count)  # their numbers among the combinations
    start = np.array([item.start for item in diagram.performances])[:, None]
    if runs.superposes:
        effects = runs.paths(runs.singles())[0] - start
        paths = start + superposed(effects)
    else:
        paths = runs.paths(switches)[0]
        effects = paths[alone] - paths[0]
    scores = score(diagram, paths, times)
    drawn = sample(diagram, samples, seed)
    runaway = (
        np.zeros(samples, dtype=bool)
        if runs.clipping
        else unstable_samples(diagram, drawn.strength, drawn.delay)
    )
    kept = drawn.only(~runaway)
    chosen = np.arange(2**count) if runs.superposes else _chosen(runs, scores, alone, kept.count)
    by_sample, changes = _on_samples(runs, kept, chosen, switches, alone, progress)
    finite = np.isfinite(by_sample).all(axis=1) & np.isfinite(changes).all(axis=(1, 2, 3))
    return Scores(
        effects,
        switches,
        scores,
        runs.superposes,
        chosen,
        by_sample[finite],
        changes[finite],
        int(runaway.sum()),
        int((~finite).sum()),
        found,
    )


def _chosen(runs: Runs, scores: Floats, alone: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
    """The combinations to run on every sample: all, or nothing, each alone, and the best."""
    room = _MOST_WORK // max(1, samples * len(runs.diagram.links))
    if room >= len(scores):
        return np.arange(len(scores))
    always = [0, *alone.tolist()]
    best = [k for k in np.argsort(-scores, kind="stable").tolist() if k not in always]
    return np.array([*always, *best[: max(0, room - len(always))]], dtype=np.int64)


def _on_samples(
    runs: Runs,
    samples: Samples,
    chosen: NDArray[np.int64],
    switches: Switches,
    alone: NDArray[np.int64],
    progress: Callable[[int, int], None] | None,
) -> tuple[Floats, Floats]:
    """Scores by sample and chosen combination, and changes by sample, intervention, performance and moment."""
    diagram, times = runs.diagram, runs.times
    moments = moments_of(runs)
    start = np.array([item.start for item in diagram.performances])[:, None]
    singles = len(diagram.interventions)
    if not samples.count:
        return np.empty((0, len(chosen))), np.empty((0, singles, len(start), len(moments)))
    if not runs.superposes:
        paths = runs.paths(switches[chosen], samples, progress=progress)
        at = [chosen.tolist().index(number) for number in alone.tolist()]
        effects = paths[:, at] - paths[:, [chosen.tolist().index(0)]]
        return score(diagram, paths, times), effects[..., moments]
    effects = runs.paths(runs.singles(), samples, progress=progress) - start
    scores = np.empty((samples.count, len(chosen)))
    for number, parts in enumerate(effects):
        scores[number] = score(diagram, start + superposed(parts), times)
    return scores, effects[..., moments]


def moments_of(runs: Runs) -> list[int]:
    """The places among the times of a run of the moments that are told."""
    within = [moment for moment in MOMENTS if moment <= runs.times[-1] + 1e-9]
    return [int(np.argmin(np.abs(runs.times - moment))) for moment in within]


def better(by_sample: Floats) -> Floats:
    """How often each combination scores higher than each other, ties half: shape (combination, combination)."""
    share = np.array(
        [
            ((by_sample[:, [k]] > by_sample) + 0.5 * (by_sample[:, [k]] == by_sample)).mean(axis=0)
            for k in range(by_sample.shape[1])
        ]
    )
    return share


def reversal(scores: Floats, by_sample: Floats) -> Floats:
    """How often the order of two is the other way round on a sample than at the values of the classes.

    Parameters
    ----------
    scores : ndarray, shape (combination,)
    by_sample : ndarray, shape (sample, combination)

    Returns
    -------
    ndarray, shape (combination, combination)
        0 on the diagonal. The share of samples estimates the probability, given the spread of the classes.
    """
    ahead = scores[:, None] > scores[None, :]
    share = better(by_sample)
    found = np.where(ahead, 1 - share, share)
    np.fill_diagonal(found, 0.0)
    return found
