"""A sensitivity analysis as findings: each outcome, each path, the posterior within, the screening, the convergence.

In goes a `Sensitivity`; out come findings in one language. Drawing is `charts` and `sensitivity_charts`; paths over
time are `sensitivity_paths`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from sd_covid.analysis.sensitivity import MEASURES, Factor, OutcomeSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.indices import Floats, Indices
from sd_covid.report.charts import Bar, sensitivity_chart
from sd_covid.report.depends import within
from sd_covid.report.finding import Finding
from sd_covid.report.glossary import Glossary
from sd_covid.report.sensitivity_charts import convergence_chart
from sd_covid.report.sensitivity_paths import path_finding
from sd_covid.report.sensitivity_words import Words
from sd_covid.report.texts import Texts
from sd_covid.report.wording import period

#: Factors that a chart of bars, and parameters that a table of the posterior, shows at most.
_BARS, _PARAMETERS = 10, 5
#: The part of the largest index below which a bar is not drawn.
_SMALL = 0.01


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
    told = [_outcome(item, words, glossary) for item in found.outcomes]
    told += [path_finding(path, words) for path in found.paths]
    told += _within(found, glossary, words)
    told += _screened(found, words)
    return [*told, _convergence(found, words)]


def made_with(found: Sensitivity, command: str, texts: Texts) -> dict[str, str]:
    """What made the findings, for the foot of the page."""
    made = found.provenance
    return {
        texts("sens.made.command"): command,
        texts("sens.made.model"): f"{made.model} ({made.model_hash})",
        texts("sens.made.draws"): f"{made.draws} ({made.draws_hash[:16]})",
        texts("sens.made.seed"): str(made.seed),
        texts("sens.made.versions"): ", ".join(
            f"{name} {version}" for name, version in made.versions.items()
        ),
    }


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


def _outcome(item: OutcomeSensitivity, words: Words, glossary: Glossary) -> Finding:
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
        figure=lambda: sensitivity_chart(bars, texts, shares=words.method != "morris"),
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


def _within(found: Sensitivity, glossary: Glossary, words: Words) -> list[Finding]:
    """The calibrated parameters one by one, by outcome; none where no outcome has them."""
    texts = words.texts
    items = [item for item in found.outcomes if item.within is not None]
    if not items:
        return []
    rows = []
    explained, draws = [], 0
    for item in items:
        if item.within is None:
            continue
        explained.append(item.within.explained)
        draws = max(draws, item.within.draws)
        for name, share, half in item.within.shares[:_PARAMETERS]:
            title, grade = glossary.constant(name)
            rows.append((texts.of(item.outcome.title), texts.of(title), grade or "–", share, half))
    effect = texts("sens.column.effect")
    half_name = texts("sens.column.half", name=effect)
    names = [texts(f"sens.column.{name}") for name in ("outcome", "factor", "grade")]
    return [
        Finding(
            id="within-calibrated",
            title=texts("sens.within.title"),
            sentences=(
                texts("sens.within.what", draws=words.numbers.exact(draws, 0)),
                texts(
                    "sens.within.explained",
                    low=words.numbers.exact(min(explained), 2),
                    high=words.numbers.exact(max(explained), 2),
                ),
            ),
            caution=texts("sens.within.caution"),
            table=pd.DataFrame(rows, columns=[*names, effect, half_name]),
            decimals={effect: 2, half_name: 2},
        )
    ]


def _screened(found: Sensitivity, words: Words) -> list[Finding]:
    """What a screening set aside; none without one."""
    screened, texts = found.screened, words.texts
    if screened is None:
        return []
    order = np.argsort(-screened.reach, kind="stable")
    factors: list[Factor] = [screened.factors[position] for position in order]
    reach = texts("sens.column.reach")
    table = pd.DataFrame(
        {
            texts("sens.column.factor"): [texts.of(factor.title) for factor in factors],
            texts("sens.column.stays"): [
                texts("sens.yes" if factor.id in screened.kept else "sens.no") for factor in factors
            ],
            reach: screened.reach[order],
        }
    )
    bars = [
        Bar(texts.of(factor.title), float(value), math.nan, inner=factor.id not in screened.kept)
        for factor, value in zip(factors, screened.reach[order], strict=True)
    ]
    what = texts(
        "sens.screened.what",
        trajectories=screened.sound,
        held=len(screened.held),
        all=len(screened.factors),
        threshold=words.numbers.plain(screened.threshold),
    )
    then = texts("sens.screened.kept", method=texts(f"sens.method.{found.method}"))
    return [
        Finding(
            id="screening",
            title=texts("sens.screened.title"),
            sentences=(what, then),
            caution=texts("sens.screened.caution"),
            table=table,
            decimals={reach: 3},
            figure=lambda: sensitivity_chart(bars, texts),
            described=f"{reach}: " + ", ".join(f"{bar.name} {words.value(bar.share)}" for bar in bars),
        )
    ]


def _convergence(found: Sensitivity, words: Words) -> Finding:
    """How far the indices changed from half of the design to all of it, and the worst of them by number of blocks."""
    texts = words.texts
    steps = [(texts.of(item.outcome.title), item.convergence) for item in found.outcomes]
    # A path is told where its spread is largest: elsewhere its indices divide little.
    steps += [(words.path_title(path), path.convergence.of(path.widest)) for path in found.paths]
    drifts = [float(convergence.drift) for _, convergence in steps]
    drift, outcome = texts("sens.column.drift"), texts("sens.column.outcome")
    table = pd.DataFrame(
        {
            outcome: [name for name, _ in steps],
            texts("sens.column.blocks"): [convergence.blocks[-1] for _, convergence in steps],
            drift: drifts,
        }
    )
    kept = texts(
        "sens.convergence.kept",
        kept=words.numbers.exact(found.kept, 0),
        samples=words.numbers.exact(found.samples, 0),
        failed=words.numbers.exact(len(found.failures), 0),
    )
    bare = Finding(
        id="convergence",
        title=texts("sens.convergence.title"),
        sentences=(kept,),
        caution=texts("sens.convergence.caution"),
        table=table,
        decimals={drift: 3} if words.method != "morris" else {},
    )
    if not np.isfinite(drifts).any():
        return bare
    title, worst = steps[int(np.nanargmax(drifts))]
    largest = np.argsort(-np.nan_to_num(worst.leading[-1], nan=-np.inf), kind="stable")[:5]
    names = [words.name(found.factors[position]) for position in largest]
    said = texts("sens.convergence.worst", drift=words.value(float(np.nanmax(drifts))), name=title)
    return replace(
        bare,
        sentences=(said, kept),
        figure=lambda: convergence_chart(
            worst.blocks, worst.leading[:, largest], names, words.measure, texts
        ),
        described=texts("sens.convergence.described", measure=words.measure, name=title),
    )
