"""What ``sd-covid compare`` runs: scenarios on the same draws of the study, and what is counted from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.cli.console import note
from sd_covid.errors import DataError, RunError, ScenarioError, suggest
from sd_covid.study_folder import is_there

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pandas as pd

    from sd_covid.analysis.sensitivity import Sensitivity
    from sd_covid.calibration.problem.petab import Problem
    from sd_covid.calibration.stored.store import Posterior
    from sd_covid.engine.run.threads import Beside
    from sd_covid.engine.simulation import Simulation
    from sd_covid.policy import Scenario, Study
    from sd_covid.policy.appraisal.assessment import Assessment
    from sd_covid.policy.appraisal.resilience import Phases
    from sd_covid.policy.catalogue.outputs import Output
    from sd_covid.policy.comparison.long_run import LongRun, LongRunPlan
    from sd_covid.policy.comparison.scenarios import Comparison
    from sd_covid.report.comparison.inputs import Later


Tell = Callable[[int, int], None]
#: Of which levels of groups and the gap between them are told, where the run covers it.
GAP_YEAR = 2030
DRAWN_FROM = "posterior and ranges of the assumptions"


@dataclass(frozen=True, slots=True)
class Compared:
    """What was run: the comparison, the same without what the long run rests on, and what is counted from it.

    Beside them the study that scenarios were read against, and the draws, one row a member. The long run is waited for
    when it is asked.
    """

    comparison: Comparison
    long_run: Later[LongRun | None]
    assessment: Assessment | None
    study: Study
    draws: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a comparison rests on: the study's problem, the model of the study and the draws stored for it."""

    folder: Path
    problem: Problem
    simulation: Simulation
    posterior: Posterior


def read_inputs(folder: Path, posterior: Path | None = None) -> Inputs:
    """Read a study's main problem, its model and the stored draws.

    Parameters
    ----------
    folder : Path
        Of the study.
    posterior : Path, optional
        Draws in place of the study's own, of the same model.

    Raises
    ------
    ProblemError, ModelError, DataError
        When one of them cannot be used, or the draws are of another model.
    """
    import sd_covid
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.calibration.workflow import model_hash, posterior_file

    problem = read_problem(folder / "calibration" / "problem.yaml")
    simulation = sd_covid.load(problem.model_path)
    stored = read_posterior(posterior or posterior_file(problem))
    if posterior is not None and stored.provenance["model_hash"] != model_hash(simulation):
        raise DataError(
            "the draws are of another model, or of this one before it changed",
            advice=f"give draws of {problem.model_path.name}",
            file=posterior,
        )
    return Inputs(folder, problem, simulation, stored)


def run(
    inputs: Inputs,
    paths: Sequence[Path],
    size: int,
    seed: int,
    tell: Tell,
    beside: Beside,
    assume: Path | None = None,
    main: str = "",
) -> Compared:
    """Run every scenario on the same draws of parameters and assumptions, with and without what the long run rests on.

    Parameters
    ----------
    inputs : Inputs
    paths : sequence of Path
        Scenario files, the null alternative first.
    size, seed : int
        Number of draws, and the seed by which they are chosen.
    tell : callable
        Called with the number of runs done and the number of all.
    beside : Beside
        Where scenarios are run once more for the long run, while this goes on.
    assume : Path, optional
        A path of assumptions for all of them.
    main : str
        Id of a package that must be among them; any where it is empty.

    Returns
    -------
    Compared
        Its long run tells None where the study names no such assumption, the model has nothing of it, or `assume` takes
        it away already; its assessment where the study names no effects.

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        When a scenario or an output cannot be used.
    """
    from sd_covid.policy.appraisal.assessment import Assessment, Catalogues
    from sd_covid.policy.comparison.long_run import without
    from sd_covid.policy.comparison.run import run_scenarios

    study, scenarios = _read_scenarios(inputs, paths, assume)
    _refuse_main(scenarios, main)
    plan = _long_run_plan(inputs, study, scenarios)
    kept, drawn = outputs(inputs), draw(inputs.posterior.constants, study, size, seed)
    asked = () if plan is None else plan.asked(kept)
    total = len(scenarios) * size * (2 if asked else 1)
    on_the_draws = partial(
        run_scenarios, inputs.simulation, draws=drawn, study=study, drawn_from=DRAWN_FROM, seed=seed
    )
    catalogues = Catalogues.beside(inputs.folder, inputs.simulation.model.variables)
    counted = (*kept, *catalogues.benefits.outputs())
    zero = _zero_line(inputs, catalogues.phases, study, scenarios, assume)
    total += len(zero) * size
    whole = on_the_draws([*scenarios, *zero], outputs=counted, progress=lambda done, _: tell(done, total))
    shown = whole.of_first(len(scenarios))
    comparison = shown.told()
    long_run: Later[LongRun | None] = _no_long_run
    if plan is not None and asked and comparison.covered(plan.years):

        def once_more(done: int, _: int) -> None:
            beside.go_on()
            tell(total - len(scenarios) * size + done, total)

        bare = partial(on_the_draws, without(scenarios, plan, study), outputs=asked, progress=once_more)
        long_run = _long_run(plan, comparison, beside.submit(bare))
    assessment = Assessment.of(shown, catalogues, GAP_YEAR, whole)
    return Compared(comparison, long_run, assessment, study, drawn)


def _no_long_run() -> None:
    """Nothing of the study rests on such an assumption."""


def _long_run(plan: LongRunPlan, comparison: Comparison, bare: Future[Comparison]) -> Later[LongRun | None]:
    """The long run, once the runs without what it rests on are done."""
    from sd_covid.policy.comparison.long_run import LongRun

    return lambda: LongRun(plan, comparison, bare.result())


def _read_scenarios(
    inputs: Inputs, paths: Sequence[Path], assume: Path | None
) -> tuple[Study, list[Scenario]]:
    """The scenarios, two at least, and the study that they are read against."""
    from sd_covid.policy import Study, read_scenario
    from sd_covid.policy.paths import read_path

    if len(paths) < 2:
        raise RunError(
            "one scenario is no comparison", advice="give the null alternative first, then another"
        )
    study = Study.beside(paths[0], inputs.simulation)
    assumed = None if assume is None else read_path(assume, study)
    return study, [read_scenario(path, inputs.simulation, study=study, assume=assumed) for path in paths]


def _refuse_main(scenarios: Sequence[Scenario], main: str) -> None:
    """Refuse a main package that is not among the scenarios beside the null alternative."""
    ids = [entry.id for entry in scenarios[1:]]
    if main and main not in ids:
        raise RunError(
            f"'{main}' is not among the packages", advice=suggest(main, ids) or f"name {' or '.join(ids)}"
        )


def _zero_line(
    inputs: Inputs, phases: Phases | None, study: Study, scenarios: Sequence[Scenario], assume: Path | None
) -> list[Scenario]:
    """The path without the crisis, from which losses are counted; none where it is compared itself or missing."""
    file = None if phases is None else inputs.folder / "scenarios" / f"{phases.path}.yaml"
    if file is None or file.stem in {entry.id for entry in scenarios} or not is_there(file):
        return []
    from sd_covid.policy import read_scenario
    from sd_covid.policy.paths import read_path

    assumed = None if assume is None else read_path(assume, study)
    return [read_scenario(file, inputs.simulation, study=study, assume=assumed)]


def _long_run_plan(inputs: Inputs, study: Study, scenarios: Sequence[Scenario]) -> LongRunPlan | None:
    """On what the long run rests; None where nothing differs with it and without it, and why that is so is said."""
    from sd_covid.policy.comparison.long_run import read_long_run

    file = inputs.folder / "scenarios" / "long-run.yaml"
    plan = read_long_run(file, study) if is_there(file) else None
    if plan is None or plan.tells(scenarios):
        return plan
    if plan.in_model:
        note(f"long run: {plan.without.title.en}. {plan.without.rationale.en}")
    return None


def outputs(inputs: Inputs) -> tuple[Output, ...]:
    """The outputs of the study that its model has."""
    from sd_covid.policy.catalogue.outputs import outputs_in, read_outputs

    found = read_outputs(inputs.folder / "scenarios" / "outputs.yaml")
    return outputs_in(found, inputs.simulation.model.variables)


def draw(posterior: pd.DataFrame, study: Study, size: int, seed: int) -> pd.DataFrame:
    """Draws of the calibrated constants, beside independent draws of the assumptions that were not calibrated.

    Parameters
    ----------
    posterior : DataFrame
        One row a stored draw, columns model constants.
    study : Study
    size : int
        Number of rows.
    seed : int

    Returns
    -------
    DataFrame, shape (size, constant)
    """
    from sd_covid.policy.comparison.draws import joint_draws

    return joint_draws(posterior, study.assumptions, study.names, size, seed)


def analyse(inputs: Inputs, file: Path, tell: Tell) -> Sensitivity:
    """Run a sensitivity file on the model and draws of the study."""
    from sd_covid.analysis.sensitivity import analyse as take_apart
    from sd_covid.analysis.sensitivity import read_plan

    plan = read_plan(file, inputs.simulation, posterior=inputs.posterior.constants)
    if plan.method != "sobol":
        reason = f"the report tells Sobol indices, not those of {plan.method}"
        raise ScenarioError(
            reason, file=file, variable="method", advice="leave out 'method', or use sd-covid sensitivity"
        )
    return take_apart(plan, tell)
