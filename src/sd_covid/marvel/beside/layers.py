"""Both layers run and compared: the whole of it, from a diagram, a model and the tables between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import DiagramError
from sd_covid.marvel.beside.compare import Compared, Ranking, compare, rankings
from sd_covid.marvel.beside.counterparts import read_counterparts
from sd_covid.marvel.beside.effects import diagram_effects, model_effects
from sd_covid.marvel.run import Runs
from sd_covid.marvel.scores import SMALL
from sd_covid.policy.catalogue.outputs import outputs_in, read_outputs
from sd_covid.policy.comparison.draws import joint_draws, read_posterior
from sd_covid.policy.scenario import read_scenario
from sd_covid.policy.study import Study
from sd_covid.study_folder import study_folder

_REFERENCE = "actual.yaml"  # the scenario on top of which levers are set: what was, and what is decided


def two_layers(
    runs: Runs,
    folder: Path,
    simulation: Simulation,
    *,
    samples: int = 1000,
    draws: int = 200,
    seed: int = 0,
    language: str = "en",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Compared, ...], tuple[Ranking, ...]]:
    """Run both layers and set them side by side.

    Parameters
    ----------
    runs : Runs
        Of the diagram; its horizon is the span of years that changes are means of.
    folder : Path
        With ``levers.csv`` and ``outputs.csv``.
    simulation : Simulation
        The model, in a study with scenarios and a posterior.
    samples, draws, seed : int
        Samples of the classes, draws of the model.
    language : {'nl', 'en'}
        Of an error.
    progress : callable, optional
        Called with runs of the model done and runs.

    Returns
    -------
    compared : tuple of Compared
        Every intervention and performance.
    rankings : tuple of Ranking
        Every performance that both layers have.

    Raises
    ------
    DiagramError, ScenarioError, DataError
        What stands between the layers cannot be used, or the study has no scenarios or draws.
    """
    path = simulation.model.path
    study_of = None if path is None else study_folder(path)
    if study_of is None or not (study_of / "scenarios" / _REFERENCE).is_file():
        reason = f"the study of the model has no scenarios/{_REFERENCE}"
        raise DiagramError(reason, advice="give a model that lies in a study", file=path)
    scenarios = study_of / "scenarios"
    study = Study.beside(scenarios / _REFERENCE, simulation)
    reported = outputs_in(read_outputs(scenarios / "outputs.yaml"), simulation.model.variables)
    counterparts = read_counterparts(folder, runs.diagram, study, reported, language)
    reference = read_scenario(scenarios / _REFERENCE, simulation, study=study)
    posterior = read_posterior(study_of / "calibration" / "posterior.parquet", simulation)
    drawn = joint_draws(posterior, study.assumptions, study.names, draws, seed)
    in_diagram = diagram_effects(runs, samples, seed, SMALL)
    in_model = model_effects(simulation, reference, drawn, counterparts, study, runs.horizon, progress)
    found = compare(runs.diagram, counterparts, in_diagram, in_model)
    return found, rankings(found, seed)
