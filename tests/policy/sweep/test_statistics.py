"""Statistics over runs agree with what numpy makes of the runs themselves, whatever the order in which blocks come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sd_covid
from sd_covid.errors import RunError, ScenarioError
from sd_covid.policy.sweep import run_sweep
from sd_covid.policy.sweep.blocks import Grid
from sd_covid.policy.sweep.gathered import as_arrays, of_arrays
from sd_covid.policy.sweep.plan import Statistics
from sd_covid.policy.sweep.statistics import Collected, gather
from sd_covid.policy.sweep.work import Done, Failure
from tests.policy.sweep.conftest import Swept

NAMES = (0.05, 0.5, 0.95, "mean", "sd", "min", "max")
RUNS = (
    "scenarios: [actual, none]\noutputs: [rate, total]\nblock: 100\ndtype: float64\nkeep: [course, max]\n"
    "assumptions: {design: lhs, size: 1000, seed: 1, ranges: {slope: {low: 1, high: 8, distribution: uniform},\n"
    "  ease: {low: 1, high: 2, distribution: uniform}}}\n"
)


def test_statistics_are_what_numpy_finds_in_the_runs(swept: Swept, tmp_path: Path) -> None:
    """Quantiles to the width of a bin, a 2,000th of the distance between the outermost; moments to rounding."""
    run_sweep(swept(RUNS), tmp_path / "runs.zarr")
    text = RUNS + f"statistics: {{of: {list(NAMES)}, over: runs}}\n".replace("'", "")
    run_sweep(swept(text), tmp_path / "statistics.zarr")
    runs, found = sd_covid.open(tmp_path / "runs.zarr"), sd_covid.open(tmp_path / "statistics.zarr")
    assert ("scenario", "statistic", "time", "Group") == found["total"].dims
    for name in ("rate", "total", "rate (max)"):
        values, told = runs[name].values[:, 0], found[name].values
        width = 1.3 * (values.max(axis=1) - values.min(axis=1)) / 2000
        for side, method in ((-1, "lower"), (1, "higher")):  # it lies between two neighbours among the runs
            bound = np.quantile(values, NAMES[:3], axis=1, method=method).swapaxes(0, 1)
            assert (side * (told[:, :3] - bound) <= width[:, None] + 1e-9).all()
        moments = [values.mean(axis=1), values.std(axis=1, ddof=1), values.min(axis=1), values.max(axis=1)]
        np.testing.assert_allclose(told[:, 3:], np.stack(moments, axis=1), rtol=1e-11, atol=1e-9)
    assert [0, 0] == found["failed_runs"].values.tolist()


def _blocks(grid: Grid, values: np.ndarray, failed: set[int]) -> list[Done]:
    """Blocks of invented runs: values of shape (draw, set, cell)."""
    found = []
    for number in range(len(grid)):
        draws, sets = grid.ranges(number)
        mine = values[draws, sets].reshape(grid.size(number), -1)
        first = draws.start * grid.sets + sets.start
        bad = tuple(
            Failure(run - first, 0, 0.0) for run in sorted(failed) if first <= run < first + len(mine)
        )
        found.append(Done(0, number, "", {"x": mine}, bad))
    return found


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["draws", "runs"]),
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(1, 12),
    st.randoms(),
)
def test_the_order_of_blocks_and_a_stay_on_disk_change_nothing(over, draws, sets, most, random) -> None:
    grid, statistics = Grid.of(draws, sets, most), Statistics((0.25, "mean", "sd", "max"), over)
    values = np.random.default_rng(random.getrandbits(32)).normal(size=(draws, sets, 3))
    failed = {run for run in range(draws * sets) if random.random() < 0.1}
    values.reshape(-1, 3)[sorted(failed)] = np.nan
    blocks = _blocks(grid, values, failed)

    def shuffled(numbers):
        numbers = list(numbers)
        random.shuffle(numbers)
        return (blocks[number] for number in numbers)

    straight = gather(Collected(statistics, grid), lambda n: (blocks[k] for k in n), lambda c, n: None)
    mixed = gather(Collected(statistics, grid), shuffled, lambda c, n: None)
    stored = of_arrays(as_arrays(mixed), statistics, grid)
    for other in (mixed, stored):
        np.testing.assert_array_equal(straight.result(), other.result())
        for one, two in zip(straight.failures(), other.failures(), strict=True):
            np.testing.assert_array_equal(one, two)
    groups = values.swapaxes(0, 1) if over == "draws" else values.reshape(1, -1, 3)
    for group, runs in enumerate(groups):
        kept = runs[np.isfinite(runs).all(axis=1)]
        mean = kept.mean(axis=0) if len(kept) else np.full(3, np.nan)
        # sums of at most 360 numbers of about one
        np.testing.assert_allclose(straight.result()[1, group], mean, atol=1e-12)
        assert len(runs) - len(kept) == straight.failures()[0][group]


def test_runs_that_fail_are_counted_and_in_no_statistic(swept: Swept, tmp_path: Path) -> None:
    plan = swept(
        "outputs: [rate, strain]\nkeep: [final]\nblock: 2\n"
        "assumptions: {design: factorial, values: {slope: [1, 40, 2, 10]}}\nstatistics: {of: [mean], over: runs}\n"
    )
    outcome = run_sweep(plan, tmp_path / "out.zarr")
    found = sd_covid.open(tmp_path / "out.zarr")
    assert (4, 2) == (outcome.runs, outcome.failed)
    assert (2, 1) == (found["failed_runs"].item(), found["first_failed_run"].item())
    # sqrt(80 - slope * 24) for slopes 1 and 2; stored in single precision, 2**-24 of the value
    np.testing.assert_allclose(found["strain (final)"].item(), (56**0.5 + 32**0.5) / 2, rtol=2**-23)


def test_statistics_that_do_not_fit_in_memory_are_refused() -> None:
    collected = Collected(Statistics((0.5,), "draws"), Grid(10, 1000, 1, 1000))
    with pytest.raises(
        RunError, match=r"statistics of 1000000 values need 7\.63 GiB, more than the limit of 1 GiB"
    ):
        collected.refuse_too_large(1000, 2**30)


# --- paired differences ------------------------------------------------------------------------------------

FROM = f"statistics: {{of: {list(NAMES)}, over: runs, differences_from: actual}}\n".replace("'", "")


def test_paired_differences_are_what_numpy_finds_in_the_runs(swept: Swept, tmp_path: Path) -> None:
    """Quantiles to the width of a bin, a 2,000th of the distance between the outermost; moments to rounding."""
    run_sweep(swept(RUNS), tmp_path / "runs.zarr")
    run_sweep(swept(RUNS + FROM), tmp_path / "statistics.zarr")
    runs, found = sd_covid.open(tmp_path / "runs.zarr"), sd_covid.open(tmp_path / "statistics.zarr")
    assert "actual" == found["total (difference)"].attrs["difference_from"]
    for name, difference in (
        ("rate", "rate (difference)"),
        ("total", "total (difference)"),
        ("rate (max)", "rate (max, difference)"),
    ):
        values = (runs[name] - runs[name].sel(scenario="actual")).transpose("scenario", ...).values[:, 0]
        told = found[difference].values
        width = 1.3 * (values.max(axis=1) - values.min(axis=1)) / 2000
        for side, method in ((-1, "lower"), (1, "higher")):  # it lies between two neighbours among the runs
            bound = np.quantile(values, NAMES[:3], axis=1, method=method).swapaxes(0, 1)
            assert (side * (told[:, :3] - bound) <= width[:, None] + 1e-9).all()
        moments = [values.mean(axis=1), values.std(axis=1, ddof=1), values.min(axis=1), values.max(axis=1)]
        np.testing.assert_allclose(told[:, 3:], np.stack(moments, axis=1), rtol=1e-11, atol=1e-9)
        assert (told[0] == 0).all()  # of the scenario from itself, to the bit
    levels = sd_covid.open(tmp_path / "statistics.zarr")["rate"].values
    run_sweep(swept(RUNS + FROM.replace(", differences_from: actual", "")), tmp_path / "levels.zarr")
    np.testing.assert_array_equal(levels, sd_covid.open(tmp_path / "levels.zarr")["rate"].values)


def test_a_paired_difference_has_a_narrower_interval_than_an_unpaired_one(
    swept: Swept, tmp_path: Path
) -> None:
    """Both scenarios move with ease, their difference with slope and ease: (4 + slope) ease less 4 ease."""
    text = RUNS.replace("low: 1, high: 8", "low: 1, high: 2")
    run_sweep(swept(text + FROM), tmp_path / "statistics.zarr")
    run_sweep(swept(text), tmp_path / "runs.zarr")
    paired = sd_covid.open(tmp_path / "statistics.zarr")["rate (max, difference)"].sel(scenario="none")
    told = float(paired.sel(statistic="0.95") - paired.sel(statistic="0.05"))
    level = sd_covid.open(tmp_path / "runs.zarr")["rate (max)"].values[:, 0]
    other = np.random.default_rng(1).permutation(level[0])
    assert told < 0.6 * np.subtract(*np.quantile(level[1] - other, [0.95, 0.05]))


def test_a_pair_of_which_one_failed_is_in_no_statistic_of_either(
    swept: Swept, town: Path, tmp_path: Path
) -> None:
    """strain is no number once slope * (Time - 60) > 80: of slopes 10 and 40, and of a tenth of 40."""
    (town / "scenarios/mild.yaml").write_text(
        "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\nconstants: {slope: [{from: 2020-01-01, factor: 0.1}]}\n"
    )
    plan = swept(
        "scenarios: [mild, actual]\noutputs: [strain]\nkeep: [final]\nblock: 2\ndtype: float64\n"
        "assumptions: {design: factorial, values: {slope: [1, 40, 2, 10]}}\n"
        "statistics: {of: [mean, min], over: runs, differences_from: actual}\n"
    )
    assert 4 == run_sweep(plan, tmp_path / "out.zarr").failed
    found = sd_covid.open(tmp_path / "out.zarr").sel(scenario="mild")
    assert (2, 1) == (found["failed_runs"].item(), found["first_failed_run"].item())
    mild, actual = np.sqrt([80 - 2.4, 80 - 4.8]), np.sqrt([80 - 24, 80 - 48])
    np.testing.assert_allclose(found["strain (final)"], [mild.mean(), mild.min()], rtol=1e-14)
    difference = mild - actual
    np.testing.assert_allclose(
        found["strain (final, difference)"], [difference.mean(), difference.min()], rtol=1e-14
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("differences_from: actul", "'actul' is no scenario of this sweep; did you mean 'actual'"),
        ("diferences_from: actual", "'diferences_from' is not a key here; did you mean 'differences_from'"),
    ],
)
def test_a_slip_in_the_reference_is_told(swept: Swept, text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        swept(f"scenarios: [actual, none]\noutputs: [rate]\nstatistics: {{of: [mean], {text}}}\n")
    with pytest.raises(ScenarioError, match="no other scenario that differs from it"):
        swept("scenarios: [actual]\noutputs: [rate]\nstatistics: {of: [mean], differences_from: actual}\n")
