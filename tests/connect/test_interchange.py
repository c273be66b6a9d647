"""Calibration problems in PEtab's own library, both ways: its checks, and likelihoods that it works out itself."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library's own, about pandas and its dependencies
    import petab.v2 as petab
    from petab.v2 import calculate

import sd_covid
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.connect import petab_problem, simulation_table, write_petab
from sd_covid.errors import ProblemError, SdCovidError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:petab", "ignore::FutureWarning:petab")


@pytest.fixture(scope="module")
def theirs() -> Any:
    """A problem built with the library alone: two observables, two kinds of noise, an override."""
    made = petab.Problem()
    made.add_parameter("rate", estimate=True, lb=0.1, ub=0.5, nominal_value=0.25)
    made.add_parameter("sd", estimate=True, lb=0.01, ub=10, nominal_value=2.0)
    made.add_parameter("begin", estimate=False, nominal_value=70.0)
    made.add_observable("obs_stock", "stock", noise_formula="sd")
    made.add_observable(
        "obs_flow", "2*outflow", noise_formula="n", noise_distribution="log-normal", noise_placeholders=["n"]
    )
    made.add_condition("smaller", start="begin")
    made.add_experiment("small", 0, "smaller")
    made.add_measurement("obs_stock", time=1, measurement=60.0)
    made.add_measurement("obs_stock", time=4, measurement=31.0)
    made.add_measurement("obs_flow", time=4, measurement=9.0, noise_parameters=[0.1], experiment_id="small")
    return made


@pytest.fixture
def ours(theirs: Any, decay_file: Path, tmp_path: Path) -> Problem:
    model = tmp_path / "models" / "decay.mdl"
    model.parent.mkdir()
    model.write_text(decay_file.read_text())
    return write_petab(theirs, model, tmp_path / "calibration")


def test_a_problem_of_the_library_is_read_and_comes_back_the_same(ours: Problem, theirs: Any) -> None:
    assert ["rate", "sd"] == [item.id for item in ours.estimated]
    again = petab_problem(ours)
    for kind in ("parameter", "observable", "measurement", "condition", "experiment"):
        mine, expected = (getattr(item, f"{kind}_df") for item in (again, theirs))
        assert mine[list(expected)].astype(str).equals(expected.astype(str)), kind


def test_every_check_of_the_library_passes_with_the_model_behind_it(ours: Problem) -> None:
    made = petab_problem(ours)
    assert [] == made.validate()
    made.observables[0].formula = petab.Observable(id="x", formula="stok", noise_formula="1").formula
    assert "{'stok'}" in str(made.validate())  # a name that the model does not have is found through it


def test_the_library_s_likelihood_is_ours(ours: Problem, decay: sd_covid.Simulation) -> None:
    """PEtab's own calculation from the simulation table, against the objective that is fitted."""
    made = petab_problem(ours, simulator=decay)
    for x in ([0.25, 2.0], [0.2, 1.0]):
        simulated = simulation_table(ours, dict(zip(("rate", "sd"), x, strict=True)), simulator=decay)
        parameters = made.parameter_df
        parameters.loc[["rate", "sd"], "nominalValue"] = x
        expected = calculate.calculate_llh(made.measurement_df, simulated, made.observable_df, parameters)
        found = Objective(ours, decay).log_likelihood(np.array(x))[0]
        assert found == pytest.approx(expected, rel=1e-12)  # three terms in another order
    assert simulation_table(ours, simulator=decay)["simulation"].tolist() != simulated["simulation"].tolist()


def test_a_name_for_an_identifier_and_pi_are_written_as_the_library_takes_them(
    ours: Problem, decay: sd_covid.Simulation
) -> None:
    file = ours.path
    told = yaml.safe_load(file.read_text()) | {"mapping_files": ["mapping.tsv"]}
    file.write_text(yaml.safe_dump(told))
    (file.parent / "mapping.tsv").write_text("petabEntityId\tmodelEntityId\tname\nlevel\tstock\t\n")
    table = file.parent / "observables.tsv"
    table.write_text(table.read_text().replace("\tstock\t", "\tlevel + cos(pi)\t"))
    changed = read_problem(file)
    assert [] == petab_problem(changed, simulator=decay).validate()
    assert (simulation_table(ours, simulator=decay)["simulation"][0]) == pytest.approx(
        simulation_table(changed, simulator=decay)["simulation"][0] + 1
    )


def test_what_is_missing_is_said(
    theirs: Any, ours: Problem, decay: sd_covid.Simulation, tmp_path: Path
) -> None:
    with pytest.raises(ProblemError, match="the problem has no parameters; add a parameter"):
        write_petab(petab.Problem(), ours.model_path, tmp_path / "other")
    with pytest.raises(SdCovidError, match="'rat' is not estimated; did you mean 'rate'"):
        simulation_table(ours, {"rat": 1.0}, simulator=decay)
