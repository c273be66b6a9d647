"""What two problems say of the parameters that both estimate, as a part and the whole do.

In: problems, with stored draws or without. Out: the median and the central 90 % of every parameter, from the draws
where there are some and else from the Gaussian approximation around the best fit, and for a pair of problems how the
two lie to one another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.whitened import Whitened
from sd_covid.calibration.fitting.fit import fit
from sd_covid.calibration.fitting.identify import identify
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.weigh import StoredFit, problem_name, read_fit
from sd_covid.calibration.workflow import Step, kept_starts, load_problem, posterior_file
from sd_covid.errors import RunError
from sd_covid.study_folder import is_there

PROBABILITIES = (0.05, 0.5, 0.95)
TAIL = 1.6448536269514722  # of a unit normal: 5 % lie above it

Verdict = Literal["agree", "overlap", "apart"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Median and central 90 % of a parameter, in its unit."""

    low: float
    median: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Whether a value lies in the central 90 %."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Marginals:
    """What one problem says of each of its parameters.

    Attributes
    ----------
    name : str
        Of the problem.
    source : str
        ``draws``, ``draws, not converged``, or ``Laplace``.
    units : dict of str to str
        Parameter id -> unit.
    intervals : dict of str to Interval
        Parameter id -> interval, in the order of the table.
    """

    name: str
    source: str
    units: dict[str, str]
    intervals: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Shared:
    """One parameter in two problems."""

    id: str
    unit: str
    one: Interval
    other: Interval

    @property
    def verdict(self) -> Verdict:
        """How the two lie to one another.

        ``agree``: the median of at least one lies in the central 90 % of the other. ``overlap``: only the intervals
        share values. ``apart``: not even these.
        """
        if self.one.median in self.other or self.other.median in self.one:
            return "agree"
        return "apart" if self.one.high < self.other.low or self.other.high < self.one.low else "overlap"

    @property
    def shift(self) -> float:
        """Other median minus the one, in half widths of the wider interval; NaN where both have no width."""
        width = max(self.one.high - self.one.low, self.other.high - self.other.low)
        return 2.0 * (self.other.median - self.one.median) / width if width > 0 else math.nan


def of_draws(stored: StoredFit) -> Marginals:
    """What the stored draws of a fit say."""
    found = np.quantile(stored.posterior.parameters.to_numpy(dtype=np.float64), PROBABILITIES, axis=0)
    source = "draws" if stored.report.converged else "draws, not converged"
    return _marginals(stored.name, source, stored.problem, found)


def by_laplace(objective: Objective, best: Array) -> Marginals:
    """What the Gaussian approximation around a best fit says, in coordinates in which every prior is a unit normal.

    A parameter that no figure depends on keeps its prior.

    Parameters
    ----------
    objective : Objective
    best : ndarray, shape (parameter,)
        Natural values.

    Raises
    ------
    RunError
        The point is no maximum, so that there is no approximation.
    """
    space = Whitened(objective)
    mode = space.mode(best)
    information = identify(objective, space.natural(mode[None])[0][0])
    variance = np.array([1.0 - item.expected for item in information.parameters])
    if not np.all(np.isfinite(variance)):
        name = problem_name(objective.problem)
        raise RunError(f"the best fit of {name} is no maximum", advice="give it more starts with --starts")
    steps = np.array([-TAIL, 0.0, TAIL])[:, None] * np.sqrt(variance)
    quantiles = space.natural(mode + steps)[0]
    return _marginals(problem_name(objective.problem), "Laplace", objective.problem, quantiles)


def marginals(
    path: Path | str, *, starts: int = 4, seed: int = 0, threads: int = 1, progress: Step | None = None
) -> Marginals:
    """What a problem says of its parameters: by its stored draws, else by a fit that is made here.

    Parameters
    ----------
    path : path
        A problem or a variant of one.
    starts : int
        Of the fit, where there are no draws. Those that an earlier fit of the same problem finished are not made again.
    seed : int
        Of the starts.
    threads : int
    progress : callable, optional
        Called with the problem's name, starts done and starts.

    Raises
    ------
    ProblemError, ModelError
    DataError
        There are draws, but of other tables or of another model.
    RunError
        The model fails at every start, or the best fit is no maximum.
    """
    problem, simulator = load_problem(path)
    if is_there(posterior_file(problem)):
        return of_draws(read_fit(path, simulator=simulator))
    return _fitted(problem, simulator, starts, seed, threads, progress)


def _fitted(
    problem: Problem, simulator: Simulator, starts: int, seed: int, threads: int, progress: Step | None
) -> Marginals:
    name = problem_name(problem)
    objective = Objective(problem, simulator)
    tell = None if progress is None else lambda done, total: progress(name, done, total)
    kept = kept_starts(problem, simulator, seed, resume=True)
    found = fit(objective, starts=starts, seed=seed, threads=threads, kept=kept, progress=tell)
    return by_laplace(objective, found.best)


def _marginals(name: str, source: str, problem: Problem, quantiles: Array) -> Marginals:
    """Quantiles, shape (3, parameter), by parameter."""
    ids = [item.id for item in problem.estimated]
    return Marginals(
        name,
        source,
        {item.id: item.row.text("unit") for item in problem.estimated},
        {name: Interval(*values) for name, values in zip(ids, quantiles.T.tolist(), strict=True)},
    )


def shared(one: Marginals, other: Marginals) -> tuple[Shared, ...]:
    """The parameters that both estimate, the largest shift first."""
    both = (
        Shared(name, one.units[name], found, other.intervals[name])
        for name, found in one.intervals.items()
        if name in other.intervals
    )
    return tuple(sorted(both, key=lambda item: -abs(item.shift)))
