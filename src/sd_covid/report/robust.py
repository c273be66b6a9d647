"""Findings of a study of robustness: ranks by metric, regret, targets met together, and reversals.

In goes a `Robust`; out come `Finding`s in one language. Boxes of failure, value for money and value of information are
told by `robust_more`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sd_covid.analysis.robust import Robust
from sd_covid.analysis.robustness.metrics import Metric
from sd_covid.analysis.robustness.reversals import Reversal, Reversals
from sd_covid.analysis.robustness.scores import Scores
from sd_covid.report.finding import Finding
from sd_covid.report.glossary import Glossary
from sd_covid.report.robust_charts import regret_chart, tinted_table
from sd_covid.report.robust_more import box_finding, information_finding, worth_finding
from sd_covid.report.robust_names import RobustNames
from sd_covid.report.texts import Texts

#: The metrics that are always set beside each other: they look at how good outcomes are, each in another way.
_LEADING = ("laplace", "minimax-regret", "starr")


def findings(robust: Robust, glossary: Glossary, texts: Texts) -> list[Finding]:
    """Everything that a study of robustness found, in one language.

    Parameters
    ----------
    robust : Robust
    glossary : Glossary
        Titles of the calibrated parameters.
    texts : Texts
    """
    names = RobustNames(robust, glossary, texts)
    told = []
    for scores in robust.scores:
        told += [_ranks(names, scores), _regret(names, scores)]
    if any(item.target is not None for item in robust.plan.objectives):
        told.append(_together(names))
    told.append(_reversals(names))
    told += [box_finding(names, place, item) for place, item in enumerate(robust.boxes)]
    told += [worth_finding(names, buying, robust.worth[buying.objective]) for buying in robust.plan.worth]
    if robust.learnt is not None:
        told.append(information_finding(names, robust.learnt))
    return told


def metric_title(metric: Metric, names: RobustNames) -> str:
    """What a metric is called, with its settings."""
    plan, numbers = names.robust.plan, names.numbers
    settings = {"share": numbers.plain(100 * plan.pessimism), "times": numbers.plain(plan.spread)}
    return names.texts(f"metric.{metric.id}", **settings)


def _ranks(names: RobustNames, scores: Scores) -> Finding:
    """The place of every package by every metric."""
    texts, numbers, objective = names.texts, names.numbers, scores.objective
    titles = [metric_title(item, names) for item in scores.metrics]
    mean = scores.shown[[item.id for item in scores.metrics].index("laplace")]
    gap = float(mean.max() - mean.min())
    moved = np.ptp(scores.ranks, axis=0)
    most = int(moved.argmax())
    sentences = [
        _leaders(names, scores),
        texts(
            "ranks.spread",
            metrics=len(titles),
            package=names.quoted(names.robust.outcomes.packages[most]),
            low=numbers.plain(float(scores.ranks[:, most].min())),
            high=numbers.plain(float(scores.ranks[:, most].max())),
            gap=numbers.significant(gap),
            unit=names.unit(objective),
        ),
    ]
    if gap < objective.relevance:
        relevance = numbers.plain(objective.relevance)
        sentences.append(texts("ranks.small", relevance=relevance, unit=names.unit(objective)))
    kinds = {"level": names.unit(objective), "distance": names.unit(objective), "share": texts("ranks.share")}
    table = pd.DataFrame({texts("robust.metric"): titles})
    for place, package in enumerate(names.packages):
        table[texts("ranks.rank", package=package)] = scores.ranks[:, place]
    for place, package in enumerate(names.packages):
        table[texts("ranks.score", package=package)] = scores.shown[:, place]
    table[texts("ranks.unit")] = [kinds.get(item.kind, "–") for item in scores.metrics]
    last = max(len(names.packages) - 1, 1)
    return Finding(
        id=f"ranks-{objective.id}",
        title=texts("ranks.title", objective=names.objective(objective)),
        sentences=tuple(sentences),
        caution=texts("ranks.caution", states=_states(names)),
        table=table,
        figure=lambda: tinted_table(
            titles,
            names.packages,
            1 - (scores.ranks - 1) / last,
            [[numbers.plain(value) for value in row] for row in scores.ranks.tolist()],
            texts("ranks.note"),
        ),
        described=texts("ranks.described", metrics=len(titles), packages=len(names.packages)),
    )


def _leaders(names: RobustNames, scores: Scores) -> str:
    """Whether mean, regret and target put the same package first, or which each does."""
    texts, leaders = names.texts, scores.leaders
    asked = [item for item in scores.metrics if item.id in _LEADING]
    first = set.intersection(*(set(leaders[item.id]) for item in asked))
    if first:
        starr = texts("ranks.and_starr") if "starr" in leaders else ""
        return texts("ranks.agree", starr=starr, package=names.at(tuple(sorted(first))))
    each = [
        texts("ranks.leader", metric=metric_title(item, names), packages=names.at(leaders[item.id]))
        for item in asked
    ]
    return texts("ranks.differ", leaders="; ".join(each))


def _regret(names: RobustNames, scores: Scores) -> Finding:
    """How far each package stays behind the best, and how often it is the best."""
    texts, numbers, objective = names.texts, names.numbers, scores.objective
    unit, packages = names.unit(objective), names.robust.outcomes.packages
    least, best = int(scores.regret[2].argmin()), int(scores.best.argmax())
    amount = [[numbers.significant(value) for value in row] for row in scores.regret.tolist()]
    states = names.robust.outcomes.states(objective.id).shape[1]
    sentences = [
        texts(
            "regret.least",
            package=names.quoted(packages[least]),
            states=numbers.exact(states, 0),
            largest=amount[2][least],
            p90=amount[1][least],
            unit=unit,
        ),
        texts(
            "regret.null",
            reference=names.quoted(packages[0]),
            largest=amount[2][0],
            mean=amount[0][0],
            unit=unit,
        ),
        texts(
            "regret.best",
            package=names.quoted(packages[best]),
            share=numbers.exact(100 * scores.best[best], 0),
        ),
    ]
    table = pd.DataFrame({texts("robust.package"): names.packages})
    for row, quantity in zip(scores.regret, ("mean", "p90", "largest"), strict=True):
        table[texts("regret.column", quantity=texts(f"robust.{quantity}"), unit=unit)] = row
    table[texts("regret.world")] = [
        names.world(item) if item else texts("regret.nowhere") for item in scores.worst_world
    ]
    best_column = texts("regret.best_column")
    table[best_column] = 100 * scores.best
    decimals = {best_column: 0}
    ids = [item.id for item in scores.metrics]
    if "starr" in ids:
        met = texts("regret.met_column")
        table[met] = 100 * scores.shown[ids.index("starr")]
        decimals[met] = 0
    return Finding(
        id=f"regret-{objective.id}",
        title=texts("regret.title", objective=names.objective(objective)),
        sentences=tuple(sentences),
        caution=texts("regret.caution", states=_states(names)),
        table=table,
        decimals=decimals,
        figure=lambda: regret_chart(names.packages, scores.regret, scores.best, unit, texts),
        described=texts("regret.described"),
    )


def _together(names: RobustNames) -> Finding:
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
                "together.most",
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
        caution=texts("together.caution", targets=targets, states=_states(names)),
        table=table,
        decimals={f"{name} (%)": 0 for name in columns},
        figure=lambda: tinted_table(
            names.packages,
            columns,
            shares,
            [[numbers.exact(100 * value, 0) for value in row] for row in shares.tolist()],
            texts("together.note"),
            width=20,
        ),
        described=texts("together.described"),
    )


def _reversals(names: RobustNames) -> Finding:
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
        if _weight(row) <= (0.0, 0.0):
            said.append(texts(f"reversals.none_{name}"))
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


def _states(names: RobustNames) -> str:
    """That states are counted alike, and how many draws are kept out."""
    failed = names.robust.outcomes.failed
    kept_out = f" {names.texts('robust.failed', failed=failed)}" if failed else ""
    return names.texts("robust.states") + kept_out
