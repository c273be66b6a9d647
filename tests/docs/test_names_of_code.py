"""Every dotted name of the package in docstrings and pages is there: when modules move, prose has to follow."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"\bsd_covid(?:\.[A-Za-z_]\w*)+")


@cache
def is_there(name: str) -> bool:
    """Whether a module has the name, or is it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_every_dotted_name_of_the_package_is_there() -> None:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    named = {
        (match.group(), file.relative_to(ROOT).as_posix())
        for file in files
        if "_site" not in file.parts
        for match in NAME.finditer(file.read_text(encoding="utf-8"))
    }
    assert len(named) > 1000
    assert sorted(item for item in named if not is_there(item[0])) == []


def test_a_name_that_moved_is_noticed() -> None:
    assert is_there("sd_covid.engine.graph.graph.Graph.order")
    assert not is_there("sd_covid.engine.graph.Graph")
    assert not is_there("sd_covid.nowhere.at_all")
