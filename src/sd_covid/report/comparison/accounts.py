"""Who pays, receives and gains by a package, and its costs by lever and payer.

In goes a `Mkba`; out come a table with a row for each party, and matrices that add up both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.policy.appraisal.mkba import Mkba
from sd_covid.policy.catalogue.accounts import PAYERS
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats
from sd_covid.report.comparison.amounts import MILLION, AmountTable, amount_row, cells_of
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, rounding_step

#: Present values below this are nil among millions.
_NIL = 1e-9


@dataclass(frozen=True, slots=True)
class Matrix:
    """Expected costs of one package by lever or year, and by payer; the last row and column are sums."""

    scenario: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def account_table(table: Mkba, comparison: Comparison, texts: Texts) -> AmountTable:
    """Who pays, receives and gains, in million euro of present value."""
    rows = [
        amount_row(
            texts(f"payer.{row.payer}"),
            (
                *cells_of((row.paid, row.received, row.gained), texts),
                *cells_of((row.net,), texts, toned=True),
            ),
        )
        for row in table.accounts
    ]
    found = table.appraisal
    paid, received, gained = (
        found.present(flow.sum(axis=0)) for flow in (found.paid, found.received, found.gained)
    )
    total = cells_of(map(Spread.of, (paid, received, gained, received + gained - paid)), texts)
    package, reference = (quoted(comparison, name, texts) for name in (found.scenario, found.reference))
    return AmountTable(
        found.scenario,
        texts("accounts.caption", package=package, reference=reference),
        tuple(texts(f"accounts.{part}") for part in ("paid", "received", "gained", "net")),
        (*rows, amount_row(texts("accounts.total"), total, kind="sum")),
    )


def cost_matrix(table: Mkba, comparison: Comparison, texts: Texts) -> Matrix:
    """Costs by lever and payer, expected present values, with their sums."""
    book = table.appraisal.ledger
    means = book.paid_present().mean(axis=2)
    titles = [texts.of(comparison.levers[name].title) for name in book.levers]
    package = quoted(comparison, table.appraisal.scenario, texts)
    return _matrix(table.appraisal.scenario, texts("accounts.matrix", package=package), titles, means, texts)


def year_matrix(table: Mkba, comparison: Comparison, texts: Texts) -> Matrix:
    """Costs by year and payer, expected values in prices of the level year, not discounted, with their sums."""
    found = table.appraisal
    package, level = quoted(comparison, found.scenario, texts), str(found.ledger.prices.level_year)
    caption = texts("accounts.years", package=package, level=level)
    return _matrix(found.scenario, caption, list(map(str, found.years)), found.paid.mean(axis=1).T, texts)


def _matrix(scenario: str, caption: str, titles: list[str], means: Floats, texts: Texts) -> Matrix:
    """Rows and columns with anything but nil, and their sums; `means` has shape (row, payer)."""
    numbers = Numbers(texts.language)
    rows = [row for row in range(len(titles)) if np.abs(means[row]).max(initial=0.0) > _NIL]
    payers = [column for column in range(len(PAYERS)) if np.abs(means[:, column]).max(initial=0.0) > _NIL]
    # One step for all, so that rows and columns add up as they are printed, to a unit of it.
    largest = float(np.abs(means).max(initial=1.0))
    step = max(rounding_step((largest,), finest=MILLION) / 10, MILLION)

    def told(values: Floats) -> tuple[str, ...]:
        return tuple(numbers.stepped(float(value), step) for value in (*values, values.sum()))

    lines = [(titles[row], told(means[row, payers])) for row in rows]
    lines.append((texts("accounts.total"), told(means[:, payers].sum(axis=0))))
    columns = tuple(texts(f"payer.{PAYERS[column]}") for column in payers)
    return Matrix(scenario, caption, (*columns, texts("accounts.total")), tuple(lines))
