"""A stock that empties, in closed form: stock(t) = start exp(-rate t), by RK4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sd_covid

STEP, END = 0.125, 10.0
DECAY = f"""{{UTF-8}}
stock = INTEG(-outflow, start) ~ person ~ |
outflow = rate * stock ~ person/Month ~ |
rate = 0.2 ~ 1/Month [0.1,0.5] ~ |
start = 80 ~ person [50,100] ~ |
unbounded = 3 ~ 1 ~ |
lost = start - stock ~ person ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = {END} ~ Month ~ |
TIME STEP = {STEP} ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
\\\\\\---/// Sketch information - do not modify anything except names
V300  Do not put anything below this section - it will be ignored
*View 1
$192-192-192,0,Arial|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
///---\\\\\\
:L\x7f<%^E!@
15:0,0,0,1,0,0
"""
#: RK4 drops the fifth power of rate * step: 100 * (END / STEP) * (0.5 * STEP)**5 / 120, and twice that for the rest.
RK4 = 2 * 100 * (END / STEP) * (0.5 * STEP) ** 5 / 120


def left(rate: np.ndarray, start: np.ndarray, time: float | np.ndarray = END) -> np.ndarray:
    return start * np.exp(-rate * time)


@pytest.fixture(scope="session")
def decay_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("decay") / "models" / "decay.mdl"
    file.parent.mkdir()
    file.write_text(DECAY)
    return file


@pytest.fixture(scope="session")
def decay(decay_file: Path) -> sd_covid.Simulation:
    return sd_covid.load(decay_file)


@pytest.fixture(scope="session")
def dated(tmp_path_factory: pytest.TempPathFactory) -> sd_covid.Simulation:
    """The same model with a calendar: months since December 2019, for two years and two months."""
    folder = tmp_path_factory.mktemp("dated")
    (folder / "decay.mdl").write_text(DECAY.replace("FINAL TIME = 10.0", "FINAL TIME = 26"))
    (folder / "whole.yaml").write_text(
        "name: town\nsectors: {decay: decay.mdl}\ncalendar: {origin: 2019-12, unit: month}\n",
        encoding="utf-8",
    )
    return sd_covid.load(folder / "whole.yaml")
