"""Findings about all municipalities: their order with its uncertainty, and how well those without figures are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.local.held_out import HeldOut
from sd_covid.analysis.local.project import Local, refuse_year
from sd_covid.analysis.local.ranking import Ranking, rank
from sd_covid.report.finding.statement import Finding
from sd_covid.report.local.charts import ranks_chart
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ranking_finding(local: Local, year: int, texts: Texts) -> Finding:
    """Municipalities from high to low in the first scenario, with intervals of their ranks.

    Parameters
    ----------
    local : Local
    year : int
    texts : Texts

    Raises
    ------
    RunError
        A year that the runs do not cover.
    """
    refuse_year(year, local.years, texts.language)
    rates = local.rates(0)[:, local.years.index(year)]
    ranking = rank(rates)
    output = local.indicator.output
    return Finding(
        output.name,
        texts("local.ranks", output=texts.of(output.title)),
        _sentences(local, ranking, texts),
        texts("local.ranks.caution", note=texts.of(local.indicator.note)),
        *_table(local, ranking, rates, texts),
        _figure(local, ranking, texts),
        texts("local.ranks.described"),
    )


def _sentences(local: Local, ranking: Ranking, texts: Texts) -> tuple[str, ...]:
    numbers, regions = Numbers(texts.language), local.profiles.regions.municipalities
    groups = int(ranking.group.max())
    share = numbers.exact(100 * ranking.told_apart, 0)
    first = texts(
        "local.ranks.one" if groups == 1 else "local.ranks.apart",
        share=share,
        count=len(regions),
        groups=groups,
    )
    at = int(ranking.order[0])
    highest = texts(
        "local.ranks.first",
        region=regions[at].name,
        low=numbers.exact(ranking.low[at], 0),
        high=numbers.exact(ranking.high[at], 0),
        top=numbers.exact(100 * ranking.top[at], 0),
    )
    counted = Counter(local.basis(item) for item in regions)
    rests = texts("local.ranks.basis", **{name: counted[name] for name in ("own", "region", "composition")})
    return (first, highest, rests) if groups > 1 else (first, rests)


def _table(
    local: Local, ranking: Ranking, rates: np.ndarray, texts: Texts
) -> tuple[pd.DataFrame, dict[str, int]]:
    regions = local.profiles.regions.municipalities
    low, median, high = np.quantile(rates, (0.05, 0.5, 0.95), axis=0)
    order = ranking.order
    columns = {
        "region": [regions[at].name for at in order],
        "median": median[order],
        "low": low[order],
        "high": high[order],
        "rank": ranking.median[order],
        "rank_low": ranking.low[order],
        "rank_high": ranking.high[order],
        "top": 100 * ranking.top[order],
        "group": ranking.group[order],
        "basis": [texts(f"local.basis.{local.basis(regions[at])}") for at in order],
    }
    whole = ("rank", "rank_low", "rank_high", "top", "group")
    decimals = {texts(f"local.column.{name}"): 0 for name in whole}
    decimals |= {texts(f"local.column.{name}"): 1 for name in ("median", "low", "high")}
    table = pd.DataFrame({texts(f"local.column.{name}"): values for name, values in columns.items()})
    return table, decimals


def _figure(local: Local, ranking: Ranking, texts: Texts) -> Callable[[], Figure]:
    names = [item.name for item in local.profiles.regions.municipalities]
    return partial(ranks_chart, ranking, names, texts)


def held_out_finding(tested: Sequence[tuple[Local, HeldOut]], texts: Texts) -> Finding:
    """How well regions without a figure are told, against the national average.

    Parameters
    ----------
    tested : sequence of (Local, HeldOut)
    texts : Texts
    """
    numbers = Numbers(texts.language)
    rows, said = [], []
    for local, found in tested:
        for level in ("province", "ggd", "municipality"):
            part = found.at(level)
            if not part.figures:
                continue
            errors = part.errors
            title, where = texts.of(local.indicator.output.title), texts(f"local.level.{level}")
            rows.append(
                (
                    title,
                    where,
                    len(part.figures),
                    errors["average"],
                    errors["composition"],
                    errors["pooled"],
                    100 * part.coverage,
                )
            )
            better = errors["pooled"] < 0.95 * errors["average"]
            said.append(
                texts(
                    f"local.test.{'better' if better else 'worse'}",
                    indicator=texts.inside(local.indicator.output.title),
                    level=where,
                    average=numbers.exact(errors["average"], 2),
                    pooled=numbers.exact(errors["pooled"], 2),
                )
            )
    names = ("indicator", "level", "count", "average", "composition", "pooled", "coverage")
    columns = [texts(f"local.column.{name}") for name in names]
    return Finding(
        "held-out",
        texts("local.test"),
        tuple(said),
        texts("local.test.caution"),
        pd.DataFrame(rows, columns=columns),
        {**dict.fromkeys(columns[3:6], 2), columns[2]: 0, columns[6]: 0},
    )
