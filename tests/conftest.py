"""For every test: skips are counted, and fail continuous integration; property tests try what they are told to.

Files with few tests come first, since those are the long ones: what is left at the end is short, and several processes
end together.

By default a property test tries the same examples every time, so that the same code gives the same answer;
``make explore`` looks for others.
"""

from __future__ import annotations

import gc
import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# As the command line has it: matrices are small here, and more threads of the linear algebra than one wait in loops for
# one another. A plugin has loaded numpy already; what is loaded later, and other processes, see the environment.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
threadpool_limits(int(os.environ["OPENBLAS_NUM_THREADS"]), user_api="blas")

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By the number of tests in the file; otherwise as they stand."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: sizes[item.path])


def pytest_collection_finish() -> None:
    """What was imported and collected stays: without this a tenth of the time goes to looking for garbage in it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration everything a test needs is installed, so a skip hides something."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [] if reporter is None else reporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the number of skips."""
    skipped = len(terminalreporter.stats.get("skipped", []))
    failing = " (a failure in continuous integration)" if skipped and os.environ.get("CI") == "true" else ""
    terminalreporter.write_line(f"skipped tests: {skipped}{failing}")
