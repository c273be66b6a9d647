"""The offline simulator: one HTML file in which a model runs, for whoever has a browser.

In comes a ``simulator.yaml`` (`sd_covid.report.simulator.declaration`); out goes a page with the model in
WebAssembly (`sd_covid.engine.webassembly`), draws, sliders and charts. What the page shows before anything moves was run
here.
"""

from __future__ import annotations

from pathlib import Path

from sd_covid.data.text import texts_in
from sd_covid.engine.simulation import Simulation
from sd_covid.model.study import study_folder
from sd_covid.report.simulator.content import Known, left_out, make_content
from sd_covid.report.simulator.declaration import Declaration, read_declaration
from sd_covid.report.simulator.page import page
from sd_covid.report.texts import Texts, all_texts

__all__ = ["Declaration", "Known", "left_out", "read_declaration", "read_known", "simulator_page"]


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


def read_known(declared: Declaration, simulation: Simulation) -> Known:
    """The stored draws and the published figures of the study that a declaration belongs to; nothing where it has none.

    Raises
    ------
    ProblemError, DataError
        When the study has a problem that cannot be read.
    """
    from sd_covid.calibration.petab import read_problem
    from sd_covid.calibration.store import read_posterior as stored
    from sd_covid.calibration.workflow import posterior_file
    from sd_covid.policy.draws import read_posterior
    from sd_covid.policy.names import ConstantNames
    from sd_covid.report.observed import observed_series

    file: Path = study_folder(declared.file) / "calibration" / "problem.yaml"
    if not file.is_file():
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
    return Known(read_posterior(draws, simulation), point, observed_series(problem, provenance["best"]))
