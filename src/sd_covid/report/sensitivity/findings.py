"""A sensitivity analysis as findings: each outcome, each path, the posterior within, the screening, the convergence.

In goes a `Sensitivity`; out come findings in one language. Drawing is `charts`; paths over time are `paths`, and
what the analysis rests on is `checks`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.analysis.sensitivity import MEASURES, OutcomeSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.indices import Floats, Indices
from sd_covid.report.drawing.charts import Bar, sensitivity_chart
from sd_covid.report.finding.made import made_with
from sd_covid.report.finding.statement import Finding
from sd_covid.report.sensitivity.checks import convergence_finding, screened_findings, within_findings
from sd_covid.report.sensitivity.paths import path_finding
from sd_covid.report.sensitivity.words import Words
from sd_covid.report.words.depends import within
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import period

#: Factors that a chart of bars, and pairs of an outcome that a table, shows at most.
_BARS, _PAIRS = 10, 5
#: The part of the largest index below which a bar is not drawn.
_SMALL = 0.01
#: The second-order index below which a pair is not named: in the table it would be 0.000.
_NIL = 0.0005


def sensitivity_findings(found: Sensitivity, glossary: Glossary, texts: Texts) -> list[Finding]:
    """The findings of a sensitivity analysis.

    Parameters
    ----------
    found : Sensitivity
    glossary : Glossary
        What the calibrated parameters are called.
    texts : Texts
    """
    words = Words(found, texts)
    told = [outcome_finding(item, words, glossary) for item in found.outcomes]
    told += [path_finding(path, words) for path in found.paths]
    told += pairs_findings(found, words)
    told += within_findings(found, glossary, words)
    told += screened_findings(found, words)
    return [*told, convergence_finding(found, words)]


def provenance(found: Sensitivity, command: str, texts: Texts) -> dict[str, str]:
    """What made the findings, for the foot of the page."""
    kinds = sorted({texts(f"sens.kind.{factor.kind}") for factor in found.factors})
    design = texts("sens.design", method=texts(f"sens.method.{found.method}"), kinds=", ".join(kinds))
    return made_with(found.provenance, command, texts, draws=design)


def subtitle(found: Sensitivity, texts: Texts) -> str:
    """What was analysed, in a line."""
    words = Words(found, texts)
    return texts(
        "sens.subtitle",
        method=texts(f"sens.method.{found.method}"),
        model=found.provenance.model,
        factors=len(found.factors),
        runs=words.numbers.exact(found.runs, 0),
    )


def outcome_finding(item: OutcomeSensitivity, words: Words, glossary: Glossary) -> Finding:
    """One outcome: bars, the factors it depends on most, and its size."""
    texts, asked = words.texts, item.outcome
    when = {
        "year": period(item.output, asked.years[-1], texts),
        "peak": texts("peak.label", first=asked.years[0], last=asked.years[1]),
    }.get(asked.measure, texts("sens.total", first=asked.years[0], last=asked.years[1]))
    size = words.size(asked.scenario, item.output, when, (item.spread.median, *item.spread.interval))
    title = texts.of(asked.title)
    ranked = words.ranked(item.indices)
    if not ranked:
        return Finding(
            asked.id, title, (texts("sens.still"), size), texts("sens.caution"), _table(item.indices, words)
        )
    bars = _bars(item, ranked, glossary, words)
    return Finding(
        id=asked.id,
        title=title,
        sentences=(words.most(item.indices), words.means(item.indices), size),
        caution=texts("sens.caution"),
        table=_table(item.indices, words),
        decimals={} if words.method == "morris" else dict.fromkeys(words.columns, 3),
        figure=lambda: sensitivity_chart(bars, words.measure, texts, shares=words.method != "morris"),
        described=f"{words.measure}: " + ", ".join(f"{bar.name} {words.value(bar.share)}" for bar in bars),
    )


def _bars(item: OutcomeSensitivity, ranked: list[int], glossary: Glossary, words: Words) -> list[Bar]:
    """The largest factors, with the calibrated parameters below the one that holds them."""
    bars = []
    leading, half = item.indices.leading, item.indices.leading_half_width
    for position in ranked[:_BARS]:
        factor, share = words.found.factors[position], float(leading[position])
        if share < _SMALL * leading[ranked[0]]:
            break
        bars.append(Bar(words.name(factor), share, float(half[position])))
        if factor.kind == "posterior" and words.of_variance:
            bars += [
                Bar(
                    words.texts("sensitivity.inside", name=entry.graded(words.texts)),
                    entry.share * share,
                    entry.half_width * share,
                    inner=True,
                )
                for entry in within(item, glossary, words.texts, most=3)
            ]
    return bars


def _table(indices: Indices, words: Words) -> pd.DataFrame:
    """Every factor with every measure, the largest first."""
    texts = words.texts
    order = [*words.ranked(indices)]
    order += [position for position in range(len(words.found.factors)) if position not in order]
    factors = [words.found.factors[position] for position in order]
    columns: dict[str, list[str] | Floats] = {
        texts("sens.column.factor"): [texts.of(factor.title) for factor in factors],
        texts("sens.column.kind"): [texts(f"sens.kind.{factor.kind}") for factor in factors],
        texts("sens.column.grade"): [factor.grade or "–" for factor in factors],
    }
    for name in MEASURES[words.method]:
        label = words.label(name)
        columns[label] = indices.values[name][order]
        if np.isfinite(indices.half_widths[name]).any():
            columns[texts("sens.column.half", name=label)] = indices.half_widths[name][order]
    return pd.DataFrame(columns)


def pairs_findings(found: Sensitivity, words: Words) -> list[Finding]:
    """The pairs of factors that work together most, by outcome; none where pairs were not told apart."""
    texts = words.texts
    rows = []
    for item in found.outcomes:
        pairs, halves = item.indices.pairs, item.indices.pair_half_widths
        if pairs is None or halves is None:
            continue
        told = [
            (pairs[at], halves[at], at) for at in zip(*np.triu_indices(len(found.factors), 1), strict=True)
        ]
        # What chance alone could bring is not listed, nor what is nil to three places.
        sure = sorted((row for row in told if row[0] > max(row[1], _NIL)), key=lambda row: -row[0])[:_PAIRS]
        for value, half, (one, other) in sure:
            name = f"{words.name(found.factors[one])} × {words.name(found.factors[other], inside=True)}"
            rows.append((texts.of(item.outcome.title), name, float(value), float(half)))
    if all(item.indices.pairs is None for item in found.outcomes):
        return []
    index = texts("sens.measure.second")
    half_name = texts("sens.column.half", name=index)
    names = [texts("sens.column.outcome"), texts("sens.column.pair"), index, half_name]
    best = max(rows, key=lambda row: row[2], default=None)
    largest = sorted(rows, key=lambda row: -row[2])[:_PAIRS]
    bars = [Bar(f"{outcome}: {pair}", value, half) for outcome, pair, value, half in largest]
    first = (
        texts("sens.pairs.none")
        if best is None
        else texts("sens.pairs.best", pair=best[1], outcome=best[0], **words.interval(best[2], best[3]))
    )
    return [
        Finding(
            id="pairs",
            title=texts("sens.pairs.title"),
            sentences=(first, texts("sens.pairs.means")),
            caution=texts("sens.pairs.caution"),
            table=pd.DataFrame(rows, columns=names),
            decimals={index: 3, half_name: 3},
            figure=(lambda: sensitivity_chart(bars, words.label("second"), texts)) if bars else None,
            described=f"{index}: " + ", ".join(f"{bar.name} {words.value(bar.share)}" for bar in bars),
        )
    ]
