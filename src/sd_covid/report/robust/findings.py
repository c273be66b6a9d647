"""Findings of a study of robustness: ranks by metric and regret, and after them those of its other modules.

In goes a `Robust`; out come `Finding`s in one language.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sd_covid.analysis.robustness.metrics import Metric
from sd_covid.analysis.robustness.outcomes import Objective
from sd_covid.analysis.robustness.pipeline import Robust
from sd_covid.analysis.robustness.scores import Scores
from sd_covid.report.drawing.tinted import tinted_table
from sd_covid.report.finding.statement import Finding, even_decimals
from sd_covid.report.robust.boxes import box_finding
from sd_covid.report.robust.charts import regret_chart
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.robust.regions import regions_finding
from sd_covid.report.robust.states import reversals_finding, together_finding
from sd_covid.report.robust.value import information_finding, worth_finding
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

#: The metrics that are always set beside each other.
_LEADING = ("laplace", "minimax-regret", "starr")
#: Those that say how an outcome spreads, and not how good it is.
_SPREADING = ("undesirable-deviations", "skewness", "peakedness")


def findings(
    robust: Robust, glossary: Glossary, texts: Texts, contraction: Mapping[str, float] | None = None
) -> list[Finding]:
    """Everything that a study of robustness found, in one language.

    Parameters
    ----------
    robust : Robust
    glossary : Glossary
        Titles of the calibrated parameters.
    texts : Texts
    contraction : mapping, optional
        Parameter id -> contraction, as a fit tells it (`sd_covid.calibration.results.InformationRow`).
    """
    names = RobustNames(robust, glossary, texts, contraction or {})
    told = []
    for scores in robust.scores:
        told += [ranks_finding(names, scores), regret_finding(names, scores)]
    if any(item.target is not None for item in robust.plan.objectives):
        told.append(together_finding(names))
    told.append(reversals_finding(names))
    for place, item in enumerate(robust.boxes):
        regions = regions_finding(names, place, item)
        told += [box_finding(names, place, item), *([] if regions is None else [regions])]
    told += [worth_finding(names, buying, robust.worth[buying.objective]) for buying in robust.plan.worth]
    if robust.learnt is not None:
        told.append(information_finding(names, robust.learnt))
    return told


def metric_title(metric: Metric, names: RobustNames) -> str:
    """What a metric is called, with its settings."""
    plan, numbers = names.robust.plan, names.numbers
    settings = {"share": numbers.plain(100 * plan.pessimism), "times": numbers.plain(plan.spread)}
    return names.texts(f"metric.{metric.id}", **settings)


def ranks_finding(names: RobustNames, scores: Scores) -> Finding:
    """The place of every package by every metric."""
    texts, numbers, objective = names.texts, names.numbers, scores.objective
    titles = [metric_title(item, names) for item in scores.metrics]
    good = scores.ranks[[item.id not in _SPREADING for item in scores.metrics]]
    most = int(np.ptp(good, axis=0).argmax())
    spread = texts(
        "ranks.spread" if np.ptp(good[:, most]) > 0 else "ranks.steady",
        metrics=len(good),
        package=names.quoted(names.robust.outcomes.packages[most]),
        low=numbers.plain(float(good[:, most].min())),
        high=numbers.plain(float(good[:, most].max())),
    )
    sentences = [_leaders(names, scores), spread, _gap(names, objective)]
    kinds = {"level": names.unit(objective), "distance": names.unit(objective), "share": texts("ranks.share")}
    table = pd.DataFrame(
        [
            (title, package, scores.ranks[row, place], scores.shown[row, place], kinds.get(metric.kind, "–"))
            for row, (title, metric) in enumerate(zip(titles, scores.metrics, strict=True))
            for place, package in enumerate(names.packages)
        ],
        columns=[texts(f"robust.{name}") for name in ("metric", "package")]
        + [texts(f"ranks.{name}") for name in ("rank", "score", "unit")],
    )
    last = max(len(names.packages) - 1, 1)
    return Finding(
        id=f"ranks-{objective.id}",
        title=texts("ranks.title", objective=names.objective(objective)),
        group=names.objective(objective),
        short=texts("ranks.short"),
        sentences=tuple(sentences),
        caution=texts("ranks.caution", states=names.states),
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


def _gap(names: RobustNames, objective: Objective) -> str:
    """How far the best package is from the worst by their means, or that no two differ by what matters."""
    outcomes, numbers = names.robust.outcomes, names.numbers
    gains = outcomes.states(objective.id)
    best, worst = (int(at) for at in (gains.mean(axis=1).argmax(), gains.mean(axis=1).argmin()))
    apart = gains[best] - gains[worst]
    if apart.mean() < objective.relevance or best == worst:
        return _small(names, objective)
    low, high = np.quantile(apart, (0.05, 0.95)).tolist()
    sizes = {"gap": float(apart.mean()), "low": low, "high": high}
    return names.texts(
        "ranks.gap",
        best=names.quoted(outcomes.packages[best]),
        worst=names.quoted(outcomes.packages[worst]),
        unit=names.unit(objective),
        **{name: numbers.significant(size) for name, size in sizes.items()},
    )


def _small(names: RobustNames, objective: Objective) -> str:
    """That packages differ by less than what matters."""
    relevance = names.numbers.plain(objective.relevance)
    return names.texts("ranks.small", relevance=relevance, unit=names.unit(objective))


def _leaders(names: RobustNames, scores: Scores) -> str:
    """Whether mean, regret and target put the same package first, or which each does."""
    texts, leaders = names.texts, scores.leaders
    said = names.inside(scores.objective)
    asked = [item for item in scores.metrics if item.id in _LEADING]
    first = set.intersection(*(set(leaders[item.id]) for item in asked))
    if first:
        agreed = "ranks.agree_target" if "starr" in leaders else "ranks.agree"
        return texts(agreed, package=names.at(tuple(sorted(first))), objective=said)
    each = [
        texts("ranks.leader", metric=metric_title(item, names), packages=names.at(leaders[item.id]))
        for item in asked
    ]
    return texts("ranks.differ", leaders="; ".join(each), objective=said)


def regret_finding(names: RobustNames, scores: Scores) -> Finding:
    """How far each package stays behind the best, and how often it is the best."""
    texts, objective = names.texts, scores.objective
    table, decimals = _regret_table(names, scores)
    return Finding(
        id=f"regret-{objective.id}",
        title=texts("regret.title", objective=names.objective(objective)),
        group=names.objective(objective),
        short=texts("regret.short"),
        sentences=tuple(_regret_sentences(names, scores)),
        caution=texts("regret.caution", states=names.states),
        table=table,
        decimals=decimals,
        figure=lambda: regret_chart(names.packages, scores.regret, scores.best, names.unit(objective), texts),
        described=texts("regret.described"),
    )


def _regret_sentences(names: RobustNames, scores: Scores) -> list[str]:
    """Who stays least behind, how far the null alternative does, and which package is most often the best."""
    texts, numbers, objective = names.texts, names.numbers, scores.objective
    unit, packages = names.unit(objective), names.robust.outcomes.packages
    least, best = int(scores.regret[2].argmin()), int(scores.best.argmax())
    amount = [[numbers.significant(value) for value in row] for row in scores.regret.tolist()]
    states = names.robust.outcomes.states(objective.id).shape[1]
    sentences = [
        texts(
            "regret.least" if scores.regret[2, least] > 0 else "regret.none",
            objective=names.inside(objective),
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
            p90=amount[1][0],
            unit=unit,
        ),
    ]
    if scores.regret[2, least] > 0:  # else the first sentence says so
        sentences.append(
            texts(
                "regret.best",
                package=names.quoted(packages[best]),
                share=numbers.exact(100 * scores.best[best], 0),
            )
        )
    if float(scores.regret[0].max()) < objective.relevance:
        sentences.append(_small(names, objective))
    return sentences


def _regret_table(names: RobustNames, scores: Scores) -> tuple[pd.DataFrame, dict[str, int]]:
    """Regret by package, in which world it is largest, and how often the package is the best; and its decimals."""
    texts, unit = names.texts, names.unit(scores.objective)
    table = pd.DataFrame({texts("robust.package"): names.packages})
    amounts = [
        texts("regret.column", quantity=texts(f"robust.{quantity}"), unit=unit)
        for quantity in ("mean", "p90", "largest")
    ]
    for name, row in zip(amounts, scores.regret, strict=True):
        table[name] = row
    table[texts("regret.world")] = [
        names.world(item) if item else texts("regret.nowhere") for item in scores.worst_world
    ]
    best_column = texts("regret.best_column")
    table[best_column] = 100 * scores.best
    decimals = even_decimals(table, amounts) | {best_column: 0}
    ids = [item.id for item in scores.metrics]
    if "starr" in ids:
        met = texts("regret.met_column")
        table[met] = 100 * scores.shown[ids.index("starr")]
        decimals[met] = 0
    return table, decimals
