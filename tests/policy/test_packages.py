"""Packages side by side, moved, scaled and kept for a group. Expected: the algebra of partial maps, and by hand."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sd_covid.errors import ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.levers import Held, Step
from sd_covid.policy.files.dates import Shift

HEAD = "title: {nl: Proef, en: Trial}\nrationale: {nl: Waarom, en: Why}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


# --- what lies side by side --------------------------------------------------------------------------------

#: Few values, so that packages often meet and often agree.
_LEVERS = {
    "subsidy": {"level": [0, 0.5], "end": ["2020-10-01", "2021-06-01"]},
    "help": {"level": [1], "budget": [10, 20], "delivery": ["national"], "start": ["2021-03-01"]},
    "pause": {"start": ["2020-05-01", "2020-06-01"]},
}


@st.composite
def package(draw: st.DrawFn) -> str:
    """A package that sets some parts of some levers, and perhaps a constant."""
    lines = []
    for lever, parts in _LEVERS.items():
        chosen = draw(st.dictionaries(st.sampled_from(sorted(parts)), st.integers(0, 1), max_size=2))
        if chosen:
            inside = ", ".join(f"{part}: {parts[part][at % len(parts[part])]}" for part, at in chosen.items())
            lines.append(f"  {lever}: {{{inside}}}")
    text = "levers:\n" + "\n".join(lines) + "\n" if lines else ""
    constant = draw(st.sampled_from(["", "", "constants: {rise: 7}\n", "constants: {rise: 8}\n"]))
    return text + constant


def outcome(folder: Path, text: str, toy: Any, study: Study) -> Any:
    """What a scenario comes to, or that its packages contradict one another."""
    try:
        found = read_scenario(write(folder, "asked", text), toy, study=study)
    except ScenarioError as fault:
        return "contradiction" if "here and" in fault.reason else fault.reason
    return found.levers, found.constants, found.settings


@pytest.mark.hypothesis
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(packages=st.tuples(package(), package(), package()))
def test_packages_may_be_grouped_and_ordered_at_will(
    study_folder: Path, toy: Any, packages: tuple[str, str, str]
) -> None:
    for name, text in zip("pqr", packages, strict=True):
        write(study_folder, name, text)
    study = Study.beside(study_folder / "actual.yaml", toy)
    expected = outcome(study_folder, "with: [p, q, r]\n", toy, study)
    for order in permutations("pqr"):
        assert expected == outcome(study_folder, f"with: [{', '.join(order)}]\n", toy, study)
    for pair, other in (("p, q", "r"), ("q, r", "p"), ("p, r", "q")):
        try:
            write(study_folder, "pair", f"with: [{pair}]\n")
            grouped = outcome(study_folder, f"with: [pair, {other}]\n", toy, study)
        finally:
            (study_folder / "pair.yaml").unlink()
        assert expected == grouped
    for name, text in zip("pqr", packages, strict=True):  # what a file sets itself is one more of them
        others = ", ".join(item for item in "pqr" if item != name)
        assert expected == outcome(study_folder, f"with: [{others}]\n{text}", toy, study)
    assert expected == outcome(study_folder, "with: [p, q, r, p, q]\n", toy, study)


@pytest.mark.hypothesis
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(months=st.integers(-2, 18))
def test_moving_packages_together_is_moving_each(study_folder: Path, toy: Any, months: int) -> None:
    write(study_folder, "p", "levers: {subsidy: {end: 2020-10-31, start: 2020-05-15}}\n")
    write(study_folder, "q", "levers: {help: {start: 2021-03-01, end: 2022-03-31, level: 1}}\n")
    write(study_folder, "both", "with: [p, q]\n")
    study = Study.beside(study_folder / "actual.yaml", toy)
    by = f"shift: {months} months"
    together = outcome(study_folder, f"with: [{{package: both, {by}}}]\n", toy, study)
    assert together == outcome(
        study_folder, f"with: [{{package: p, {by}}}, {{package: q, {by}}}]\n", toy, study
    )
    assert together == outcome(study_folder, f"with: [both]\n{by}\n", toy, study)


def test_a_contradiction_names_both_places(study_folder: Path, toy: Any) -> None:
    first = write(study_folder, "first", "levers:\n  pause: {level: 0}\n  help: {budget: 10}\n")
    second = write(study_folder, "second", "levers:\n  help: {level: 1}\n  pause: {level: 0.5}\n")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(write(study_folder, "top", "with: [first, second]\n"), toy)
    assert (str(second), 5, "levers.pause.level") == (
        caught.value.file,
        caught.value.line,
        caught.value.variable,
    )
    assert f"the level of 'pause' is 0.5 here and 0 at {first}:4" == caught.value.reason


def test_a_package_lies_on_top_of_what_its_scenario_extends(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", "levers: {subsidy: {level: 0}, pause: {level: 0}}\n")
    write(study_folder, "package", "extends: actual\nlevers: {subsidy: {level: 0.5}}\n")
    top = read_scenario(write(study_folder, "top", "extends: base\nwith: [package]\n"), toy)
    assert (0.5, 0.0) == (top.levers["subsidy"].level, top.levers["pause"].level)


@pytest.mark.parametrize(
    ("package", "text", "variable", "reason"),
    [
        ("assumptions: {slope: 1}", "with: [package]", "assumptions", "cannot set 'assumptions'"),
        ("path: storm", "with: [package]", "path", "no path 'storm'"),
        ("extends: base", "with: [package]", "with[0]", "extends 'base', which would be left out"),
        ("extends: base", "with: [packages]", "with[0]", "no scenario 'packages'"),
        ("extends: base", "with: [{pakage: package}]", "with[0].pakage", "not a key"),
        (
            "with: [package]",
            "with: [package]",
            "with[0]",
            "take in one another in a circle: top → package → package",
        ),
        ("levers: {help: {level: 1}}", "with: package", "with", "a list is expected"),
    ],
)
def test_what_is_no_package_is_refused(
    study_folder: Path, toy: Any, package: str, text: str, variable: str, reason: str
) -> None:
    write(study_folder, "base", "levers: {pause: {level: 0}}\n")
    write(study_folder, "package", package + "\n")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(write(study_folder, "top", text + "\n"), toy)
    assert variable == caught.value.variable
    assert reason in caught.value.reason
    assert read_scenario(study_folder / "base.yaml", toy).levers["pause"].level == 0


def test_a_package_of_what_the_scenario_extends_is_taken_in(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", "levers: {pause: {level: 0}}\n")
    write(study_folder, "package", "extends: base\nlevers: {help: {level: 1}}\n")
    top = read_scenario(write(study_folder, "top", "extends: base\nwith: [package]\n"), toy)
    assert (0.0, 1.0) == (top.levers["pause"].level, top.levers["help"].level)


# --- moved, scaled, targeted -------------------------------------------------------------------------------


def test_a_shift_moves_what_the_package_sets_and_leaves_its_base(study_folder: Path, toy: Any) -> None:
    write(study_folder, "early", "extends: actual\nlevers: {subsidy: {end: 2020-10-01}}\n")
    top = read_scenario(write(study_folder, "top", "with: [{package: early, shift: 3 months}]\n"), toy)
    assert (date(2020, 3, 1), date(2021, 1, 1)) == (top.levers["subsidy"].start, top.levers["subsidy"].end)
    after = "with: [{package: p, shift: {by: -1 year, after: 2021-06-01}}]\n"
    write(
        study_folder, "p", "levers: {help: {start: 2021-05-01, end: 2023-01-31}, pause: {end: 2021-06-01}}\n"
    )
    top = read_scenario(write(study_folder, "top", after), toy)
    assert (date(2021, 5, 1), date(2022, 1, 31)) == (top.levers["help"].start, top.levers["help"].end)
    assert date(2020, 6, 1) == top.levers["pause"].end


def test_a_day_that_a_month_does_not_have_becomes_its_last() -> None:
    assert date(2021, 2, 28) == Shift(1)(date(2021, 1, 31))
    assert date(2019, 12, 29) == Shift(-2)(date(2020, 2, 29))
    assert date(2020, 2, 29) == Shift(48)(date(2016, 2, 29))


def test_a_shift_moves_sequences_of_levers_and_constants(study_folder: Path, toy: Any) -> None:
    text = (
        "levers:\n  subsidy:\n    level: [{from: 2020-03-01, level: 1}, {from: 2020-06-01, level: 0.5}]\n"
        "    end: 2021-01-01\nconstants:\n  rise: [{from: 2020-02-01, factor: 2}]\nshift: 12 months\n"
    )
    found = read_scenario(write(study_folder, "top", text), toy)
    expected = (
        Held(date(2021, 3, 1), date(2021, 6, 1), 1.0),
        Held(date(2021, 6, 1), date(2022, 1, 1), 0.5),
    )
    assert expected == found.levers["subsidy"].held
    assert {"rise": (Step(date(2021, 2, 1), None, 2.0),)} == found.changes


def test_budgets_are_scaled_in_proportion_and_add_up(study_folder: Path, toy: Any) -> None:
    write(study_folder, "p", "levers: {help: {level: 1, budget: 30}, pause: {level: 0}}\n")
    text = "with: [{package: p, budget: {total: 850, without: [pause]}}]\n"
    top = read_scenario(write(study_folder, "top", text), toy)
    assert 850.0 == top.levers["help"].budget
    nil = read_scenario(write(study_folder, "nil", text.replace("850", "0")), toy)
    assert (0.0, 1.0) == (nil.levers["help"].budget, nil.levers["help"].level)


@pytest.mark.hypothesis
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(amounts=st.lists(st.integers(0, 500), min_size=1, max_size=4), total=st.integers(0, 10_000))
def test_any_budgets_keep_their_proportion(
    study_folder: Path, toy: Any, amounts: list[int], total: int
) -> None:
    periods = [
        f"{{start: {2016 + at}-01-01, end: {2017 + at}-01-01, level: 1, budget: {amount}}}"
        for at, amount in enumerate(amounts)
    ]
    path = write(study_folder, "top", f"levers: {{help: [{', '.join(periods)}]}}\nbudget: {total}\n")
    if not sum(amounts):
        with pytest.raises(ScenarioError, match="add up to nil"):
            read_scenario(path, toy)
        return
    found = [item.budget or 0.0 for item in read_scenario(path, toy).levers["help"].all_periods]
    # 1e-12: a division and a product of each.
    assert [total * amount / sum(amounts) for amount in amounts] == pytest.approx(found, rel=1e-12)
    assert total == pytest.approx(sum(found), rel=1e-12)


def test_a_target_sets_the_constants_that_keep_a_lever_for_a_group(study_folder: Path, toy: Any) -> None:
    write(study_folder, "p", "levers: {help: {level: 1}}\n")
    for text in ("with: [p]\ntarget: vulnerable\n", "levers: {help: {level: 1, target: vulnerable}}\n"):
        top = read_scenario(write(study_folder, "top", text), toy)
        assert "vulnerable" == top.levers["help"].target
        found = {name: value for name, value in top.settings.items() if name.startswith("weight")}
        assert {"weight(step 1 from)[old]": 72.0, "weight(step 1)[old]": 0.0} == found
    with pytest.raises(ScenarioError, match="the target of 'help' sets it too"):
        read_scenario(write(study_folder, "top", text + "constants: {'weight[old]': 1}\n"), toy)


def test_a_model_without_groups_cannot_keep_a_lever_for_one(study_folder: Path, toy: Any) -> None:
    path = write(study_folder, "top", "levers: {help: {level: 1, target: vulnerable}}\n")
    toy.constants = {name: value for name, value in toy.constants.items() if not name.startswith("weight")}
    with pytest.raises(
        ScenarioError, match=r"no constant 'weight\[old\]', which keeps 'help' for a group"
    ) as caught:
        read_scenario(path, toy)
    assert str(path) == caught.value.file


@pytest.mark.parametrize(
    ("text", "variable", "reason", "advice"),
    [
        ("shift: 3 weeks", "shift", "'3 weeks' is no number of months", "36 months"),
        ("shift: 3 months", "shift", "'help' has no date of its own", "a start and an end"),
        ("shift: {by: 1 year, afer: 2020-01}", "shift.afer", "not a key", "'after'"),
        ("budget: 10", "budget", "'pause' has no budget here", "without: [pause]"),
        ("budget: {total: 1, without: [pauze]}", "budget", "'pauze' is no lever of this package", "'pause'"),
        ("budget: -1", "budget", "not 0 or more", "in that range"),
        ("target: vulnerable", "target", "'pause' cannot be kept for", "levers: [help]"),
        ("target: poor", "target", "no group 'poor'", "use vulnerable"),
        ("target: {group: poor, levers: []}", "target", "no group 'poor'", "use vulnerable"),
        ("target: {group: vulnerable, levers: []}", "target", "no lever here", "name levers"),
        (
            "target: {group: vulnerable, levers: [help], after: 2021-01}",
            "target",
            "no start of its own",
            "a start",
        ),
        (
            "target: {group: vulnerable, levers: [pause]}",
            "target",
            "'pause' cannot be kept for",
            "levers: [help]",
        ),
    ],
)
def test_faults_of_what_a_package_is_changed_by(
    study_folder: Path, toy: Any, text: str, variable: str, reason: str, advice: str
) -> None:
    path = write(
        study_folder, "top", f"{text}\nlevers: {{help: {{level: 1, budget: 5}}, pause: {{level: 0}}}}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, toy)
    assert (3, variable) == (caught.value.line, caught.value.variable)
    assert reason in caught.value.reason
    assert advice in str(caught.value.advice)


def test_a_shift_out_of_the_run_is_refused_where_the_day_stands(study_folder: Path, toy: Any) -> None:
    path = write(study_folder, "p", "levers:\n  help: {end: 2024-06-01}\n")
    with pytest.raises(ScenarioError, match="2025-06-01, moved by 12 months, lies outside") as caught:
        read_scenario(write(study_folder, "top", "with: [{package: p, shift: 1 year}]\n"), toy)
    assert (str(path), 4, "levers.help.end") == (caught.value.file, caught.value.line, caught.value.variable)


@pytest.mark.parametrize(
    ("text", "reason"), [("shift: 3 months", "no date here"), ("target: vulnerable", "no lever here")]
)
def test_what_changes_nothing_is_a_slip(study_folder: Path, toy: Any, text: str, reason: str) -> None:
    with pytest.raises(ScenarioError, match=reason) as caught:
        read_scenario(write(study_folder, "top", f"constants: {{rise: 7}}\n{text}\n"), toy)
    assert 4 == caught.value.line


@pytest.mark.parametrize("name", ["weight", "Weight[old]", "WEIGHT [ Old ]"])
def test_one_constant_under_two_names_is_a_contradiction(study_folder: Path, toy: Any, name: str) -> None:
    """An array holds its elements: whichever came last would count, so neither does."""
    first = write(study_folder, "first", "constants: {'weight[old]': 5}\n")
    second = write(study_folder, "second", f"constants: {{'{name}': 1}}\n")
    for order in ("first, second", "second, first"):
        with pytest.raises(ScenarioError, match=r"here and .* at .*(first|second)\.yaml:3") as caught:
            read_scenario(write(study_folder, "top", f"with: [{order}]\n"), toy)
        assert caught.value.file in (str(first), str(second))
    with pytest.raises(ScenarioError, match="here and"):
        read_scenario(write(study_folder, "top", f"constants:\n  '{name}': 1\n  'weight[OLD]': 2\n"), toy)


def test_elements_side_by_side_are_fine(study_folder: Path, toy: Any) -> None:
    write(study_folder, "first", "constants: {'weight[old]': 5}\n")
    found = read_scenario(write(study_folder, "top", "with: [first]\nconstants: {'weight[young]': 1}\n"), toy)
    assert {"weight[old]": 5.0, "weight[young]": 1.0} == found.constants


def test_what_lies_on_top_takes_the_place_of_elements_and_of_steps(study_folder: Path, toy: Any) -> None:
    write(study_folder, "base", "constants: {weight: 1, rise: [{from: 2020-03-01, value: 4}]}\n")
    write(study_folder, "middle", "extends: base\nconstants: {'weight[old]': 5}\n")
    top = read_scenario(write(study_folder, "top", "extends: middle\nconstants: {weight: 2, rise: 9}\n"), toy)
    assert {"weight": 2.0, "rise": 9.0} == top.constants
    assert {} == top.changes
    one = read_scenario(write(study_folder, "one", "extends: middle\n"), toy)
    assert ["weight", "weight[old]"] == [name for name in one.settings if name.startswith("weight")]


@pytest.mark.parametrize(
    ("days", "shift"),
    [
        (("2020-04-01", "2020-09-01"), "{by: -7 months, after: 2020-06-01}"),
        (("2020-01-30", "2020-01-31"), "1 month"),
    ],
)
def test_steps_of_a_constant_stay_in_order_when_moved(
    study_folder: Path, toy: Any, days: tuple[str, str], shift: str
) -> None:
    steps = ", ".join(f"{{from: {day}, value: {k}}}" for k, day in enumerate(days))
    path = write(study_folder, "top", f"shift: {shift}\nconstants: {{rise: [{steps}]}}\n")
    with pytest.raises(ScenarioError, match="are no longer in order") as caught:
        read_scenario(path, toy)
    assert (3, "shift") == (caught.value.line, caught.value.variable)
