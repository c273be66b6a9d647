"""The stages of the package, and the drawing of them, as the imports are."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "sd_covid"
PAGE = ROOT / "docs" / "architecture.md"
#: From left to right; what is not a stage (errors, reading of YAML) may be used by all.
STAGES = (
    "model",
    "engine",
    "data",
    "calibration",
    "policy",
    "analysis",
    "marvel",
    "report",
    "document",
    "cli",
)
#: Other doors to stages, and what they may use besides the model.
FACADES = {"pysd": {"engine"}, "connect": {"engine", "calibration", "policy"}}


def _imported(file: Path) -> set[str]:
    """The parts of the package that a file imports, also within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written in full"
            whole = node.module == "sd_covid"
            found |= {f"sd_covid.{a.name}" for a in node.names} if whole else {str(node.module)}
    return {name.split(".")[1] for name in found if name.startswith("sd_covid.")}


@functools.cache
def _imports() -> dict[str, dict[Path, set[str]]]:
    """What every file of every stage imports of the others."""
    return {
        stage: {file: _imported(file) - {stage} for file in (PACKAGE / stage).rglob("*.py")}
        for stage in (*STAGES, *FACADES)
    }


def test_the_stages_are_all_there_is() -> None:
    folders = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert folders == {*STAGES, *FACADES}


def test_no_stage_imports_from_its_right() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {other}"
        for position, stage in enumerate(STAGES)
        for file, others in _imports()[stage].items()
        for other in others
        if other in STAGES[position:] or other in FACADES
    ]
    assert not wrong


def test_nothing_but_the_package_itself_uses_a_facade() -> None:
    for stage, allowed in FACADES.items():
        used = set().union(*_imports()[stage].values())
        assert used & {*STAGES} <= allowed | {"model"}


def test_the_drawing_is_true() -> None:
    """It shows every import between stages that does not follow from others, and nothing else."""
    graph = nx.DiGraph(
        (other, stage)
        for stage, files in _imports().items()
        for others in files.values()
        for other in others
        if other in STAGES
    )
    expected = set(nx.transitive_reduction(graph).edges)
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert drawn == expected


def test_the_page_tells_of_every_stage() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert told == [*STAGES, *FACADES]
