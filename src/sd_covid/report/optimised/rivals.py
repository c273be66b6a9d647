"""The finding about scenarios at their own cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.optimisation.optimise import Optimised, Rival
from sd_covid.analysis.optimisation.outcomes import Objective
from sd_covid.report.finding.statement import Finding, even_decimals
from sd_covid.report.optimised.charts import rivals_chart
from sd_covid.report.optimised.words import effects, heading
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED = 4  # levers named in a verdict; of more, how many


def rivals_finding(found: Optimised, texts: Texts) -> Finding:
    """Each scenario with the best package that costs no more: whether it is beaten, and if not, why."""
    rows: list[dict[str, object]] = []
    beaten: list[str] = []
    unbeaten: list[str] = []
    for rival in found.rivals:
        name = texts.of(rival.scenario.scenario.title)
        (beaten if rival.own.beaten and rival.holds(found.losses) else unbeaten).append(f"‘{name}’")
        package = rival.package
        row: dict[str, object] = {
            texts("optimised.column.scenario"): name,
            texts("optimised.column.verdict"): _why(rival, found, texts),
            texts("optimised.column.own_cost"): float(rival.scenario.cost.mean()),
            texts("optimised.column.package_cost"): np.nan if package is None else float(package.cost.mean()),
        }
        for at, objective in effects(found):
            difference = np.nan if package is None else float(package.fresh[at] - rival.scenario.fresh[at])
            row[_head(objective, texts)] = difference
        rows.append(row)
    sentences = []
    if beaten:
        names, all_of_them = texts.listed(beaten), len(found.rivals)
        sentences.append(texts("optimised.rivals.beaten", beaten=len(beaten), all=all_of_them, names=names))
    if unbeaten:
        sentences.append(texts("optimised.rivals.unbeaten", names=texts.listed(unbeaten)))
    found_ones = [rival for rival in found.rivals if rival.package is not None]
    spent = [
        float(rival.package.cost.mean() / rival.scenario.cost.mean())
        for rival in found_ones
        if rival.package is not None and rival.scenario.cost.mean() > 0
    ]
    if spent:
        share = Numbers(texts.language).plain(100 * float(np.mean(spent)), 2)
        sentences.append(texts("optimised.rivals.cost", share=share, count=len(spent)))
    costs = (texts("optimised.column.own_cost"), texts("optimised.column.package_cost"))
    table = pd.DataFrame(rows)
    return Finding(
        id="own-cost",
        title=texts("optimised.rivals.title"),
        sentences=tuple(sentences),
        caution=texts("optimised.rivals.caution"),
        table=table,
        decimals=even_decimals(table) | dict.fromkeys(costs, 0),
        figure=(lambda: _chart(found, found_ones, even_decimals(table), texts)) if found_ones else None,
        described=texts("optimised.rivals.described"),
    )


def _head(objective: Objective, texts: Texts) -> str:
    """Heading of how much more of an objective a package has than a scenario."""
    return texts("optimised.column.more", name=heading(objective, texts))


def _chart(found: Optimised, rivals: list[Rival], decimals: Mapping[str, int], texts: Texts) -> Figure:
    """Differences between each scenario and the package that costs no more, dark where they matter."""
    numbers = Numbers(texts.language)
    shades, cells = [], []
    for rival in rivals:
        assert rival.package is not None  # of the rivals that have one
        differences = [
            (item, float(rival.package.fresh[at] - rival.scenario.fresh[at])) for at, item in effects(found)
        ]
        gains = [-float(item.as_loss(np.array(value))) for item, value in differences]
        matters = [item.matters for item, _ in differences]
        shades.append([_shade(*pair) for pair in zip(gains, matters, strict=True)])
        cells.append([numbers.exact(value, decimals[_head(item, texts)]) for item, value in differences])
    return rivals_chart(
        [texts.of(rival.scenario.scenario.title) for rival in rivals],
        [texts.of(item.title) for _, item in effects(found)],
        np.array(shades),
        cells,
        texts("optimised.rivals.note"),
    )


def _why(rival: Rival, found: Optimised, texts: Texts) -> str:
    """Whether a scenario is beaten at its own cost, and if not, why."""
    if rival.own.beaten:
        return texts(f"optimised.verdict.{'beaten' if rival.holds(found.losses) else 'faded'}")
    if rival.own.reason == "fails":
        return texts("optimised.verdict.fails")
    looked = Numbers(texts.language).exact(len(rival.own.points), 0)
    cheap = rival.own.reason == "cheaper than any"
    parts = [
        texts("optimised.verdict.cheap") if cheap else texts("optimised.verdict.none", candidates=looked)
    ]
    if rival.own.outside:
        levers = found.plan.study.catalogue.levers
        names = [texts.inside(levers[name].title) for name in rival.own.outside]
        if len(names) > _NAMED:
            names = [*names[: _NAMED - 1], texts("optimised.verdict.more", count=len(names) - _NAMED + 1)]
        parts.append(texts("optimised.verdict.outside", levers=texts.listed(names)))
    if rival.own.other:
        parts.append(texts("optimised.verdict.constants"))
    return "; ".join(parts)


def _shade(gain: float, matters: float) -> float:
    """Dark where a package does better by more than what matters, light where it hardly differs, else none."""
    return 0.45 if gain > matters else 0.1 if gain >= -matters else np.nan
