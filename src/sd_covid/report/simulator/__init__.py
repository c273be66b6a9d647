"""The offline simulator: one HTML file in which a model runs, for whoever has a browser.

In comes a ``simulator.yaml`` (`sd_covid.report.simulator.declaration`); out goes a page with the model in
WebAssembly (`sd_covid.engine.run.webassembly`), draws, sliders and charts. What the page shows before anything moves
was run here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sd_covid.data.text import texts_in
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.scenario import read_scenario
from sd_covid.policy.study import Study
from sd_covid.report.simulator.content import Known, left_out, make_content, outputs_of
from sd_covid.report.simulator.declaration import Declaration, read_declaration
from sd_covid.report.simulator.page import page
from sd_covid.report.simulator.paths import Strongest, find_paths, read_paths, write_paths
from sd_covid.report.words.texts import Texts, all_texts
from sd_covid.study_folder import is_there, study_folder

__all__ = [
    "Declaration",
    "Known",
    "keep_paths",
    "left_out",
    "paths_are_old",
    "read_declaration",
    "read_known",
    "simulator_page",
]


def simulator_page(
    declared: Declaration,
    simulation: Simulation,
    known: Known,
    language: str,
    size: int | None = None,
    command: str = "",
    seed: int = 1,
) -> str:
    """A simulator as HTML.

    Parameters
    ----------
    declared : Declaration
    simulation : Simulation
        Of the model that it names.
    known : Known
    language : {'nl', 'en'}
    size : int, optional
        Number of draws; by default what the declaration says, else 200.
    command : str
        By which the page can be made again.
    seed : int
        By which draws are chosen.

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        When what is declared is not in the study or the model, or a page cannot run the model.
    """
    texts = Texts(language, {**all_texts(), **texts_in("sd_covid.report.simulator", "texts.yaml")})
    draws = (declared.draws or 200) if size is None else size
    return page(make_content(declared, simulation, known, texts, draws, seed), texts, command)


def keep_paths(
    declared: Declaration,
    simulation: Simulation,
    known: Known,
    progress: Callable[[int, int], None] = lambda done, total: None,
    seed: int = 1,
) -> Path:
    """Find the strongest paths from measures to headline outcomes, and write them where the declaration says.

    Parameters
    ----------
    declared : Declaration
    simulation : Simulation
    known : Known
    progress : callable
        Told of (levers done, levers).
    seed : int
        Of the model's random numbers, as in `simulator_page`.

    Raises
    ------
    RunError
        When the declaration names no file, or shows no levers of a catalogue.
    """
    if declared.paths is None:
        advice = "write paths: simulator-paths.json"
        raise RunError("the file names no place for paths", advice=advice, file=declared.file)
    if not (declared.catalogue and declared.presets):
        advice = "paths are of levers of the catalogue, as presets have them"
        raise RunError("there is nothing to find paths of", advice=advice, file=declared.file)
    simulation = declared.integrated(simulation)
    study = Study.beside(declared.file, simulation)
    presets = [read_scenario(path, simulation, study=study) for path in declared.presets]
    levers = {name: item for name, item in study.catalogue.levers.items() if study.has(name)}
    outputs = [item.name for item in outputs_of(declared, simulation) if item.headline]
    stepped = simulation.stepping([name for item in presets for name in item.settings])
    found: list[Strongest] = []
    order = list(levers)
    for item in find_paths(stepped, levers, presets, outputs, known.point or {}, seed):
        found.append(item)
        progress(order.index(item.lever), len(order))
    write_paths(declared.paths, simulation.fingerprint, found)
    return declared.paths


def paths_are_old(declared: Declaration, simulation: Simulation) -> bool:
    """Whether the paths that were kept are of another version of the model."""
    found = declared.integrated(simulation).fingerprint
    return declared.paths is not None and read_paths(declared.paths, found) is None


def read_known(declared: Declaration, simulation: Simulation) -> Known:
    """The stored draws and the published figures of the study that a declaration belongs to; nothing where it has none.

    Raises
    ------
    ProblemError, DataError
        When the study has a problem that cannot be read.
    """
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import read_posterior as stored
    from sd_covid.calibration.workflow import posterior_file
    from sd_covid.data import read_registry
    from sd_covid.policy.catalogue.names import ConstantNames
    from sd_covid.policy.comparison.draws import read_posterior
    from sd_covid.report.drawing.observed import observed_series

    file: Path = study_folder(declared.file) / "calibration" / "problem.yaml"
    if not is_there(file):
        return Known()
    problem = read_problem(file)
    draws = posterior_file(problem)
    provenance = stored(draws).provenance
    names = ConstantNames(simulation.constants)
    point = {
        names.spelling(constant): float(provenance["best"][parameter])
        for parameter, constant in provenance["constants"].items()
        if constant in names
    }
    observed = observed_series(problem, provenance["best"])
    return Known(read_posterior(draws, simulation), point, observed, read_registry(file.parent / "series"))
