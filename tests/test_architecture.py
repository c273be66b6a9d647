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
#: Folders that are one: a call is lowered by its function, and what a function makes is lowered on.
ONE = {("engine", "functions"): "lower"}


def _modules(file: Path) -> set[str]:
    """What a file imports of the package, by its full names, also within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("sd_covid.")}


def _imported(file: Path) -> set[str]:
    """The parts of the package that a file imports."""
    return {name.split(".")[1] for name in _modules(file)}


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
    page = PAGE.read_text(encoding="utf-8").partition("## Within a stage")[0]
    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert told == [*STAGES, *FACADES]


def _part(stage: str, name: str) -> str | None:
    """The folder of a stage in which a module or a name of it stands, or the module beside the folders."""
    first = (name.split(".")[2:] or [""])[0]
    there = (PACKAGE / stage / first).is_dir() or (PACKAGE / stage / f"{first}.py").is_file()
    return ONE.get((stage, first), first) if first and there else None


def _uses(stage: str) -> nx.DiGraph:
    """Which part of a stage is used by which."""
    return nx.DiGraph(
        (used, user)
        for file in (PACKAGE / stage).rglob("*.py")
        for name in _modules(file)
        if name.split(".")[1] == stage
        for user in [_part(stage, ".".join(["sd_covid", *file.relative_to(PACKAGE).with_suffix("").parts]))]
        for used in [_part(stage, name)]
        if None not in (used, user) and used != user
    )


def _folders(stage: str) -> set[str]:
    return {file.parent.name for file in (PACKAGE / stage).glob("*/__init__.py")}


def test_no_chain_of_uses_within_a_stage_comes_back_to_a_folder() -> None:
    """Not by way of modules beside the folders either; these may need one another."""
    for stage in STAGES:
        for ring in nx.strongly_connected_components(_uses(stage)):
            assert len(ring) == 1 or not ring & _folders(stage), (stage, sorted(ring))


def test_the_page_has_every_folder_after_those_that_it_uses() -> None:
    """Save those of `analysis`, and the pages of `report`, of which it says what they are."""
    page = PAGE.read_text(encoding="utf-8").partition("## Within a stage")[2]
    for stage in ("model", "engine", "data", "calibration", "policy", "marvel"):
        (line,) = re.findall(rf"^\| `{stage}` \|(.*)$", page, re.MULTILINE)
        told = re.findall(r"`(\w+)`", line)
        assert set(told) == _folders(stage)
        uses = nx.transitive_closure(_uses(stage))
        wrong = [
            (one, other) for at, one in enumerate(told) for other in told[:at] if uses.has_edge(one, other)
        ]
        assert not wrong, stage
