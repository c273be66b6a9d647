"""Questions to a stored fit: what its figures identify, and the profiles of its parameters.

In: a problem file beside which `sd_covid.calibration.workflow.calibrate` has stored draws and report. Out: data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.identify import identify
from sd_covid.calibration.fitting.profile import Kind, Profile, check_estimated, profile
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.results import FitReport, read_report
from sd_covid.calibration.stored.store import Posterior, read_posterior
from sd_covid.calibration.types import Array, Simulator
from sd_covid.calibration.workflow import Step, load_problem, posterior_file, report_file
from sd_covid.errors import DataError


def identify_stored(path: Path | str, *, simulator: Simulator | None = None) -> FitReport:
    """The stored report, with what the figures identify at its best fit, made anew.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    simulator : Simulator, optional

    Raises
    ------
    ProblemError, ModelError, RunError
    DataError
        There is no stored fit, or it is of other parameters.
    """
    problem, simulator = load_problem(path, simulator)
    stored = read_posterior(posterior_file(problem))
    objective = Objective(problem, simulator)
    found = identify(objective, stored_best(problem, stored), stored.parameters.to_numpy(dtype=np.float64))
    return replace(read_report(report_file(problem)), identifiability=found)


def profiles(
    path: Path | str,
    names: Sequence[str],
    *,
    kinds: Sequence[Kind] = ("posterior", "others"),
    simulator: Simulator | None = None,
    progress: Step | None = None,
) -> tuple[list[Profile], dict[str, str]]:
    """Profiles of parameters around the stored best fit, with their own prior and without it.

    Parameters
    ----------
    path : path
        ``problem.yaml``.
    names : sequence of str
        Ids of estimated parameters.
    kinds : sequence of {'posterior', 'others', 'likelihood'}
        What counts beside the figures.
    simulator : Simulator, optional
    progress : callable, optional
        Called with a parameter, per cents done over its profiles, and a hundred for each.

    Returns
    -------
    profiles : list of Profile
        One of each kind for each parameter.
    units : dict of str to str
        Unit by parameter.

    Raises
    ------
    ProblemError, ModelError, RunError, UnknownNameError
    DataError
        There is no stored fit, or it is of other parameters.
    """
    problem, simulator = load_problem(path, simulator)
    best = stored_best(problem, read_posterior(posterior_file(problem)))
    objective = Objective(problem, simulator)
    for name in names:
        check_estimated(objective, name)
    found = []
    for name in names:
        for done, kind in enumerate(kinds):

            def tell(share: float, name: str = name, done: int = done) -> None:
                if progress is not None:
                    progress(name, round(100 * (done + share)), 100 * len(kinds))

            found.append(profile(objective, best, name, kind=kind, tell=tell))
    units = {item.id: item.row.text("unit") for item in problem.estimated if item.id in names}
    return found, units


def stored_best(problem: Problem, stored: Posterior) -> Array:
    """The best fit of stored draws, in the order of the problem's parameters.

    Raises
    ------
    DataError
        They are of other parameters.
    """
    best = stored.provenance["best"]
    names = [item.id for item in problem.estimated]
    if list(best) != names:
        reason = "the stored draws are of other parameters than the table's"
        raise DataError(reason, advice="run sd-covid calibrate again", file=posterior_file(problem))
    return np.array([best[name] for name in names])
