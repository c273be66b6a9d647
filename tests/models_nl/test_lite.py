"""The smaller variant: it starts where the full model does, stays near it, and is complete in what it sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sd_covid
from sd_covid.analysis.second_engine import run_in_pysd
from sd_covid.model import read, write_mdl
from sd_covid.model.expression import Call, Reference, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.model.study_file import read_study_file
from sd_covid.model.symbols import Symbols
from sd_covid.policy import Study
from sd_covid.policy.comparison.draws import sample_assumptions
from tests.models_nl.conftest import MODELS

FILE = MODELS / "netherlands-lite.yaml"
REGULAR, VULNERABLE = 0.75, 0.25

#: National outputs, and how far the variant may be from the full model to 2035, in per cent of the largest value.
#: One group cannot have what rests on two of them: those in debt among few vulnerable households leave fewer who can
#: still fall into debt, so debt grows more in one group; the mean of a logistic is not the logistic of a mean.
NEAR = {
    "unemployment rate": 1,
    "youth unemployment rate": 2,
    "jobs": 0.5,
    "unemployment benefits": 1,
    "social assistance recipients": 0.5,
    "problem debt share": 6,
    "households in arrears": 7,
    "homeless": 0.5,
    "mean learning deficit": 2,
    "early school leavers": 3,
    "unqualified persons": 2,
    "distress prevalence": 1.5,
    "young distress prevalence": 1.5,
    "severe distress share": 1.5,
    "waiting for care": 3,
    "waiting time": 3,
    "trust in parliament": 2,
    "strongly lonely": 1,
    "volunteering": 0.5,
    "adherence": 1,
    "support": 1,
    "unsafe feeling": 3,
    "young offenders per thousand": 1,
    "youth care users": 1,
    "earnings loss": 4,
}
#: At the start only rounding is left of means over life stages, and what is not linear in the groups.
STARTS = dict.fromkeys(NEAR, 0.05) | {"support": 0.3, "earnings loss": 1.5}


@pytest.fixture(scope="module")
def lite() -> sd_covid.Simulation:
    """The smaller variant."""
    return sd_covid.load(FILE)


@pytest.fixture(scope="module")
def small(lite: sd_covid.Simulation) -> xr.Dataset:
    """Its run with everything as it was."""
    return lite.run()


@pytest.mark.parametrize("name", NEAR)
def test_it_starts_where_the_full_model_starts_and_stays_near_it(
    name: str, small: xr.Dataset, history: xr.Dataset
) -> None:
    mine, theirs = small[name].values, history[name].values
    largest = np.abs(theirs).max()
    assert abs(mine[0] - theirs[0]) <= STARTS[name] / 100 * largest
    assert np.abs(mine - theirs).max() <= NEAR[name] / 100 * largest


def test_draws_leave_what_it_says_of_one_group(lite: sd_covid.Simulation) -> None:
    """It has no share with the vulnerable group, so no draw of such a share moves it: debt starts where it starts."""
    study = Study.beside(MODELS.parent / "scenarios" / "simulator-lite.yaml", lite)
    drawn = sample_assumptions(study.assumptions, study.names, (), 20, 1)
    assert not [name for name in drawn if str(name).startswith("vulnerable share")]
    assert "buffer use per unemployment" in drawn
    name = "households in problem debt"
    start = lite.run(drawn, [name])[name].isel(time=0).to_numpy()
    expected = float(lite.run(outputs=[name])[name].isel(time=0))
    np.testing.assert_allclose(start, expected, rtol=1e-9)  # rounding: nothing assumed moves it


def test_it_rests_without_drivers_and_trends(lite: sd_covid.Simulation) -> None:
    rest = lite.run({"drivers on": 0, "trends on": 0})
    for name in NEAR:
        values = rest[name].values
        largest = np.abs(values).max()
        assert largest == 0 or np.ptp(values) / largest / 21 < 1e-6, name


def test_it_has_half_as_many_states(lite: sd_covid.Simulation, netherlands: sd_covid.Simulation) -> None:
    """Structure only: sums over time and spending are not counted."""
    assert _states(lite.model) < 0.6 * _states(netherlands.model)


def test_levers_act_in_it_as_in_the_full_model(
    lite: sd_covid.Simulation, small: xr.Dataset, netherlands: sd_covid.Simulation, history: xr.Dataset
) -> None:
    """No support at all: the peak of lost jobs within a tenth of that of the full model."""
    without = {"NOW level": 0, "Tozo level": 0}
    lost = [
        float((whole["jobs"] - model.run(without, ["jobs"])["jobs"]).max())
        for model, whole in ((lite, small), (netherlands, history))
    ]
    assert lost[0] > 20
    assert lost[0] == pytest.approx(lost[1], rel=0.1)


def test_every_constant_that_differs_between_what_is_taken_together_is_set(
    lite: sd_covid.Simulation, netherlands: sd_covid.Simulation
) -> None:
    """Otherwise one group, or one life stage, would stand for all unnoticed."""
    (variant,) = read_study_file(FILE).variants
    told = {key(item.name.partition("[")[0]) for item in (*variant.constants, *variant.fixed)}
    told |= {key(item.name) for item in variant.without}
    used = _used(lite.model)
    kept = {"group": ("regular", ["vulnerable"]), "life stage": ("middle", ["older"])}
    lacking = set()
    for name, variable in netherlands.model.variables.items():
        subscripts = [key(item) for item in variable.equations[0].subscripts]
        for dimension, (chosen, others) in kept.items():
            if name in told or name not in used or dimension not in subscripts:
                continue
            values = {
                spelled: value
                for spelled, value in netherlands.constants.items()
                if key(spelled.partition("[")[0]) == name
            }
            for spelled, value in values.items():
                for other in others:
                    twin = spelled.replace(f"{chosen}]", f"{other}]").replace(f"{chosen},", f"{other},")
                    if twin != spelled and values[twin] != value:
                        lacking.add(variable.name)
    assert not lacking


def test_means_of_the_groups_are_up_to_date(
    lite: sd_covid.Simulation, netherlands: sd_covid.Simulation
) -> None:
    """Of every constant that is set and differs between the groups, unless it is a sum or a mean of products."""
    otherwise = {
        "homeless share of group",  # a sum
        "group is vulnerable",  # which it is not
        "entry scar duration",  # of products with the rate of the scar
        "lasting entry scar share",
    }
    (variant,) = read_study_file(FILE).variants
    compared = 0
    for item in variant.constants:
        low, high = (
            netherlands.constants.get(f"{item.name}[{group}]") for group in ("regular", "vulnerable")
        )
        if low is None or high is None or item.name in otherwise:
            continue
        assert item.value == pytest.approx(REGULAR * low + VULNERABLE * high, rel=1e-9), item.name
        compared += 1
    assert compared > 10


def test_what_life_stages_have_together_is_up_to_date(netherlands: sd_covid.Simulation) -> None:
    values = netherlands.constants
    (variant,) = read_study_file(FILE).variants
    told = {item.name: item.value for item in variant.constants}
    for name in ("population by life stage", "residents at start", "wellbeing package share"):
        whole = values[f"{name}[middle]"] + values[f"{name}[older]"]
        assert told[f"{name}[over 25]"] == pytest.approx(whole), name
    persons = [values[f"population by life stage[{stage}]"] for stage in ("middle", "older")]
    for name in ("distress share at start", "labour force share", "working age share"):
        mean = np.average([values[f"{name}[{stage}]"] for stage in ("middle", "older")], weights=persons)
        assert told[f"{name}[over 25]"] == pytest.approx(mean, abs=5e-4), name  # written to three decimals


def test_one_sector_with_one_group_agrees_with_pysd(tmp_path: Path) -> None:
    """The first month, eight steps. The whole variant does so too, but PySD takes most of a minute to read it."""
    (tmp_path / "models").mkdir()
    for file in ("drivers.csv", "debt.mdl"):
        (tmp_path / "models" / file).write_bytes((MODELS / file).read_bytes())
    path = tmp_path / "models" / "debt-lite.yaml"
    path.write_text(
        "extends: debt.mdl\ncollapse: {group: {everyone: regular}}\n"
        "constants: {vulnerable share: 0, vulnerable share of debt: 0}\nwithout: [debt gap between groups]\n"
    )
    theirs = run_in_pysd(read(path), until=1)
    mine = sd_covid.load(path).run(until=1)
    compared = 0
    for column in theirs:
        base, _, inside = str(column).partition("[")
        if base not in mine or base == "FINAL TIME":
            continue
        values = mine[base]
        labels = [item for item in inside.rstrip("]").split(",") if item]
        for label, dim in zip(labels, [dim for dim in values.dims if dim != "time"], strict=True):
            values = values.sel({dim: label})
        expected = np.broadcast_to(values.values, len(theirs))
        np.testing.assert_allclose(theirs[column], expected, rtol=1e-9, atol=1e-9, err_msg=str(column))
        compared += 1
    assert compared > 200


def test_it_is_written_and_read_back_the_same(tmp_path: Path, small: xr.Dataset) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "drivers.csv").write_bytes((MODELS / "drivers.csv").read_bytes())
    for name in ("unemployment", "debt", "youth_development", "mental_health", "social_cohesion"):
        file = f"{name}.mdl"
        (tmp_path / "models" / file).write_bytes((MODELS / file).read_bytes())
    for file in ("netherlands.yaml", "netherlands-lite.yaml"):
        (tmp_path / "models" / file).write_bytes((MODELS / file).read_bytes())
    write_mdl(read(tmp_path / "models" / FILE.name), tmp_path / "models" / "written.mdl")
    again = sd_covid.load(tmp_path / "models" / "written.mdl").run(outputs=list(NEAR))
    for name in NEAR:
        np.testing.assert_array_equal(again[name].values, small[name].values, err_msg=name)


def test_its_gradient_is_that_of_central_differences(lite: sd_covid.Simulation) -> None:
    names = ["job finding rate[adult]", "collection rate", "scarring of distress"]
    outputs = ["unemployment rate", "problem debt share", "distress prevalence"]
    function = lite.differentiable(outputs, names)
    point = np.array([lite.constants[name] for name in names])
    seed = np.zeros_like(function.values(point))
    seed[:, 120] = 1
    exact = function.gradient(seed)
    for at, value in enumerate(point):
        step = 1e-5 * value * np.eye(len(point))[at]
        change = ((function.values(point + step) - function.values(point - step)) * seed).sum()
        # rounding of rates of about ten over steps of 1e-5 leaves five figures
        assert exact[at] == pytest.approx(change / (2e-5 * value), rel=1e-4, abs=1e-6), names[at]


def _used(model: Model) -> set[str]:
    """Keys of variables that some equation uses."""
    return {
        key(node.name)
        for variable in model.variables.values()
        for equation in variable.equations
        if equation.expression is not None
        for node in walk(equation.expression)
        if isinstance(node, Reference)
    }


def _states(model: Model) -> int:
    """Stocks, elements counted, but for sums over time and spending."""
    symbols = Symbols(model)
    found = 0
    for name, variable in model.variables.items():
        if name.startswith("cumulative") or "spending" in name or "person years" in name:
            continue
        for equation in variable.equations:
            stock = equation.expression
            if isinstance(stock, Call) and key(stock.function) == "integ":
                found += int(np.prod([len(symbols.members(item) or ()) for item in equation.subscripts]))
    return found
