"""Ranges and draws. Expected values: closed-form quantiles; the definition of a Latin hypercube."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sd_covid.calibration.stored.store import Posterior, write_posterior
from sd_covid.errors import DataError
from sd_covid.policy.catalogue.evidence import read_evidence
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.draws import choose_draws, draws_hash, read_posterior, sample_ranges

#: One rounding of a square root, a logarithm or the library's normal quantile.
ROUNDING = 1e-12


@pytest.mark.parametrize(
    ("spread", "p", "expected"),
    [
        (Range(1, 5, 2, "uniform"), 0.25, 2.0),
        (Range(1, 100, 5, "log-uniform"), 0.5, 10.0),
        (Range(0, 4, 1, "triangular"), 0.25, 1.0),  # F(mode) = (mode - low) / (high - low)
        (Range(0, 4, 1, "triangular"), 0.0625, 0.5),  # F(x) = x² / 4 below the mode
        (Range(0, 4, 1, "triangular"), 1 - 1 / 12, 3.0),  # 1 - F(x) = (4 - x)² / 12 above it
        (Range(0, 4, 2, "normal"), 0.95, 4.0),
        (Range(1, 4, 2, "log-normal"), 0.5, 2.0),
        (Range(1, 4, 2, "log-normal"), 0.05, 1.0),
        (Range(0.2, 0.8, 0.4, "logit-normal"), 0.5, 0.5),
        (Range(0.2, 0.8, 0.4, "logit-normal"), 0.95, 0.8),
        # A normal distribution cut off at both ends of its central 90 %: what is left is stretched over 0 to 1.
        (Range(0, 4, 2, "normal", (0, 4)), 0.0, 0.0),
        (Range(0, 4, 2, "normal", (0, 4)), 0.5, 2.0),
        (
            Range(0, 4, 2, "normal", (2, 4)),
            0.5,
            2.0 + 2.0 * 0.5977601260424783 / 1.6448536269514722,
        ),  # Φ⁻¹(0.725)
    ],
)
def test_quantiles_are_those_of_the_distribution(spread: Range, p: float, expected: float) -> None:
    assert math.isclose(expected, float(spread.quantile(np.array([p]))[0]), rel_tol=ROUNDING)


def test_a_latin_hypercube_has_one_value_in_each_slice() -> None:
    draws = sample_ranges({"a": Range(0, 8, 1, "uniform"), "b": Range(0, 16, 1, "uniform")}, 8, seed=3)
    for name, width in (("a", 1), ("b", 2)):
        np.testing.assert_array_equal(np.arange(8), np.sort((draws[name] // width).to_numpy()))
    assert draws["a"].corr(draws["b"]) < 1


def test_draws_are_repeated_only_when_there_are_too_few() -> None:
    draws = pd.DataFrame({"x": np.arange(4.0)})
    assert [0.0, 1.0, 2.0, 3.0] == sorted(choose_draws(draws, 4, seed=1)["x"])
    counts = choose_draws(draws, 10, seed=1)["x"].value_counts()
    assert {2, 3} == set(counts)
    pd.testing.assert_frame_equal(choose_draws(draws, 3, seed=1), choose_draws(draws, 3, seed=1))


def test_the_hash_changes_with_a_name_and_with_one_bit() -> None:
    draws = pd.DataFrame({"x": [1.0, 2.0]})
    nudged = pd.DataFrame({"x": [1.0, np.nextafter(2.0, 3.0)]})
    assert 3 == len({draws_hash(draws), draws_hash(nudged), draws_hash(draws.rename(columns={"x": "y"}))})


def stored(path: Path, constants: dict[str, str], **columns: float) -> Path:
    """A posterior of one draw; `constants` are the model constants that its parameters set."""
    index = {"chain": [0], "draw": [0], "log_posterior": [-1.0]}
    frame = pd.DataFrame(index | {name: [value] for name, value in columns.items()})
    write_posterior(Posterior(frame, {"constants": constants}), path)
    return path


def test_a_posterior_sets_the_constants_of_its_parameters_elements_included(tmp_path: Path, toy: Any) -> None:
    path = stored(
        tmp_path / "posterior.parquet",
        {"steepness": "SLOPE", "rise": "Rise", "weight_old": "weight[old]", "elsewhere": "of another sector"},
        steepness=2.0,
        rise=6.0,
        weight_old=3.0,
        elsewhere=4.0,
        slope=9.0,
        sigma=0.1,
    )
    expected = pd.DataFrame({"slope": [2.0], "rise": [6.0], "weight[old]": [3.0]})
    pd.testing.assert_frame_equal(expected, read_posterior(path, toy))


def test_a_posterior_that_is_missing_or_not_ours_is_named(tmp_path: Path, toy: Any) -> None:
    path = tmp_path / "posterior.parquet"
    with pytest.raises(DataError, match="no posterior draws"):
        read_posterior(path, toy)
    path.write_bytes(b"text")
    with pytest.raises(DataError, match="not a parquet file"):
        read_posterior(path, toy)
    pd.DataFrame({"slope": [2.0]}).to_parquet(path)
    with pytest.raises(DataError, match="holds no posterior") as caught:
        read_posterior(path, toy)
    assert str(path) == caught.value.file


@pytest.mark.parametrize(
    ("value", "reason"), [({"sigma": 1.0}, "no parameter"), ({"slope": np.nan}, "not finite")]
)
def test_a_posterior_that_cannot_be_used_is_named(
    tmp_path: Path, toy: Any, value: dict[str, float], reason: str
) -> None:
    path = stored(tmp_path / "posterior.parquet", {name: name for name in value}, **value)
    with pytest.raises(DataError, match=reason) as caught:
        read_posterior(path, toy)
    assert str(path) == caught.value.file


EVIDENCE = """\
id,constant,value,low,high,distribution,unit,source,grade
A,slope,2,1,4,normal,percent,ASSUMPTION: none found.,D
B,rise,6,6,6,fixed,1/Year,a definition,-
C,weight,1,0,2,uniform,Dmnl,"a figure, of a table",B
"""


def test_a_row_of_evidence_tells_its_range_and_whether_it_varies(tmp_path: Path) -> None:
    path = tmp_path / "evidence.csv"
    path.write_text(EVIDENCE + "E,pause level,1,0,1,lever,,set by a scenario,-\n", encoding="utf-8")
    normal, fixed, uniform, lever = read_evidence(path)
    assert [True, False, True, False] == [row.varies for row in (normal, fixed, uniform, lever)]
    assert [True, False, True, False] == [row.graded for row in (normal, fixed, uniform, lever)]
    assert Range.of_deviation(1, 4, 2, "normal") == normal.range
    assert Range(0, 2, 1, "uniform") == uniform.range
    assert Range(6, 6, 6, "uniform") == fixed.range


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("2,1,4", "2,3,4", 2, "not between 3 and 4"),
        ("2,1,4", "2,x,4", 2, "is not a number"),
        ("1,0,2", "1,,2", 4, "is not a number"),
        ("low", "lower", 1, "'low' is missing"),
        ("normal", "norml", 2, "'norml' is not known"),
        ("uniform", "lognormal", 4, "a low above 0"),
        (",D", ",E", 2, "grade 'E' is not known"),
        (',"a figure, of a table"', ",a figure, of a table", 4, "not as many cells"),
        (",Dmnl", "", 4, "not as many cells"),
    ],
)
def test_a_fault_in_the_evidence_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    path = tmp_path / "evidence.csv"
    path.write_text(EVIDENCE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=reason) as caught:
        assert all(row.range for row in read_evidence(path))
    assert (str(path), line) == (caught.value.file, caught.value.line)


@pytest.mark.parametrize(("cell", "line"), [("id", 1), ("A", 2)])
def test_evidence_with_letters_behind_a_quote_is_refused_at_its_line(
    tmp_path: Path, cell: str, line: int
) -> None:
    path = tmp_path / "evidence.csv"
    path.write_text(EVIDENCE.replace(f"{cell},", f'"{cell}"s,', 1), encoding="utf-8")
    with pytest.raises(DataError, match="not a table: ',' expected") as caught:
        read_evidence(path)
    assert (str(path), line) == (caught.value.file, caught.value.line)
