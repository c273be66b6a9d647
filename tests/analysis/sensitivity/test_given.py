"""Sensitivity from given draws, against shares of variance that are known by construction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sd_covid.analysis.sensitivity.given import FEWEST_DRAWS, from_draws
from sd_covid.data.text import Text
from sd_covid.policy.catalogue.costs import Prices
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.scenario import Scenario

TIME = np.arange(0.0, 49.0)
NONE = Text("geen", "none")


def made(size: int, failed: int = 0) -> tuple[Comparison, pd.DataFrame]:
    """A difference that is early of the assumption `a`, late of `b`, and always a fifth of two correlated parameters.

    With u and v from 0 to 1 and a weight w from 0 to 1 over time: the difference is w u + (1 - w) v + p + q, of which u
    and v have variance 1/12, and p and q, which are correlated by 0.8, together 1/48.
    """
    rng = np.random.default_rng(3)
    stratified = [(rng.permutation(size) + rng.random(size)) / size for _ in range(6)]
    normal = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size)
    parameters = normal * np.sqrt(1 / 48 / 3.6)  # the variance of their sum is 3.6
    weight = TIME / TIME[-1]
    u, v = stratified[0][:, None], stratified[1][:, None]
    apart = (1 - weight) * u + weight * v + parameters.sum(axis=1, keepdims=True)
    draws = pd.DataFrame(
        {"a": stratified[0], "b": stratified[1], "p": parameters[:, 0], "q": parameters[:, 1]}
    )
    draws = draws.assign(**{f"idle {place}": column for place, column in enumerate(stratified[2:])})
    base = np.full(apart.shape, 100.0)
    scenarios = tuple(Scenario(name, Text(name, name), NONE, f"{name}.yaml") for name in ("null", "package"))
    found = Comparison(
        scenarios=scenarios,
        reference="null",
        outputs=(Output("y", Text("y", "y")),),
        time=TIME,
        date=(np.datetime64("2020-01") + np.arange(49).astype("timedelta64[M]")).astype("datetime64[D]"),
        member=np.arange(size),
        levels={"y": np.stack([base, base + apart])},
        failures=tuple(Failure("package", member, "y", 0.0) for member in range(failed)),
        costs=(),
        prices=Prices(source=NONE),
        levers={},
        assumptions={},
        varied=tuple(draws),
        provenance=Provenance("m", "h", "posterior", "d", 1),
    )
    return found, draws


def named(constant: str) -> tuple[Text, str]:
    return Text(f"de {constant}", f"the {constant}"), "C"


def test_shares_are_those_of_the_construction_at_the_start_midway_and_at_the_end():
    comparison, draws = made(2000)
    (found,) = from_draws(comparison, draws, "package", ["y"], ["p", "q"], named)
    (path,) = found.paths
    assert ["2020", "2021", "2022", "2023", "2024"] == [str(day)[:4] for day in path.date]
    at = {factor.id: path.indices.values["first"][place] for place, factor in enumerate(found.factors)}
    for moment, weight in ((0, 0.0), (2, 0.5), (4, 1.0)):
        parts = np.array([(1 - weight) ** 2 / 12, weight**2 / 12, 1 / 48])
        share = parts / parts.sum()
        # RBD-FAST of a line has an error of some hundredths at 2,000 draws, the adjusted R² of two parameters of less.
        assert [at["a"][moment], at["b"][moment], at["posterior"][moment]] == pytest.approx(share, abs=0.05)
    for name in at:
        if name.startswith("idle"):
            assert (at[name] < 0.03).all()
    assert "the a" == next(item.title.en for item in found.factors if item.id == "a")


def test_correlated_parameters_share_alike_what_they_explain_together():
    comparison, draws = made(2000)
    (found,) = from_draws(comparison, draws, "package", ["y"], ["p", "q"], named)
    within = found.paths[0].within
    assert within is not None
    assert {"p", "q"} == {name for name, _, _ in within.shares}
    # Alike by symmetry, but for the sample's own asymmetry and chance correlations with the rest: 1 / √2000 each.
    first, second = (share for _, share, _ in within.shares)
    assert first == pytest.approx(second, abs=0.03)
    assert first + second == pytest.approx(
        0.2, abs=0.05
    )  # 1/48 of 5/48 at either end, where the spread is largest


def test_failed_draws_count_nowhere_and_too_few_draws_tell_nothing():
    comparison, draws = made(FEWEST_DRAWS + 1, failed=1)
    assert (FEWEST_DRAWS,) == tuple(
        item.samples for item in from_draws(comparison, draws, "package", ["y"], ["p", "q"], named)
    )
    comparison, draws = made(FEWEST_DRAWS + 1, failed=2)
    assert () == from_draws(comparison, draws, "package", ["y"], ["p", "q"], named)


def test_a_difference_that_does_not_vary_depends_on_nothing():
    comparison, draws = made(FEWEST_DRAWS)
    comparison.levels["y"][1] = comparison.levels["y"][0] + 1.0
    assert () == from_draws(comparison, draws, "package", ["y"], ["p", "q"], named)
