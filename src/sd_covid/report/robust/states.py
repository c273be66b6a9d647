"""Findings on targets met together, and on how often the order of packages turns.

In go the names and results of a study of robustness; out come `Finding`s.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sd_covid.analysis.robustness.reversals import Reversal, Reversals
from sd_covid.report.drawing.tinted import tinted_table
from sd_covid.report.finding.statement import Finding
from sd_covid.report.robust.names import RobustNames

_HARDLY = 0.0005  # of cases: less is told as no more than 0.0 %


def together_finding(names: RobustNames) -> Finding:
    """How often each package meets each target, and all of them."""
    texts, numbers, robust = names.texts, names.numbers, names.robust
    asked = [item for item in robust.scores if item.objective.target is not None]
    columns = [names.objective(item.objective) for item in asked] + [texts("together.all")]
    met = [item.shown[[metric.id for metric in item.metrics].index("starr")] for item in asked]
    shares = np.column_stack([*met, robust.together])
    states = numbers.exact(robust.outcomes.states(asked[0].objective.id).shape[1], 0)
    best = int(robust.together.argmax())
    known: dict[str, str | int] = {"targets": len(asked), "states": states}
    if robust.together[best] > 0:
        first = tuple(np.flatnonzero(robust.together == robust.together[best]).tolist())
        sentences = [
            texts(
                "together.most" if len(first) == 1 else "together.most_several",
                package=names.at(first),
                share=numbers.exact(100 * robust.together[best], 0),
                **known,
            ),
            texts(
                "together.null",
                reference=names.quoted(robust.outcomes.packages[0]),
                share=numbers.exact(100 * robust.together[0], 0),
            ),
        ]
    else:
        sentences = [texts("together.none", **known)]
    table = pd.DataFrame(100 * shares, columns=[f"{name} (%)" for name in columns])
    table.insert(0, texts("robust.package"), names.packages)
    targets = "; ".join(names.target(item.objective) for item in asked)
    return Finding(
        id="together",
        title=texts("together.title"),
        sentences=tuple(sentences),
        caution=texts("together.caution", targets=targets, states=names.states),
        table=table,
        decimals={f"{name} (%)": 0 for name in columns},
        figure=lambda: tinted_table(
            names.packages,
            columns,
            shares,
            [[numbers.exact(100 * value, 0) for value in row] for row in shares.tolist()],
            texts("together.note"),
        ),
        described=texts("together.described"),
    )


def reversals_finding(names: RobustNames) -> Finding:
    """How often the order turns over draws, paths and structures, told apart."""
    texts, numbers, found = names.texts, names.numbers, names.robust.reversals
    rows = [
        {
            texts("robust.objective"): names.objective(item.objective),
            texts("reversals.source"): texts(f"reversals.of_{row.source}"),
            texts("reversals.world"): names.world(row.world),
            texts("reversals.pairs"): row.pairs,
            texts("reversals.turned"): row.turned,
            texts("reversals.share"): 100 * row.share,
            texts("reversals.first"): names.packages[row.leader],
        }
        for item in found
        for row in item.rows
    ]
    shares = np.array([[row.share for row in item.rows] for item in found])
    cells = [
        [
            numbers.exact(100 * row.share, 1)
            if row.share == row.share
            else texts("reversals.of_pairs", turned=row.turned, pairs=row.pairs)
            if row.pairs
            else "–"
            for row in item.rows
        ]
        for item in found
    ]
    columns = [
        texts("reversals.of_draws") if row.source == "draws" else names.world(row.world)
        for row in found[0].rows
    ]
    top = max(float(np.nanmax(shares)), 0.01) if np.isfinite(shares).any() else 1.0
    return Finding(
        id="reversals",
        title=texts("reversals.title"),
        sentences=tuple(_turned_most(names, found)),
        caution=texts("reversals.caution"),
        table=pd.DataFrame(rows),
        decimals={texts("reversals.share"): 1},
        figure=lambda: tinted_table(
            [names.objective(item.objective) for item in found],
            columns,
            shares / top,
            cells,
            texts("reversals.note"),
        ),
        described=texts("reversals.described"),
    )


def _turned_most(names: RobustNames, found: Sequence[Reversals]) -> list[str]:
    """A sentence for draws, for paths and for structures, as far as there are any."""
    texts, numbers, said = names.texts, names.numbers, []
    every = [(item, row) for item in found for row in item.rows]
    for source, name in (("draws", "draws"), ("path", "paths"), ("structure", "structures")):
        rows = [(item, row) for item, row in every if row.source == source]
        if not rows:
            continue
        item, row = max(rows, key=lambda pair: _weight(pair[1]))
        if _weight(row)[0] == 0.0:
            said.append(texts(f"reversals.none_{name}"))
            continue
        if source == "path" and row.turned == 0 and row.share < _HARDLY:
            said.append(texts("reversals.hardly_paths"))
            continue
        told: dict[str, str | int] = {
            "objective": texts.inside(item.objective.title),
            "world": texts("robust.quoted", name=names.world(row.world)),
            "share": numbers.exact(100 * row.share, 1),
            "turned": row.turned,
            "pairs": row.pairs,
        }
        said.append(texts(f"reversals.{name}", **told))
    return said


def _weight(row: Reversal) -> tuple[float, float]:
    """How much turns: of a structure pairs of means first, of others the share of draws and pairs."""
    share = 0.0 if row.share != row.share else row.share
    return (float(row.turned), share) if row.source == "structure" else (share, float(row.turned))
