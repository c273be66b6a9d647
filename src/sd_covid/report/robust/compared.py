"""Findings on robustness in the report of a comparison: all headline outcomes in one table each.

In goes a `Robust` made of the comparison's own draws; out come `Finding`s. Outcome by outcome with every metric it is
`findings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.robustness.scores import REGRET, Scores
from sd_covid.report.drawing.tinted import tinted_table
from sd_covid.report.finding.statement import Finding
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.robust.states import reversals_finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Metrics that are set beside one another, in the order of the columns.
_BESIDE = ("laplace", "minimax-regret", "starr")
#: Of so few packages a table says as much as its tints would.
_PLAIN = 4


def compared_findings(names: RobustNames) -> list[Finding]:
    """Regret, chance of being the best, and what the metrics put first.

    Parameters
    ----------
    names : RobustNames
        Of a study with one world and a target for every objective.
    """
    return [_best(names), _regret(names), _first(names)]


def _best(names: RobustNames) -> Finding:
    """How often each package is the best, by every outcome."""
    texts, numbers, scores = names.texts, names.numbers, names.robust.scores
    shares = np.array([item.best for item in scores])
    rows = [_outcome(names, item) for item in scores]
    leader = int(shares[0].argmax())
    often = texts(
        "compared.best_most",
        package=names.quoted(names.robust.outcomes.packages[leader]),
        objective=_inside(names, scores[0]),
        share=numbers.exact(100 * shares[0, leader], 0),
    )
    table = pd.DataFrame(100 * shares, columns=names.packages)
    table.insert(0, texts("compared.outcome"), rows)
    return Finding(
        id="robust-best",
        title=texts("compared.best"),
        sentences=(often, *reversals_finding(names).sentences),
        caution=" ".join([texts("compared.best_caution"), *_ties(names), _kept_out(names)]).strip(),
        table=table,
        decimals=dict.fromkeys(names.packages, 0),
        figure=None if len(names.packages) <= _PLAIN else lambda: best_chart(names, rows),
        described=texts("compared.best_described"),
    )


def best_chart(names: RobustNames, outcomes: Sequence[str]) -> Figure:
    """How often each package is the best, by every outcome, as a table of tints.

    Parameters
    ----------
    names : RobustNames
    outcomes : sequence of str
        What the objectives are called.
    """
    numbers = names.numbers
    shares = np.array([item.best for item in names.robust.scores])
    return tinted_table(
        outcomes,
        names.packages,
        shares,
        [[numbers.exact(100 * value, 0) for value in row] for row in shares.tolist()],
        names.texts("compared.best_note"),
    )


def _outcome(names: RobustNames, scores: Scores) -> str:
    """The title of an outcome without its period, which is the same for all and stands above them."""
    titles = {item.name: item.title for item in names.robust.plan.outputs}
    return names.texts.of(titles.get(scores.objective.id, scores.objective.title))


def _inside(names: RobustNames, scores: Scores) -> str:
    """The same within a sentence."""
    return names.texts("robust.quoted", name=_outcome(names, scores))


def _ties(names: RobustNames) -> list[str]:
    """Outcomes by which no two packages differ by what matters, where there are any."""
    small = [_inside(names, item) for item in names.robust.scores if not _apart(item)]
    return [names.texts("compared.small", names=names.texts.listed(small))] if small else []


def _apart(scores: Scores) -> bool:
    """Whether some package stays behind the best by what matters, on average."""
    return bool(scores.regret[REGRET.index("mean")].max() >= scores.objective.relevance)


def _kept_out(names: RobustNames) -> str:
    failed = names.robust.outcomes.failed
    return names.texts("robust.failed", failed=failed) if failed else ""


def _regret(names: RobustNames) -> Finding:
    """How far each package stays behind the best of the same draw, in the unit of each outcome."""
    texts, numbers, robust = names.texts, names.numbers, names.robust
    first = robust.scores[0]
    row = REGRET.index("p90")
    least = int(first.regret[row].argmin())
    sentence = texts(
        "compared.regret_least",
        package=names.quoted(robust.outcomes.packages[least]),
        objective=_inside(names, first),
        p90=numbers.significant(first.regret[row, least]),
        unit=names.unit(first.objective),
        null=numbers.significant(first.regret[row, 0]),
        reference=names.quoted(robust.outcomes.packages[0]),
    )
    table = pd.DataFrame(
        [
            (_outcome(names, item), names.unit(item.objective), item.objective.relevance, *item.regret[row])
            for item in robust.scores
        ],
        columns=[
            texts("compared.outcome"), texts("compared.unit"), texts("compared.matters"), *names.packages
        ],
    )  # fmt: skip
    return Finding(
        id="robust-regret",
        title=texts("compared.regret"),
        sentences=(sentence,),
        caution=texts("compared.regret_caution"),
        table=table,
        digits=2,
    )


def _first(names: RobustNames) -> Finding:
    """Which package mean, largest regret and target put first, by every outcome, and how often the order turns."""
    texts, robust = names.texts, names.robust
    rows, apart = [], []
    for item, turned in zip(robust.scores, robust.reversals, strict=True):
        leaders = [_leading(names, item, metric) for metric in _BESIDE]
        same = len(set(leaders) - {texts("compared.none_meets")}) == 1
        if not same and _apart(item):
            apart.append(_inside(names, item))
        rows.append(
            (
                _outcome(names, item),
                *leaders,
                texts("word.yes" if same else "word.no"),
                100 * turned.rows[0].share,
            )
        )
    heads = [texts(f"compared.{name}") for name in ("outcome", "laplace", "regret_first", "starr", "agree")]
    turns = texts("compared.turns")
    sentence = (
        texts("compared.differ", names=texts.listed(apart), count=len(apart))
        if apart
        else texts("compared.same")
    )
    return Finding(
        id="robust-first",
        title=texts("compared.first"),
        sentences=(sentence,),
        caution=texts("compared.first_caution"),
        table=pd.DataFrame(rows, columns=[*heads, turns]),
        decimals={turns: 1},
    )


def _leading(names: RobustNames, scores: Scores, metric: str) -> str:
    """The packages that a metric puts first; of a target that none, or every one, meets alike a word says so."""
    places = scores.leaders[metric]
    if metric == "starr":
        met = scores.shown[[item.id for item in scores.metrics].index(metric)]
        if met.max() == 0:
            return names.texts("compared.none_meets")
    if len(places) == len(names.packages):
        return names.texts("compared.all_alike")
    return names.texts.listed([names.packages[place] for place in places])
