"""What a package is worth in the end: balance, measures of return, cost per unit, and what may be said of the balance.

In go tables of costs and benefits, one a package; out come rows with a cell for each, and sentences.
"""

from __future__ import annotations

import numpy as np

from sd_covid.policy.appraisal.effectiveness import Ratio
from sd_covid.policy.appraisal.mkba import EffectRow, Mkba
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.amounts import MILLION, Amount, AmountRow, amount_row, cells_of, gained, ratio
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, rounding_step

#: Below this part of the costs, costs and benefits are about equal (a rule of this report).
_ABOUT_EQUAL = 0.1


def balance_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Balance, balance at other rates, and measures of return."""
    numbers = Numbers(texts.language)
    balance = "mkba.balance" if any(table.has_pm for table in tables) else "mkba.balance_whole"
    rates = [
        amount_row(
            texts("mkba.balance_at", rate=numbers.plain(100 * rate)),
            cells_of((table.balance_at[rate] for table in tables), texts, toned=True),
            kind="minor",
        )
        for rate in tables[0].balance_at
    ]
    positive = tuple(Amount(numbers.exact(100 * table.positive, 0), "", table.positive) for table in tables)
    returns = tuple(_rate(table.internal_rate, texts) for table in tables)
    return (
        amount_row(
            texts(balance), cells_of((table.balance for table in tables), texts, toned=True), kind="sum"
        ),
        *rates,
        amount_row(texts("mkba.positive"), positive, unit=texts("mkba.draws"), kind="minor"),
        amount_row(
            texts("mkba.ratio"),
            tuple(_ratio(table.ratio, texts) for table in tables),
            unit=texts("mkba.euro_per_euro"),
            note=texts("mkba.ratio_note"),
        ),
        amount_row(
            texts("mkba.internal_rate"), returns, unit=texts("mkba.a_year"), note=texts("mkba.rate_note")
        ),
    )


def _rate(rate: float, texts: Texts) -> Amount:
    """An internal rate of return in per cent."""
    if np.isnan(rate):
        return Amount(texts("mkba.no_rate"), "", rate)
    return Amount(f"{Numbers(texts.language).significant(100 * rate)} %", "", rate)


def _ratio(found: Ratio, texts: Texts) -> Amount:
    """Benefits over costs; of a package that saves, what is lost for each euro saved."""
    told = ratio(found, texts)
    if found.quadrant == "saves, does less":
        return Amount(texts("mkba.lost_per_saved", ratio=told.mean), told.interval, told.number)
    return (
        told if found.quadrant == "costs more, does more" else Amount(texts("mkba.no_ratio"), "", told.number)
    )


def unit_cost_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Cost of a unit of each effect of which it is told, in euro."""

    def cell(item: EffectRow) -> Amount:
        found = item.cost_per_unit
        if found is None or found.quadrant == "not defined":
            return Amount(texts("mkba.no_ratio"), "", float("nan"))
        if found.quadrant in ("saves, does more", "costs more, does less"):
            return Amount(
                texts(f"mkba.{'dominates' if found.quadrant == 'saves, does more' else 'dominated'}"),
                "",
                float("nan"),
            )
        # Million euro a thousand units are thousand euro a unit.
        told = ratio(found, texts, scale=1000.0)
        key = "mkba.pays" if found.quadrant == "costs more, does more" else "mkba.saves"
        return Amount(texts(key, ratio=told.mean), told.interval, told.number)

    return tuple(
        amount_row(
            gained(items[0].effect, texts),
            tuple(map(cell, items)),
            unit=texts("mkba.euro_per", unit=texts.of(items[0].effect.unit)),
        )
        for items in zip(*(table.effects for table in tables), strict=True)
        if items[0].cost_per_unit is not None
    )


def balance_sentence(table: Mkba, comparison: Comparison, path: str, texts: Texts) -> str:
    """What may be said of the balance (study's page on policy forms, section 9).

    Parameters
    ----------
    table : Mkba
    comparison : Comparison
    path : str
        Id of the scenario without the crisis, which is no package: of it another sentence is said.
    texts : Texts
    """
    numbers = Numbers(texts.language)
    low, high = table.balance.interval
    costs = max(abs(end) for end in table.costs.interval)
    if low > 0 or high < 0:
        key = "mkba.says_gain" if low > 0 else "mkba.says_loss"
        key = "mkba.says_path" if low > 0 and table.appraisal.scenario == path else key
    else:
        key = "mkba.says_equal" if max(-low, high) <= _ABOUT_EQUAL * costs else "mkba.says_uncertain"
    ends = sorted((abs(low), abs(high))) if low > 0 or high < 0 else [low, high]
    step = rounding_step(ends, finest=MILLION)
    return texts(
        key,
        package=quoted(comparison, table.appraisal.scenario, texts),
        reference=quoted(comparison, comparison.reference, texts),
        low=numbers.stepped(ends[0], step),
        high=numbers.stepped(ends[1], step),
        first=str(table.appraisal.years[0]),
        last=str(table.horizon),
        share=numbers.exact(100 * table.positive, 0),
    )
