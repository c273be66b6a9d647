"""Seasons, sums of flows, ratios of sums, years that are no calendar years: by hand, from a run in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.observation import aggregation
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.season import Seasonal
from sd_covid.calibration.settings import ObservationSetting
from sd_covid.calibration.stored.store import tables_hash

from .analytic import decay
from .conftest import Write

X = np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3])  # start, rate, sd, rho, offset, wave
Y, B, M = "problem.yaml", "observables.tsv", "measurements.tsv"
LEVEL = "obs_level: {aggregation: end, period: 1, autocorrelation: rho"


def level(t: np.ndarray | float) -> np.ndarray:
    return 10.5 * np.exp(-0.045 * np.asarray(t))


def likelihood(*problem_changes: tuple[str, str, str], write: Write) -> float:
    return Objective(read_problem(write(*problem_changes)), decay()).log_likelihood(X)[0]


def check_gradient(objective: Objective) -> None:
    _, gradient = objective.log_likelihood(X)
    step = 1e-5 * np.maximum(1e-2, np.abs(X))
    for index in range(len(X)):
        bump = np.zeros_like(X)
        bump[index] = step[index]
        values = [objective.log_likelihood(X + side * bump)[0] for side in (1, -1)]
        # values of a hundred times 1e-16 over steps from 1e-7
        assert gradient[index] == pytest.approx(
            (values[0] - values[1]) / (2 * step[index]), rel=1e-6, abs=1e-6
        )


def test_a_sum_is_the_mean_times_the_period_and_a_change_is_of_the_cumulated_sum() -> None:
    grid = np.arange(0.0, 13.0)
    flow = 3.0 + 0.5 * grid  # linear: the trapezoid rule is exact
    ends = np.array([6.0, 12.0])
    summed = aggregation("sum", ends, 6.0, grid) @ flow
    np.testing.assert_allclose(summed, 6.0 * (aggregation("mean", ends, 6.0, grid) @ flow), rtol=1e-15)
    cumulated = 3.0 * grid + 0.25 * grid**2
    np.testing.assert_allclose(summed, aggregation("change", ends, 6.0, grid) @ cumulated, rtol=1e-14)


def test_a_rate_over_a_year_is_the_flow_of_the_year_over_the_mean_stock(write: Write) -> None:
    changes = (
        (
            Y,
            "obs_lost: {aggregation: change, period: 12}",
            "obs_lost: {aggregation: {lost: change}, period: 12}",
        ),
        (B, "lost + fixed_offset", "lost/level + 0*fixed_offset"),
    )
    stock = level(np.arange(25.0))
    rates = [
        (stock[first] - stock[first + 12]) / np.trapezoid(stock[first : first + 13], dx=1.0) * 12
        for first in (0, 12)
    ]
    lost = [stock[0] - stock[12] + 0.5, stock[12] - stock[24] + 0.5]
    expected = stats.laplace(rates[0], 0.4).logpdf(4.9) + stats.laplace(rates[1], 0.3).logpdf(2.6)
    before = stats.laplace(lost[0], 0.4).logpdf(4.9) + stats.laplace(lost[1], 0.3).logpdf(2.6)
    found = likelihood(*changes, write=write) - likelihood(write=write)
    assert found == pytest.approx(expected - before, abs=1e-10)
    check_gradient(Objective(read_problem(write(*changes)), decay()))


@pytest.mark.parametrize("by", ["month", "quarter", "half-year"])
def test_seasonal_terms_of_a_year_add_to_zero(by: str) -> None:
    from sd_covid.calibration.formula import evaluate
    from sd_covid.calibration.season import SEASONS

    names = SEASONS[by]
    seasonal = Seasonal(by, {name: 0.1 * place**2 for place, name in enumerate(names[:-1])})
    assert [seasonal.season(float(month)) for month in (1, 12)] == [names[0], names[-1]]
    total = sum(float(evaluate(seasonal.term(seasonal.season(end)), {})) for end in np.arange(1.0, 13.0))
    assert total == pytest.approx(0.0, abs=1e-12)  # a dozen roundings


def test_a_seasonal_term_is_added_to_the_figure_of_its_quarter(write: Write) -> None:
    """With the term taken from the figures instead, the likelihood is the same."""
    seasonal = LEVEL + ", seasonal: {by: quarter, terms: {Q1: wave, Q2: 0.2, Q3: -0.1}}"
    term = {1: 0.3, 2: 0.3, 4: 0.2, 7: -0.1}
    moved = [
        (M, f"obs_level\t\t{value}\t{time}\t", f"obs_level\t\t{value - term[time]!r}\t{time}\t")
        for value, time in ((9.7, 1), (9.1, 2), (8.4, 4), (7.2, 7))
    ]
    found = likelihood((Y, LEVEL, seasonal), write=write)
    assert found == pytest.approx(likelihood(*moved, write=write), abs=1e-10)
    check_gradient(Objective(read_problem(write((Y, LEVEL, seasonal))), decay()))


def test_a_seasonal_term_of_logarithms_multiplies(write: Write) -> None:
    plain = "obs_mean: {aggregation: mean, period: 3"
    seasonal = plain + ", seasonal: {by: quarter, terms: {Q1: wave, Q2: 0, Q3: 0}}"
    found = likelihood((Y, plain, seasonal), write=write) - likelihood(write=write)
    points = level(np.arange(4.0))
    mean = float((points[0] / 2 + points[1] + points[2] + points[3] / 2) / 3) - 0.2
    times = mean * np.exp(0.3)
    expected = stats.lognorm(0.3 * (1 + 0.1 * times), scale=times).logpdf(9.6)
    expected -= stats.lognorm(0.3 * (1 + 0.1 * mean), scale=mean).logpdf(9.6)
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_school_year_may_run_from_october(write: Write) -> None:
    setting = ObservationSetting(period=12, starts_in=10)
    assert setting.span(pd.Period("2021", freq="Y"), "school year") == (69.0, 81.0)
    assert ObservationSetting(period=12).span(pd.Period("2021", freq="Y"), "school year") == (67.0, 79.0)
    october = (Y, "period: 12}", "period: 12, starts_in: 10}")
    figures = ((M, "\t4.9\t12", "\t4.9\t21"), (M, "\t2.6\t24", "\t2.6\t33"))
    stock = level(np.arange(34.0))
    lost = [stock[9] - stock[21] + 0.5, stock[21] - stock[33] + 0.5]
    before = level(np.array([0.0, 12.0, 24.0]))
    expected = stats.laplace(lost[0], 0.4).logpdf(4.9) + stats.laplace(lost[1], 0.3).logpdf(2.6)
    expected -= stats.laplace(before[0] - before[1] + 0.5, 0.4).logpdf(4.9)
    expected -= stats.laplace(before[1] - before[2] + 0.5, 0.3).logpdf(2.6)
    found = likelihood(october, *figures, write=write) - likelihood(write=write)
    assert found == pytest.approx(expected, abs=1e-10)


FAMILIES = [
    ("noise: student-t, freedom: start}", "0.3", "persons"),
    ("survey: {size: 100, design_effect: 1.5, per: 20}}", "0.3", "persons"),
    ("noise: beta-binomial, survey: {size: 100, per: 20}}", "0.3", "persons"),
    ("noise: binomial, survey: {size: 100, per: 20}}", "0", "persons"),
    ("noise: poisson, each: 10}", "0", "persons"),
    ("noise: negative-binomial, each: 10, seasonal: {by: month, terms: {%s}}}", "0.3", "persons"),
]
MONTHS = "Jan: wave, Feb: 0, Mar: 0, Apr: 0, May: 0, Jun: 0, Jul: 0, Aug: 0, Sep: 0, Oct: 0, Nov: 0"


@pytest.mark.parametrize(("block", "noise", "unit"), FAMILIES, ids=[case[0][:25] for case in FAMILIES])
def test_every_family_passes_its_derivatives_on_to_the_parameters(
    write: Write, block: str, noise: str, unit: str
) -> None:
    block = block.replace("%s", MONTHS)
    old = "obs_level: {aggregation: end, period: 1, autocorrelation: rho}"
    memory = ", autocorrelation: rho" if "student" in block or block.startswith("survey") else ""
    changes = [(Y, old, "obs_level: {aggregation: end, period: 1" + memory + ", " + block)]
    changes.append((B, "\tsd\tnormal", f"\t{noise}\tnormal"))
    if not memory:  # a parameter that nothing uses is refused
        changes.append(
            (
                Y,
                "obs_mean: {aggregation: mean, period: 3}",
                "obs_mean: {aggregation: mean, period: 3, autocorrelation: rho}",
            )
        )
    check_gradient(Objective(read_problem(write(*changes)), decay()))


def test_a_figure_may_have_a_sample_size_of_its_own(write: Write) -> None:
    survey = (Y, LEVEL, LEVEL + ", survey: {size: 50, per: 20}")
    path = write(survey)
    table = path.parent / M
    everyone = Objective(read_problem(path), decay()).log_likelihood(X)[0]
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    rows = [
        [*lines[0], "sample_size"],
        *[[*line, "50" if line[0] == "obs_level" else ""] for line in lines[1:]],
    ]
    table.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    assert Objective(read_problem(path), decay()).log_likelihood(X)[0] == everyone
    rows[1][-1] = "5"
    table.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    assert Objective(read_problem(path), decay()).log_likelihood(X)[0] != everyone


def test_a_setting_that_is_not_used_leaves_the_hash_of_the_tables_as_it_was(write: Write) -> None:
    """Draws made before a setting existed still belong to their problem."""
    assert set(ObservationSetting().content()) == {
        "aggregation", "period", "autocorrelation", "equivalent_to", "difference_sd", "by_definition",
    }  # fmt: skip
    plain = tables_hash(read_problem(write()))
    assert tables_hash(read_problem(write((Y, LEVEL, LEVEL + ", survey: {size: 50, per: 20}")))) != plain
