"""The harness itself: what it changes, that each change is real, and that the list of equals is not out of date."""

from __future__ import annotations

import ast
import itertools
import time
from pathlib import Path

import pytest

from tests.mutation import suite
from tests.mutation.__main__ import every
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import mutants

SOURCE = '''
"""Text."""
from a import b

LIMIT = 3

@wrapped(True)
def f(x: int | None, g=None):
    """Text: 1 + 1."""
    if x < LIMIT and not g:
        raise ValueError(f"less than {LIMIT + 1}")
    total = 0.5 * x
    box.side = -total
    g.add("lt", x, total)
    add(True, "mul", x, max(x, total))
    return g.add("add", x, total) if total else pair(x, 2)
'''
CHANGES = [
    "-: 3 -> 4",
    "f: x < LIMIT and (not g) -> not (x < LIMIT and (not g))",
    "f: x < LIMIT and (not g) -> x < LIMIT or not g",
    "f: x < LIMIT and (not g) -> x <= LIMIT and (not g)",
    "f: x < LIMIT and (not g) -> x < LIMIT and g",
    "f: raise ValueError(f'less than {LIMIT + 1}') -> pass",
    "f: 0.5 * x -> 0.5 / x",
    "f: 0.5 * x -> 0.505 * x",
    "f: box.side = -total -> pass",
    "f: -total -> total",
    "f: g.add('lt', x, total) -> pass",
    "f: g.add('lt', x, total) -> g.add('lt', total, x)",
    "f: g.add('lt', x, total) -> g.add('le', x, total)",
    "f: add(True, 'mul', x, max(x, total)) -> pass",
    "f: add(True, 'mul', x, max(x, total)) -> add(False, 'mul', x, max(x, total))",
    "f: add(True, 'mul', x, max(x, total)) -> add(True, 'div', x, max(x, total))",
    "f: g.add('add', x, total) if total else pair(x, 2) -> g.add('add', x, total) if not total else pair(x, 2)",
    "f: g.add('add', x, total) -> g.add('sub', x, total)",
    "f: pair(x, 2) -> pair(2, x)",
    "f: pair(x, 2) -> pair(x, 3)",
]


def test_what_has_a_meaning_is_changed_and_nothing_else():
    assert sorted(m.key for m in mutants(SOURCE, "m.py")) == sorted(f"m.py {change}" for change in CHANGES)


def test_every_change_differs_and_leaves_the_file_as_it_was():
    plain = compile(ast.parse(SOURCE), "m.py", "exec")
    found = mutants(SOURCE, "m.py")
    codes = [m.code("m.py") for m in found]
    assert compile(found[0]._tree, "m.py", "exec") == plain
    assert all(code != plain for code in codes)
    assert codes == [m.code("m.py") for m in found]
    assert len({m.key for m in found}) == len(found)


def test_what_is_listed_as_equivalent_is_there():
    keys = {mutant.key for _, mutant in every()}
    assert EQUIVALENT.keys() <= keys
    assert all(reason.strip() for reason in EQUIVALENT.values())


def test_tests_that_reach_a_change_come_first_and_the_quick_before_the_slow():
    reach = suite.Reach(
        {"a": 3.0, "b": 1.0, "c": 2.0, "d": 90.0, "table": 4.0},
        {"m.py": {1: ["import"], 5: ["a", "b", "import"], 6: ["c", "d"]}},
    )
    assert reach.tests("m.py", range(5, 6), range(5, 6), 10) == ["b", "a", "c", "table"]
    assert reach.tests("m.py", range(5, 6), range(5, 6), 3) == ["b", "c"]
    assert reach.tests("m.py", range(6, 7), range(5, 7), 99) == ["c", "d"]
    assert reach.tests("m.py", range(9, 10), range(6, 10), 99) == ["c", "d"]
    assert reach.tests("m.py", range(1, 2), range(1, 2), 5) == ["b", "c", "table"]
    assert reach.tests("m.py", range(6, 7), range(6, 7), 1) == ["c"]
    assert reach.tests("other.py", range(6, 7), range(6, 7), 1) == []


def test_a_change_in_another_process_is_noticed_or_survives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A package of one line and a test of one: of its two numbers only the first is looked at."""
    package = tmp_path / "mutated_package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    file = package / "numbers.py"
    file.write_text("LOOKED_AT = 1\nOVERLOOKED = 2\n", encoding="utf-8")
    test = tmp_path / "test_numbers.py"
    test.write_text(
        "from mutated_package.numbers import LOOKED_AT\n\ndef test_it():\n    assert LOOKED_AT == 1\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    first, second = (
        suite.Trial(m.key, file, m.code(str(file)), m.code(str(file)), ["test_numbers.py::test_it"], 20)
        for m in mutants(file.read_text("utf-8"), "numbers.py")
    )
    found = [suite.tried("mutated_package.numbers", trial, tmp_path) for trial in (first, second)]
    assert found == [suite.FAILED, suite.PASSED]
    assert (
        suite.forked(lambda: next(0 for k in itertools.count(1) if k < 1), 1, tmp_path / "log") == suite.HUNG
    )


TOGETHER = """
LIMIT = 3

def made(low):
    return lambda x: x > low

class Box:
    size = 4

    def full(self, x):
        return max(k for k in (x, 1)) >= self.size

above = made(1)

def twice(x):
    return 2 * x + 0 * LIMIT
"""
# What a change of a function needs no other import for, and what comes of it; the others are changes of the import.
SWAPPED = {
    "Box.full: max((k for k in (x, 1))) >= self.size -> max((k for k in (x, 1))) > self.size": suite.FAILED,
    "Box.full: 1 -> 2": suite.PASSED,
    "twice: 2 * x + 0 * LIMIT -> 2 * x - 0 * LIMIT": suite.PASSED,
    "twice: 2 * x + 0 * LIMIT -> 2 / x + 0 * LIMIT": suite.FAILED,
    "twice: 2 * x -> 3 * x": suite.FAILED,
    "twice: 2 * x + 0 * LIMIT -> 2 * x + 0 / LIMIT": suite.PASSED,
    "twice: 0 * LIMIT -> 1 * LIMIT": suite.FAILED,
}
IMPORTED = {"-: 3 -> 4", "made: x > low -> x >= low", "Box: 4 -> 5", "-: made(1) -> made(2)"}


def test_functions_take_other_code_where_no_other_import_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "mutated_functions.py"
    file.write_text(TOGETHER, encoding="utf-8")
    (tmp_path / "test_functions.py").write_text(
        "from mutated_functions import Box, above, twice\n\ndef test_it():\n"
        "    assert above(2) and not above(1)\n    assert Box().full(4) and not Box().full(3)\n"
        "    assert twice(3) == 6\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    old = compile(TOGETHER, str(file), "exec", dont_inherit=True)
    trials = [
        suite.Trial(m.key.partition(" ")[2], file, old, m.code(str(file)), ["test_functions.py::test_it"], 20)
        for m in mutants(TOGETHER, "f.py")
    ]
    found = suite.tried_together(
        trials, ["mutated_functions"], ["test_functions.py"], tmp_path, time.monotonic() + 600
    )
    assert found == SWAPPED
    assert {trial.key for trial in trials} - found.keys() == IMPORTED
