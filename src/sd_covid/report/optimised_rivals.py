"""The finding about scenarios at their own cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.analysis.optimisation.optimise import Optimised, Rival
from sd_covid.report.finding import Finding
from sd_covid.report.optimised_words import effects, heading
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers

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
            texts("optimised.column.own_cost"): float(rival.scenario.cost.mean()),
            texts("optimised.column.package_cost"): np.nan if package is None else float(package.cost.mean()),
        }
        for at, objective in effects(found):
            head = texts("optimised.column.more", name=heading(objective, texts))
            row[head] = np.nan if package is None else float(package.fresh[at] - rival.scenario.fresh[at])
        row[texts("optimised.column.verdict")] = _why(rival, found, texts)
        rows.append(row)
    sentences = []
    if beaten:
        names, all_of_them = texts.listed(beaten), len(found.rivals)
        sentences.append(texts("optimised.rivals.beaten", beaten=len(beaten), all=all_of_them, names=names))
    if unbeaten:
        sentences.append(texts("optimised.rivals.unbeaten", names=texts.listed(unbeaten)))
    costs = (texts("optimised.column.own_cost"), texts("optimised.column.package_cost"))
    return Finding(
        id="own-cost",
        title=texts("optimised.rivals.title"),
        sentences=tuple(sentences),
        caution=texts("optimised.rivals.caution"),
        table=pd.DataFrame(rows),
        decimals=dict.fromkeys(costs, 0),
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
