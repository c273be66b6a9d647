"""Files others can read: written problems come back the same, and PEtab's own library accepts the tables."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from sd_covid.calibration.objective import Objective
from sd_covid.calibration.petab import read_problem
from sd_covid.calibration.petab_write import write_problem
from sd_covid.calibration.store import tables_hash

from .analytic import decay
from .conftest import Write

X = np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3])


def test_a_written_problem_comes_back_with_its_extra_columns(write: Write, tmp_path: Path) -> None:
    problem = read_problem(write())
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "decay.mdl").write_text("")
    copy = read_problem(write_problem(problem, tmp_path / "copy"))
    assert copy.parameters.keys() == problem.parameters.keys()
    assert copy.parameters["start"].row.text("source") == "a guess"
    assert copy.extension == problem.extension
    assert tables_hash(copy) == tables_hash(problem)
    assert Objective(copy, decay()).log_posterior(X)[0] == Objective(problem, decay()).log_posterior(X)[0]


def test_the_hash_changes_with_a_figure_and_not_with_the_layout(write: Write) -> None:
    original = tables_hash(read_problem(write()))
    assert tables_hash(read_problem(write(("measurements.tsv", "\t9.7\t1", "\t9.8\t1")))) != original
    assert (
        tables_hash(read_problem(write(("problem.yaml", "aggregation: mean", "aggregation: end"))))
        != original
    )
    path = write()
    table = path.parent / "parameters.tsv"
    table.write_text(table.read_text() + "\n\n")
    assert tables_hash(read_problem(path)) == original


def test_petabs_own_library_reads_the_tables_and_finds_no_fault_in_them(write: Write) -> None:
    """The checks of `petab.v2.lint` that need no SBML model."""
    import petab.v2 as petab
    from petab.v2 import lint

    folder = write().parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, about pandas and its dependencies
        problem = petab.Problem()
        problem.parameter_tables.append(petab.ParameterTable.from_tsv(folder / "parameters.tsv"))
        problem.observable_tables.append(petab.ObservableTable.from_tsv(folder / "observables.tsv"))
        problem.measurement_tables.append(petab.MeasurementTable.from_tsv(folder / "measurements.tsv"))
        problem.condition_tables.append(petab.ConditionTable.from_tsv(folder / "conditions.tsv"))
        problem.experiment_tables.append(petab.ExperimentTable.from_tsv(folder / "experiments.tsv"))
        problem.mapping_tables.append(petab.MappingTable.from_tsv(folder / "mapping.tsv"))
        checks = (
            lint.CheckMeasuredObservablesDefined(),
            lint.CheckOverridesMatchPlaceholders(),
            lint.CheckPosLogMeasurements(),
            lint.CheckMeasuredExperimentsDefined(),
            lint.CheckUniquePrimaryKeys(),
            lint.CheckExperimentTable(),
            lint.CheckExperimentConditionsExist(),
            lint.CheckUnusedConditions(),
            lint.CheckPriorDistribution(),
        )
        issues = [issue for check in checks if (issue := check.run(problem)) is not None]
    assert not issues
    assert len(problem.measurements) == 9
