"""A lever that an indicator switches on. Expected: a model written by hand with the trigger in its own equations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.simulation import Simulation, load
from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.comparison.adaptive import adaptive
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.files.schema import scenario_schema
from sd_covid.policy.study import catalogues_beside

#: Unemployment swings around five; help lowers it while it is in force, and spends its budget evenly.
MODEL = """{UTF-8}
swing = 2 ~ Percent ~|
unemployment = INTEG((5 + swing * SIN(Time / 6) - unemployment) / 3 - help effect, 5) ~ Percent ~|
help level = 0 ~ Dmnl ~|
help start = 72 ~ Month ~|
help end = 96 ~ Month ~|
help budget = 48 ~ Million euro ~|
help in force = IF THEN ELSE(Time >= help start :AND: Time < help end, 1, 0) ~ Dmnl ~|
help effect = 0.3 * help level * help in force ~ Percent/Month ~|
help spending = INTEG(help in force * help level * help budget / (help end - help start), 0) ~ Million euro ~|
INITIAL TIME = 0 ~~|
FINAL TIME = 120 ~~|
TIME STEP = 0.125 ~~|
SAVEPER = 1 ~~|
"""

#: The same with the trigger written in: a count of steps above the threshold that is emptied below it, a memory of the
#: moment at which it first reached three months between months 30 and 90, and help for twelve months from there.
BY_HAND = """{UTF-8}
swing = 2 ~ Percent ~|
threshold = 5.5 ~ Percent ~|
unemployment = INTEG((5 + swing * SIN(Time / 6) - unemployment) / 3 - 0.3 * helping, 5) ~ Percent ~|
steps above = INTEG(IF THEN ELSE(unemployment > threshold, 1, -steps above) / TIME STEP, 0) ~ Dmnl ~|
go = IF THEN ELSE(done < 0.5 :AND: steps above >= 24 :AND: Time >= 30 :AND: Time < 90, 1, 0) ~ Dmnl ~|
done = INTEG(go / TIME STEP, 0) ~ Dmnl ~|
months to go = INTEG(IF THEN ELSE(go > 0.5, (12 - TIME STEP) / TIME STEP,
    IF THEN ELSE(months to go > 0.01, -1, 0)), 0) ~ Month ~|
helping = IF THEN ELSE(go > 0.5 :OR: months to go > 0.01, 1, 0) ~ Dmnl ~|
help spending = INTEG(helping * 48 / 12, 0) ~ Million euro ~|
INITIAL TIME = 0 ~~|
FINAL TIME = 120 ~~|
TIME STEP = 0.125 ~~|
SAVEPER = 1 ~~|
"""

LEVERS = """calendar: {origin: 2015-01, unit: month}
prices: {level_year: 2020, base_year: 2020, discount_rate: 0.0225, index: {}, source: invented}
levers:
  help:
    title: {nl: Hulp, en: Help}
    meaning: {nl: 1 is hulp, en: 1 is help}
    constants: {level: help level, start: help start, end: help end, budget: help budget}
    actual: {level: 0, start: 2021-01-01, end: 2023-01-01, budget: 48}
    range: [0, 1]
    purpose: social
    target: {nl: Huishoudens, en: Households}
    payer: {nl: Gemeenten, en: Municipalities}
    delivery: national
    source: invented
    grade: D
    cost: {rule: spent, spending: help spending, source: invented, grade: D, note: invented}
"""
TEXTS = "title: {nl: A, en: A}\nrationale: {nl: A, en: A}\n"
SCENARIO = (
    TEXTS + "levers:\n  help: {level: 1, start: 2017-07-01, end: 2022-07-01, budget: 48, "
    "trigger: {when: unemployment, above: 5.5, for: 3 months, lasts: 12 months}}\n"
)


def laid_out(folder: Path) -> tuple[Path, Simulation]:
    for name, text in {
        "models/swing.mdl": MODEL,
        "scenarios/levers.yaml": LEVERS,
        "scenarios/assumptions.yaml": "{}\n",
        "scenarios/actual.yaml": TEXTS,
        "scenarios/waits.yaml": SCENARIO,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "scenarios", load(folder / "models" / "swing.mdl")


def test_a_trigger_is_that_written_by_hand_in_every_draw(tmp_path: Path) -> None:
    folder, model = laid_out(tmp_path)
    study = Study.beside(folder / "actual.yaml", model)
    scenarios = [read_scenario(folder / f"{name}.yaml", model, study=study) for name in ("actual", "waits")]
    # Small swings never reach the threshold for three months; larger ones do so at different moments.
    draws = pd.DataFrame({"swing": [0.2, 0.6, 1.0, 1.5, 2.0, 3.0]})
    found = run_scenarios(model, scenarios, draws, ["unemployment", "help spending"], study=study)
    (tmp_path / "by-hand.mdl").write_text(BY_HAND, encoding="utf-8")
    expected = load(tmp_path / "by-hand.mdl").run(draws, ["unemployment", "help spending"])
    # Both take the same steps; sums in another order differ in the last digits.
    for name in ("unemployment", "help spending"):
        got = found.trajectories(name, "waits")
        np.testing.assert_allclose(got, expected[name].transpose("member", "time"), rtol=1e-10, atol=1e-10)
    spent = found.trajectories("help spending", "waits")[:, -1]
    assert 0 == spent[0]
    np.testing.assert_allclose(spent[2:], 48, rtol=1e-10)  # the whole budget, once
    moments = [int(np.argmax(path > 0)) for path in found.trajectories("help spending", "waits")[2:]]
    assert len(set(moments)) > 1


@pytest.mark.parametrize(
    ("told", "dates", "first", "last"),
    [
        # Months 30 to 90; in force at once, for a year, and longer than the lever's end where it fires late.
        ("above: -50", ("2017-07-01", "2022-07-01"), 30, 42),
        ("above: -50", ("2015-01-01", "2022-07-01"), 3, 15),
        ("below: 50", ("2024-06-01", "2025-01-01"), 113, 121),
        ("above: 50", ("2017-07-01", "2022-07-01"), None, None),
    ],
    ids=["at once", "from the first step", "to the last step", "never"],
)
def test_a_trigger_fires_between_the_ends(
    tmp_path: Path, told: str, dates: tuple[str, str], first: int | None, last: int | None
) -> None:
    folder, model = laid_out(tmp_path)
    start, end = dates
    text = SCENARIO.replace("2017-07-01", start).replace("2022-07-01", end).replace("above: 5.5", told)
    (folder / "waits.yaml").write_text(text, encoding="utf-8")
    scenario = read_scenario(folder / "waits.yaml", model)
    study = Study.beside(folder / "actual.yaml", model)
    made = adaptive(model, [scenario], study.catalogue.levers)
    on = np.flatnonzero(made.run(scenario.settings)["help in force"].to_numpy() > 0)
    assert [] == on.tolist() if first is None or last is None else [*range(first, last)] == on.tolist()


@pytest.mark.parametrize("step", ["0.1", "1/3", "0.2"])
def test_a_step_that_no_double_holds_spends_the_budget_once(tmp_path: Path, step: str) -> None:
    folder, _ = laid_out(tmp_path)
    path = tmp_path / "models" / "swing.mdl"
    path.write_text(MODEL.replace("TIME STEP = 0.125", f"TIME STEP = {step}"), encoding="utf-8")
    model = load(path)
    scenario = read_scenario(folder / "waits.yaml", model)
    study = Study.beside(folder / "actual.yaml", model)
    made = adaptive(model, [scenario], study.catalogue.levers)
    draws = pd.DataFrame([{**scenario.settings, "swing": swing} for swing in (1.5, 2.0, 3.0)])
    spent = made.run(draws, ["help spending"])["help spending"].to_numpy()[..., -1]
    np.testing.assert_allclose(spent, 48, rtol=1e-9)


@pytest.mark.parametrize(
    ("indicator", "told"),
    [
        ("pair", r"is an array; name an element of pair\[k\]"),
        ('"pair[three]"', r"is not in the model; .*pair\[one\]"),
    ],
)
def test_an_array_is_no_indicator(tmp_path: Path, indicator: str, told: str) -> None:
    folder, _ = laid_out(tmp_path)
    path = tmp_path / "models" / "swing.mdl"
    path.write_text(
        MODEL.replace("{UTF-8}", "{UTF-8}\nk: one, two ~~|\npair[k] = 1, 2 ~~|"), encoding="utf-8"
    )
    (folder / "waits.yaml").write_text(
        SCENARIO.replace("when: unemployment", f"when: {indicator}"), encoding="utf-8"
    )
    model = load(path)
    scenario = read_scenario(folder / "waits.yaml", model)
    with pytest.raises(ScenarioError, match=told):
        adaptive(model, [scenario], Study.beside(folder / "actual.yaml", model).catalogue.levers)


def test_a_scenario_without_trigger_is_the_same_beside_one_with(tmp_path: Path) -> None:
    folder, model = laid_out(tmp_path)
    study = Study.beside(folder / "actual.yaml", model)
    plain = TEXTS + "levers: {help: {level: 1, start: 2018-01-01, end: 2019-01-01}}\n"
    (folder / "plain.yaml").write_text(plain, encoding="utf-8")
    plain_one, waits = (
        read_scenario(folder / f"{name}.yaml", model, study=study) for name in ("plain", "waits")
    )
    draws = pd.DataFrame({"swing": [1.0, 2.0]})
    alone = run_scenarios(model, [plain_one], draws, ["unemployment"], study=study)
    beside = run_scenarios(model, [plain_one, waits], draws, ["unemployment"], study=study)
    np.testing.assert_array_equal(
        alone.trajectories("unemployment", "plain"), beside.trajectories("unemployment", "plain")
    )


def test_a_trigger_is_read_as_it_is_written(tmp_path: Path) -> None:
    folder, model = laid_out(tmp_path)
    found = read_scenario(folder / "waits.yaml", model).levers["help"]
    assert Trigger("unemployment", 5.5, 3.0, 12.0, above=True) == found.trigger
    assert (date(2017, 7, 1), date(2022, 7, 1)) == (found.start, found.end)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("when: unemploymnt, above: 5, for: 3 months, lasts: 1 year", "'unemployment'"),
        ("when: unemployment, for: 3 months, lasts: 1 year", "one of 'above' and 'below'"),
        (
            "when: unemployment, above: 5, below: 4, for: 3 months, lasts: 1 year",
            "one of 'above' and 'below'",
        ),
        ("when: unemployment, above: 5, for: 0 months, lasts: 1 year", "no length of time"),
        ("when: unemployment, above: 5, for: 3 months, last: 1 year", "'lasts'"),
    ],
)
def test_a_wrong_trigger_is_refused_where_it_stands(tmp_path: Path, written: str, told: str) -> None:
    folder, model = laid_out(tmp_path)
    wrong = TEXTS + f"levers:\n  help: {{level: 1, trigger: {{{written}}}}}\n"
    (folder / "wrong.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(folder / "wrong.yaml", model)
    assert told in f"{caught.value.reason} {caught.value.advice}"
    assert 4 == caught.value.line


def test_a_model_that_has_a_trigger_is_left_as_it_is_and_another_is_refused(tmp_path: Path) -> None:
    folder, model = laid_out(tmp_path)
    study = Study.beside(folder / "actual.yaml", model)
    waits = read_scenario(folder / "waits.yaml", model, study=study)
    once = adaptive(model, [waits], study.catalogue.levers)
    twice = adaptive(once, [waits], study.catalogue.levers)
    assert once.model.variables == twice.model.variables
    (folder / "other.yaml").write_text(
        SCENARIO.replace("when: unemployment", "when: swing"), encoding="utf-8"
    )
    with pytest.raises(ScenarioError, match="of its own"):
        adaptive(once, [read_scenario(folder / "other.yaml", model, study=study)], study.catalogue.levers)


def test_two_indicators_of_one_lever_are_refused(tmp_path: Path) -> None:
    folder, model = laid_out(tmp_path)
    (folder / "other.yaml").write_text(
        SCENARIO.replace("when: unemployment", "when: swing"), encoding="utf-8"
    )
    study = Study.beside(folder / "actual.yaml", model)
    both = [read_scenario(folder / f"{name}.yaml", model, study=study) for name in ("waits", "other")]
    with pytest.raises(ScenarioError, match="switched on by"):
        adaptive(model, both, study.catalogue.levers)


@pytest.mark.parametrize(
    ("trigger", "fits"),
    [
        ({"when": "unemployment", "above": 5, "for": "3 months", "lasts": "1 year"}, True),
        ({"when": "unemployment", "above": 5, "below": 4, "for": "3 months", "lasts": "1 year"}, False),
        ({"when": "unemployment", "for": "3 months", "lasts": "1 year"}, False),
        ({"when": "unemployment", "above": 5, "for": "soon", "lasts": "1 year"}, False),
    ],
)
def test_an_editor_is_told_what_a_trigger_may_be(
    tmp_path: Path, trigger: dict[str, object], fits: bool
) -> None:
    folder, _ = laid_out(tmp_path)
    schema = scenario_schema(*catalogues_beside(folder / "levers.yaml"))
    text = {"nl": "A", "en": "A"}
    scenario = {"title": text, "rationale": text, "levers": {"help": {"level": 1, "trigger": trigger}}}
    assert fits == jsonschema.Draft202012Validator(schema).is_valid(scenario)
