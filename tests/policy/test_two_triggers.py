"""Two levers that wait, each for what the other moves, shifted and kept for a group.

Expected: the same steps in a plain loop, with a count of steps and a memory for each lever.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sd_covid.engine.simulation import Simulation, load
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.comparison.run import run_scenarios

#: Help lowers unemployment and tires people; care takes tiredness away and costs jobs. Others are reached besides the
#: vulnerable unless help is kept for these.
MODEL = """{UTF-8}
swing = 2 ~ Percent ~|
others reached = 1 ~ Dmnl ~|
unemployment = INTEG((5 + swing * SIN(Time / 6) - unemployment) / 3 - help effect + 0.1 * care in force, 5) ~ Percent ~|
tiredness = INTEG(0.4 * help in force - 0.05 * tiredness - 0.5 * care in force, 0) ~ Percent ~|
help level = 0 ~ Dmnl ~|
help start = 72 ~ Month ~|
help end = 96 ~ Month ~|
help in force = help level * IF THEN ELSE(Time >= help start :AND: Time < help end, 1, 0) ~ Dmnl ~|
help effect = 0.2 * help in force * (1 + others reached) / 2 ~ Percent/Month ~|
help spending = INTEG(help in force, 0) ~ Million euro ~|
care level = 0 ~ Dmnl ~|
care start = 72 ~ Month ~|
care end = 96 ~ Month ~|
care in force = care level * IF THEN ELSE(Time >= care start :AND: Time < care end, 1, 0) ~ Dmnl ~|
care spending = INTEG(care in force, 0) ~ Million euro ~|
INITIAL TIME = 0 ~~|
FINAL TIME = 120 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = 1 ~~|
"""
LEVER = """
  {id}:
    title: {{nl: {id}, en: {id}}}
    meaning: {{nl: A, en: A}}
    constants: {{level: {id} level, start: {id} start, end: {id} end}}
    actual: {{level: 0, start: 2021-01-01, end: 2023-01-01}}
    range: [0, 1]
    purpose: social
    target: {{nl: A, en: A}}
    payer: {{nl: A, en: A}}
    delivery: national
    source: invented
    grade: D
    cost: {{rule: spent, spending: {id} spending, source: invented, grade: D, note: invented}}
"""
HEAD = (
    "prices: {level_year: 2020, base_year: 2020, discount_rate: 0.0225, index: {}, source: invented}\nlevers:"
)
AIMED = '    targets: {vulnerable: {"others reached": 0}}\n'
TEXTS = "title: {nl: A, en: A}\nrationale: {nl: A, en: A}\n"
#: Months 18 to 90, above 5.5 for three months, for twelve; months 12 to 108, above 2 for two months, for eight.
BOTH = TEXTS + (
    "levers:\n"
    "  help: {level: 1, start: 2016-07-01, end: 2022-07-01, "
    "trigger: {when: unemployment, above: 5.5, for: 3 months, lasts: 12 months}}\n"
    "  care: {level: 1, start: 2016-01-01, end: 2024-01-01, "
    "trigger: {when: tiredness, above: 2, for: 2 months, lasts: 8 months}}\n"
)
SWINGS = (0.4, 1.0, 2.0, 3.0)
STEP = 0.25


@pytest.fixture
def model(tmp_path: Path) -> Simulation:
    for name, text in {
        "models/two.mdl": MODEL,
        "scenarios/levers.yaml": "calendar: {origin: 2015-01, unit: month}\n"
        + HEAD
        + LEVER.format(id="help")
        + AIMED
        + LEVER.format(id="care"),
        "scenarios/actual.yaml": TEXTS,
        "scenarios/both.yaml": BOTH,
        "scenarios/later.yaml": TEXTS + "with: [{package: both, shift: 9 months}]\n",
        "scenarios/aimed.yaml": TEXTS
        + "with: [{package: both, target: {group: vulnerable, levers: [help]}}]\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load(tmp_path / "models" / "two.mdl")


def by_hand(swing: float, later: int = 0, others: float = 1.0) -> NDArray[np.float64]:
    """Unemployment and tiredness at the begin of each month, and months of help and care by then."""
    unemployment, tiredness, spent = 5.0, 0.0, [0.0, 0.0]
    #: Window, wait and length of each lever, in steps.
    rules = [((18 + later, 90 + later), 12, 48), ((12 + later, 108 + later), 8, 32)]
    counted, fired = [0, 0], [-1, -1]
    told = []
    for step in range(4 * 120 + 1):
        time = step * STEP
        on = [0.0, 0.0]
        for lever, ((first, last), wait, length) in enumerate(rules):
            if fired[lever] < 0 and counted[lever] >= wait and first <= time < last:
                fired[lever] = step
            on[lever] = float(0 <= fired[lever] <= step < fired[lever] + length)
        if step % 4 == 0:
            told.append([unemployment, tiredness, *spent])
        counted = [
            counted[0] + 1 if unemployment > 5.5 else 0,
            counted[1] + 1 if tiredness > 2 else 0,
        ]
        flow = (5 + swing * np.sin(time / 6) - unemployment) / 3 + 0.1 * on[1]
        # Kept for the vulnerable from the begin of the window; before it help is not in force.
        flow -= 0.2 * on[0] * (1 + others) / 2
        unemployment, tiredness = (
            unemployment + STEP * flow,
            tiredness + STEP * (0.4 * on[0] - 0.05 * tiredness - 0.5 * on[1]),
        )
        spent = [spent[0] + STEP * on[0], spent[1] + STEP * on[1]]
    return np.array(told)


@pytest.mark.parametrize(
    ("name", "later", "others"), [("both", 0, 1.0), ("later", 9, 1.0), ("aimed", 0, 0.0)]
)
def test_two_triggers_are_those_of_a_plain_loop(
    model: Simulation, tmp_path: Path, name: str, later: int, others: float
) -> None:
    folder = tmp_path / "scenarios"
    study = Study.beside(folder / "actual.yaml", model)
    scenarios = [read_scenario(folder / f"{item}.yaml", model, study=study) for item in ("actual", name)]
    outputs = ["unemployment", "tiredness", "help spending", "care spending"]
    found = run_scenarios(model, scenarios, pd.DataFrame({"swing": SWINGS}), outputs, study=study)
    expected = np.array([by_hand(swing, later, others) for swing in SWINGS])
    for place, output in enumerate(outputs):
        # Both take the same steps; sums in another order differ in the last digits.
        np.testing.assert_allclose(
            found.trajectories(output, name), expected[..., place], rtol=1e-10, atol=1e-10
        )
    months = expected[:, -1, 2:]
    assert (months[0] == 0).all()  # a small swing fires neither
    assert (months[2:] == [12, 8]).all()  # large ones both, each once, for its length
