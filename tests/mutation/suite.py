"""Tests in a process of its own, after a fork: of the code as it stands, or with one change in one file.

A change within a function costs no more than the tests that reach it: the package and its tests are imported before the
fork, and the function takes other code. For a change of what the import executes, only what is not ours is imported
before.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.mutation.swap import Pair, functions_of, pairs

PASSED, FAILED, HUNG = "survived", "killed", "timeout"
POLL = 0.02  # seconds between two looks at whether a process has ended
MEMORY = 16 << 30  # bytes of address space
OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestWarning"]
# What the package and its tests import of others.
BEFOREHAND = (
    "numpy.testing scipy.special scipy.stats scipy.optimize scipy.integrate pandas xarray llvmlite.binding lxml.etree "
    "yaml hypothesis pint netCDF4 networkx pyarrow"
)


@dataclass
class Reach:
    """What each test costs, and the lines that it executes.

    Attributes
    ----------
    cost : dict of str to float
        Seconds of the processor, its fixtures included.
    lines : dict of str to dict of int to list of str
        By file and line, the tests; the name ``import`` stands for what the import executes.
    """

    cost: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Reach:
        """As it was written."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        lines = {f: {int(k): v for k, v in of.items()} for f, of in raw["lines"].items()}
        return cls(raw["cost"], lines)

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        path.write_text(json.dumps({"cost": self.cost, "lines": self.lines}), encoding="utf-8")

    def tests(self, file: str, lines: range, statement: range, most: float) -> list[str]:
        """The tests that may notice a change, those that execute its lines first, the quick before the slow.

        What the import executes may be noticed by any test of the file, and by one that only reads a table.

        Parameters
        ----------
        file : str
        lines, statement : range
            See `tests.mutation.mutants.Mutant`.
        most : float
            Seconds of the processor for each of these groups: dearer tests are left out, though never the first.
        """
        of_file = self.lines.get(file, {})
        near = {test for line in lines for test in of_file.get(line, ())}
        near = near or {test for line in statement for test in of_file.get(line, ())}
        groups = [near]
        if "import" in near:
            of_module = {test for tests in of_file.values() for test in tests}
            groups += [of_module - near, set(self.cost) - of_module]
        chosen: list[str] = []
        for group in groups:
            spent = 0.0
            group.discard("import")
            for test in sorted(group, key=lambda test: (self.cost[test], test)):
                if chosen and spent + self.cost[test] > most:
                    break
                chosen.append(test)
                spent += self.cost[test]
        return chosen


def prepare() -> None:
    """Import what is not ours."""
    for name in BEFOREHAND.split():
        importlib.import_module(name)


def forked(act: Callable[[], int], seconds: float, log: Path) -> str:
    """Do something in another process; what came of it.

    Parameters
    ----------
    act : callable
        Gives the exit code.
    seconds : float
        Of the processor, that it may take; eight times as long by the clock.
    log : Path
        Where its output goes.

    Raises
    ------
    RuntimeError
        When no test was there to be run.
    """
    child = os.fork()
    if not child:
        code = 70
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            code = act()
        finally:
            sys.stdout.flush()
            os._exit(code)
    patience = int((8 * seconds + 10) / POLL)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        patience -= 1  # turns, not the clock: both may have been suspended
        if patience == 0:
            os.kill(child, signal.SIGKILL)
        time.sleep(POLL)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return HUNG
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise RuntimeError(f"the tests that were chosen are not there: see {log}")
    return PASSED if status == 0 else FAILED


def baseline(files: dict[Path, str], tests: list[str], room: Path) -> Reach:
    """Run tests on the code as it stands, and see which lines of the named files each executes.

    Raises
    ------
    RuntimeError
        When a test fails without any change.
    """
    told = room / "reach.json"

    def act() -> int:
        watch = _Watch({str(file): name for file, name in files.items()})
        watch.start("import")
        code = pytest.main([*OPTIONS, "--basetemp", str(room / "tests"), *tests], plugins=[watch])
        sys.settrace(None)
        Reach(watch.cost, {name: _listed(lines) for name, lines in watch.lines.items()}).write(told)
        return int(code)

    log = room / "baseline.log"
    if forked(act, 3600, log) != PASSED:
        raise RuntimeError(f"the tests fail on the code as it stands: see {log}")
    return Reach.read(told)


def _listed(lines: dict[int, set[str]]) -> dict[int, list[str]]:
    return {line: sorted(tests) for line, tests in lines.items()}


@dataclass(frozen=True)
class Trial:
    """One change, and what is to be run with it.

    Attributes
    ----------
    key : str
    file : Path
    old, new : CodeType
        Of the file.
    tests : list of str
    seconds : float
        Of the processor, that they may take.
    """

    key: str
    file: Path
    old: CodeType
    new: CodeType
    tests: list[str]
    seconds: float


def tried(module: str, trial: Trial, room: Path) -> str:
    """Run tests with the code of one module replaced as it is imported; ``killed``, ``timeout`` or ``survived``."""
    if not trial.tests:  # nothing comes there
        return PASSED

    def act() -> int:
        sys.meta_path.insert(0, _Replaced(module, trial.file, trial.new))
        where = list(dict.fromkeys(test.partition("::")[0] for test in trial.tests))
        options = [*OPTIONS, "--basetemp", str(room / "tests")]
        return int(pytest.main([*options, *where], plugins=[_Chosen(trial.tests)]))

    return forked(act, trial.seconds, room / "mutant.log")


def tried_together(
    trials: list[Trial], modules: list[str], tests: list[str], room: Path, stop: float
) -> dict[str, str]:
    """The outcomes of those changes that need no other import.

    Parameters
    ----------
    trials : list of Trial
    modules : list of str
        What the changes are in.
    tests : list of str
        Files to collect.
    room : Path
    stop : float
        By the monotonic clock: later, none is started.
    """
    told = room / "outcomes.jsonl"

    def act() -> int:
        plugin = _Swapped(trials, modules, room, told, stop)
        plugin.watch()
        return int(pytest.main([*OPTIONS, "--basetemp", str(room / "tests"), *tests], plugins=[plugin]))

    log = room / "together.log"
    if forked(act, 1e6, log) != PASSED:
        raise RuntimeError(f"the tests are not collected: see {log}")
    return dict(json.loads(line) for line in told.read_text(encoding="utf-8").splitlines())


class _Swapped:
    """Instead of the tests of a session runs, for each change, those chosen, in a fork of the session."""

    def __init__(self, trials: list[Trial], modules: list[str], room: Path, told: Path, stop: float) -> None:
        self.trials, self.modules, self.room, self.told, self.stop = trials, modules, room, told, stop
        self.at_import: set[CodeType] = set()

    def pytest_sessionstart(self) -> None:
        for module in self.modules:
            importlib.import_module(module)

    def watch(self) -> None:
        """See what is called until the tests are collected: from the first import on, which may be a conftest's."""
        sys.setprofile(lambda frame, event, _: self.at_import.add(frame.f_code) if event == "call" else None)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        functions = functions_of({str(trial.file) for trial in self.trials})
        items = {item.nodeid: item for item in session.items}
        with self.told.open("w", encoding="utf-8") as stream:
            for trial in self.trials:
                changed = pairs(trial.old, trial.new)
                first = [group[0][0] for group in changed or ()]
                if not first or any(code not in functions or code in self.at_import for code in first):
                    continue
                if time.monotonic() > self.stop:
                    break

                def act(trial: Trial = trial, changed: list[list[Pair]] = changed or []) -> int:
                    for old, new in itertools.chain(*changed):
                        for function in functions.get(old, ()):
                            function.__code__ = new
                    return _first_failure([items[test] for test in trial.tests])

                outcome = forked(act, trial.seconds, self.room / "mutant.log") if trial.tests else PASSED
                stream.write(json.dumps([trial.key, outcome]) + "\n")
                stream.flush()
        return True


def _first_failure(items: list[pytest.Item]) -> int:
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return 1
    return 0


class _Watch:
    """Says which test executes which line of some files, and what it costs."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.cost: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = {name: {} for name in files.values()}
        self.test = ""

    def start(self, test: str) -> None:
        self.test = test
        threading.settrace(self._called)
        sys.settrace(self._called)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.start(item.nodeid)
        began = time.process_time()
        result = yield
        self.cost[item.nodeid] = time.process_time() - began
        return result

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        name = self.files.get(frame.f_code.co_filename)
        if name is None:
            return None
        lines = self.lines[name]
        test = (
            "import" if frame.f_code.co_name == "<module>" else self.test
        )  # whoever is the first to import it
        lines.setdefault(frame.f_lineno, set()).add(test)

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            lines.setdefault(frame.f_lineno, set()).add(test)
            return line

        return line


class _Chosen:
    """Runs these tests of those collected, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.order = {test: k for k, test in enumerate(tests)}

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        result = yield
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])
        return result


class _Replaced(importlib.abc.MetaPathFinder):
    """Finds one module with other code."""

    def __init__(self, module: str, file: Path, code: CodeType) -> None:
        self.module, self.file, self.code = module, file, code

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(
            name, self.file, loader=_Loader(self.code, name, self.file)
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, code: CodeType, name: str, file: Path) -> None:
        super().__init__(name, str(file))
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code
