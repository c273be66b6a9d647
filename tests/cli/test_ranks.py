"""Rankings of scenarios under paths of assumptions, on few draws of the study's own model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.cli.conftest import Call

STUDY = Path(__file__).parents[2]
NAMES = ("actual", "no-support", "catch-up", "debt-relief")
LOWER = {"unemployment rate", "households in problem debt", "distress prevalence"}  # is better


@pytest.fixture(scope="module")
def scenarios() -> list[Path]:
    return [STUDY / "scenarios" / f"{name}.yaml" for name in NAMES]


def test_ranks_follow_the_means_under_each_path(call: Call, scenarios: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "ranks.json"
    answer = call(
        "ranks",
        *scenarios,
        "--path",
        "new-wave-2027",
        "--draws",
        "4",
        "--year",
        "2030",
        "--until",
        "2032",
        "--json",
        out,
    )
    assert answer.code == 0
    found = {item["output"]: item for item in json.loads(out.read_text())}
    assert set(found) >= LOWER
    for name in LOWER:
        item = found[name]
        assert item["paths"] == ["base", "new-wave-2027"]
        assert item["scenarios"] == list(NAMES)
        assert item["years"] == [2030, 2032]
        expected = [stats.rankdata(row) for row in item["mean"]]
        np.testing.assert_array_equal(item["ranks"], expected)
        assert item["mean"][0][0] == item["mean"][1][0] == 0, "a difference from the null alternative"
        assert item["reversed"][0] in {0, None}, (
            "the base path is held against itself; None where no pair differs"
        )
        sums = np.sum(expected, axis=0)
        assert item["concordance"] == pytest.approx(_concordance(sums, len(expected)))
        assert f"Kendall's W {item['concordance']:.2f}" in answer.out


def _concordance(sums: np.ndarray, judges: int) -> float:
    """Kendall and Babington Smith (1939), without ties."""
    n = len(sums)
    return float(12 * ((sums - sums.mean()) ** 2).sum() / (judges**2 * (n**3 - n)))
