"""Small models and studies for the command line, and a way to call it."""

from __future__ import annotations

import shutil
import subprocess
import sys
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


def call_in_two_gibibytes(*arguments: object) -> Answer:
    """Run a command in a process of its own that has the address space which the public contract promises."""
    resource = pytest.importorskip("resource", reason="the system has no limit of address space")
    done = subprocess.run(
        [sys.executable, "-c", "from sd_covid.cli import main; main()", *map(str, arguments)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
        capture_output=True,
        text=True,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


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


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the Dutch study with eight draws near the medians of its priors in the place of a posterior."""
    import numpy as np
    import pandas as pd

    import sd_covid
    from sd_covid.calibration.density.objective import Objective, model_names
    from sd_covid.calibration.problem.petab import read_problem
    from sd_covid.calibration.stored.store import Posterior, tables_hash, versions, write_posterior
    from sd_covid.calibration.workflow import model_hash, posterior_file

    root = tmp_path_factory.mktemp("fitted")
    for folder in ("models", "scenarios", "calibration"):
        shutil.copytree(STUDY / folder, root / folder)
    problem = read_problem(root / "calibration" / "problem.yaml")
    simulation = sd_covid.load(problem.model_path)
    objective, names = Objective(problem, simulation), model_names(problem, simulation)
    centre = np.array([item.prior.median for item in problem.estimated if item.prior])
    spread = np.array([item.prior.sd for item in problem.estimated if item.prior])
    bounds = ([item.lower for item in problem.estimated], [item.upper for item in problem.estimated])
    draws = np.clip(
        centre + 0.05 * spread * np.random.default_rng(1).standard_normal((8, len(centre))), *bounds
    )
    frame = pd.DataFrame(draws, columns=objective.names)
    frame.insert(0, "chain", [0, 0, 0, 0, 1, 1, 1, 1])
    frame.insert(1, "draw", [0, 1, 2, 3, 0, 1, 2, 3])
    frame.insert(2, "log_posterior", objective.log_posteriors(draws, slopes=False)[0])
    constants = {name: constant for name in objective.names if (constant := names.constant(name)) is not None}
    about = {
        "constants": constants,
        "best": dict(zip(objective.names, centre.tolist(), strict=True)),
        "model_hash": model_hash(simulation),
        "data_hash": tables_hash(problem),
        "seed": 0,
        "versions": versions(),
    }
    write_posterior(Posterior(frame, about), posterior_file(problem))
    (root / "calibration" / "fit.json").unlink(missing_ok=True)
    return root
