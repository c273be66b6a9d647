"""Findings on the ways in which a package misses its target: the regions of a tree.

In go the names and results of a study of robustness; out comes a `Finding`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from sd_covid.analysis.discovery.box import Box
from sd_covid.analysis.discovery.cart import Tree
from sd_covid.analysis.robustness.pipeline import Found
from sd_covid.report.finding.statement import Finding
from sd_covid.report.robust.boxes import when
from sd_covid.report.robust.charts import regions_chart
from sd_covid.report.robust.names import RobustNames


def regions_finding(names: RobustNames, place: int, item: Found) -> Finding | None:
    """The ways in which a package misses its target; None where no tree was grown.

    Parameters
    ----------
    names : RobustNames
    place : int
        Of the search among those of the study.
    item : Found
    """
    if item.found is None or item.found.tree is None:
        return None
    texts, tree, search = names.texts, item.found.tree, item.search
    objective = names.robust.outcomes.objective(search.objective)
    ways = [when(names, box) for box in tree.regions]
    # Without a region the whole is shown, so that a reader sees what there was to set apart.
    shown, boxes = (ways, tree.regions) if ways else ([texts("tree.everything")], item.found.path[:1])
    rate = 100 * item.found.rate
    titles = {"package": names.package(search.scenario), "objective": names.objective(objective)}
    return Finding(
        id=f"regions-{place + 1}-{search.scenario}",
        title=texts("tree.title", **titles),
        group=texts("box.group", **titles),
        short=texts("tree.short"),
        sentences=(_said(names, item, tree, ways), texts("tree.rule")),
        caution=texts("box.caution", states=names.states),
        table=_table(names, shown, boxes),
        decimals=dict.fromkeys((texts("tree.coverage"), texts("tree.density"), texts("tree.cases")), 0),
        figure=lambda: regions_chart(shown, boxes, rate, texts),
        described=texts("tree.described"),
    )


def _said(names: RobustNames, item: Found, tree: Tree, ways: list[str]) -> str:
    """What the tree says, and how it fares in cases that it has not seen."""
    texts, numbers = names.texts, names.numbers
    objective = names.robust.outcomes.objective(item.search.objective)
    known = {"package": names.quoted(item.search.scenario), "target": names.target(objective)}
    if not ways:
        return texts("tree.nothing", **known)
    shares = {
        "coverage": tree.coverage,
        "density": tree.density,
        "fresh_coverage": tree.unseen[0],
        "fresh_density": tree.unseen[1],
    }
    told = {name: numbers.exact(100 * value, 0) for name, value in shares.items()}
    ending = "" if any(math.isnan(value) for value in tree.unseen) else texts("tree.unseen", **told)
    key = "tree.one" if len(ways) == 1 else "tree.several"
    return (
        f"{texts(key, ways=texts('tree.or').join(ways), count=len(ways), **known, **told)} {ending}".rstrip()
    )


def _table(names: RobustNames, ways: Sequence[str], boxes: Sequence[Box]) -> pd.DataFrame:
    """The regions, the densest first."""
    texts = names.texts
    heads = [texts(f"tree.{name}") for name in ("region", "cases", "coverage", "density")]
    rows = [
        (way, box.cases, 100 * box.coverage, 100 * box.density) for way, box in zip(ways, boxes, strict=True)
    ]
    return pd.DataFrame(rows, columns=heads)
