"""The table of costs and benefits, ready to be set: packages in columns, rows as CPB and PBL order them.

In goes an `Assessment`; out come rows of amounts, sentences on the balance, who pays and gains, and the ledger by lever
and payer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.appraisal.mkba import EffectRow, Mkba
from sd_covid.policy.catalogue.accounts import PAYERS
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report.comparison.accounts import Matrix, account_table, cost_matrix, year_matrix
from sd_covid.report.comparison.amounts import (
    MILLION,
    TENS,
    Amount,
    AmountRow,
    AmountTable,
    amount,
    amount_row,
    cells_of,
    gained,
    thousand,
)
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.comparison.returns import balance_rows, balance_sentence, unit_cost_rows
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

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
    path = found.catalogues.phases.path if found.catalogues.phases else ""
    return MkbaView(
        sentences=tuple(balance_sentence(table, comparison, path, texts) for table in tables),
        caption=texts("mkba.caption", reference=reference),
        columns=names,
        parts=(
            MkbaPart(texts("mkba.costs"), _cost_rows(tables, comparison, texts)),
            MkbaPart(texts("mkba.physical"), _physical_rows(tables, texts)),
            MkbaPart(texts("mkba.monetised"), _money_rows(tables, texts)),
            MkbaPart(texts("mkba.unquantified"), _pm_rows(found, tables, texts)),
            MkbaPart(texts("mkba.balance_head"), balance_rows(tables, texts)),
        ),
        notes=_notes(tables[0], texts),
        unit_costs=unit_cost_rows(tables, texts),
        period_tables=tuple(_periods(table, comparison, texts) for table in tables),
        accounts=tuple(account_table(table, comparison, texts) for table in tables),
        matrices=tuple(
            matrix(table, comparison, texts) for table in tables for matrix in (cost_matrix, year_matrix)
        ),
        sources=_sources(tables[0], texts),
    )


def _cells(
    tables: tuple[Mkba, ...], read: Callable[[Mkba], Spread], texts: Texts, *, toned: bool = False
) -> tuple[Amount, ...]:
    """One amount in million euro for each package."""
    return cells_of(map(read, tables), texts, toned=toned)


def _cost_rows(tables: tuple[Mkba, ...], comparison: Comparison, texts: Texts) -> tuple[AmountRow, ...]:
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
    unpriced = {name for table in tables for name in table.appraisal.ledger.unpriced}
    titles = [texts.inside(lever.title) for name, lever in comparison.levers.items() if name in unpriced]
    return (
        *rows,
        amount_row(texts("mkba.total_costs"), _cells(tables, lambda table: table.costs, texts), kind="sum"),
        amount_row(texts("mkba.received"), received, note=texts("mkba.received_note")),
        amount_row(texts("mkba.resources"), _cells(tables, lambda table: table.resources, texts), kind="sum"),
        *_unpriced_rows(tables, titles, texts),
    )


def _unpriced_rows(tables: tuple[Mkba, ...], titles: list[str], texts: Texts) -> tuple[AmountRow, ...]:
    """Levers without a price whose setting differs in one of the packages: PM."""
    if not titles:
        return ()
    note = texts("mkba.unpriced_note", levers=texts.listed(titles))
    return (amount_row(texts("mkba.unpriced"), tuple(_pm(table, texts) for table in tables), note=note),)


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
        return AmountRow(gained(items[0].effect, texts), thousand(items[0].effect, texts), note, cells)

    return tuple(row(items) for items in zip(*(table.effects for table in tables), strict=True))


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


def _periods(table: Mkba, comparison: Comparison, texts: Texts) -> AmountTable:
    """Physical effects of one package by period."""
    package, reference = (
        quoted(comparison, name, texts) for name in (table.appraisal.scenario, comparison.reference)
    )
    return AmountTable(
        table.appraisal.scenario,
        texts("mkba.period_caption", package=package, reference=reference),
        tuple(f"{first}–{last}" for first, last in table.effects[0].physical),
        tuple(
            amount_row(
                gained(item.effect, texts),
                tuple(amount(spread, texts, finest=TENS, toned=True) for spread in item.physical.values()),
                unit=thousand(item.effect, texts),
            )
            for item in table.effects
        ),
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
