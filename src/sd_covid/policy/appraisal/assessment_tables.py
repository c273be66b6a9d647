"""An assessment as tables for other programs: one row a number, with its unit, mean and quantiles.

In goes an `Assessment`; out come data frames, and the same as one JSON document. Amounts are in million euro of present
value, counts in thousands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.appraisal.distribution import GroupTable
from sd_covid.policy.appraisal.effectiveness import Ratio
from sd_covid.policy.appraisal.mkba import Mkba
from sd_covid.policy.appraisal.resilience import Resilience
from sd_covid.policy.catalogue.accounts import PAYERS
from sd_covid.policy.comparison.spread import QUANTILES, Spread

_MONEY = "million euro, present value"
_LEVELS = [f"q{round(100 * level):02d}" for level in QUANTILES]
_INDEX = {
    "costs_and_benefits": ["scenario", "kind", "row", "payer", "period", "unit"],
    "ledger": ["scenario", "lever", "payer", "year"],
    "groups": ["scenario", "effect", "partition", "element", "measure", "unit"],
    "resilience": ["scenario", "output", "measure", "phase", "unit"],
}


def frames(found: Assessment) -> dict[str, pd.DataFrame]:
    """Every number of an assessment.

    Parameters
    ----------
    found : Assessment

    Returns
    -------
    dict
        ``costs_and_benefits``, ``ledger`` (expected spending by lever, payer and year in prices of the level year, not
        discounted), ``groups`` and ``resilience``. A quantile of a ratio is the value at which that part of the draws
        has changed its mind, and only 5 and 95 % are given.
    """
    tables = found.tables.items()
    rows = {
        "costs_and_benefits": [row for name, table in tables for row in _money(name, table)],
        "ledger": [row for name, table in tables for row in _ledger(name, table)],
        "groups": [
            row for name, groups in found.groups.items() for table in groups for row in _group(name, table)
        ],
        "resilience": [row for item in found.resilience for row in _resilience(item)],
    }
    return {name: _frame(part, _INDEX[name]) for name, part in rows.items()}


def as_json(found: Assessment) -> str:
    """The tables and the settings behind them as one JSON document; what is not defined is null."""
    prices = found.comparison.prices
    document: dict[str, Any] = {
        "reference": found.comparison.reference,
        "level_year": prices.level_year,
        "base_year": prices.base_year,
        "discount_rate": prices.discount_rate,
        "model_hash": found.comparison.provenance.model_hash,
        "draws_hash": found.comparison.provenance.draws_hash,
        "seed": found.comparison.provenance.seed,
    }
    for name, frame in frames(found).items():
        document[name] = json.loads(frame.to_json(orient="records", double_precision=15))
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _frame(rows: list[dict[str, Any]], index: list[str]) -> pd.DataFrame:
    """Rows with columns in a fixed order; infinite times stay infinite in CSV and are null in JSON."""
    numbers = [
        column for column in ("value", "mean", *_LEVELS, "share") if any(column in row for row in rows)
    ]
    return pd.DataFrame(rows, columns=[*index, *numbers])


def _spread(spread: Spread) -> dict[str, float]:
    """Mean and quantiles."""
    return {"mean": spread.mean, **dict(zip(_LEVELS, spread.quantiles, strict=True))}


def _ratio(found: Ratio) -> dict[str, float]:
    """A ratio with its interval."""
    return {"mean": found.value, _LEVELS[0]: found.interval[0], _LEVELS[-1]: found.interval[1]}


def _money(scenario: str, table: Mkba) -> Iterable[dict[str, Any]]:
    """Rows of the table of costs and benefits."""

    def row(kind: str, name: str, numbers: Mapping[str, float], **more: str) -> dict[str, Any]:
        return {"scenario": scenario, "kind": kind, "row": name, "unit": _MONEY, **more, **numbers}

    for account in table.accounts:
        for kind in ("paid", "received", "gained", "net"):
            yield row("account", kind, _spread(getattr(account, kind)), payer=account.payer)
    for name in ("costs", "resources", "value", "balance"):
        yield row("total", name, _spread(getattr(table, name)))
    for rate, spread in table.balance_at.items():
        yield row("balance at another rate", f"{rate:.4f}", _spread(spread))
    yield row("measure", "benefit-cost ratio", _ratio(table.ratio), unit="euro/euro")
    yield row("measure", "internal rate of return", {"mean": table.internal_rate}, unit="1/Year")
    yield row("measure", "share of draws with a balance above nil", {"mean": table.positive}, unit="1")
    for item in table.effects:
        unit = f"thousand {item.effect.unit.en}"
        for (first, last), spread in item.physical.items():
            yield row("physical", item.effect.id, _spread(spread), unit=unit, period=f"{first}-{last}")
        yield row("physical", item.effect.id, _spread(item.total), unit=unit, period="all")
        if item.present is not None:
            yield row("monetised", item.effect.id, _spread(item.present))
        if item.shifted is not None:
            yield row("transfer", item.effect.id, _spread(item.shifted))
        if item.cost_per_unit is not None:
            yield row(
                "cost per unit", item.effect.id, _ratio(item.cost_per_unit), unit=f"million euro/{unit}"
            )


def _ledger(scenario: str, table: Mkba) -> Iterable[dict[str, Any]]:
    """Expected extra spending by lever, payer and year."""
    book = table.appraisal.ledger
    if book.real.shape[1] == 0:
        return
    means = book.real.mean(axis=1)
    for lever, at in zip(book.levers, range(len(book.levers)), strict=True):
        for payer, share in zip(PAYERS, book.paid[at], strict=True):
            for year, value in zip(book.years, means[at], strict=True):
                if share > 0 and value != 0:
                    yield {
                        "scenario": scenario,
                        "lever": lever,
                        "payer": payer,
                        "year": year,
                        "value": share * value,
                    }


def _group(scenario: str, table: GroupTable) -> Iterable[dict[str, Any]]:
    """Rows of an effect along a partition; one row without numbers where it is not modelled."""
    unit = table.effect.unit.en
    base = {"scenario": scenario, "effect": table.effect.id, "partition": table.partition.title.en}
    if not table.modelled:
        yield {**base, "element": "", "measure": "not modelled", "unit": "", "mean": np.nan}
    for row in table.rows:
        told = {
            "total": row.total,
            "per thousand": row.per_person,
            "level before": row.before,
            "level after": row.after,
        }
        for measure, spread in told.items():
            if spread is not None:
                counted = f"thousand {unit}" if measure == "total" else f"{unit} per thousand"
                yield {**base, "element": row.element, "measure": measure, "unit": counted, **_spread(spread)}
    if table.gap is not None:
        gap, target = table.gap, table.partition.target
        for measure in ("before", "after", "change", "ratio_before", "ratio_after"):
            counted = "1" if measure.startswith("ratio") else f"{unit} per thousand"
            name = measure.replace("_", " ") if measure.startswith("ratio") else f"gap {measure}"
            numbers = _spread(getattr(gap, measure))
            yield {**base, "element": target, "measure": name, "unit": counted, **numbers}
        yield {**base, "element": target, "measure": "share of gain", "unit": "1", **_ratio(gap.share)}


def _resilience(item: Resilience) -> Iterable[dict[str, Any]]:
    """Rows of an outcome in a scenario."""
    unit = item.output.unit_title.en
    base = {"scenario": item.scenario, "output": item.output.name, "phase": "all"}
    yield {**base, "measure": "depth", "unit": unit, **_spread(item.depth)}
    yield {**base, "measure": "area", "unit": f"{unit} × years", **_spread(item.area)}
    yield {**base, "measure": "area, difference", "unit": f"{unit} × years", **_spread(item.area_difference)}
    for measure, found in (("time to deepest", item.deepest), ("time to recovery", item.recovery)):
        quantiles = dict(zip(_LEVELS, found.quantiles, strict=True))
        yield {**base, "measure": measure, "unit": "years", "share": found.share, **quantiles}
    for phase, spread in item.phase_depth.items():
        yield {**base, "measure": "depth", "phase": phase, "unit": unit, **_spread(spread)}
    for phase, spread in item.phase_area.items():
        yield {**base, "measure": "area", "phase": phase, "unit": f"{unit} × years", **_spread(spread)}
