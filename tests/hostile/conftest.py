"""A small study that a test may spoil, and a way to call the command line in this process."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analysis.robustness.conftest import made
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

__all__ = ["Call"]


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """What waits for another program never ends by itself: after a minute the test does."""
    before = signal.signal(signal.SIGALRM, _late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _late(*_: object) -> None:
    pytest.fail("it waits for something that does not come")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town of the sweeps with its draws, paths, packages and plan: written once."""
    return made(tmp_path_factory.mktemp("whole") / "town")


@pytest.fixture
def town(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, with room for notes."""
    copy = shutil.copytree(whole, tmp_path / "town")
    (copy / "models" / "notes").mkdir()
    return copy
