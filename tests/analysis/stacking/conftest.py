"""A small study with two groups and four problems, whose shares move over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

STUDY = Path(__file__).parents[3]

MODEL = """\
{UTF-8}
group: regular, vulnerable ~~|
age: youth, adult ~~|
population by group[group] = 11400, 3800 ~ thousand persons ~ |
households[group] = 5771, 1924 ~ thousand households ~ |
wave = 1 + 0.2 * SIN(Time / 6) ~ Dmnl ~ |
problem debt share by group[group] = debt at start[group] * wave ~ percent ~ |
debt at start[group] = 4, 22.4 ~ percent ~ |
unemployed by age and group[age,group] = unemployed at start[age,group] * wave ~ thousand persons ~ |
unemployed at start[age,group] = 100, 91; 250, 293; ~ thousand persons ~ |
population[age,group] = 1560, 520; 7940, 2647; ~ thousand persons ~ |
distress prevalence by group[group] = distress at start[group] ~ percent ~ |
distress at start[group] = 9.2, 15.4 ~ percent ~ |
strongly lonely by group[group] = lonely at start[group] * wave ~ percent ~ |
lonely at start[group] = 7.5, 12.5 ~ percent ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 48 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
"""
YAML = "name: small\ncalendar: {origin: 2015-01, unit: month}\nsectors: {small: small.mdl}\n"


def pair_ratio(table: NDArray[np.float64], first: int, second: int) -> NDArray[np.float64]:
    """The odds ratio of two problems by its definition; a cell's number in binary says which problems are present."""
    share = {(one, two): 0.0 for one in (0, 1) for two in (0, 1)}
    for cell in range(table.shape[-1]):
        share[cell >> first & 1, cell >> second & 1] += table[..., cell]
    return np.asarray(share[1, 1] * share[0, 0] / (share[1, 0] * share[0, 1]))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The model of a study that has the project's own tables of stacking."""
    for folder, names in (
        ("models", ("associations.csv", "references.csv", "stacking_figures.csv")),
        ("scenarios", ("stacking.yaml",)),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes((STUDY / folder / name).read_bytes())
    (tmp_path / "models" / "small.mdl").write_text(MODEL, encoding="utf-8")
    (tmp_path / "models" / "small.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path / "models" / "small.yaml"
