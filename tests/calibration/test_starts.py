"""An interrupted fit goes on to the result of one that was never interrupted, bit for bit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.fitting.fit import Fit, fit
from sd_covid.calibration.fitting.starts import KeptStarts, kept_file
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.results import StartRow

from .analytic import decay
from .conftest import Write


@pytest.fixture
def objective(write: Write) -> Objective:
    bound = ("parameters.tsv", "rho\ttrue\t0\t1\t", "rho\ttrue\t0\t0.99\t")  # at 1 the noise has no density
    return Objective(read_problem(write(bound)), decay())


def interrupted(objective: Objective, file: Path, after: int, **options: int) -> None:
    def stop(done: int, total: int) -> None:
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(objective, kept=KeptStarts(file, resume=True), progress=stop, **options)


def same(one: Fit, other: Fit) -> None:
    np.testing.assert_array_equal(one.best, other.best)
    assert one.log_posterior == other.log_posterior
    assert one.starts == other.starts


@pytest.mark.parametrize("threads", [1, 2])
def test_a_resumed_fit_equals_an_uninterrupted_one(
    objective: Objective, tmp_path: Path, threads: int
) -> None:
    whole = fit(objective, starts=5, seed=4)
    file = tmp_path / "kept.jsonl"
    interrupted(objective, file, 2, starts=5, seed=4, threads=threads)
    assert len(file.read_text().splitlines()) == 2
    found = fit(objective, starts=5, seed=4, kept=KeptStarts(file, resume=True))
    same(found, whole)
    assert (whole.resumed, found.resumed) == (0, 2)
    again = fit(objective, starts=5, seed=4, kept=KeptStarts(file, resume=True))
    same(again, whole)
    assert again.resumed == 5


def test_a_line_that_was_cut_off_is_climbed_again(objective: Objective, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    interrupted(objective, file, 2, starts=3, seed=4)
    file.write_text(file.read_text()[:-40])
    found = fit(objective, starts=3, seed=4, kept=KeptStarts(file, resume=True))
    assert found.resumed == 1
    same(found, fit(objective, starts=3, seed=4))


def test_without_resume_the_fit_begins_anew_and_other_starts_do_not_count(
    objective: Objective, tmp_path: Path
) -> None:
    file = tmp_path / "kept.jsonl"
    interrupted(objective, file, 2, starts=3, seed=4)
    assert fit(objective, starts=3, seed=5, kept=KeptStarts(file, resume=True)).resumed == 1  # the medians
    assert fit(objective, starts=3, seed=4, kept=KeptStarts(file, resume=False)).resumed == 0


def test_the_file_changes_with_whatever_the_fit_rests_on() -> None:
    assert kept_file("tables", "model", 0) == kept_file("tables", "model", 0)
    assert len({kept_file(*parts) for parts in (("a", "b", 0), ("a", "c", 0), ("a", "b", 1))}) == 3


def test_a_start_that_failed_is_kept_as_failed(tmp_path: Path) -> None:
    kept = KeptStarts(tmp_path / "kept.jsonl", resume=True)
    point = np.array([0.1, 1 / 3])
    kept.add(point, point, StartRow(-math.inf, 1, False))
    ((best, row),) = kept.of([point]).values()
    np.testing.assert_array_equal(best, point)
    assert row == StartRow(-math.inf, 1, False)
