"""Every notebook runs in a new study, and stands in the repository with what it shows there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode

from docs.notebooks import NOTEBOOKS, SAMPLED, SHARE, differs, execute, kernel, told
from sd_covid.model.starter import PARTS, copy_study

STUDY = Path(__file__).parents[2]
LARGEST = 400_000  # bytes: a page that loads it, and a clone, should not notice
WORDS = ("**Question.**", "## What we conclude", "## What to try next")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelManager]:
    """A kernel in the notebooks of a new study, away from the checkout."""
    study = tmp_path_factory.mktemp("new") / "study"
    copy_study(study)
    with kernel(study / "notebooks") as started:
        yield started


def cells(path: Path) -> list[NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


@each
def test_a_notebook_shows_what_it_is_kept_with(path: Path, manager: KernelManager) -> None:
    for number, (kept, now) in enumerate(zip(cells(path), execute(path, manager).cells, strict=True)):
        sampled = SAMPLED in kept.metadata.get("tags", ())
        found = differs(told(kept), told(now), SHARE if sampled else 0.0)
        assert not found, f"cell {number}: {found}\nrenew it: python docs/notebooks.py {path.stem}"


@each
def test_what_is_kept_is_small_and_holds_nothing_of_the_machine(path: Path) -> None:
    assert path.stat().st_size < LARGEST
    shown = [output for cell in cells(path) for output in cell.get("outputs", ())]
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert [] == [output for output in shown if output.get("name") == "stderr"]
    texts = [
        value for output in shown for value in [output.get("text", ""), *output.get("data", {}).values()]
    ]
    assert not re.search(r"/(tmp|home|root|usr|Users)/|\d (ms|seconds)\b", "\n".join(map(str, texts)))


@each
def test_a_notebook_asks_concludes_and_leads_on(path: Path) -> None:
    found = cells(path)
    text = "\n".join(cell.source for cell in found if cell.cell_type == "markdown")
    assert text.startswith("# ")
    assert [] == [word for word in WORDS if word not in text]
    code = [cell for cell in found if cell.cell_type == "code"]
    assert all(cell.outputs or cell.source for cell in code)
    assert [] == [cell.source for cell in code if cell.source.count("\n") > 45]


@each
def test_the_files_that_a_notebook_names_travel_with_the_study(path: Path) -> None:
    named = set(re.findall(r"\"(\.\./[\w./-]+|[\w-]+\.yaml)\"", json.dumps([c.source for c in cells(path)])))
    for name in named:
        file = (path.parent / name).resolve()
        assert file.exists(), name
        assert file.relative_to(STUDY).parts[0] in PARTS


@pytest.mark.parametrize(
    ("kept", "now", "share", "found"),
    [
        ("a rate of 3.14", "a rate of 3.14", 0, ""),
        ("a rate of 3.14", "a rate of 3.15", 0, ""),  # one in the last digit: rounded to the other side
        ("a rate of 3.14", "a rate of 3.16", 0, "3.16 and not 3.14"),
        ("12 runs", "13 runs", 0, ""),
        ("12 runs", "15 runs", 0, "15 and not 12"),
        ("12 runs", "13.5 runs", 0.15, ""),
        ("1e-13 off", "4e-13 off", 0, "4e-13 and not 1e-13"),
        ("a  1\nb 22", "a 1\nb  22", 0, ""),  # columns as wide as their numbers
        ("converged: True", "converged: False", 0.15, "it shows\nconverged: False\nand not\nconverged: True"),
        ("one\n[picture]", "one", 0, "it shows\none\nand not\none\n[picture]"),
    ],
)
def test_outputs_are_compared_word_by_word_and_numbers_to_their_last_digit(
    kept: str, now: str, share: float, found: str
) -> None:
    assert differs(kept, now, share) == found
