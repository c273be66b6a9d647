"""What an analysis of sensitivity rests on, as findings: the posterior within, the screening, the convergence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from sd_covid.analysis.sensitivity import Factor, Sensitivity
from sd_covid.report.drawing.charts import Bar, sensitivity_chart
from sd_covid.report.finding.statement import Finding
from sd_covid.report.sensitivity.charts import convergence_chart
from sd_covid.report.sensitivity.words import Words
from sd_covid.report.words.glossary import Glossary

#: Parameters that a table of the posterior shows of an outcome, and those of all outcomes that a chart shows.
_PARAMETERS, _BARS = 5, 6


def within_findings(found: Sensitivity, glossary: Glossary, words: Words) -> list[Finding]:
    """The calibrated parameters one by one, by outcome and path; none where there is no posterior."""
    texts = words.texts
    told = [(texts.of(item.outcome.title), item.within) for item in found.outcomes]
    told += [(words.widest_title(path), path.within) for path in found.paths]
    rows = []
    explained, draws = [], 0
    for title, inside in told:
        if inside is None:
            continue
        explained.append(inside.explained)
        draws = max(draws, inside.draws)
        for name, share, half in inside.shares[:_PARAMETERS]:
            called, grade = glossary.constant(name)
            rows.append((title, texts.of(called), grade or "–", share, half))
    if not rows:
        return []
    bars = [
        Bar(f"{title}: {called}", share, half)
        for title, called, _, share, half in sorted(rows, key=lambda row: -row[3])[:_BARS]
    ]
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
            figure=lambda: sensitivity_chart(bars, effect, texts),
            described=f"{effect}: " + ", ".join(f"{bar.name} {words.value(bar.share)}" for bar in bars),
        )
    ]


def screened_findings(found: Sensitivity, words: Words) -> list[Finding]:
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
            figure=lambda: sensitivity_chart(bars, reach, texts),
            described=f"{reach}: " + ", ".join(f"{bar.name} {words.value(bar.share)}" for bar in bars),
        )
    ]


def convergence_finding(found: Sensitivity, words: Words) -> Finding:
    """How far the indices changed from half of the design to all of it, and the worst of them by number of blocks."""
    texts = words.texts
    steps = [(texts.of(item.outcome.title), item.convergence) for item in found.outcomes]
    # A path is told where its spread is largest: elsewhere its indices divide little.
    steps += [(words.path_title(path), path.convergence.of(path.widest)) for path in found.paths]
    # Effects in the units of several outcomes are told as parts of the largest on each.
    shared = words.method != "morris"
    drifts = [float(step.drift if shared else step.relative_drift) for _, step in steps]
    drift = texts("sens.column.drift" if shared else "sens.column.relative_drift")
    outcome = texts("sens.column.outcome")
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
        decimals={drift: 3},
    )
    if not np.isfinite(drifts).any():
        return bare
    title, worst = steps[int(np.nanargmax(drifts))]
    largest = np.argsort(-np.nan_to_num(worst.leading[-1], nan=-np.inf), kind="stable")[:5]
    names = [words.name(found.factors[position]) for position in largest]
    key = "sens.convergence.worst" if shared else "sens.convergence.worst_effect"
    said = texts(key, drift=words.numbers.exact(float(np.nanmax(drifts)), 2), name=title)
    return replace(
        bare,
        sentences=(said, kept),
        figure=lambda: convergence_chart(
            worst.blocks, worst.leading[:, largest], names, words.measure, texts
        ),
        described=texts("sens.convergence.described", measure=words.measure, name=title),
    )
