"""Small models and studies for the command line, and a way to call it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sd_covid.cli.app import execute

STUDY = Path(__file__).parents[2]

# A stock that drains at a constant share: level(t + h) = level(t) * (1 - h * rate), so 100, 50, 25 at rate 0.5.
DRAIN = """{UTF-8}
rate = 0.5 ~ 1/Month ~ Share that leaves. |
level = INTEG(-outflow, 100) ~ person ~ What is left. |
outflow = rate * level ~ person/Month ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 2 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""


@dataclass(frozen=True)
class Answer:
    """What the command line said."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of standard error."""
        return self.err.splitlines()[-1] if self.err else ""


Call = Callable[..., Answer]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process."""

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = execute([str(item) for item in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def drain(tmp_path: Path) -> Path:
    """A model of one stock, in a folder of its own."""
    path = tmp_path / "drain.mdl"
    path.write_text(DRAIN)
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the Dutch study that a test may spoil."""
    for folder in ("models", "scenarios", "calibration"):
        shutil.copytree(STUDY / folder, tmp_path / "study" / folder)
    return tmp_path / "study"
