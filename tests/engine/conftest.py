"""Models written inline, for tests where model and expectation should stand next to each other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_covid.engine.simulation import Simulation, load

CONTROL = """
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = {final} ~ Month ~ |
TIME STEP = {step} ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""
RK4_SETTINGS = (
    "\\\\\\---/// Sketch information - do not modify anything except names\nV300\n"
    "///---\\\\\\\n:L\x7f<%^E!@\n15:0,0,0,1,0,0\n"
)

MakeModel = Callable[..., Simulation]


@pytest.fixture
def simulate(tmp_path: Path) -> MakeModel:
    """Give a function that turns equations into a simulation: ``simulate(equations, final=…, step=…, rk4=…)``."""

    def make(equations: str, final: float = 10, step: float = 0.25, rk4: bool = False) -> Simulation:
        path = tmp_path / "model.mdl"
        text = "{UTF-8}\n" + equations + CONTROL.format(final=final, step=step)
        path.write_text(text + (RK4_SETTINGS if rk4 else ""), encoding="utf-8")
        return load(path)

    return make
