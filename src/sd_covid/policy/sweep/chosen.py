"""Which scenarios of a study a sweep runs: those that it names by id, or by a pattern such as ``debt-*``."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator
from sd_covid.study_folder import is_there, study_folder


def chosen_scenarios(node: Node | None, simulation: Simulator, study: Study | None) -> tuple[Scenario, ...]:
    """The scenarios that a sweep names.

    Parameters
    ----------
    node : Node or None
        A list of ids and patterns.
    simulation : Simulator
    study : Study or None
        None where the model has no calendar.

    Returns
    -------
    tuple of Scenario
        Each once; the model as it stands, ``model``, where none is named.

    Raises
    ------
    DataError, ScenarioError
        When there is none of that name, or one cannot be used.
    """
    if node is None or study is None:
        whole = Text("Het model zoals het is", "The model as it stands")
        return (Scenario("model", whole, Text()),)
    found: dict[str, Scenario] = {}
    for item in node.items():
        for file in _matching(item):
            found.setdefault(file.stem, read_scenario(file, simulation, study=study))
    if not found:
        raise node.error("no scenario is named", "list one at least, or leave the key out")
    return tuple(found.values())


def _matching(item: Node) -> Iterator[Path]:
    """Scenarios of the study by id, or by a pattern such as ``debt-*``."""
    folder = study_folder(item.file) / "scenarios"
    folder = folder if folder.is_dir() else item.file.resolve().parent
    wanted = item.text()
    if Path(wanted).name != wanted:
        raise item.error(f"'{wanted}' is not in the folder of scenarios", "name one by its id")
    if any(sign in wanted for sign in "*?["):
        files = [file for file in sorted(folder.glob("*.yaml")) if fnmatch.fnmatch(file.stem, wanted)]
        files = [file for file in files if _is_scenario(file)]
        if not files:
            raise item.error(f"no scenario is called '{wanted}'", f"see {folder}")
        yield from files
        return
    file = folder / f"{wanted}.yaml"
    if not is_there(file):
        others = [other.stem for other in folder.glob("*.yaml")]
        raise item.error(f"there is no scenario '{wanted}'", suggest(wanted, others) or f"make {file.name}")
    yield file


def _is_scenario(file: Path) -> bool:
    """Whether a file of the folder has a rationale: catalogues and plans have none."""
    top = read_yaml(file)
    return top.is_mapping and {"title", "rationale"} <= {name for name, _ in top.entries()}
