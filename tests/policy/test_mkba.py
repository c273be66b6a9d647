"""The table of costs and benefits. Expected values: worked out by hand beside each, and closed forms of annuities."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError
from sd_covid.policy.appraisal.benefits import Benefits, Effect, Overlap, Uncertain, UnitValue
from sd_covid.policy.appraisal.benefits_file import read_benefits
from sd_covid.policy.appraisal.mkba import internal_rate, mkba
from sd_covid.policy.appraisal.package import Appraisal, appraise, overlap
from sd_covid.policy.catalogue.accounts import PAYERS, Accounts
from sd_covid.policy.catalogue.costs import Prices
from tests.policy.ledgers import compared

ROUNDING = 1e-11
#: The rows of evidence that the catalogue names, and the head of the table.
EVIDENCE = ("constant", "social cost per household in debt")
NONE = Text()
STUDY = Path(__file__).parents[2] / "scenarios" / "benefits.yaml"


def effect(name: str, variable: str, better: str = "lower", **money: object) -> Effect:
    return Effect(name, NONE, NONE, variable, "", better, True, **money)  # type: ignore[arg-type]


def worth(
    amount: float, gains: dict | None = None, *, prices: int = 2020, held: Overlap | None = None
) -> UnitValue:
    return UnitValue(Uncertain(amount), prices, gains or {"households": 1.0}, NONE, NONE, "C", held)


def level(*years: float) -> np.ndarray:
    """A path of months that stays at one level in each year; the saved point at a turn of the year is their mean."""
    months = np.repeat(years, 12)
    return np.append(months, years[-1])[None, :]


def worked() -> Appraisal:
    """Two levers, two payers, two effects and a transfer, over two years in prices of 2020, discounted at 10 %.

    Debt: 700 thousand households without the package; with it 699 in 2020 and 698 in 2021 (a year's mean is taken by
    the trapezium rule over 13 points: the step at the turn of the year makes the mean of 2020 of the package
    699 - 1/24, as half of the last month lies half way to 698). So 1 + 1/24 thousand household-years in 2020, 2 in
    2021, each worth 11 thousand euro.
    """
    debt = level(700.0, 700.0), level(699.0, 698.0)
    benefits = level(50.0, 50.0), level(49.0, 49.0)
    catalogue = Benefits(
        {
            "debt": effect("debt", "debt", value=worth(11.0, {"business": 0.5, "national": 0.5})),
            "benefits": effect("benefits", "ww", value=worth(20.0, {"national": 1.0, "households": -1.0})),
            "lonely": effect("lonely", "debt", pm=Text("PM", "PM")),
        },
        periods=((2020, 2020), (2021, 2021), (2022, 2030)),
    )
    comparison = compared(
        {"help": np.array([[12.0, 0.0]]), "grant": np.array([[8.0, 8.0]])},
        {"help": Accounts({"municipal": 1.0}), "grant": Accounts({"national": 1.0}, {"households": 1.0})},
        {"debt": debt, "ww": benefits},
        prices=Prices(2020, 2020, 0.10),
    )
    return appraise(comparison, catalogue, "package")


GAIN = np.array([1.0 + 1.0 / 24.0, 2.0])


def test_a_table_worked_out_by_hand() -> None:
    table = mkba(worked())
    rows = {row.effect.id: row for row in table.effects}
    first, later = 1.0, 1 / 1.1
    np.testing.assert_allclose(GAIN.sum(), rows["debt"].total.mean, rtol=ROUNDING)
    assert [(2020, 2020), (2021, 2021)] == list(rows["debt"].physical)
    value = 11.0 * (GAIN[0] * first + GAIN[1] * later)
    np.testing.assert_allclose(value, rows["debt"].present.mean, rtol=ROUNDING)  # type: ignore[union-attr]
    # 12 of help is given up; the grant of 8 a year arrives at households in full.
    np.testing.assert_allclose(12.0, table.resources.mean, rtol=ROUNDING)
    np.testing.assert_allclose(12.0 + 8.0 * (first + later), table.costs.mean, rtol=ROUNDING)
    np.testing.assert_allclose(value - 12.0, table.balance.mean, rtol=ROUNDING)
    assert rows["lonely"].present is None
    assert table.has_pm


def test_a_transfer_shifts_between_accounts_and_leaves_the_balance() -> None:
    table = mkba(worked())
    rows = {row.payer: row for row in table.accounts}
    shifted = 20.0 * (1.0 + 1.0 / 1.1)
    value = 11.0 * (GAIN[0] + GAIN[1] / 1.1)
    grant = 8.0 * (1.0 + 1.0 / 1.1)
    np.testing.assert_allclose(shifted + value / 2 - grant, rows["national"].net.mean, rtol=ROUNDING)
    np.testing.assert_allclose(grant - shifted, rows["households"].net.mean, rtol=ROUNDING)
    np.testing.assert_allclose(value / 2, rows["business"].net.mean, rtol=ROUNDING)
    np.testing.assert_allclose(-12.0, rows["municipal"].net.mean, rtol=ROUNDING)
    np.testing.assert_allclose(table.balance.mean, sum(row.net.mean for row in rows.values()), rtol=ROUNDING)
    [row] = [row for row in table.effects if row.shifted is not None]
    np.testing.assert_allclose((shifted, 0.0), (row.shifted.mean, row.present.mean), rtol=ROUNDING)  # type: ignore[union-attr]


def test_the_balance_is_shown_a_point_lower_and_higher() -> None:
    found = worked()
    expected = {rate: 11.0 * (GAIN[0] + GAIN[1] / (1 + rate)) - 12.0 for rate in (0.10 - 0.01, 0.10 + 0.01)}
    got = {rate: spread.mean for rate, spread in mkba(found).balance_at.items()}
    assert list(expected) == list(got)
    np.testing.assert_allclose(list(expected.values()), list(got.values()), rtol=ROUNDING)


def test_the_ratio_is_that_of_value_over_what_society_gives_up() -> None:
    table = mkba(worked())
    np.testing.assert_allclose(11.0 * (GAIN[0] + GAIN[1] / 1.1) / 12.0, table.ratio.value, rtol=ROUNDING)


def test_cost_per_unit_is_all_that_is_paid_over_the_discounted_gain() -> None:
    [debt, *_] = mkba(worked()).effects
    paid, gain = 12.0 + 8.0 * (1 + 1 / 1.1), GAIN[0] + GAIN[1] / 1.1
    assert debt.cost_per_unit is not None
    np.testing.assert_allclose(paid / gain, debt.cost_per_unit.value, rtol=ROUNDING)


def test_a_unit_value_is_brought_to_the_price_level() -> None:
    comparison = compared(
        {"a": np.zeros((1, 1))},
        {},
        {"debt": (level(10.0), level(9.0))},
        prices=Prices(2020, 2020, 0.0, {2020: 80.0, 2024: 100.0}),
    )
    catalogue = Benefits({"debt": effect("debt", "debt", value=worth(11.0, prices=2024))})
    # 11 of 2024 is 8.8 of 2020.
    np.testing.assert_allclose(
        [[8.8]], appraise(comparison, catalogue, "package").money["debt"], rtol=ROUNDING
    )


def test_of_a_percentage_the_number_is_counted_by_element() -> None:
    # 10 against 8 % of 50, and 20 against 25 % of 30 thousand: 1 better, 1.5 worse.
    levels = {
        "lonely[Old]": (level(10.0), level(8.0)),
        "lonely[Young]": (level(20.0), level(25.0)),
    }
    people = {"people[old,rich]": (level(20.0),) * 2, "people[old,poor]": (level(30.0),) * 2}
    people |= {"people[young,rich]": (level(30.0),) * 2}
    comparison = compared({"a": np.zeros((1, 1))}, {}, levels | people, units="percent")
    lonely = Effect("lonely", NONE, NONE, "Lonely", "people", "lower", pm=NONE)
    gains = appraise(comparison, Benefits({"lonely": lonely}), "package").gains["lonely"]
    np.testing.assert_allclose([[1.0 - 1.5]], gains, rtol=ROUNDING)


def test_what_another_row_holds_is_taken_off_and_never_more_than_there_is() -> None:
    gain = np.array([[5.0, 5.0, -5.0, -5.0, 5.0]])
    other = np.array([[10.0, 40.0, -10.0, -40.0, -10.0]])
    np.testing.assert_allclose([[3.0, 5.0, -3.0, -5.0, 0.0]], overlap(gain, other, np.array([[0.3]])))
    comparison = compared(
        {"a": np.zeros((1, 1))},
        {},
        {"debt": (level(10.0), level(0.0)), "distress": (level(5.0), level(0.0))},
        prices=Prices(2020, 2020, 0.0),
    )
    held = Overlap("debt", Uncertain(0.3), NONE)
    catalogue = Benefits(
        {
            "debt": effect("debt", "debt", value=worth(11.0)),
            "distress": effect("distress", "distress", value=worth(4.0, held=held)),
        }
    )
    # 5 of distress less the 3 that come with 10 of debt: 2 × 4.
    np.testing.assert_allclose([[8.0]], appraise(comparison, catalogue, "package").money["distress"])


flow = arrays(np.float64, (2, 3), elements=st.floats(-1e4, 1e4))


@given(
    costs=st.lists(flow, min_size=2, max_size=2), debt=arrays(np.float64, (2, 37), elements=st.floats(0, 1e3))
)
def test_what_parties_pay_receive_and_gain_adds_up_to_the_balance(
    costs: list[np.ndarray], debt: np.ndarray
) -> None:
    comparison = compared(
        {"help": costs[0], "grant": costs[1]},
        {
            "help": Accounts({"municipal": 0.4, "insurers": 0.6}),
            "grant": Accounts({"national": 1.0}, {"business": 0.7}),
        },
        {"debt": (np.zeros_like(debt), debt)},
    )
    catalogue = Benefits(
        {
            "debt": effect("debt", "debt", value=worth(11.0, {"national": 0.2, "households": 0.8})),
            "ww": effect("ww", "debt", value=worth(16.0, {"national": 1.0, "households": -1.0})),
        }
    )
    found = appraise(comparison, catalogue, "package")
    net = found.received + found.gained - found.paid
    # A dozen sums and differences of numbers up to 1e4 × 16.
    np.testing.assert_allclose(found.balance, net.sum(axis=0), rtol=0, atol=1e-8)
    assert net.shape == (len(PAYERS), 2, 3)


@pytest.mark.parametrize(
    ("flow", "rate"),
    [
        ((-100.0, 110.0), 0.10),
        ((-100.0, 0.0, 121.0), 0.10),
        # An annuity of 10 a year for ten years: 10 × (1 - 1.05⁻¹⁰) / 0.05 = 77.2173… today.
        ((-10.0 * (1 - 1.05**-10) / 0.05, *(10.0,) * 10), 0.05),
        ((0.0, 0.0, -100.0, 150.0), 0.50),  # nothing happens in the first years
        ((-5.0, -5.0, 20.0, -1.0, 3.0), None),  # solved below
    ],
)
def test_the_internal_rate_makes_the_present_value_nil(flow: tuple[float, ...], rate: float | None) -> None:
    found = internal_rate(np.array(flow))
    if rate is not None:
        assert found == pytest.approx(rate, abs=1e-10)
    discounted = [amount / (1 + found) ** year for year, amount in enumerate(flow)]
    assert sum(discounted) == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize(
    "flow",
    [
        (100.0, -110.0),  # saves first
        (-100.0, 50.0),  # never earned back
        (-1.0, 3.0, -4.0, 5.0),  # the running sum turns three times
        (0.0, 0.0),
        (5.0, 5.0),
    ],
)
def test_there_is_no_internal_rate_where_there_is_none_or_more_than_one(flow: tuple[float, ...]) -> None:
    assert np.isnan(internal_rate(np.array(flow)))


def test_unit_values_are_the_same_in_every_scenario_and_differ_between_draws() -> None:
    catalogue = read_benefits(STUDY)
    first, again = catalogue.sample(50, 4), catalogue.sample(50, 4)
    assert first.equals(again)
    assert 50 == first["distress"].nunique()
    assert 1 == first["unemployment-benefits"].nunique()


def read_or_refused(file: Path) -> Benefits | ScenarioError:
    try:
        return read_benefits(file)
    except ScenarioError as fault:
        return fault


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_catalogue_with_any_line_left_out_is_read_or_refused_with_its_place(data: st.DataObject) -> None:
    lines = STUDY.read_text(encoding="utf-8").splitlines()
    # Without references and evidence, which stand in files of their own.
    lines = [line for line in lines if "references:" not in line]
    out = data.draw(st.integers(0, len(lines) - 1))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "benefits.yaml"
        (Path(folder) / "models").mkdir()
        evidence = (STUDY.parents[1] / "models" / "evidence.csv").read_text(encoding="utf-8")
        rows = [row for row in csv.reader(evidence.splitlines()) if row[1] in EVIDENCE]
        with (Path(folder) / "models" / "evidence.csv").open("w", encoding="utf-8", newline="") as table:
            csv.writer(table).writerows(rows)
        (Path(folder) / "models" / "references.csv").write_bytes(
            (STUDY.parents[1] / "models" / "references.csv").read_bytes()
        )
        file.write_text("\n".join(lines[:out] + lines[out + 1 :]), encoding="utf-8")
        found = read_or_refused(file)
    if isinstance(found, ScenarioError):
        assert str(file) == str(found.file)
        assert found.line is not None
        assert found.advice
    else:
        for item in found.effects.values():
            assert 1 == sum(way is not None for way in (item.value, item.within, item.pm))


def test_every_effect_of_the_study_is_monetised_in_one_way_with_a_source() -> None:
    catalogue = read_benefits(STUDY)
    for item in catalogue.effects.values():
        assert 1 == sum(way is not None for way in (item.value, item.within, item.pm)), item.id
        if item.value is not None:
            assert item.value.source.nl, item.id
            assert item.value.source.en, item.id
            assert item.value.path.nl, item.id
    assert {"problem-debt", "distress", "early-school-leavers", "long-term-unemployment", "learning"} == {
        name for name, item in catalogue.effects.items() if item.costed
    }
    # The debt row rests on the constant of the model, 11.6 thousand euro: 8.5 billion over 730,000 households.
    debt = catalogue.effects["problem-debt"].value
    assert debt is not None
    assert debt.amount.central == pytest.approx(8.5e9 / 730e3 / 1e3, abs=0.05)  # written as 11.6


@pytest.mark.parametrize(
    ("was", "becomes", "reason", "advice"),
    [
        ("better: lower\n    pm:", "better: lowr\n    pm:", "'lowr' is not known here", "lower"),
        ("gains: {households: 1}", "gains: {houshold: 1}", "there is no payer 'houshold'", "households"),
        (
            "gains: {national: 1, households: -1}",
            "gains: {national: 1, households: -0.5}",
            "add up to 0.5",
            "0",
        ),
        ("within: {effect: jobs,", "within: {effect: job,", "'job' is no effect with a value", "jobs"),
        (
            "evidence: social cost per household in debt",
            "evidence: social cost per household in deb",
            "no evidence of",
            "social cost",
        ),
        (
            "    costed: true\n    within:",
            "    costed: true\n    pm: {nl: a, en: b}\n    within:",
            "twice",
            "one of",
        ),
        ("      high: 52.3\n", "      high: 2\n", "is not below high", "mend"),
        ("periods: [[2020, 2022]", "periods: [[2023, 2022]", "a first and a last year", "2022"),
        ("sign: −PM", "sign: -PM", "'-PM' is not known", "PM"),
        ("target: vulnerable", "target: poor", "'poor' is not known", "vulnerable"),
        ("effect: problem-debt", "effect: problem-deb", "is no effect with a value", "problem-debt"),
        ('unit: {nl: "huishoudjaren"', 'units: {nl: "huishoudjaren"', "'units' is not a key", "unit"),
    ],
)
def test_a_fault_in_the_catalogue_names_file_line_and_what_is_known(
    tmp_path: Path, was: str, becomes: str, reason: str, advice: str
) -> None:
    text = STUDY.read_text(encoding="utf-8")
    assert was in text
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (tmp_path / "models").mkdir()
    for name in ("evidence.csv", "references.csv"):
        (tmp_path / "models" / name).write_bytes((STUDY.parents[1] / "models" / name).read_bytes())
    broken = text.replace(was, becomes, 1)
    (folder / "benefits.yaml").write_text(broken, encoding="utf-8")
    with pytest.raises(ScenarioError, match=reason) as caught:
        read_benefits(folder / "benefits.yaml")
    assert str(folder / "benefits.yaml") == str(caught.value.file)
    assert caught.value.line is not None
    assert advice in str(caught.value.advice)
    at = broken[: broken.index(becomes)].count("\n") + 1
    # The line of the fault, or of the entry that it is in.
    assert at - 8 <= caught.value.line <= at + 3
