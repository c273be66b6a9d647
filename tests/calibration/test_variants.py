"""Problems that extend another, beside the same problem written out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.calibration.problem.petab_write import write_problem
from sd_covid.calibration.stored.store import tables_hash
from sd_covid.calibration.workflow import load_problem, posterior_file, report_file
from sd_covid.errors import ProblemError

from .analytic import AnalyticModel, decay
from .conftest import Write


def variant(base: Path, text: str, name: str = "other.yaml") -> Path:
    path = base.parent / "variants" / name
    path.parent.mkdir(exist_ok=True)
    (base.parent / "models").mkdir(exist_ok=True)  # which makes it a study
    path.write_text("extends: ../problem.yaml\n" + text)
    return path


def value(problem: Problem) -> float:
    problem, model = load_problem(problem.path, decay())
    objective = Objective(problem, model)
    medians = [item.prior.median for item in problem.estimated if item.prior is not None]
    return objective.log_posterior(np.array(medians))[0]


def test_a_variant_that_changes_nothing_is_the_problem_itself(write: Write) -> None:
    base = read_problem(write())
    same = read_problem(variant(base.path, "description: as it was\n"))
    assert tables_hash(same) == tables_hash(base)
    assert value(same) == value(base)
    assert same.folder.resolve() == base.folder.resolve()
    assert posterior_file(same).name == "other.parquet"
    assert report_file(same) == same.path.with_name("other.json")


def test_a_constant_that_a_parameter_sets_is_fixed_and_another_is_added(write: Write) -> None:
    path = write()
    found = read_problem(variant(path, "constants: {Decay Rate: 0.07}\n"))
    by_hand = write(("parameters.tsv", "rate\ttrue\t0.001\t1\t0.05", "rate\tfalse\t0.001\t1\t0.07"))
    assert "rate" not in [item.id for item in found.estimated]
    assert value(found) == value(read_problem(by_hand))


def test_a_constant_that_no_parameter_sets_is_set_in_the_run(write: Write) -> None:
    slow = decay()
    slow.constants["initial level"] = 20.0
    path = write(
        ("mapping.tsv", "start\tinitial level\twhere it starts\n", ""),
        ("parameters.tsv", "start\ttrue\t0\tinf\t10\tlog-normal\t2.3;0.4\tpersons\ta guess\n", ""),
    )
    found = read_problem(variant(path, "constants: {initial level: 20}\n"))
    x = np.array([item.prior.median for item in found.estimated if item.prior is not None])
    expected = Objective(read_problem(path), slow).log_posterior(x)
    got = Objective(found, decay()).log_posterior(x)
    assert got[0] == expected[0]
    np.testing.assert_array_equal(got[1], expected[1])


def test_rows_of_the_same_name_take_the_place_of_the_problems_and_others_are_added(write: Write) -> None:
    path = write()
    file = variant(path, "parameter_files: [priors.tsv]\nfixed: {wave: 0}\n")
    (file.parent / "priors.tsv").write_text(
        "parameterId\testimate\tlowerBound\tupperBound\tpriorDistribution\tpriorParameters\n"
        "rate\ttrue\t0.001\t1\tlog-normal\t-2;0.1\n"
    )
    found = read_problem(file)
    assert list(found.parameters) == list(read_problem(path).parameters)
    prior = found.parameters["rate"].prior
    assert prior is not None
    assert prior.parameters == (-2.0, 0.1)
    assert (found.parameters["wave"].estimate, found.parameters["wave"].nominal) == (False, 0.0)


def test_a_part_keeps_what_hangs_on_the_chosen_observables(write: Write) -> None:
    path = write()
    part = read_problem(variant(path, "only: [obs_level]\n"))
    assert list(part.observables) == ["obs_level"]
    assert {item.observable for item in part.measurements} == {"obs_level"}
    assert (part.periods, part.changes) == ([], [])
    assert list(part.extension.observations) == ["obs_level"]
    loaded, _ = load_problem(part.path, decay())
    assert list(loaded.parameters) == ["start", "rate", "sd", "rho", "wave"]
    rest = read_problem(variant(path, "without: [obs_mean, obs_lost]\n", "rest.yaml"))
    assert tables_hash(rest) == tables_hash(part)


def test_a_part_may_have_a_model_of_its_own(write: Write) -> None:
    path = write()
    (path.parent / "level.mdl").write_text("{UTF-8}\n")
    text = "model_files: {level: {location: ../level.mdl, language: vensim}}\nonly: [obs_level, obs_mean]\n"
    whole = decay()
    model = AnalyticModel("level", dict(whole.constants), {"level": whole.outputs["level"]})
    problem, _ = load_problem(variant(path, text), model)
    assert problem.model_path == (path.parent / "level.mdl").resolve()
    assert "lost" not in [item.entity for item in problem.aliases]
    assert Objective(problem, model).names == ["start", "rate", "sd", "rho", "offset", "wave"]


def test_a_variant_written_out_reads_back_as_a_problem_of_its_own(write: Write, tmp_path: Path) -> None:
    found = read_problem(variant(write(), "constants: {initial level: 20}\nonly: [obs_level, obs_lost]\n"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "decay.mdl").write_text("")
    again = read_problem(write_problem(found, tmp_path / "out"))
    assert again.base is None
    assert tables_hash(again) == tables_hash(found)


@pytest.mark.parametrize(
    ("text", "line", "reason", "advice"),
    [
        ("only: [obs_levl]\n", 2, "'obs_levl' is no observable or soft fact", "'obs_level'"),
        ("without: [obs_level, obs_mean, obs_lost]\n", 2, "nothing is left to fit", "keep at least one"),
        ("fixed: {rat: 1}\n", 2, "'rat' is not a parameter", "'rate'"),
        ("constants:\n  decay rate: fast\n", 3, "'fast' is not a number", "write it as"),
        (f"constants:\n  decay rate: {'9' * 400}\n", 3, "a whole number is larger than any", "mend"),
        (f"constants:\n  decay rate: 0x{'F' * 6000}\n", 3, "a whole number is larger than any", "mend"),
        (f"constants:\n  decay rate: {'9' * 5000}\n", 1, "not valid YAML: Exceeds the limit", "mend"),
        ("constants:\n  decay rate: .nan\n", 3, "'nan' is not a number", "write it as"),
        ("constant: {decay rate: 1}\n", 2, "is not a known key", "'constants'"),
        (
            "model_files: {m: {location: ../no.mdl, language: vensim}}\n",
            2,
            "'../no.mdl' does not exist",
            "check",
        ),
    ],
)
def test_a_fault_of_a_variant_is_shown_in_its_file(
    write: Write, text: str, line: int, reason: str, advice: str
) -> None:
    path = variant(write(), text)
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    assert reason in caught.value.reason
    assert advice in (caught.value.advice or "")
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_a_constant_that_the_model_does_not_have_is_shown_in_its_file(write: Write) -> None:
    path = variant(write(), "constants:\n  decay rat: 1\n")
    with pytest.raises(ProblemError, match="'decay rat' is not in the model") as caught:
        Objective(read_problem(path), decay())
    assert (caught.value.file, caught.value.line) == (str(path), 3)
    assert "'decay rate'" in (caught.value.advice or "")


def test_a_variant_of_a_variant_is_refused(write: Write) -> None:
    first = variant(write(), "fixed: {wave: 0}\n")
    second = first.with_name("second.yaml")
    second.write_text("extends: other.yaml\n")
    with pytest.raises(ProblemError, match="extends another problem itself"):
        read_problem(second)


def test_a_repeated_series_is_not_left_without_the_one_it_repeats(write: Write) -> None:
    setting = "obs_mean: {aggregation: mean, period: 3"
    path = write(("problem.yaml", setting, setting + ", equivalent_to: obs_level"))
    with pytest.raises(ProblemError, match="repeats the figures of 'obs_level', which is left out") as caught:
        read_problem(variant(path, "without: [obs_level]\n"))
    assert caught.value.line == 2
