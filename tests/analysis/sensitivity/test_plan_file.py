"""The file of a sensitivity analysis: what it may say, and the place of what it may not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sd_covid.analysis.sensitivity.plan_file import read_plan
from sd_covid.errors import ScenarioError
from sd_covid.policy.reading import named_model
from tests.analysis.sensitivity.conftest import Toy, changed


def test_the_file_names_its_model(plan_file: Path) -> None:
    assert (plan_file.parent.parent / "models" / "toy.mdl").resolve() == named_model(plan_file)


#: A group of one factor, which stands on the first line of it.
GROUP = "groups:\n  a: {title: {nl: a, en: a}, factors: [gain]}\nsamples: 1024"


@pytest.mark.parametrize(
    ("old", "new", "line", "variable", "reason"),
    [
        ("samples: 1024", "sampels: 1024", 21, "sampels", "not a key"),
        ("samples: 1024\n", "", 1, None, "'samples' is missing"),
        ("samples: 1024", "method: mo\nsamples: 1024", 21, "method", "'mo' is not known"),
        ("samples: 1024", "method: morriss\nsamples: 1024", 21, "method", "'morriss' is not known"),
        ("samples: 1024", "method: fast\nsamples: 32", 22, "samples", "too few for fast"),
        (
            "samples: 1024",
            "method: pawn\nsecond_order: true\nsamples: 1024",
            22,
            "second_order",
            "no second-order",
        ),
        ("samples: 1024", f"method: delta\n{GROUP}", 22, "groups", "moves factors one by one"),
        ("samples: 1024", GROUP.replace("gain", "gian"), 22, "groups.a.factors[0]", "'gian' is not among"),
        ("samples: 1024", GROUP.replace("  a:", "  slope:"), 22, "groups.slope", "is a factor"),
        ("samples: 1024", GROUP.replace("gain", "gain, slope, idle"), 21, "groups", "one group of all"),
        ("samples: 1024", f"screening: {{}}\n{GROUP}", 21, "screening", "of single factors"),
        ("[slope, idle]\n  ranges:\n", "[slope]\n  rangs:\n", 6, "factors.rangs", "not a key"),
        (
            "factors:\n",
            "over_time: {scenario: none, outputs: [Raet]}\nfactors:\n",
            4,
            "over_time.outputs[0]",
            "'Raet' is",
        ),
        ("[slope, idle]", "[slope, slope]", 4, "factors", "'slope' is named twice"),
        ("samples: 1024", "samples: 1000", 21, "samples", "not a power of two"),
        ("[actual, none]", "[actual]", 2, "scenarios", "two scenarios"),
        ("[actual, none]", "[actual, nun]", 2, "scenarios[1]", "no scenario 'nun'"),
        ("[slope, idle]", "[slop]", 5, "factors.assumptions[0]", "no assumption 'slop'"),
        ("gain: {low", "gian: {low", 7, "factors.ranges.gian", "no constant 'gian'"),
        ("low: 0, high", "low: 2, high", 7, "factors.ranges.gain", "not below"),
        ("outputs.yaml", "output.yaml", 3, "outputs", "does not exist"),
        ("outputs.yaml", "../../outputs.yaml", 3, "outputs", "outside the study"),
        ("measure: peak", "measure: pike", 13, "outcomes.peak.measure", "'pike' is not known"),
        ("output: Rate", "output: Raet", 12, "outcomes.peak.output", "not among the outputs"),
        ("measure: peak", "measure: year", 14, "outcomes.peak.years", "'year' is of one year"),
        ("[2015, 2016]", "[2015.5, 2016]", 14, "outcomes.peak.years[0]", "not a whole number"),
        ("[2015, 2016]", "[2015, 2018]", 14, "outcomes.peak.years", "does not cover 2015 to 2018"),
        ("[2015, 2016]", "[2016, 2015]", 14, "outcomes.peak.years", "a first and a last year"),
        ("scenario: none", "scenario: actual", 11, "outcomes.peak.scenario", "'actual' is not known"),
    ],
)
def test_a_fault_in_the_file_names_line_and_key(
    plan_file: Path, old: str, new: str, line: int, variable: str | None, reason: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_plan(changed(plan_file, old, new), Toy())
    assert (str(plan_file), line, variable) == (caught.value.file, caught.value.line, caught.value.variable)
    assert reason in caught.value.reason
    assert caught.value.advice


def test_one_factor_is_not_enough(plan_file: Path) -> None:
    changed(plan_file, "[slope, idle]", "[slope]")
    changed(plan_file, "  ranges:\n    gain: {low: 0, high: 1, central: 0.5, distribution: uniform}\n", "")
    with pytest.raises(ScenarioError, match="at least two factors are needed"):
        read_plan(plan_file, Toy())


def test_an_unknown_name_comes_with_the_nearest_one(plan_file: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_plan(changed(plan_file, "samples: 1024", "method: sobbol\nsamples: 1024"), Toy())
    assert "did you mean 'sobol'?" == caught.value.advice
    changed(plan_file, "method: sobbol\n", "")
    with pytest.raises(ScenarioError) as caught:
        read_plan(changed(plan_file, "output: Rate", "output: turning rat"), Toy())
    assert str(caught.value.advice).startswith("did you mean 'turning rate'")


def test_a_file_without_outcomes_and_paths_has_nothing_to_take_apart(plan_file: Path) -> None:
    text = plan_file.read_text()
    plan_file.write_text(text[: text.index("outcomes:")] + text[text.index("samples:") :])
    with pytest.raises(ScenarioError, match="nothing to take apart"):
        read_plan(plan_file, Toy())


def test_a_posterior_of_which_everything_is_listed_by_itself_is_no_factor(plan_file: Path) -> None:
    plan = read_plan(plan_file, Toy(), posterior=pd.DataFrame({"Gain": [0.1, 0.2], "slope": [2.0, 2.5]}))
    assert ["slope", "idle", "gain"] == [factor.id for factor in plan.factors]
