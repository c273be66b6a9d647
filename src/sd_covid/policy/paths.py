"""A named path of assumptions into the future: what happens outside the government's reach, on top of any scenario.

In comes a YAML file of ``scenarios/paths``, or its name; out comes an `AssumptionPath`. A path sets assumptions and
constants, never a lever: what a government does and what befalls it stay apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError, suggest
from sd_covid.policy.reading import read_text, scenario_faults, scenario_folders
from sd_covid.policy.study import Study, read_assumed, read_constants
from sd_covid.study_folder import is_there

#: Where paths stand, beside the scenarios.
FOLDER = "paths"


@dataclass(frozen=True, slots=True)
class AssumptionPath:
    """A path of assumptions.

    Attributes
    ----------
    id : str
        The stem of its file.
    title, rationale : Text
    file : str
    assumptions : dict
        Assumption id -> value, for those that the model has.
    constants : dict
        Other constants that it sets, in the model's spelling.
    """

    id: str
    title: Text
    rationale: Text
    file: str = ""
    assumptions: dict[str, float] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)


def read_path(path: str | Path, study: Study) -> AssumptionPath:
    """Read a path of assumptions.

    Parameters
    ----------
    path : path
        A YAML file: ``title``, ``rationale``, ``assumptions``, ``constants``.
    study : Study
        Against whose assumptions and constants it is checked.

    Returns
    -------
    AssumptionPath

    Raises
    ------
    ScenarioError
        With file, line and key: a missing file, a lever, an unknown key, assumption or constant, a value that is no
        number.
    """
    with scenario_faults():
        top = read_yaml(Path(path))
        for name, node in top.entries():
            if name in ("levers", "extends", "path"):
                raise node.error(
                    f"a path of assumptions has no '{name}'",
                    "set levers in a scenario, and put the path on top of it",
                )
        found = top.fields(("title", "rationale"), ("assumptions", "constants"))
        return AssumptionPath(
            id=Path(path).stem,
            title=read_text(found["title"]),
            rationale=read_text(found["rationale"]),
            file=str(path),
            assumptions=read_assumed(found.get("assumptions"), study),
            constants=read_constants(found.get("constants"), study),
        )


def named_path(name: str, folder: Path, fault: Callable[[str, str], Exception]) -> Path:
    """The file of a path of assumptions, by its name.

    Parameters
    ----------
    name : str
        With or without ``.yaml``.
    folder : Path
        The folder of scenarios in which ``paths`` lies.
    fault : callable
        Makes the error of a reason and an advice; it knows the place.

    Raises
    ------
    Exception
        That of `fault`, when there is no such path, with the nearest name.
    """
    stem = name.removesuffix(".yaml")
    file = folder / FOLDER / f"{stem}.yaml"
    if Path(stem).name != stem or not is_there(file):
        others = sorted(item.stem for item in (folder / FOLDER).glob("*.yaml"))
        known = f"use one of {', '.join(others)}" if others else f"make {file}"
        raise fault(f"there is no path '{stem}'", suggest(Path(stem).name, others) or known)
    return file


def folder_near(file: Path) -> Path:
    """The folder of scenarios whose ``paths`` a file means: that beside it, or that of its study."""
    beside, study = scenario_folders(file)
    return beside if (beside / FOLDER).is_dir() else study


def chosen_path(given: Path, near: Path) -> Path:
    """The file of a path that is given as a file, or by its bare name.

    Parameters
    ----------
    given : Path
    near : Path
        A scenario or the model: a name is looked for in ``paths`` beside it, then in those of its study.

    Raises
    ------
    ScenarioError
        When there is none, with the nearest name.
    """
    if is_there(given):
        return given
    bare = given.name == str(given)
    folder = given.parent.parent
    if bare or not (folder / FOLDER).is_dir():
        folder = folder_near(near)
    place = None if bare else given
    return named_path(
        str(given) if bare else given.name,
        folder,
        lambda reason, advice: ScenarioError(reason, advice=advice, file=place),
    )
