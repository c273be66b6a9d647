"""Every constant has its row of evidence, every variable its unit and text, every driver its source."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pandas as pd
import pytest

from sd_covid.model import read
from sd_covid.model.expression import Number
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model, Variable
from tests.models_nl.conftest import MODELS, SECTORS

GRADES = set("ABCD-")
DISTRIBUTIONS = {"fixed", "uniform", "normal", "lognormal", "logitnormal", "lever"}


@pytest.fixture(scope="module")
def evidence() -> pd.DataFrame:
    """The evidence file, with the name of the constant as model names are compared."""
    table = pd.read_csv(MODELS / "evidence.csv", keep_default_na=False)
    return table.assign(key=[key(name) for name in table["constant"]])


@pytest.fixture(scope="module", params=SECTORS)
def model(request: pytest.FixtureRequest) -> Model:
    """One sector as read."""
    return read(MODELS / f"{request.param}.mdl")


def _values(model: Model, variable: Variable) -> dict[str, float]:
    """Value of each element of a constant by its name; empty when the variable is no constant."""
    equation = variable.equations[0]
    if equation.kind is Kind.ARRAY:
        (name,) = equation.subscripts
        elements = model.dimensions[key(name)].elements
        return {f"{variable.name}[{e}]": v for e, v in zip(elements, equation.values, strict=True)}
    if not isinstance(equation.expression, Number) or len(variable.equations) > 1:
        return {}
    return {variable.name: equation.expression.value}


def test_every_constant_has_evidence_with_its_value_unit_and_id(model: Model, evidence: pd.DataFrame) -> None:
    rows = dict(zip(evidence["key"], evidence.itertuples(), strict=True))
    constants = {v.name: _values(model, v) for v in model.variables.values() if _values(model, v)}
    assert len(constants) > 50
    for name, values in constants.items():
        variable = model.variable(name)
        for element, value in values.items():
            row = rows.get(key(element), rows.get(key(name)))
            assert row is not None, f"{element} has no row in evidence.csv"
            assert float(row.value) == value, element
            assert row.unit == variable.units, element
            assert model.name in row.model.split(), element
            named = re.search(r"Evidence: (\w+)\.", variable.documentation)
            assert named is not None, f"{name} names no row of evidence"
            assert row.id.split("[")[0] == named[1], element


def test_evidence_is_complete_and_consistent(evidence: pd.DataFrame) -> None:
    assert evidence["id"].is_unique
    assert evidence["key"].is_unique
    for row in evidence.itertuples():
        assert float(row.low) <= float(row.value) <= float(row.high), row.id
        assert row.grade in GRADES, row.id
        assert row.distribution in DISTRIBUTIONS, row.id
        assert len(row.source) > 5, row.id
        assert row.source.strip(), row.id


def test_an_assumption_does_not_pass_for_evidence(evidence: pd.DataFrame) -> None:
    assumes = evidence["source"].str.contains("assum", case=False)
    measured = evidence["grade"].isin(["A", "B", "C"])
    assert list(evidence.loc[assumes & measured, "id"]) == []
    assert list(evidence.loc[~assumes & (evidence["grade"] == "D"), "id"]) == []
    invented = evidence["source"].str.fullmatch("ASSUMPTION: no published figure found")
    assert (evidence.loc[invented, "grade"] == "D").all()


def test_a_definition_and_a_choice_are_no_evidence(evidence: pd.DataFrame) -> None:
    none = evidence["grade"] == "-"
    defined = evidence["source"].str.startswith("Definition")
    chosen = evidence["source"].str.startswith("ASSUMPTION: setting of a scenario")
    of_lever = evidence["distribution"] == "lever"
    level = of_lever & evidence["constant"].str.endswith(" level")
    assert none[defined | level | (chosen & of_lever)].all()
    # What has no evidence does not vary, but for the innovations: standard normal, drawn in forecasts.
    varied = none & ~evidence["distribution"].isin(["fixed", "lever"])
    assert set(evidence.loc[varied, "constant"]) == {"vacancy innovation", "matching innovation"}


def test_an_estimate_on_an_end_of_its_range_says_why(evidence: pd.DataFrame) -> None:
    ends = (evidence["value"] == evidence["low"]) | (evidence["value"] == evidence["high"])
    estimate = (evidence["grade"] != "-") & (evidence["distribution"] != "lever")
    found = evidence[ends & estimate & (evidence["low"] < evidence["high"])]
    assert list(found.loc[~found["note"].str.contains("one-sided"), "id"]) == []


def test_no_evidence_for_a_constant_that_is_gone(evidence: pd.DataFrame) -> None:
    known = {key(name) for sector in SECTORS for name in read(MODELS / f"{sector}.mdl").variables}
    for name, models in zip(evidence["constant"], evidence["model"], strict=True):
        assert key(name.split("[")[0]) in known, name
        assert set(models.split()) <= set(SECTORS), name


def test_every_variable_has_a_unit_and_says_what_it_is(model: Model) -> None:
    for variable in model.variables.values():
        assert variable.units.strip(), f"{variable.name} has no unit"
        assert len(variable.documentation.strip()) > 10, f"{variable.name} says nothing"


def test_every_driver_states_series_source_and_last_period() -> None:
    sources = pd.read_csv(MODELS / "drivers_sources.csv", keep_default_na=False)
    drivers = pd.read_csv(MODELS / "drivers.csv")
    assert list(sources["variable"]) == list(drivers.columns[1:])
    assert list(sources["column"]) == list("BCDEFGHIJKLMNOPQ")
    for column in sources.columns:
        assert (sources[column].str.len() > 0).all(), column


def test_drivers_have_no_gap_before_their_last_figure() -> None:
    drivers = pd.read_csv(MODELS / "drivers.csv", index_col="Time")
    assert list(drivers.index) == list(range(len(drivers)))
    for name, column in drivers.items():
        assert column.loc[: column.last_valid_index()].notna().all(), name


def test_driver_data_read_the_column_of_their_name(model: Model) -> None:
    columns = pd.read_csv(MODELS / "drivers.csv", nrows=0).columns
    text = Path(MODELS / f"{model.name}.mdl").read_text(encoding="utf-8")
    found = re.findall(
        r"^(.+) data :[A-Z ]+: :=\n\tGET DIRECT DATA\('drivers.csv', ',', 'A', '([B-Z])2'\)", text, re.M
    )
    assert len(found) >= 2
    for name, letter in found:
        assert columns[ord(letter) - ord("A")] == name


@pytest.mark.parametrize("pair", list(itertools.combinations(SECTORS, 2)), ids="-".join)
def test_shared_variables_of_the_sectors_are_the_same(pair: tuple[str, str]) -> None:
    first, second = (read(MODELS / f"{sector}.mdl") for sector in pair)
    shared = set(first.variables) & set(second.variables)
    assert {"drivers on", "trends on", "vulnerable share", "final time"} <= shared
    for name in shared:
        one, other = first.variables[name], second.variables[name]
        assert one.units == other.units, name
        assert _values(first, one) == _values(second, other), name
        assert [str(e.expression) for e in one.equations] == [str(e.expression) for e in other.equations], (
            name
        )


@pytest.mark.parametrize(
    ("constant", "coverage", "first", "after"),
    [
        ("NOW covered gap as it was", "wage subsidy ratio", 62, 87),
        ("Tozo covered gap as it was", "Tozo ratio", 62, 81),
    ],
)
def test_what_support_covered_is_the_sum_of_the_drivers(
    constant: str, coverage: str, first: int, after: int, evidence: pd.DataFrame
) -> None:
    drivers = pd.read_csv(MODELS / "drivers.csv", index_col="Time").loc[first : after - 1]
    gap = drivers["output gap"].fillna(0).clip(lower=0.02)
    covered = (drivers[coverage].ffill() * gap).sum()
    row = evidence.set_index("constant").loc[constant]
    assert float(row["value"]) == pytest.approx(covered, abs=1e-4)


def test_an_assumption_without_a_figure_is_swept(evidence: pd.DataFrame) -> None:
    """Dates, definitions and the share of the vulnerable excepted, no grade D constant is held fixed."""
    fixed = evidence[(evidence["grade"] == "D") & (evidence["distribution"] == "fixed")]
    kept = {"vulnerable share", "social assistance long term share", "premium default rise time"}
    named = fixed[~fixed["unit"].isin(["Month"]) & ~fixed["constant"].isin(kept)]
    assert list(named["constant"]) == []
