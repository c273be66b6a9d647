"""The study around a model, as the passport needs it: its sectors, its calendar, its outputs, its titles.

In goes a model; out come the simulations of its sectors (itself, for a model that stands alone) and its calendar,
which a sector takes from the study that couples it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.analysis.step_size import headline_outputs
from sd_covid.errors import ModelError, ScenarioError
from sd_covid.model.structure import Model
from sd_covid.model.study_file import StudyFile, read_study_file
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.titles import Titles, read_titles
from sd_covid.study_folder import is_there, study_folder

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation


def sectors_of(simulation: Simulation) -> dict[str, Simulation]:
    """The sectors of a model, each alone, by the name of its file; a model that is not coupled is its own sector."""
    from sd_covid.engine.simulation import load

    path = simulation.model.path
    if path is None or path.suffix.lower() not in (".yaml", ".yml"):
        return {simulation.model.name: simulation}
    found = (load(path.parent / sector.file) for sector in read_study_file(path).sectors.values())
    return {sector.model.name: sector for sector in found}


def calendar_of(model: Model) -> Calendar | None:
    """The calendar of a model, or of the study beside it that has it as a sector; None where there is none."""
    if model.calendar is None and model.path is not None:
        study = _study_of(Path(model.path).resolve())
        calendar = None if study is None else study.calendar
        model = Model(model.name, model.path, calendar=calendar)
    try:
        return Calendar.of(model)
    except ScenarioError:
        return None


def _study_of(path: Path) -> StudyFile | None:
    """The study in the folder of a sector that names it."""
    for file in sorted(path.parent.glob("*.yaml")):
        try:
            study = read_study_file(file)
        except ModelError:  # another kind of YAML
            continue
        if any((file.parent / sector.file).resolve() == path for sector in study.sectors.values()):
            return study
    return None


def is_coupled(simulation: Simulation) -> bool:
    """Whether a model couples sectors."""
    path = simulation.model.path
    return path is not None and path.suffix.lower() in (".yaml", ".yml")


def titles_of(model: Model) -> Titles:
    """What the study of a model calls its variables; nothing for a model without a file."""
    return Titles() if model.path is None else read_titles(study_folder(model.path))


def outputs_of(model: Model) -> list[str]:
    """The outputs that a study reports; none where it has no list of them."""
    from sd_covid.model.names import key
    from sd_covid.policy.catalogue.outputs import read_outputs

    path = None if model.path is None else study_folder(model.path) / "scenarios" / "outputs.yaml"
    if path is None or not is_there(path):
        return headline_outputs(model)
    return [
        output.name.partition("[")[0]
        for output in read_outputs(path)
        if key(output.name.partition("[")[0]) in model.variables
    ]
