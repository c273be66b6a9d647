"""Findings on where a package misses its target, as a box in one sentence.

In go the names and results of a study of robustness; out come `Finding`s.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.analysis.discovery.box import Box
from sd_covid.analysis.discovery.find import Discovery
from sd_covid.analysis.robustness.pipeline import PATH, Found
from sd_covid.report.finding.statement import Finding
from sd_covid.report.robust.charts import rates_chart, trade_off_chart
from sd_covid.report.robust.names import RobustNames


def box_finding(names: RobustNames, place: int, item: Found) -> Finding:
    """Where a package misses its target."""
    texts, search, found = names.texts, item.search, item.found
    objective = names.robust.outcomes.objective(search.objective)
    boxed = found is not None and bool(found.chosen.limits)
    by_path = _by_path(names, item)
    titles = {"package": names.package(search.scenario), "objective": names.objective(objective)}
    return Finding(
        id=f"box-{place + 1}-{search.scenario}",
        title=texts("box.title", **titles),
        group=texts("box.group", **titles),
        short=texts("box.short"),
        sentences=tuple(_sentences(names, item)),
        caution=texts("box.caution", states=names.states),
        table=_limits(names, found) if boxed else by_path,
        decimals={texts("box.share"): 0, texts("box.quasi"): 4, texts("box.rate"): 0},
        figure=None
        if not boxed and len(by_path) == 1
        else (lambda: rates_chart(by_path.iloc[:, 0].tolist(), by_path.iloc[:, 3].tolist(), texts))
        if found is None or not boxed
        else lambda: trade_off_chart(
            np.array([(box.coverage, box.density) for box in found.path]),
            [len(box.columns) for box in found.path],
            (found.chosen.coverage, found.chosen.density),
            texts,
        ),
        described=texts("box.described" if boxed else "box.described_paths"),
    )


def _sentences(names: RobustNames, item: Found) -> list[str]:
    """The box in one sentence, or why there is none; how firm it is, and by which rule it was chosen."""
    texts, numbers, search, found = names.texts, names.numbers, item.search, item.found
    objective = names.robust.outcomes.objective(search.objective)
    known = {"package": names.quoted(search.scenario), "target": names.target(objective)}
    chosen = None if found is None else found.chosen
    if found is None or chosen is None:
        counts = {"failures": item.failures, "cases": item.cases}
        known |= {name: numbers.exact(count, 0) for name, count in counts.items()}
        sentences = [texts("box.few", **known)]
    elif not chosen.limits:
        sentences = [
            texts("box.nothing", rate=numbers.exact(100 * found.rate, 0), columns=found.columns, **known)
        ]
    else:
        sentences = [
            texts(
                "box.sentence",
                when=when(names, chosen),
                coverage=numbers.exact(100 * chosen.coverage, 0),
                density=numbers.exact(100 * chosen.density, 0),
                rate=numbers.exact(100 * found.rate, 0),
                **known,
            )
        ]
        if found.resamples:
            sentences.append(_support(names, found))
    if chosen is not None:  # of too few failures none was sought
        rule = search.rule
        sentences.append(
            texts(
                "box.rule",
                columns=rule.columns,
                level=numbers.plain(rule.level),
                often=numbers.plain(100 * rule.often),
            )
        )
    return sentences


def _by_path(names: RobustNames, item: Found) -> pd.DataFrame:
    """How often the target is missed under each path: what there is to tell where no box is."""
    outcomes, texts = names.robust.outcomes, names.texts
    objective = outcomes.objective(item.search.objective)
    assert objective.target is not None  # the reader of the file sees to it
    gains = outcomes.gains(objective.id)[:, outcomes.packages.index(item.search.scenario)]
    missed = (gains < objective.sign * objective.target).sum(axis=1)
    return pd.DataFrame(
        {
            texts("box.world"): [names.world(outcomes.worlds[at].id) for at in outcomes.of_kind("path")],
            texts("box.cases"): gains.shape[1],
            texts("box.failures"): missed,
            texts("box.rate"): 100 * missed / gains.shape[1],
        }
    )


def _support(names: RobustNames, found: Discovery) -> str:
    """How firmly the cases support the chosen box."""
    numbers = names.numbers
    return names.texts(
        "box.support",
        resamples=found.resamples,
        least=numbers.exact(100 * min(item.share for item in found.support), 0),
        coverage=numbers.exact(100 * found.unseen[0], 0),
        density=numbers.exact(100 * found.unseen[1], 0),
    )


def when(names: RobustNames, box: Box) -> str:
    """The limits of a box as part of a sentence."""
    texts, said = names.texts, []
    for column in box.columns:
        limits = {limit.side: limit for limit in box.limits if limit.name == column}
        if column == PATH:
            kept = [texts("robust.quoted", name=names.world(name)) for name in sorted(limits["kept"].names)]
            said.append(texts("box.path", names=texts("box.or").join(kept)))
            continue
        name = names.constant(column)
        if len(limits) == 2:
            low, high = (names.amount(column, limits[side].value) for side in ("low", "high"))
            said.append(texts("box.between", name=name, low=low, high=high))
        elif "low" in limits:
            said.append(texts("box.above", name=name, value=names.amount(column, limits["low"].value)))
        else:
            said.append(texts("box.below", name=name, value=names.amount(column, limits["high"].value)))
    return texts.listed(said)


def _limits(names: RobustNames, found: Discovery | None) -> pd.DataFrame:
    """The limits of the chosen box, each with its quasi-p-value and what resamples make of it."""
    texts, rows = names.texts, []
    pairs = () if found is None else zip(found.chosen.quasi_p, found.support, strict=True)
    for quasi, item in pairs:
        limit = item.limit
        kept = ", ".join(names.world(name) for name in sorted(limit.names))
        called = (
            texts("box.side_kept", names=kept)
            if limit.side == "kept"
            else texts(f"box.side_{limit.side}", name=names.constant(limit.name))
        )
        numeric = limit.side != "kept"
        rows.append(
            {
                texts("box.limit"): called,
                texts("box.value"): names.amount(limit.name, limit.value) if numeric else "–",
                texts("box.quasi"): quasi,
                texts("box.share"): 100 * item.share,
                texts("box.from"): item.low,
                texts("box.to"): item.high,
            }
        )
    columns = [texts(f"box.{name}") for name in ("limit", "value", "quasi", "share", "from", "to")]
    return pd.DataFrame(rows, columns=columns)
