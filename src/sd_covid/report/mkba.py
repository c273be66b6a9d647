"""The table of costs and benefits, ready to be set: packages in columns, rows as CPB and PBL order them.

In goes an `Assessment`; out come rows of amounts, sentences on the balance, who pays and gains, and the ledger by lever
and payer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.policy.accounts import PAYERS
from sd_covid.policy.assessment import Assessment
from sd_covid.policy.comparison import Comparison
from sd_covid.policy.effectiveness import Ratio
from sd_covid.policy.mkba import EffectRow, Mkba
from sd_covid.policy.spread import Spread
from sd_covid.report.accounts import Matrix, account_table, cost_matrix
from sd_covid.report.amounts import (
    MILLION,
    TENS,
    Amount,
    AmountRow,
    AmountTable,
    amount,
    amount_row,
    cells_of,
    ratio,
)
from sd_covid.report.effects import quoted
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers, rounding_step

#: Below this part of the costs, costs and benefits are about equal (a rule of this report).
_ABOUT_EQUAL = 0.1
#: Present values below this are nil among millions.
_NIL = 1e-9


@dataclass(frozen=True, slots=True)
class MkbaPart:
    """Rows under one heading."""

    title: str
    rows: tuple[AmountRow, ...]


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where the value of an effect comes from."""

    title: str
    value: str
    grade: str
    source: str


@dataclass(frozen=True, slots=True)
class MkbaView:
    """The section of costs and benefits."""

    sentences: tuple[str, ...]
    caption: str
    columns: tuple[str, ...]
    parts: tuple[MkbaPart, ...]
    notes: tuple[str, ...]
    unit_costs: tuple[AmountRow, ...]
    period_tables: tuple[AmountTable, ...]
    accounts: tuple[AmountTable, ...]
    matrices: tuple[Matrix, ...]
    sources: tuple[ValueSource, ...]


def mkba_view(found: Assessment, texts: Texts) -> MkbaView:
    """The section of costs and benefits of an assessment."""
    comparison, tables = found.comparison, tuple(found.tables.values())
    names = tuple(texts.of(entry.title) for entry in comparison.alternatives)
    reference = quoted(comparison, comparison.reference, texts)
    return MkbaView(
        sentences=tuple(_sentence(table, comparison, texts) for table in tables),
        caption=texts("mkba.caption", reference=reference),
        columns=names,
        parts=(
            MkbaPart(texts("mkba.costs"), _cost_rows(tables, texts)),
            MkbaPart(texts("mkba.physical"), _physical_rows(tables, texts)),
            MkbaPart(texts("mkba.monetised"), _money_rows(tables, texts)),
            MkbaPart(texts("mkba.unquantified"), _pm_rows(found, tables, texts)),
            MkbaPart(texts("mkba.balance_head"), _balance_rows(tables, texts)),
        ),
        notes=_notes(tables[0], texts),
        unit_costs=_unit_cost_rows(tables, texts),
        period_tables=tuple(_periods(table, comparison, texts) for table in tables),
        accounts=tuple(account_table(table, comparison, texts) for table in tables),
        matrices=tuple(cost_matrix(table, comparison, texts) for table in tables),
        sources=_sources(tables[0], texts),
    )


def _cells(
    tables: tuple[Mkba, ...], read: Callable[[Mkba], Spread], texts: Texts, *, toned: bool = False
) -> tuple[Amount, ...]:
    """One amount in million euro for each package."""
    return cells_of(map(read, tables), texts, toned=toned)


def _cost_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Costs by who pays, what of it others receive, and what society gives up."""
    rows = []
    for position, payer in enumerate(PAYERS):
        paid = [table.appraisal.present(table.appraisal.paid)[position] for table in tables]
        if any(np.abs(part).max(initial=0.0) > _NIL for part in paid):
            rows.append(amount_row(texts(f"payer.{payer}"), cells_of(map(Spread.of, paid), texts)))
    received = tuple(
        amount(
            Spread.of(-table.appraisal.present(table.appraisal.received).sum(axis=0)), texts, finest=MILLION
        )
        for table in tables
    )
    unpriced = sorted({name for table in tables for name in table.appraisal.ledger.unpriced})
    return (
        *rows,
        amount_row(texts("mkba.total_costs"), _cells(tables, lambda table: table.costs, texts), kind="sum"),
        amount_row(texts("mkba.received"), received, note=texts("mkba.received_note")),
        amount_row(texts("mkba.resources"), _cells(tables, lambda table: table.resources, texts), kind="sum"),
        *(
            amount_row(texts("mkba.unpriced"), tuple(_pm(table, texts) for table in tables))
            for _ in unpriced[:1]
        ),
    )


def _pm(table: Mkba, texts: Texts) -> Amount:
    """PM where a lever of the package has no price."""
    return Amount("PM" if table.appraisal.ledger.unpriced else texts("mkba.nil"), "", float("nan"))


def _physical_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Every effect in units, over all years."""

    def row(items: tuple[EffectRow, ...]) -> AmountRow:
        effect = items[0].effect
        note = texts("mkba.pm_note", why=texts.of(effect.pm)) if effect.pm else ""
        if effect.within is not None:
            other = texts.of(tables[0].appraisal.benefits.effects[effect.within.effect].title)
            note = texts("mkba.within", row=other, path=texts.of(effect.within.path))
        cells = tuple(amount(item.total, texts, finest=TENS, toned=True) for item in items)
        return AmountRow(_gained(items[0], texts), _thousand(items[0], texts), note, cells)

    return tuple(row(items) for items in zip(*(table.effects for table in tables), strict=True))


def _gained(item: EffectRow, texts: Texts) -> str:
    """An effect as something that is avoided or gained."""
    key = "mkba.avoided" if item.effect.better == "lower" else "mkba.gained"
    return texts(key, title=texts.of(item.effect.title))


def _thousand(item: EffectRow, texts: Texts) -> str:
    """The unit in which an effect is told."""
    return texts("mkba.thousand", unit=texts.of(item.effect.unit))


def _money_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Effects with a value of their own, and their sum."""
    rows = []
    for items in zip(*(table.effects for table in tables), strict=True):
        value, effect = items[0].effect.value, items[0].effect
        if value is None:
            continue
        cells = tuple(
            amount(item.present, texts, finest=MILLION, toned=True)
            for item in items
            if item.present is not None
        )
        if value.is_transfer:
            moved = [
                amount(item.shifted, texts, finest=MILLION) for item in items if item.shifted is not None
            ]
            told = texts.listed([f"{item.mean} {item.interval}".strip() for item in moved])
            note = texts("mkba.transfer", amounts=told, path=texts.of(value.path))
        else:
            note = texts.of(value.path)
        rows.append(amount_row(texts.of(effect.title), cells, note=note))
    total = _cells(tables, lambda table: table.value, texts, toned=True)
    return (*rows, amount_row(texts("mkba.total_value"), total, kind="sum"))


def _pm_rows(found: Assessment, tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """What neither model nor prices count."""
    return tuple(
        amount_row(texts.of(item.text), tuple(Amount(item.sign, "", float("nan")) for _ in tables))
        for item in found.catalogues.benefits.unquantified
    )


def _balance_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
    """Balance, balance at other rates, and measures of return."""
    numbers = Numbers(texts.language)
    balance = "mkba.balance" if any(table.has_pm for table in tables) else "mkba.balance_whole"
    rates = [
        amount_row(
            texts("mkba.balance_at", rate=numbers.plain(100 * rate)),
            _cells(tables, lambda table, at=rate: table.balance_at[at], texts, toned=True),  # type: ignore[misc]
            kind="minor",
        )
        for rate in tables[0].balance_at
    ]
    positive = tuple(Amount(numbers.exact(100 * table.positive, 0), "", table.positive) for table in tables)
    returns = tuple(
        Amount(
            texts("mkba.no_rate")
            if np.isnan(table.internal_rate)
            else f"{numbers.significant(100 * table.internal_rate)} %",
            "",
            table.internal_rate,
        )
        for table in tables
    )
    return (
        amount_row(
            texts(balance), _cells(tables, lambda table: table.balance, texts, toned=True), kind="sum"
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


def _ratio(found: Ratio, texts: Texts) -> Amount:
    """Benefits over costs; of a package that saves, what is lost for each euro saved."""
    told = ratio(found, texts)
    if found.quadrant == "saves, does less":
        return Amount(texts("mkba.lost_per_saved", ratio=told.mean), told.interval, told.number)
    return (
        told if found.quadrant == "costs more, does more" else Amount(texts("mkba.no_ratio"), "", told.number)
    )


def _notes(table: Mkba, texts: Texts) -> tuple[str, ...]:
    """Price level, base year, horizon, end value, and how to read the table."""
    prices = table.appraisal.ledger.prices
    rate = Numbers(texts.language).plain(100 * prices.discount_rate)
    base = texts(
        "mkba.base",
        level=str(prices.level_year),
        base=str(prices.base_year),
        rate=rate,
        first=str(table.appraisal.years[0]),
        last=str(table.horizon),
        end=texts.of(table.appraisal.benefits.end_value),
    )
    return base, texts("mkba.reading"), texts("mkba.inside")


def _unit_cost_rows(tables: tuple[Mkba, ...], texts: Texts) -> tuple[AmountRow, ...]:
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
            _gained(items[0], texts),
            tuple(map(cell, items)),
            unit=texts("mkba.euro_per", unit=texts.of(items[0].effect.unit)),
        )
        for items in zip(*(table.effects for table in tables), strict=True)
        if items[0].cost_per_unit is not None
    )


def _periods(table: Mkba, comparison: Comparison, texts: Texts) -> AmountTable:
    """Physical effects of one package by period."""
    package, reference = (
        quoted(comparison, name, texts) for name in (table.appraisal.scenario, comparison.reference)
    )
    return AmountTable(
        texts("mkba.period_caption", package=package, reference=reference),
        tuple(f"{first}–{last}" for first, last in table.effects[0].physical),
        tuple(
            amount_row(
                _gained(item, texts),
                tuple(amount(spread, texts, finest=TENS, toned=True) for spread in item.physical.values()),
                unit=_thousand(item, texts),
            )
            for item in table.effects
        ),
    )


def _sentence(table: Mkba, comparison: Comparison, texts: Texts) -> str:
    """What may be said of the balance (study's page on policy forms, section 9)."""
    numbers = Numbers(texts.language)
    low, high = table.balance.interval
    costs = max(abs(end) for end in table.costs.interval)
    if low > 0 or high < 0:
        key = "mkba.says_gain" if low > 0 else "mkba.says_loss"
    else:
        key = "mkba.says_equal" if max(-low, high) < _ABOUT_EQUAL * costs else "mkba.says_uncertain"
    ends = sorted((abs(low), abs(high))) if key in ("mkba.says_gain", "mkba.says_loss") else [low, high]
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


def _sources(table: Mkba, texts: Texts) -> tuple[ValueSource, ...]:
    """Every unit value with its source."""
    numbers = Numbers(texts.language)
    found = []
    for row in table.effects:
        value = row.effect.value
        if value is None:
            continue
        spread = value.amount.spread
        ends = [] if spread is None else [numbers.significant(1000 * end) for end in spread.bounds]
        told = texts(
            "mkba.unit_value",
            value=numbers.significant(1000 * value.amount.central, 3),
            interval=f" ({texts('range.to', low=ends[0], high=ends[1])})" if ends else "",
            unit=texts.of(row.effect.unit),
            year=str(value.prices),
        )
        held = value.overlap
        source = texts.of(value.source)
        if held is not None:
            source += " " + texts("mkba.overlap", source=texts.of(held.source))
        found.append(ValueSource(texts.of(row.effect.title), told, value.grade, source))
    return tuple(found)
