"""Models beside reference outputs: what counts as the same, what a column is called, and what does not end the rest."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_covid.analysis.conformance import Case, Result, Status, compare_case, find_cases
from sd_covid.analysis.isolated import run_isolated
from sd_covid.analysis.reference_output import read_reference
from sd_covid.errors import DataError, ModelError

# level: 100, 50, 25 at times 0, 1, 2.
DRAIN = """{UTF-8}
region: North, South West ~~|
rate = 0.5 ~~|
level = INTEG(-rate * level, 100) ~~|
"part, of it"[region] = level * share[region] ~~|
share[region] = 0.25, 0.75 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 2 ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""

Compare = Callable[..., Result]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Compares the model above with a reference that holds these lines."""

    def run(
        *lines: str, name: str = "output.tab", tolerance: float = 1e-3, encoding: str = "utf-8"
    ) -> Result:
        (tmp_path / "drain.mdl").write_text(DRAIN)
        (tmp_path / name).write_text("\n".join(lines), encoding=encoding)
        (case,) = find_cases(tmp_path)
        return compare_case(Case(case.model, case.format, case.reference, tolerance))

    return run


def test_a_reference_with_the_right_values_passes(compare: Compare):
    result = compare("Months\tLEVEL\trate", "0\t100\t0.5", "1\t50\t", "2\t25\t")
    assert (Status.PASSED, 2, "") == (result.status, result.compared, result.reason)


def test_columns_are_found_by_quotes_elements_case_and_blanks(compare: Compare):
    header = 'Time,"""part, of it""[North]","""Part,  of it""[north]","share[south_west]"'
    result = compare(header, "2,6.25,6.25,0.75", name="output.csv")
    assert (Status.PASSED, 3, ()) == (result.status, result.compared, result.not_in_model)


def test_the_first_value_that_differs_is_named(compare: Compare):
    result = compare("Time\trate\tlevel", "0\t0.5\t100", "1\t0.5\t50.2", "2\t0.5\t25.2")
    assert result.status is Status.FAILED
    assert result.reason == "level at 1: 50, reference 50.2"
    (difference,) = result.differences
    assert (1.0, 50.0, 50.2) == (difference.time, difference.ours, difference.reference)


@pytest.mark.parametrize(
    ("written", "passes"),
    [
        ("50.04", True),  # four digits: a thousandth
        ("50.06", False),
        ("50.0000400", True),  # nine digits are more than single precision holds: a millionth
        ("50.0000600", False),
    ],
)
def test_the_digits_of_the_reference_set_the_tolerance(compare: Compare, written: str, passes: bool):
    assert passes == (compare("Time\tlevel", f"1\t{written}").status is Status.PASSED)


def test_a_wider_tolerance_is_used_for_the_folders_that_need_it(tmp_path: Path):
    folder = tmp_path / "roessler_chaos"
    folder.mkdir()
    (folder / "drain.MDL").write_text(DRAIN)
    (folder / "output.tab").write_text("Time\tlevel\n1\t46\n")
    (case,) = find_cases(tmp_path)
    assert Status.PASSED is compare_case(case).status


def test_what_the_model_lacks_is_told(compare: Compare):
    """Files of one model in several formats differ: its reference is of the one with the most variables."""
    result = compare("Time\tlevel\tgone\tDT", "1\t50\t3\t1")
    assert (Status.PASSED, "not in the model: gone") == (result.status, result.reason)
    assert ("gone", "DT") == result.not_in_model


def test_a_reference_of_nothing_in_the_model_is_a_failure(compare: Compare):
    result = compare("Time\tgone\tTIME STEP", "1\t3\t1")
    assert (Status.FAILED, "no column of the reference is a variable of the model") == (
        result.status,
        result.reason,
    )


def test_a_model_is_given_the_series_that_lie_beside_it(tmp_path: Path):
    (tmp_path / "drain.mdl").write_text(DRAIN.replace("rate = 0.5", "rate"))
    (tmp_path / "rates.tab").write_text("Time\trate\n0\t0.5\n2\t0.5\n")
    (tmp_path / "output.tab").write_text("Time\tlevel\n2\t25\n")
    (case,) = find_cases(tmp_path)
    assert (Status.PASSED, "") == (compare_case(case).status, compare_case(case).reason)


def test_a_reference_that_fits_another_model_of_the_folder_is_none(compare: Compare, tmp_path: Path):
    (tmp_path / "other.mdl").write_text(DRAIN.replace("rate = 0.5", "rate = 0.4"))
    (tmp_path / "drain.mdl").write_text(DRAIN + "more = 1 ~~|\n")
    (tmp_path / "output.tab").write_text("Time\tlevel\tmore\n1\t50\t1\n")
    by_name = {case.model.name: compare_case(case) for case in find_cases(tmp_path)}
    assert Status.PASSED is by_name["drain.mdl"].status
    assert Status.NO_REFERENCE is by_name["other.mdl"].status
    assert by_name["other.mdl"].reason == "output.tab is that of drain.mdl"


def test_a_reference_of_other_times_that_another_model_of_the_folder_has_is_none(tmp_path: Path):
    (tmp_path / "drain.mdl").write_text(DRAIN)
    (tmp_path / "later.mdl").write_text(DRAIN.replace("INITIAL TIME = 0", "INITIAL TIME = 1"))
    (tmp_path / "output.tab").write_text("Time\tlevel\n0\t100\n")
    by_name = {case.model.name: compare_case(case) for case in find_cases(tmp_path)}
    assert Status.PASSED is by_name["drain.mdl"].status
    assert (Status.NO_REFERENCE, "output.tab is that of drain.mdl") == (
        by_name["later.mdl"].status,
        by_name["later.mdl"].reason,
    )


def test_a_model_that_draws_random_numbers_has_no_reference(tmp_path: Path):
    (tmp_path / "drain.mdl").write_text(DRAIN.replace("rate = 0.5", "rate = RANDOM UNIFORM(0, 1, 7)"))
    (tmp_path / "output.tab").write_text("Time\tlevel\n1\t50\n")
    (case,) = find_cases(tmp_path)
    result = compare_case(case)
    reason = "all depends on random numbers, of which every program has its own"
    assert (Status.NO_REFERENCE, reason) == (result.status, result.reason)


def test_what_does_not_depend_on_random_numbers_is_compared(tmp_path: Path):
    """A stock of drawn flows, and what begins at a drawn number, depend on them too."""
    drawn = """chance = INTEG(RANDOM UNIFORM(0, 1, 7), 0) ~~|
begun = INITIAL(RANDOM UNIFORM(0, 1, 8)) ~~|
later = begun + 1 ~~|
"""
    (tmp_path / "drain.mdl").write_text(DRAIN + drawn)
    table = "Time\tlevel\tchance\tlater\n1\t{level}\t9\t9\n"
    (tmp_path / "output.tab").write_text(table.format(level=50))
    (case,) = find_cases(tmp_path)
    result = compare_case(case)
    assert (Status.PASSED, 1) == (result.status, result.compared)
    assert result.reason == "not compared, of random numbers: 2 columns"
    (tmp_path / "output.tab").write_text(table.format(level=51))
    assert compare_case(case).reason == "level at 1: 50, reference 51"


@pytest.mark.parametrize(("rate", "status"), [("0.4", Status.PASSED), ("0.3", Status.FAILED)])
def test_a_model_that_makes_data_for_another_is_compared_with_them(tmp_path: Path, rate: str, status: Status):
    (tmp_path / "user.mdl").write_text(DRAIN + "more = 1 ~~|\n")
    (tmp_path / "maker.mdl").write_text(DRAIN.replace("rate = 0.5", f"rate = {rate}"))
    (tmp_path / "output.tab").write_text("Time\tlevel\tmore\n1\t50\t1\n")
    (tmp_path / "data.tab").write_text("Time\tlevel\n1\t60\n")
    by_name = {case.model.name: compare_case(case) for case in find_cases(tmp_path)}
    assert (status, Status.PASSED) == (by_name["maker.mdl"].status, by_name["user.mdl"].status)
    assert by_name["maker.mdl"].case.reference == tmp_path / "data.tab"


def test_a_time_that_the_run_does_not_save_is_a_failure(compare: Compare):
    result = compare("Time\tlevel", "0\t100", "0.5\t75")
    assert (Status.FAILED, "the reference has time 0.5, which the run does not save") == (
        result.status,
        result.reason,
    )


def test_a_model_that_cannot_be_read_is_refused_with_the_error_of_the_reader(tmp_path: Path):
    (tmp_path / "drain.mdl").write_text(DRAIN.replace("rate * level", "rate * lvel"))
    (tmp_path / "output.csv").write_text("Time,level\n0,100\n")
    (case,) = find_cases(tmp_path)
    result = compare_case(case)
    assert result.status is Status.REFUSED
    assert "drain.mdl:4: 'level'" in result.reason
    assert "lvel" in result.reason


def test_a_model_in_a_format_of_stellas_is_compared_with_what_stella_gave(tmp_path: Path):
    for name in ("drain.mdl", "drain.xmile", "output.tab", "output_stella.csv"):
        (tmp_path / name).touch()
    references = {case.format: case.reference for case in find_cases(tmp_path)}
    assert {"mdl": tmp_path / "output.tab", "xmile": tmp_path / "output_stella.csv"} == references


def test_references_of_old_machines_are_read(tmp_path: Path):
    path = tmp_path / "output.csv"
    path.write_bytes("Time,prix en €,x\r0,1,-1.50e-3\r1,,inf\r".encode("cp1252"))
    found = read_reference(path)
    assert [0, 1] == found.times.tolist()
    price, x = found.columns
    assert "prix en €" == price.name
    assert [True, False] == price.given.tolist()
    assert (3, math.inf) == (x.digits, x.values[1])


@pytest.mark.parametrize(
    ("text", "reason"), [("Time,x\n", "holds no results"), ("Time,x\n0,many\n", "'many' is no number")]
)
def test_a_reference_that_holds_no_numbers_is_an_error(tmp_path: Path, text: str, reason: str):
    (tmp_path / "output.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        read_reference(tmp_path / "output.csv")


def test_a_folder_without_models_is_an_error(tmp_path: Path):
    with pytest.raises(ModelError, match=r"holds no \.mdl, \.xmile, \.stmx file"):
        find_cases(tmp_path)
    with pytest.raises(ModelError, match="there is no such folder"):
        find_cases(tmp_path / "gone")


def test_a_process_that_ends_or_hangs_does_not_end_the_rest():
    """``os._exit`` ends without a word, ``math.sqrt(-1)`` with a traceback, and sleeping outlasts its limit."""
    (gone,) = run_isolated(os._exit, [3], processes=1, limit=60)
    assert (None, "the process ended with 3: it said nothing") == (gone.result, gone.crashed)
    roots = {one.item: one for one in run_isolated(math.sqrt, [4.0, -1.0, 9.0], processes=1, limit=60)}
    assert [2.0, None, 3.0] == [roots[item].result for item in (4.0, -1.0, 9.0)]
    assert "ValueError" in roots[-1.0].crashed
    (slow,) = run_isolated(time.sleep, [600], processes=1, limit=1)
    assert slow.crashed == "no result within 1 s"
