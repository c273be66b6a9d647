"""What a sweep runs and keeps. Expected values: the closed form of the town in conftest, and runs of the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sd_covid
from sd_covid.errors import DataError, RunError
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.sweep import run_sweep
from sd_covid.policy.sweep.blocks import Grid, variants
from sd_covid.policy.sweep.cluster import cluster
from tests.policy.sweep.conftest import Swept, contents

VARIED = "assumptions: {design: factorial, values: {slope: [1, 2, 3], ease: [1, 2]}}\n"


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 200))
def test_blocks_hold_every_run_once_and_of_consecutive_numbers(draws: int, sets: int, most: int) -> None:
    grid = Grid.of(draws, sets, most)
    numbers = []
    for block in range(len(grid)):
        rows, columns = grid.ranges(block)
        mine = [
            d * sets + a for d in range(rows.start, rows.stop) for a in range(columns.start, columns.stop)
        ]
        assert list(range(mine[0], mine[0] + len(mine))) == mine
        assert grid.size(block) == len(mine) <= most
        numbers += mine
    assert list(range(draws * sets)) == sorted(numbers)


def test_runs_are_what_the_closed_form_says(swept: Swept, tmp_path: Path) -> None:
    plan = swept(
        "scenarios: [actual, none]\noutputs: [rate, total]\nblock: 4\ndtype: float64\n"
        + VARIED
        + "keep: [course, final, min, max, integral, mean: [2020, 2020], mean: [2021, 2021], integral: [2020, 2021]]\n"
    )
    outcome = run_sweep(plan, tmp_path / "out.zarr")
    assert (12, 0, 12) == (outcome.runs, outcome.failed, outcome.calculated)
    found = sd_covid.open(tmp_path / "out.zarr")
    assert ("scenario", "draw", "assumption", "time", "Group") == found["total"].dims
    assert ["actual", "none"] == found["scenario"].values.tolist()
    assert ["slope", "ease"] == found["assumed"].values.tolist()
    assert np.datetime64("2020-01-01") == found["date"].values[0].astype("datetime64[D]")
    none = found.sel(scenario="none").isel(draw=0)
    slope, ease = found["assumption_value"].values.T
    end = ease * (4 * 24 + slope * 12)
    # sums of halves of small whole numbers are exact
    np.testing.assert_array_equal(none["total"].isel(time=-1).values, np.stack([end, 2 * end], axis=1))
    np.testing.assert_array_equal(none["total (final)"].values, none["total"].isel(time=-1).values)
    np.testing.assert_array_equal(none["rate (integral)"].values, end)
    np.testing.assert_array_equal(none["rate (integral 2020-2021)"].values, end)
    np.testing.assert_array_equal(none["rate (mean 2020-2020)"].values, ease * (4 * 12 + slope * 10) / 12)
    np.testing.assert_array_equal(none["rate (mean 2021-2021)"].values, ease * (4 * 12 + slope * 2) / 12)
    np.testing.assert_array_equal(none["rate (max)"].values, ease * (4 + slope))
    np.testing.assert_array_equal(none["rate (min)"].values, ease * 4)
    np.testing.assert_array_equal(
        found["rate"].sel(scenario="actual").values, np.tile(4 * ease[:, None], (1, 1, 25))
    )
    assert "percent" == found["rate"].attrs["units"]
    assert "(percent)*Month" == found["rate (integral)"].attrs["units"]


def test_a_run_has_the_same_noise_in_every_scenario_and_another_than_other_runs(
    swept: Swept, tmp_path: Path
) -> None:
    plan = swept("scenarios: [actual, none]\noutputs: [noise]\nblock: 4\nseed: 3\ndtype: float64\n" + VARIED)
    run_sweep(plan, tmp_path / "out.zarr")
    noise = sd_covid.open(tmp_path / "out.zarr")["noise"].isel(draw=0).values
    np.testing.assert_array_equal(noise[0], noise[1])
    assert 6 == len(np.unique(noise[0], axis=0))
    whole = plan.simulation.run(pd.DataFrame({"ease": np.ones(6)}), ["noise"], seed=3)
    np.testing.assert_array_equal(whole["noise"].values, noise[0])


def test_paired_differences_have_smaller_intervals_than_unpaired_ones(swept: Swept, tmp_path: Path) -> None:
    """Both scenarios move with ease; their difference only with slope, so pairing takes the common part away."""
    plan = swept(
        "scenarios: [actual, none]\noutputs: [total]\nkeep: [final]\n"
        "assumptions: {design: sobol, size: 256, seed: 1, over: [slope],\n"
        "  ranges: {ease: {low: 1, high: 3, distribution: uniform}}}\n"
    )
    run_sweep(plan, tmp_path / "out.zarr")
    end = sd_covid.open(tmp_path / "out.zarr")["total (final)"].sel(Group="young").isel(draw=0)
    actual, none = end.sel(scenario="actual").values, end.sel(scenario="none").values
    shuffled = np.random.default_rng(1).permutation(actual)
    paired, unpaired = (np.subtract(*np.quantile(none - other, [0.95, 0.05])) for other in (actual, shuffled))
    assert paired < 0.5 * unpaired


def test_scenarios_that_come_to_the_same_are_run_once(swept: Swept, tmp_path: Path) -> None:
    plan = swept("scenarios: [actual, same, none]\noutputs: [rate]\n" + VARIED)
    outcome = run_sweep(plan, tmp_path / "out.zarr")
    found = sd_covid.open(tmp_path / "out.zarr")
    assert '[["actual", "same"], ["none"]]' == found.attrs["run_once"]
    assert 18 == outcome.runs
    np.testing.assert_array_equal(found["rate"].sel(scenario="actual"), found["rate"].sel(scenario="same"))
    assert 2 == len((tmp_path / "out.zarr/.sweep/blocks").read_text().splitlines())


def test_a_setting_that_changes_nothing_makes_no_variant_unless_draws_move_it() -> None:
    defaults = {"ease": 1.0, "weight[young]": 1.0, "weight[old]": 2.0}
    settings = [{}, {"Ease": 1.0}, {"weight[young]": 1.0}, {"weight": 2.0}, {"weight[young]": 2.0}]

    def grouped(*moved: str) -> list[tuple[int, ...]]:
        return [item.scenarios for item in variants(settings, ConstantNames(defaults), defaults, moved)]

    assert [(0, 1, 2), (3, 4)] == grouped()
    assert [(0, 2), (1,), (3, 4)] == grouped("ease")
    assert [(0, 1), (2,), (3,), (4,)] == grouped("weight")


def test_a_scenario_may_change_a_constant_on_a_day(swept: Swept, town: Path, tmp_path: Path) -> None:
    (town / "scenarios/twice.yaml").write_text(
        "title: {nl: a, en: a}\nrationale: {nl: a, en: a}\nconstants: {ease: [{from: 2021-01-01, factor: 2}]}\n"
    )
    plan = swept("scenarios: [actual, twice]\noutputs: [total]\nkeep: [final]\n")
    with cluster(None, 1) as runner:
        run_sweep(plan, tmp_path / "there.zarr", runner=runner)
    run_sweep(plan, tmp_path / "here.zarr")
    end = sd_covid.open(tmp_path / "here.zarr")["total (final)"].sel(Group="young").values
    assert [24 * 4, 12 * 4 + 12 * 4 * 2] == end.ravel().tolist()
    assert contents(tmp_path / "here.zarr") == contents(tmp_path / "there.zarr")


def test_runs_that_fail_are_counted_and_located(swept: Swept, tmp_path: Path) -> None:
    plan = swept(
        "scenarios: [actual, same]\noutputs: [rate, strain]\nblock: 2\n"
        "assumptions: {design: factorial, values: {slope: [1, 10, 2, 40]}}\n"
    )
    outcome = run_sweep(plan, tmp_path / "out.zarr")
    assert (8, 4) == (outcome.runs, outcome.failed)
    found = sd_covid.open(tmp_path / "out.zarr").isel(draw=0)
    # 10 * (Time - 60) > 80 from month 69 on, 40 * (Time - 60) > 80 from month 63 on, of those that are saved
    for scenario in ("actual", "same"):
        np.testing.assert_array_equal(found["failed_time"].sel(scenario=scenario), [np.nan, 69, np.nan, 63])
        np.testing.assert_array_equal(found["failed_output"].sel(scenario=scenario), [-1, 1, -1, 1])


def test_values_beyond_single_precision_are_refused(swept: Swept, tmp_path: Path) -> None:
    plan = swept("outputs: [rate]\nassumptions: {design: factorial, values: {ease: [1, 1e300]}}\n")
    with pytest.raises(RunError, match="'rate' has values beyond those of float32; write 'dtype: float64'"):
        run_sweep(plan, tmp_path / "out.zarr")


def test_a_course_is_saved_as_often_as_asked(swept: Swept, tmp_path: Path) -> None:
    plan = swept("outputs: [total]\nevery: 12\n")
    run_sweep(plan, tmp_path / "out.zarr")
    found = sd_covid.open(tmp_path / "out.zarr")
    assert [60.0, 72.0, 84.0] == found["time"].values.tolist()
    np.testing.assert_array_equal(found["total"].values[0, 0, 0, :, 0], [0, 48, 96])


def test_a_sweep_that_is_not_done_opens_only_when_asked_to(swept: Swept, tmp_path: Path) -> None:
    plan = swept("scenarios: [actual, none]\noutputs: [rate]\nblock: 2\n" + VARIED)

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, tmp_path / "out.zarr", progress=stop)
    with pytest.raises(DataError, match="of 6 blocks are done; carry it on with --resume"):
        sd_covid.open(tmp_path / "out.zarr")
    found = sd_covid.open(tmp_path / "out.zarr", partial=True)
    assert np.isnan(found["rate"].sel(scenario="none")).any()
    assert np.isfinite(found["rate"].isel(scenario=0, assumption=slice(0, 4))).all()


@pytest.mark.parametrize("output", ["draw", "failed_time", "rate (final)", "a/b"])
def test_a_variable_that_is_called_like_something_in_the_store_is_refused(
    swept: Swept, town: Path, tmp_path: Path, output: str
) -> None:
    model = town / "models" / "town.mdl"
    names = "draw = 1 ~ Dmnl ~ |\nfailed_time = slope ~ Dmnl ~ |\n"
    names += '"rate (final)" = 1 ~ Dmnl ~ |\n"a/b" = 1 ~ Dmnl ~ |\na_b = slope ~ Dmnl ~ |\nINITIAL'
    model.write_text(model.read_text().replace("INITIAL", names, 1))
    plan = swept(f"outputs: [rate, a_b, '{output}']\nkeep: [course, final]\n")
    with pytest.raises(RunError, match="cannot be stored"):
        run_sweep(plan, tmp_path / "out.zarr")
    assert not list(tmp_path.glob("*out.zarr*"))
