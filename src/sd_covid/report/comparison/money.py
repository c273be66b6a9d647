"""Costs as they are set: by lever and payer, and per avoided household-year.

In goes a comparison; out come rows of text with the amounts they were made from. What has no price is PM, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.policy.appraisal.effectiveness import CostPerUnit, cost_per_unit, cost_totals, extra_cost
from sd_covid.policy.catalogue.costs import CostLine
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, rounding_step

#: The balance is shown at the discount rate and a point to each side.
_POINT = 0.01
#: Million euro: less than a thousand euro is what rounding leaves of a difference between two sums.
_NIL = 1e-3


@dataclass(frozen=True, slots=True)
class CostRow:
    """One lever of a cost table: texts, and the amounts before rounding (median; NaN for PM)."""

    title: str
    payer: str
    nominal: str
    difference: str
    present: str
    numbers: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CostTable:
    """What one package costs.

    Attributes
    ----------
    scenario, caption, package, reference : str
    rows : tuple of CostRow
    total : CostRow
        Of the priced levers.
    rates : tuple of CostRow
        The total at a discount rate one point lower and one higher: present value only.
    unpriced : str
        What PM means here.
    sentences : tuple of str
        Cost per avoided household-year, in words.
    """

    scenario: str
    caption: str
    package: str
    reference: str
    rows: tuple[CostRow, ...]
    total: CostRow
    rates: tuple[CostRow, ...]
    unpriced: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostSource:
    """Where the cost of a lever comes from."""

    title: str
    grade: str
    source: str
    note: str


def cost_tables(comparison: Comparison, output: str, years: tuple[int, int], texts: Texts) -> list[CostTable]:
    """A cost table for each package.

    Parameters
    ----------
    comparison : Comparison
    output : str
        Of which a unit-year is costed.
    years : tuple of int
        First and last year over which its effect is added up.
    texts : Texts
    """
    return [_table(comparison, entry.id, output, years, texts) for entry in comparison.alternatives]


def cost_sources(comparison: Comparison, texts: Texts) -> list[CostSource]:
    """Grade, source and derivation of the cost of every lever."""
    lines = [line for line in comparison.costs if line.scenario == comparison.reference]
    return [
        CostSource(texts.of(line.title), line.grade, texts.of(line.source), texts.of(line.note))
        for line in lines
    ]


def _table(
    comparison: Comparison, scenario: str, output: str, years: tuple[int, int], texts: Texts
) -> CostTable:
    """The cost of one package."""
    totals = cost_totals(comparison, scenario)
    extra, unpriced = extra_cost(comparison, scenario)
    package, reference = (quoted(comparison, name, texts) for name in (scenario, comparison.reference))
    rows = [
        _row(item.line, item.nominal, item.nominal_difference, item.present_value_difference, texts)
        for item in totals
    ]
    pair = comparison.sound(scenario, comparison.reference)
    mine, theirs = (_spent(comparison, name, pair) for name in (scenario, comparison.reference))
    sums = (Spread.of(mine), Spread.of(mine - theirs), Spread.of(extra))
    nominal, difference, present = (_amount(spread, texts) for spread in sums)
    medians = (sums[0].median, sums[1].median, sums[2].median)
    whole = CostRow(texts("costs.total"), "", nominal, difference, present, medians)
    names = [texts.of(comparison.levers[name].title) for name in unpriced]
    meaning = (
        texts("costs.unpriced_meaning", levers=texts.listed(names)) if names else texts("costs.none_unpriced")
    )
    per_unit = cost_per_unit(comparison, scenario, output, years)
    others = [comparison.discounted_at(comparison.prices.discount_rate + step) for step in (-_POINT, _POINT)]
    sentences = unit_cost_sentences(per_unit, package, reference, texts)
    turned = _at_other_rates([(item, cost_per_unit(item, scenario, output, years)) for item in others], texts)
    return CostTable(
        scenario=scenario,
        caption=texts("costs.caption", package=package, reference=reference),
        package=package,
        reference=reference,
        rows=tuple(rows),
        total=whole,
        rates=tuple(_rate_row(item, scenario, texts) for item in others),
        unpriced=meaning,
        sentences=(*sentences, *([turned] if turned else [])),
    )


def _rate(comparison: Comparison, texts: Texts) -> str:
    """The discount rate in per cent."""
    return Numbers(texts.language).plain(100 * comparison.prices.discount_rate)


def _rate_row(comparison: Comparison, scenario: str, texts: Texts) -> CostRow:
    """The total at another discount rate."""
    spread = Spread.of(extra_cost(comparison, scenario)[0])
    title, nan = texts("costs.at_rate", rate=_rate(comparison, texts)), float("nan")
    return CostRow(title, "", "", "", _amount(spread, texts), (nan, nan, spread.median))


def _at_other_rates(found: list[tuple[Comparison, CostPerUnit]], texts: Texts) -> str:
    """Cost per unit-year at other discount rates; empty where there is no ratio."""
    if any(np.isnan(item.ratio) for _, item in found):
        return ""
    numbers = Numbers(texts.language)
    parts = [
        texts(
            "unitcost.at_rate",
            rate=_rate(comparison, texts),
            ratio=numbers.significant(abs(item.ratio)),
        )
        for comparison, item in found
    ]
    return texts("unitcost.rates", parts=texts.listed(parts))


def _row(line: CostLine, nominal: Spread, difference: Spread, present: Spread, texts: Texts) -> CostRow:
    """One lever."""
    if not line.priced:
        mark, nan = texts("costs.unpriced"), float("nan")
        return CostRow(texts.of(line.title), texts.of(line.payer), mark, mark, mark, (nan, nan, nan))
    return CostRow(
        title=texts.of(line.title),
        payer=texts.of(line.payer),
        nominal=_amount(nominal, texts),
        difference=_amount(difference, texts),
        present=_amount(present, texts),
        numbers=(nominal.median, difference.median, present.median),
    )


def _spent(comparison: Comparison, scenario: str, pair: NDArray[np.bool_]) -> Floats:
    """Nominal spending on the priced levers by the members of a pair, shape (member,), million euro."""
    spent = np.zeros(int(pair.sum()))
    for line in comparison.costs:
        if line.scenario == scenario and line.priced:
            spent += line.of_members(pair).sum(axis=1)
    return spent


def _amount(spread: Spread, texts: Texts) -> str:
    """Million euro: to three digits when it does not vary (a budget), else median and interval to two."""
    numbers = Numbers(texts.language)
    low, high = spread.interval
    if high - low <= 1e-9 * max(abs(low), abs(high), 1.0):
        return "0" if abs(spread.median) < _NIL else numbers.significant(spread.median, 3)
    step = rounding_step((low, high), finest=1.0)
    median, first, last = (numbers.stepped(value, step) for value in (spread.median, low, high))
    if first == last == median:
        return median
    return f"{median} ({texts('range.to', low=first, high=last)})"


def unit_cost_sentences(found: CostPerUnit, package: str, reference: str, texts: Texts) -> tuple[str, ...]:
    """Cost per avoided unit-year in words; the sentence follows from the quadrant in which the cloud lies.

    Parameters
    ----------
    found : CostPerUnit
    package, reference : str
        Titles, already quoted.
    texts : Texts
    """
    numbers = Numbers(texts.language)
    single = 1000.0 if found.output.unit_title.en.startswith("thousand") else 1.0
    kind = {
        "costs more, does more": "unitcost.pays",
        "saves, does less": "unitcost.saves",
        "saves, does more": "unitcost.dominates",
        "costs more, does less": "unitcost.dominated",
        "not defined": "unitcost.undefined",
    }[found.quadrant]
    plain = kind == "unitcost.undefined"
    low, high = (_bound(value, numbers, texts) for value in found.interval)
    first = texts(
        kind,
        package=package,
        reference=reference,
        first=str(found.years[0]),
        last=str(found.years[1]),
        cost=_range(found.cost, 1.0, numbers, texts, signed=plain),
        effect=_range(found.avoided, single, numbers, texts, signed=plain),
        ratio=numbers.significant(abs(found.ratio)),
        low=low,
        high=high,
    )
    effect = _range(found.undiscounted, single, numbers, texts, signed=plain)
    return first, texts("unitcost.discounted", effect=effect)


def _bound(value: float, numbers: Numbers, texts: Texts) -> str:
    """A value at which the choice turns; in words when it never does."""
    return texts("unitcost.never") if value == float("inf") else numbers.significant(value)


def _range(spread: Spread, scale: float, numbers: Numbers, texts: Texts, *, signed: bool) -> str:
    """``a to b``, sizes unless signed; one number when it does not vary."""
    low, high = (end * scale for end in spread.interval)
    if not signed:
        low, high = sorted((abs(low), abs(high)))
    if high - low <= 1e-9 * max(abs(low), abs(high), 1.0):
        return numbers.significant(high, 3)
    step = rounding_step((low, high))
    first, last = (numbers.stepped(value, step) for value in (low, high))
    return first if first == last else texts("range.to", low=first, high=last)
