"""Stored draws and later figures, on a straight line: the posterior of all figures is normal, in closed form."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sd_covid import figures as drawn
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.newest.update import update
from sd_covid.calibration.problem.measurements import from_registry, measurement_table
from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.calibration.samplers.paths import Bridge, unconstrained_path
from sd_covid.calibration.stored.seen import figure_of, record
from sd_covid.calibration.stored.store import (
    Posterior,
    read_posterior,
    tables_hash,
    versions,
    write_posterior,
)
from sd_covid.calibration.tables import Table
from sd_covid.calibration.workflow import check_stored, model_hash, posterior_file
from sd_covid.data import read_registry
from sd_covid.errors import DataError
from tests.report.drawing import words

from .analytic import decay, line
from .conftest import Write
from .test_posterior import PRIOR_MEAN, PRIOR_SD, SD, TIMES, line_problem

STUDY = Path(__file__).parents[2] / "calibration"
SEEN = 14  # figures of twenty that the stored draws have seen


def normal(times: np.ndarray, figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the posterior of a line through some figures."""
    design = np.column_stack([np.ones_like(times), times])
    covariance = np.linalg.inv(np.diag(PRIOR_SD**-2.0) + design.T @ design / SD**2)
    return covariance @ (PRIOR_MEAN / PRIOR_SD**2 + design.T @ figures / SD**2), covariance


def figures(outlier: float = 0.0) -> np.ndarray:
    found = 0.7 + 0.12 * TIMES + SD * np.random.default_rng(1).standard_normal(len(TIMES))
    found[-1] += outlier
    return found


def rows(path: Path) -> list[str]:
    return (path.parent / "m.tsv").read_text().splitlines()


def write_rows(path: Path, lines: list[str]) -> None:
    (path.parent / "m.tsv").write_text("\n".join(lines) + "\n")


def store(path: Path, times: np.ndarray, values: np.ndarray, draws: int = 1000) -> None:
    """Independent draws of the exact posterior of the figures that the tables have now, as four chains."""
    mean, covariance = normal(times, values)
    drawn = np.random.default_rng(8).multivariate_normal(mean, covariance, draws)
    problem = read_problem(path)
    frame = pd.DataFrame(drawn, columns=["start", "slope"])
    frame.insert(0, "chain", np.repeat(np.arange(4), draws // 4))
    frame.insert(1, "draw", np.tile(np.arange(draws // 4), 4))
    frame.insert(2, "log_posterior", Objective(problem, line()).log_posteriors(drawn)[0])
    told = {
        "constants": {"start": "start", "slope": "slope"},
        "best": {"start": float(mean[0]), "slope": float(mean[1])},
        "model_hash": model_hash(line()),
        "data_hash": tables_hash(problem),
        **record(problem),
        "method": "nuts",
        "seed": 0,
        "versions": versions(),
    }
    write_posterior(Posterior(frame, told), posterior_file(problem))


@pytest.fixture
def behind(tmp_path: Path) -> Path:
    """A problem of twenty figures, and draws that have seen fourteen."""
    path = line_problem(tmp_path, figures())
    whole = rows(path)
    write_rows(path, whole[: SEEN + 1])
    store(path, TIMES[:SEEN], figures()[:SEEN])
    write_rows(path, whole)
    return path


def check_normal(found: Posterior, mean: np.ndarray, covariance: np.ndarray) -> None:
    """Moments within four standard errors of 250 independent draws: a quarter of the draws, the rest are their kin."""
    drawn, sd = found.parameters.to_numpy(), np.sqrt(np.diag(covariance))
    assert np.all(np.abs(drawn.mean(axis=0) - mean) < 4 * sd / math.sqrt(250))
    assert np.all(np.abs(drawn.std(axis=0) - sd) < 4 * sd / math.sqrt(2 * 250))
    correlation = covariance[0, 1] / sd[0] / sd[1]
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(
        correlation, abs=4 * (1 - correlation**2) / math.sqrt(250)
    )


def test_an_update_is_the_posterior_of_all_figures(behind: Path) -> None:
    found = update(behind, simulator=line(), seed=1)
    assert found is not None
    assert found.faults == ()
    mean, covariance = normal(TIMES, figures())
    check_normal(found.posterior, mean, covariance)
    # what the new figures say beyond the old ones is no Monte Carlo error
    before = normal(TIMES[:SEEN], figures()[:SEEN])[1]
    assert covariance[1, 1] < 0.5 * before[1, 1]
    slope = found.parameters[1]
    assert slope.spread == pytest.approx(math.sqrt(covariance[1, 1] / before[1, 1]), rel=0.15)
    best = np.array(list(found.posterior.provenance["best"].values()))
    np.testing.assert_allclose(best, mean, atol=1e-4)


@pytest.mark.parametrize(("language", "now"), [("nl", "nu"), ("en", "now")])
def test_the_figure_has_both_intervals_in_standard_deviations_before(
    behind: Path, language: str, now: str
) -> None:
    found = update(behind, simulator=line(), seed=1)
    assert found is not None
    figure = drawn.parameter_shifts(found, language=language)
    moved = sorted(found.parameters, key=lambda item: -abs(item.shift))
    before, after = figure.axes[0].lines[:2]
    assert before.get_xdata() == pytest.approx([0.0, 0.0])
    assert after.get_xdata() == pytest.approx([item.shift for item in moved])
    assert {"was", now} <= set(words(figure))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [item.id for item in moved]


def test_what_is_stored_belongs_to_the_tables_and_has_seen_them(behind: Path) -> None:
    found = update(behind, simulator=line())
    assert found is not None
    write_posterior(found.posterior, posterior_file(found.problem))
    assert check_stored(behind, simulator=line()).matches
    assert update(behind, simulator=line()) is None
    (step,) = read_posterior(posterior_file(found.problem)).provenance["updates"]
    assert (step["added"], step["removed"]) == (6, 0)


def test_figures_that_go_or_change_are_taken_back_exactly(tmp_path: Path) -> None:
    path = line_problem(tmp_path, figures())
    store(path, TIMES, figures())
    whole = rows(path)
    changed = figures()
    changed[2] += 0.4
    whole[3] = whole[3].replace(repr(figures()[2].item()), repr(changed[2].item()))
    keep = [k for k in range(20) if k not in (5, 17)]
    write_rows(path, [whole[0], *(whole[k + 1] for k in keep)])
    found = update(path, simulator=line(), seed=3)
    assert found is not None
    assert [period for _, period in found.removed] == ["", ""]
    (revised,) = found.arrivals
    assert (revised.earlier, revised.figure) == (figures()[2], changed[2])
    check_normal(found.posterior, *normal(TIMES[keep], changed[keep]))


def test_predictions_of_new_figures_are_those_of_the_draws_before(behind: Path) -> None:
    """Normal: mean x'm, variance x'Vx + sd^2; its CRPS is Gneiting and Raftery's (2007, equation 21)."""
    found = update(behind, simulator=line())
    assert found is not None
    mean, covariance = normal(TIMES[:SEEN], figures()[:SEEN])
    assert len(found.arrivals) == 6
    for item, time, figure in zip(found.arrivals, TIMES[SEEN:], figures()[SEEN:], strict=True):
        at = np.array([1.0, time])
        sd = math.sqrt(at @ covariance @ at + SD**2)
        z = (figure - at @ mean) / sd
        score = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
        # a thousand draws: 0.016 of a percentile, 0.03 sd of a mean; three of these
        assert item.percentile == pytest.approx(stats.norm.cdf(z), abs=0.05)
        assert item.crps == pytest.approx(score, abs=0.1 * sd)
        assert item.predicted.low == pytest.approx(at @ mean - 1.645 * sd, abs=0.25 * sd)


def test_a_wild_outlier_makes_a_full_fit_due(tmp_path: Path) -> None:
    path = line_problem(tmp_path, figures(outlier=60.0))
    whole = rows(path)
    write_rows(path, whole[: SEEN + 1])
    store(path, TIMES[:SEEN], figures()[:SEEN])
    write_rows(path, whole)
    found = update(path, simulator=line())
    assert found is not None
    assert "far" in found.faults
    assert found.arrivals[-1].percentile == 1.0


def test_draws_that_do_not_tell_what_they_have_seen(behind: Path) -> None:
    file = behind.parent / "posterior.parquet"
    stored = read_posterior(file)
    told = {key: value for key, value in stored.provenance.items() if key not in ("figures", "settings_hash")}
    write_posterior(replace(stored, provenance=told), file)
    with pytest.raises(DataError, match="do not tell which figures they have seen") as caught:
        update(behind, simulator=line())
    assert "a full fit is due" in (caught.value.advice or "")
    write_rows(behind, rows(behind)[: SEEN + 1])
    assert update(behind, simulator=line()) is None  # the tables are those that they were made with


def test_more_than_figures_changed(behind: Path) -> None:
    table = behind.parent / "p.tsv"
    table.write_text(table.read_text().replace(f";{PRIOR_SD[1]}", ";0.5"))
    with pytest.raises(DataError, match="more than figures has changed"):
        update(behind, simulator=line())


def test_the_way_between_is_the_weighted_mean_of_both_likelihoods(write: Write) -> None:
    """Value and gradient on a problem of every kind of noise, against the two objectives apart."""
    path = write()
    after = read_problem(path)
    gone = {3, 5, 8}
    before = replace(after, measurements=[m for k, m in enumerate(after.measurements) if k not in gone])
    now = replace(after, measurements=[m for k, m in enumerate(after.measurements) if k != 1])
    removed = [after.measurements[1]]
    bridge = Bridge(now, decay(), removed, {figure_of(m) for m in before.measurements})
    old, new = Objective(before, decay()), Objective(now, decay())
    x = np.array([[10.5, 0.045, 0.3, 0.4, -0.2, 0.3], [9.5, 0.05, 0.5, 0.2, 0.1, -0.1]])
    first, second = old.log_likelihoods(x), new.log_likelihoods(x)
    for share in (0.0, 0.3, 1.0):
        value, slope, gain = bridge(x, share)
        # the same sums in another order
        np.testing.assert_allclose(value, (1 - share) * first[0] + share * second[0], rtol=1e-12)
        np.testing.assert_allclose(slope, (1 - share) * first[1] + share * second[1], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(gain, second[0] - first[0], rtol=1e-10)
    u = old.transform.unconstrained(x)
    value, slope, _ = unconstrained_path(bridge.objective, bridge, u[0], np.arange(6))(u, 1.0)
    expected = new.unconstrained_log_posteriors(u)
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)
    np.testing.assert_allclose(slope, expected[1], rtol=1e-10)


@pytest.fixture(scope="module")
def study() -> Problem:
    return read_problem(STUDY / "problem.yaml")


def test_the_registry_gives_the_rows_after_the_last_and_those_revised(study: Problem) -> None:
    """The table of the study without its last figures, and with one of another value, comes back as it is made."""
    registry = read_registry(STUDY / "series")
    published, other = study.tables["measurement"]
    made = measurement_table(study, registry, published.file)
    times: dict[str, list[float]] = {}
    for row in made.rows:
        times.setdefault(row.cells["observableId"], []).append(float(row.cells["time"]))
    cut = {name: sorted(values)[-3] if len(values) > 6 else math.inf for name, values in times.items()}
    short = [row for row in published.rows if float(row.cells["time"]) < cut[row.cells["observableId"]]]
    assert len(short) < len(published.rows)
    short[0] = replace(short[0], cells={**short[0].cells, "measurement": "9.9"})
    tables = {**study.tables, "measurement": [Table(published.file, published.columns, short), other]}
    found = from_registry(replace(study, tables=tables), registry)
    table, untouched = found.tables["measurement"]
    assert [dict(row.cells) for row in table.rows] == [dict(row.cells) for row in published.rows]
    assert [row.line for row in table.rows] == list(range(2, len(table.rows) + 2))
    assert [row.cells for row in untouched.rows] == [row.cells for row in other.rows]
    assert [figure_of(m) for m in found.measurements] == [figure_of(m) for m in study.measurements]
