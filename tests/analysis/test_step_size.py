"""Whether a step is small enough, on a stock that drains: level = 100 * (1 - step * rate) ^ (time / step) by Euler."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import sd_covid
from sd_covid.analysis.step_size import StepSize, check_step, headline_outputs, not_comparable
from sd_covid.engine.table import as_table
from sd_covid.errors import ScenarioError
from sd_covid.model import read
from sd_covid.model.expression import Binary, Call, Number
from sd_covid.model.structure import Equation, Kind, Method

MODEL = """{UTF-8}
level = INTEG(-outflow, 100) ~ person ~|
outflow = rate * level ~ person/Month ~|
rate = 0.5 ~ 1/Month ~|
INITIAL TIME = 0 ~ Month ~|
FINAL TIME = 2 ~ Month ~|
TIME STEP = 0.25 ~ Month ~|
SAVEPER = 0.5 ~ Month ~|
"""
HEADLINE = """level:
  title: {nl: "Stand", en: "Level"}
  unit: {nl: "personen", en: "persons"}
  reading: end
  better: lower
  relevance: 1
  headline: true
"""
# What Euler gives at Time 2 at the step and at half of it; the largest value is 100, and the gap is largest there.
AT_STEP, AT_HALF = 100 * 0.875**8, 100 * 0.9375**16


def checked(path: Path, text: str = MODEL) -> StepSize:
    path.write_text(text)
    simulation = sd_covid.load(path)
    found = check_step(simulation, as_table(simulation.run()))
    assert found is not None
    return found


def test_half_the_step_and_rk4_move_a_stock_as_their_formulas_say(tmp_path: Path) -> None:
    found = checked(tmp_path / "drain.mdl")
    name, moved, time = found.largest(found.half) or ("", math.nan, math.nan)
    assert ("level", 2.0) == (name, time)
    assert math.isclose((AT_HALF - AT_STEP) / 100, moved, rel_tol=1e-9)
    assert found.runge_kutta is not None
    _, beyond, _ = found.largest(found.runge_kutta) or ("", math.nan, math.nan)
    # RK4's own error at this step is below 2 * 0.125**5 / 120 of the level a step: 1e-6 in all.
    assert math.isclose((100 * math.exp(-1) - AT_STEP) / 100, beyond, abs_tol=1e-5)


def test_a_stock_that_moves_by_one_percent_is_named_but_fails_only_as_a_headline(tmp_path: Path) -> None:
    alone = checked(tmp_path / "drain.mdl")
    assert ([], ["level"]) == (alone.failed, alone.warned)
    for folder in ("models", "scenarios"):
        (tmp_path / "study" / folder).mkdir(parents=True)
    (tmp_path / "study" / "scenarios" / "outputs.yaml").write_text(HEADLINE)
    found = checked(tmp_path / "study" / "models" / "drain.mdl")
    assert (["level"], []) == (found.failed, found.warned)


def test_any_stock_fails_beyond_five_percent(tmp_path: Path) -> None:
    """At a step of one: 25 against 31.6 of at most 100."""
    coarse = MODEL.replace("TIME STEP = 0.25", "TIME STEP = 1").replace("SAVEPER = 0.5", "SAVEPER = 1")
    assert ["level"] == checked(tmp_path / "drain.mdl", coarse).failed


def test_a_step_that_the_file_works_out_is_halved_too(tmp_path: Path) -> None:
    plain = checked(tmp_path / "drain.mdl").half
    worked_out = checked(tmp_path / "drain.mdl", MODEL.replace("TIME STEP = 0.25", "TIME STEP = 1/4")).half
    assert plain["difference"].to_dict() == worked_out["difference"].to_dict()


def test_a_model_that_uses_rk4_is_not_compared_with_it(tmp_path: Path) -> None:
    settings = "\\\\\\---/// Sketch\n///---\\\\\\\n:L\x7f<%^E!@\n15:0,0,0,5,0,0\n"
    found = checked(tmp_path / "drain.mdl", MODEL + settings)
    assert (None, [], []) == (found.runge_kutta, found.failed, found.warned)


def test_random_numbers_and_steps_of_the_methods_own_choice_make_runs_incomparable(tmp_path: Path) -> None:
    path = tmp_path / "drain.mdl"
    path.write_text(MODEL)
    model = read(path)
    assert not not_comparable(model)
    model.settings.method = Method.ADAPTIVE
    assert "chooses its steps itself" in not_comparable(model)
    model.settings.method = Method.EULER
    noise = Call("Random_Uniform", (Number(0.0), Number(1.0), Number(1.0)))
    model.variable("rate").equations = [Equation(Kind.EQUATION, expression=Binary("*", Number(0.5), noise))]
    assert "random numbers" in not_comparable(model)


def test_headlines_are_those_of_the_study_that_the_model_has(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    named = headline_outputs(read(root / "models" / "debt.mdl"))
    assert "households in problem debt" in named
    assert "unemployment rate" not in named
    assert "problem debt share" not in named  # it is reported, but leads nothing


def test_a_faulty_list_of_outputs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "outputs.yaml").write_text(
        HEADLINE.replace("headline: true", "headline: perhaps")
    )
    with pytest.raises(ScenarioError, match="headline"):
        checked(tmp_path / "models" / "drain.mdl")


def test_a_model_that_moves_by_whole_steps_is_not_compared_with_rk4():
    simulation = sd_covid.load(Path(__file__).parents[1] / "models" / "xmile_conveyor.xmile")
    found = check_step(simulation, as_table(simulation.run()))
    assert found is not None
    assert found.runge_kutta is None
    assert not found.half.empty
