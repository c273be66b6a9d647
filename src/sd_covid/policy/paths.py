"""A named path of assumptions into the future: what happens outside the government's reach, on top of any scenario.

In comes a YAML file of ``scenarios/paths``; out comes an `AssumptionPath`. A path sets assumptions and constants, never
a lever: what a government does and what befalls it stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.data.text import Text
from sd_covid.policy.reading import read_text, scenario_faults
from sd_covid.policy.study import Study, read_assumed, read_constants

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
