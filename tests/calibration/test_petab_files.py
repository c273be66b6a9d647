"""Files others can read: written problems come back the same, and PEtab's own library accepts the tables."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.problem.petab_write import write_problem
from sd_covid.calibration.stored.store import tables_hash
from sd_covid.errors import ProblemError

from .analytic import decay, line
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


LINE = {
    "problem.yaml": (
        "format_version: 2.0.0\nmodel_files: {line: {location: line.mdl, language: vensim}}\n"
        "parameter_files: [parameters.tsv]\nobservable_files: [observables.tsv]\n"
        "measurement_files: [first/figures.tsv, second/figures.tsv]\n"
        "extensions: {sd_covid: {version: '1.0', required: true, observations: {obs: {aggregation: end}}}}\n"
    ),
    "parameters.tsv": (
        "parameterId\testimate\tlowerBound\tupperBound\tpriorDistribution\tpriorParameters\n"
        "start\ttrue\t-inf\tinf\tnormal\t0;10\nslope\ttrue\t-inf\tinf\tnormal\t0;10\n"
    ),
    "observables.tsv": "observableId\tobservableFormula\tnoiseFormula\tnoisePlaceholders\nobs\theight\ts\ts\n",
    "first/figures.tsv": (
        "observableId\texperimentId\tmeasurement\ttime\tnoiseParameters\tmodelId\treplicateId\n"
        "obs\t\t1\t1\t0.5\tline\ta\nobs\t\t1.5\t1\t0.5\tline\tb\n"
    ),
    "second/figures.tsv": "observableId\texperimentId\tmeasurement\ttime\tnoiseParameters\nobs\t\t7\t3\t2\n",
    "line.mdl": "{UTF-8}",
}


def write_line(folder: Path, **changed: str) -> Path:
    """A straight line with two replicates and a third figure, the figures in two files of the same name."""
    for name, text in {**LINE, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "problem.yaml"


def test_replicates_and_several_files_give_the_likelihood_of_each_figure(tmp_path: Path) -> None:
    """Height 2 + time: the figures are normal around 3 (twice) and 5, each with the noise its row gives."""
    problem = read_problem(write_line(tmp_path))
    expected = stats.norm(3, 0.5).logpdf([1, 1.5]).sum() + stats.norm(5, 2).logpdf(7)
    value, gradient = Objective(problem, line()).log_likelihood(np.array([2.0, 1.0]))
    assert value == pytest.approx(expected, rel=1e-12)  # the same sums in another order
    # by the start: the standardised residuals, summed
    assert gradient[0] == pytest.approx((1 - 3) / 0.25 + (1.5 - 3) / 0.25 + (7 - 5) / 4, rel=1e-12)


def test_a_written_problem_keeps_files_of_the_same_name_apart(tmp_path: Path) -> None:
    problem = read_problem(write_line(tmp_path / "one"))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "line.mdl").write_text("{UTF-8}")
    copy = read_problem(write_problem(problem, tmp_path / "two"))
    assert [item.value for item in copy.measurements] == [1.0, 1.5, 7.0]
    assert tables_hash(copy) == tables_hash(problem)


def test_an_experiment_begins_where_the_model_does(tmp_path: Path) -> None:
    extra = "condition_files: [c.tsv]\nexperiment_files: [e.tsv]\n"
    changed = {
        "problem.yaml": LINE["problem.yaml"] + extra,
        "c.tsv": "conditionId\ttargetId\ttargetValue\nsteep\tslope\t2*slope\n",
        "e.tsv": "experimentId\ttime\tconditionId\nlate\t2\tsteep\n",
        "second/figures.tsv": LINE["second/figures.tsv"].replace("obs\t\t", "obs\tlate\t"),
    }
    model = line()
    model.constants["INITIAL TIME"] = 0.0
    with pytest.raises(ProblemError, match=r"e\.tsv:2: .*begins at 2, the model at 0; write 0"):
        Objective(read_problem(write_line(tmp_path, **changed)), model)


def test_experiments_without_figures_and_conditions_without_experiment_are_told(tmp_path: Path) -> None:
    changed = {
        "problem.yaml": LINE["problem.yaml"] + "condition_files: [c.tsv]\nexperiment_files: [e.tsv]\n",
        "c.tsv": "conditionId\ttargetId\ttargetValue\nsteep\tslope\t2\n",
        "e.tsv": "experimentId\ttime\tconditionId\nlate\t0\t\n",
    }
    with pytest.warns(UserWarning, match=r"(e\.tsv:2: .*'late'|c\.tsv:2: .*'steep')") as told:
        read_problem(write_line(tmp_path, **changed))
    assert len(told) == 2


def test_a_row_of_the_mapping_without_a_model_name_is_a_remark(tmp_path: Path) -> None:
    changed = {
        "problem.yaml": LINE["problem.yaml"] + "mapping_files: [m.tsv]\n",
        "m.tsv": "petabEntityId\tmodelEntityId\tname\nstart\t\twhere it starts\n",
    }
    assert read_problem(write_line(tmp_path, **changed)).aliases == []


numbers = some.floats(-1e6, 1e6)
positive = some.floats(1e-3, 1e3)
priors = some.one_of(
    some.tuples(some.sampled_from(["normal", "laplace", "cauchy"]), numbers, positive),
    some.tuples(some.sampled_from(["log-normal", "log-laplace"]), some.floats(-5, 5), positive),
    some.tuples(some.just("gamma"), positive, positive),
    some.tuples(some.sampled_from(["exponential", "rayleigh", "chisquare"]), positive),
)


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    some.lists(priors, min_size=1, max_size=5),
    some.lists(numbers, min_size=1, max_size=5),
    some.text('ab "\t;'),
)
def test_what_is_written_is_read_back_the_same(
    tmp_path: Path, chosen: list[tuple[object, ...]], figures: list[float], remark: str
) -> None:
    remark = remark.replace("\t", " ")  # a tab separates cells
    rows = "".join(
        f"p{at}\ttrue\t-inf\tinf\t{name}\t{';'.join(map(repr, values))}\n"
        for at, (name, *values) in enumerate(chosen)
    )
    quoted = '"' + remark.replace('"', '""') + '"'
    measured = "".join(f"obs\t\t{value!r}\t{at}\t1\t{quoted}\n" for at, value in enumerate(figures, 1))
    header = "observableId\texperimentId\tmeasurement\ttime\tnoiseParameters\tsource\n"
    changed = {
        "parameters.tsv": LINE["parameters.tsv"].split("\n")[0] + "\n" + rows,
        "second/figures.tsv": header + measured,
        "first/figures.tsv": header,
    }
    problem = read_problem(write_line(tmp_path / "one", **changed))
    (tmp_path / "two").mkdir(exist_ok=True)
    (tmp_path / "two" / "line.mdl").write_text("{UTF-8}")
    copy = read_problem(write_problem(problem, tmp_path / "two"))
    assert [(p.id, p.lower, p.upper, p.prior) for p in copy.estimated] == [
        (p.id, p.lower, p.upper, p.prior) for p in problem.estimated
    ]
    assert [p.prior.parameters for p in copy.estimated if p.prior] == [tuple(values) for _, *values in chosen]
    assert [(m.value, m.time, m.row.cells["source"]) for m in copy.measurements] == [
        (value, float(at), remark) for at, value in enumerate(figures, 1)
    ]
