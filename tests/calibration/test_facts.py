"""Soft facts: their distributions against numerical convolution, their quantities against a run in closed form."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.facts.distribution import LogNormal, Normal, SoftTriangle, SoftUniform
from sd_covid.calibration.facts.reading import read_fact
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.yamlfile import read_yaml
from sd_covid.errors import ProblemError

from .analytic import decay
from .conftest import Write

X = np.array([10.5, 0.045, 0.3, 0.4, -0.2, 0.3])  # start, rate, sd, rho, offset, wave
Y = "problem.yaml"
SOFT = {
    "uniform": (SoftUniform(0.25, 0.35, 0.02), stats.uniform(0.25, 0.1)),
    "triangle": (SoftTriangle(0.25, 0.28, 0.35, 0.02), stats.triang(0.3, 0.25, 0.1)),
}
PLACES = [0.1, 0.2, 0.24, 0.27, 0.28, 0.3, 0.33, 0.36, 0.42]


@pytest.mark.parametrize("kind", SOFT)
@pytest.mark.parametrize("x", PLACES)
def test_soft_edges_are_a_convolution_with_a_normal(kind: str, x: float) -> None:
    found, hard = SOFT[kind]
    inside = lambda y: hard.pdf(y) * stats.norm(x, 0.02).pdf(y)  # noqa: E731
    expected = integrate.quad(inside, 0.25, 0.35, points=[0.28], epsabs=0, epsrel=1e-10)[0]
    assert found.log_density(x)[0] == pytest.approx(math.log(expected), abs=1e-8)  # of the quadrature


DISTRIBUTIONS = [*[item for item, _ in SOFT.values()], Normal(0.3, 0.05), LogNormal(0.3, 0.2)]


@pytest.mark.parametrize("found", DISTRIBUTIONS, ids=lambda item: type(item).__name__)
def test_slopes_agree_with_central_differences(found) -> None:
    for x in [*PLACES, 0.9]:
        ahead, behind = found.log_density(x + 1e-6)[0], found.log_density(x - 1e-6)[0]
        # values up to a thousand times 1e-16 over the step, and the kinks' third derivatives times its square
        assert found.log_density(x)[1] == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("found", DISTRIBUTIONS, ids=lambda item: type(item).__name__)
def test_quantiles_hold_their_probability(found) -> None:
    for probability in (0.05, 0.5, 0.95):
        place = float(found.quantile(np.array([probability]))[0])
        below = integrate.quad(lambda x: math.exp(found.log_density(x)[0]), 1e-9, place, points=[0.25])[0]
        assert below == pytest.approx(probability, abs=1e-5)  # cells of a five-hundredth of the edge


def test_far_outside_the_bounds_the_slope_still_points_in() -> None:
    for found, _ in SOFT.values():
        for x, sign in ((-30.0, 1.0), (30.0, -1.0)):
            value, slope = found.log_density(x)
            assert math.isfinite(value)
            assert slope * sign > 0


FACTS = """\
    soft_facts:
      later:
        terms: {at_end: {of: level, at: 2016-06}, at_start: {of: level, at: 2015-06}}
        formula: at_end/at_start + 0*offset
        distribution: {kind: soft-uniform, between: [0.5, 0.6], edge: 0.02}
        unit: "1"
        source: a guess
      peak:
        terms: {top: {of: level + lost*wave, from: 2015-02, to: 2015-12, take: maximum}}
        distribution: {kind: normal, mean: 10, sd: 0.5}
      mean_loss:
        terms: {loss: {of: lost, from: 0, to: 12, take: mean}}
        distribution: {kind: log-normal, between: [2, 4], probability: 0.8}
      dip:
        terms: {low: {of: level, from: 2015-02, to: 2017-12, take: minimum}}
        distribution: {kind: triangular, between: [1, 4], mode: 2, edge: 0.3}
        split: holdout
      faster:
        terms: {gone: {of: lost, from: 2015-01, to: 2015-12, take: change}}
        distribution: {kind: normal, between: [5, 7], probability: 0.6827}
        experiment: fast
"""
PLACE = "      obs_lost: {aggregation: change, period: 12}\n"


def with_facts(old: str = "", new: str = "") -> tuple[str, str, str]:
    assert old in FACTS
    return (Y, PLACE, PLACE + FACTS.replace(old, new, 1))


def level(t: float, rate: float = 0.045) -> float:
    return 10.5 * math.exp(-rate * t)


def test_facts_add_their_log_density_at_the_quantity(write: Write) -> None:
    plain = Objective(read_problem(write()), decay()).log_likelihood(X)[0]
    found = Objective(read_problem(write(with_facts())), decay()).log_likelihood(X)[0] - plain
    lost = np.array([10.5 - level(t) for t in range(13)])
    top = max(level(t) + 0.3 * (10.5 - level(t)) for t in range(1, 13))
    spread = math.log(2) / 2 / stats.norm.ppf(0.9)
    expected = SOFT["uniform"][0].__class__(0.5, 0.6, 0.02).log_density(level(18) / level(6))[0]
    expected += stats.norm(10, 0.5).logpdf(top)
    expected += stats.lognorm(spread, scale=math.sqrt(8)).logpdf(np.trapezoid(lost) / 12)
    expected += SoftTriangle(1, 2, 4, 0.3).log_density(level(36))[0]
    expected += stats.norm(6, 1 / stats.norm.ppf(0.5 + 0.6827 / 2)).logpdf(10.5 - level(12, 0.09))
    assert found == pytest.approx(expected, abs=1e-10)


def test_the_gradient_of_facts_agrees_with_central_differences(write: Write) -> None:
    objective = Objective(read_problem(write(with_facts())), decay())
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


def test_facts_held_out_or_about_a_later_time_do_not_count(write: Write) -> None:
    problem, model = read_problem(write(with_facts())), decay()

    def counted(**options: float) -> list[str]:
        objective = Objective(problem, model, **options)
        return sorted(fact.fact.id for experiment in objective.experiments for fact in experiment.facts)

    assert counted() == ["dip", "faster", "later", "mean_loss", "peak"]
    assert counted(holdout=False) == ["faster", "later", "mean_loss", "peak"]
    assert counted(until=12.0) == ["faster", "mean_loss", "peak"]


FAULTS = [
    ("at: 2016-06", "at: 2016-13", "later.terms.at_end.at", "not a month", "2021-06"),
    ("at: 2016-06", "at: 2016-06, take: mean", "later.terms.at_end.take", "no window", "leave out"),
    ("take: maximum", "take: maximun", "peak.terms.top.take", "'maximun'", "'maximum'"),
    ("to: 2015-12, take: max", "to: 2014-12, take: max", "peak.terms.top.to", "before it begins", "from"),
    ("of: level + lost*wave", "of: level + + *", "peak.terms.top.of", "cannot be read", "functions"),
    ("kind: soft-uniform", "kind: soft-unform", "later.distribution.kind", "'soft-unform'", "'soft-uniform'"),
    ("edge: 0.02", "edge: 0.2", "later.distribution.edge", "half the width", "normal"),
    ("edge: 0.02", "egde: 0.02", "later.distribution.egde", "not a known key", "'edge'"),
    ("[0.5, 0.6]", "[0.6, 0.5]", "later.distribution.between", "not below", "[low, high]"),
    ("[2, 4]", "[0, 4]", "mean_loss.distribution.between", "no logarithm", "normal"),
    ("probability: 0.8", "probability: 80", "mean_loss.distribution.probability", "no share", "0.9"),
    ("mode: 2", "mode: 5", "dip.distribution.mode", "does not lie between", "move"),
    ("formula: at_end/at_start", "formula: at_end/at_strat", "later.formula", "'at_strat'", "'at_start'"),
    ("        formula: at_end/at_start + 0*offset\n", "", "later", "no formula", "at_end - at_start"),
    ("experiment: fast", "experiment: fats", "faster.experiment", "'fats'", "'fast'"),
    (
        "at_end/at_start + 0*offset",
        "at_end + 0*offset",
        "later.terms.at_start",
        "not in the formula",
        "remove",
    ),
    ("split: holdout", "split: held", "dip.split", "'held'", "use one"),
    ("        unit:", "        units:", "later.units", "not a known key", "'unit'"),
    ("{top: {of: level + lost*wave, from: 2015-02, to: 2015-12, take: maximum}}", "top", "peak.terms", "by name",
     "{peak: {of"),
    ("{of: lost, from: 0, to: 12, take: mean}", "lost", "mean_loss.terms.loss", "with 'of'", "of: OUTPUT"),
    ("{loss: {of", "{2loss: {of", "mean_loss.terms.2loss", "not an identifier", "letters"),
    ("to: 12, take: mean", "to: 12", "mean_loss.terms.loss", "'take' is missing", "from, to and take"),
    ("        distribution: {kind: normal, mean: 10, sd: 0.5}\n", "", "peak", "terms and a distribution",
     "distribution: {"),
    ("{kind: normal, mean: 10, sd: 0.5}", "normal", "peak.distribution", "with a kind", "kind: soft-uniform"),
    ("mean: 10, sd: 0.5", "mean: 10", "peak.distribution", "'sd' is missing", "give sd"),
    ("between: [5, 7]", "between: 6", "faster.distribution.between", "two bounds", "[0.25, 0.35]"),
    ("[5, 7], probability", "[5, 7], mean: 6, probability", "faster.distribution.mean", "says it already", "leave out"),
    ("sd: 0.5", "sd: 0.5, probability: 0.9", "peak.distribution.probability", "no 'between'", "leave it out"),
    ("{top: {of: level + lost*wave", "{rate: {of: level + lost*wave", "peak.terms.rate", "also a parameter", "rename"),
    ("      peak:\n", "      obs_mean:\n", "obs_mean", "also an observable", "'fact_obs_mean'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "key", "reason", "advice"), FAULTS, ids=[f"{c[2]}:{c[1]}"[:40] for c in FAULTS]
)
def test_a_fault_in_a_fact_is_refused_at_its_key(write, old, new, key, reason, advice) -> None:
    with pytest.raises(ProblemError) as caught:
        read_problem(write(with_facts(old, new)))
    assert caught.value.variable == f"extensions.sd_covid.soft_facts.{key}"
    assert caught.value.line is not None
    assert caught.value.line > 14  # below 'soft_facts'
    assert reason in caught.value.reason
    assert advice in (caught.value.advice or "")


def test_the_facts_on_the_page_about_calibration_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")
    block = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "facts.yaml").write_text(block, encoding="utf-8")
    document = read_yaml(tmp_path / "facts.yaml")
    facts = {
        name: read_fact(document, ("soft_facts", name), name, item)
        for name, item in document.data["soft_facts"].items()
    }
    assert [fact.end for fact in facts.values()] == [78.0, 84.0]  # the ends of June and December 2021


def test_an_output_that_the_model_does_not_have_is_refused(write: Write) -> None:
    problem = read_problem(write(with_facts("of: level, at: 2016-06", "of: levl, at: 2016-06")))
    with pytest.raises(ProblemError, match="'levl' is neither an output nor a parameter") as caught:
        Objective(problem, decay())
    assert "'level'" in (caught.value.advice or "")
