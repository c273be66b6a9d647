"""The ledger of payers and levers. Expected values: by hand, and the law that a sum does not depend on its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.policy.appraisal.effectiveness import cost_totals, extra_cost
from sd_covid.policy.appraisal.ledger import ledger
from sd_covid.policy.catalogue.accounts import PAYERS, Accounts, read_accounts
from sd_covid.policy.catalogue.costs import Prices
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.comparison.spread import Spread
from tests.policy.ledgers import compared

#: Sums and products of a few numbers of double precision.
ROUNDING = 1e-12
#: Two levers: one of the Rijk alone, one shared 3 : 1 by municipalities and insurers, half of it reaching households.
COSTS = {"guidance": np.array([[100.0, 51.0]]), "care": np.array([[40.0, 0.0]])}
ACCOUNTS = {
    "guidance": Accounts({"national": 1.0}),
    "care": Accounts({"municipal": 0.75, "insurers": 0.25}, {"households": 0.5}),
}
PRICES = Prices(2020, 2020, 0.0225, {2020: 100.0, 2021: 102.0})
#: 51 of 2021 is 50 in prices of 2020, discounted one year.
GUIDANCE = 100.0 + 50.0 / 1.0225


def of(payer: str) -> int:
    return PAYERS.index(payer)  # type: ignore[arg-type]


def test_a_ledger_of_two_levers_and_three_payers_worked_out_by_hand() -> None:
    book = ledger(compared(COSTS, ACCOUNTS, {}, prices=PRICES), "package")
    np.testing.assert_allclose([[GUIDANCE], [40.0]], book.present, rtol=ROUNDING)
    by_payer = book.paid_present().sum(axis=0)[:, 0]
    expected = {"national": GUIDANCE, "municipal": 30.0, "insurers": 10.0}
    np.testing.assert_allclose([expected.get(payer, 0.0) for payer in PAYERS], by_payer, rtol=ROUNDING)
    np.testing.assert_allclose(20.0, book.received_present()[1, of("households"), 0], rtol=ROUNDING)
    # Society gives up what is paid less what others receive: 100 + 40 - 20 in 2020, 50 in 2021.
    np.testing.assert_allclose([[120.0, 50.0]], book.resources(), rtol=ROUNDING)


def test_the_cost_table_and_the_ledger_agree() -> None:
    comparison = compared(COSTS, ACCOUNTS, {}, prices=PRICES)
    totals = cost_totals(comparison, "package")
    np.testing.assert_allclose(
        sum(item.present_value_difference.mean for item in totals),
        extra_cost(comparison, "package")[0].mean(),
        rtol=ROUNDING,
    )


def test_a_lever_without_accounts_is_assigned_to_nobody_and_one_without_a_price_is_pm() -> None:
    costs = {"guidance": np.array([[5.0]]), "pause": np.array([[np.nan]])}
    book = ledger(compared(costs, {}, {}), "package")
    assert ("guidance",) == book.levers
    assert ("pause",) == book.unpriced
    assert 5.0 == book.paid_present()[0, of("unassigned"), 0]


def test_an_unpriced_lever_at_nil_on_other_days_costs_nothing() -> None:
    """A lever that is pulled in neither scenario is no PM, whatever its dates."""
    comparison = compared({"pause": np.array([[np.nan]])}, {}, {})
    days = [(date(2020, 3, 1), date(2021, 3, 1)), (date(2021, 3, 1), date(2022, 3, 1))]
    scenarios = tuple(
        replace(item, levers={"pause": LeverSetting(0.0, *pair)})
        for item, pair in zip(comparison.scenarios, days, strict=True)
    )
    assert () == ledger(replace(comparison, scenarios=scenarios), "package").unpriced


@pytest.mark.parametrize("share", ["0.333", "0.3335"])
def test_shares_that_are_all_received_leave_nothing_for_society_to_give_up(
    tmp_path: Path, share: str
) -> None:
    """A third is written as 0.333: what is paid all the same arrives as a whole."""
    file = tmp_path / "accounts.yaml"
    parties = ", ".join(f"{name}: {share}" for name in ("households", "business", "insurers"))
    file.write_text(f"paid_by: {{national: 1}}\nreceived_by: {{{parties}}}\nbasis: invented\n")
    found = read_accounts(read_yaml(file))
    book = ledger(compared({"a": np.array([[300.0]])}, {"a": found}, {}), "package")
    np.testing.assert_allclose(book.resources(), 0.0, atol=300 * np.finfo(float).eps)


amount = st.floats(-1e5, 1e5, allow_nan=False)
shares = st.dictionaries(st.sampled_from(PAYERS[:-1]), st.floats(0.01, 1.0), min_size=1).map(
    lambda found: {payer: share / sum(found.values()) for payer, share in found.items()}
)


@given(
    costs=st.lists(arrays(np.float64, (3, 4), elements=amount), min_size=1, max_size=4),
    paid=st.lists(shares, min_size=4, max_size=4),
    rate=st.floats(0.0, 0.1),
)
def test_totals_over_payers_and_over_levers_are_the_present_value_by_year(
    costs: list[np.ndarray], paid: list[dict], rate: float
) -> None:
    named = {f"lever {row}": path for row, path in enumerate(costs)}
    accounts = {name: Accounts(share) for name, share in zip(named, paid, strict=False)}
    prices = Prices(2020, 2020, rate, {year: 100.0 + year - 2020 for year in range(2020, 2024)})
    comparison = compared(named, accounts, {}, prices=prices)
    book = ledger(comparison, "package")
    matrix = book.paid_present()
    by_year = prices.present_value(np.sum(costs, axis=0), (2020, 2021, 2022, 2023))
    # Up to 4 levers × 4 years of 1e5, summed in another order.
    absolute = 16 * 1e5 * 4 * len(PAYERS) * np.finfo(float).eps
    np.testing.assert_allclose(by_year, matrix.sum(axis=(0, 1)), rtol=0, atol=absolute)
    np.testing.assert_allclose(by_year, book.present.sum(axis=0), rtol=0, atol=absolute)
    np.testing.assert_allclose(matrix.sum(axis=1), book.present, rtol=0, atol=absolute)
    np.testing.assert_allclose(by_year, extra_cost(comparison, "package")[0], rtol=0, atol=absolute)


def test_members_that_failed_are_left_out_of_the_ledger() -> None:
    costs = {"guidance": np.array([[1.0], [2.0], [4.0]])}
    book = ledger(compared(costs, {}, {}, failed=[1]), "package")
    np.testing.assert_array_equal([[1.0, 4.0]], book.present)


def test_a_paired_difference_has_a_smaller_interval_than_an_unpaired_one() -> None:
    # Every draw has a level of its own (sd 50), which both scenarios share, and an effect of 10 (sd 1).
    rng = np.random.default_rng(3)
    level, effect = rng.normal(700.0, 50.0, (400, 1)), rng.normal(10.0, 1.0, (400, 1))
    null = np.repeat(level, 13, axis=1)
    comparison = compared({"a": np.zeros((1, 1))}, {}, {"debt": (null, null - effect)})
    paired = comparison.total("debt", "package", (2020, 2020)).difference
    # Other draws for the package than for the null alternative: the levels no longer drop out.
    other = np.roll(null - effect, 200, axis=0)
    unpaired = compared({"a": np.zeros((1, 1))}, {}, {"debt": (null, other)}).total(
        "debt", "package", (2020, 2020)
    )
    widths = [high - low for low, high in (paired.interval, unpaired.difference.interval)]
    # Of a normal: 3.29 sd, so 3.29 against 3.29 × √(2 × 50² + 1) = 233; a sample of 400 errs by a tenth.
    assert widths[0] == pytest.approx(3.29, rel=0.15)
    assert widths[1] == pytest.approx(232.7, rel=0.15)
    assert paired.mean == pytest.approx(unpaired.difference.mean, abs=1e-9)


def test_nothing_differs_from_itself() -> None:
    comparison = compared(COSTS, ACCOUNTS, {}, prices=PRICES)
    book = ledger(comparison, "null")
    assert Spread.of(book.present.sum(axis=0)).interval == (0.0, 0.0)
