"""Findings about feedback loops: which there are, and which make the behaviour."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from sd_covid.analysis.loops.inventory import CAP
from sd_covid.analysis.loops.study import LoopStory, LoopStudy, PartitionStory
from sd_covid.report.finding.statement import Finding
from sd_covid.report.loops.charts import gains_chart, shares_chart
from sd_covid.report.loops.words import Told, legend
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

_LISTED = 60  # loops in a table
_BARS = 24  # and in a chart of gains
_SHOWN = 6  # loops in a figure, as many as colours tell apart
_PHASES = 4
_PARTITIONS = 3
_LONG = 8  # names of a path that a sentence holds
_DOMINANT = 0.5  # share from which a loop is dominant (Schoenberg, Davidsen & Eberlein 2020)


def inventory_finding(study: LoopStudy, told: Told) -> Finding:
    """The loops, with polarity, gain and delay."""
    texts, times = told.texts, told.times
    numbers = Numbers(texts.language)
    loops = study.loops[:_LISTED]
    at = [0, len(study.times) // 2, len(study.times) - 1]
    step = told.model.variables["time step"].units or texts("loops.column.time").lower()
    unit, rate = texts.unit(step), texts.unit(f"1/{step}")
    columns: dict[str, list[Any]] = {
        texts("loops.column.loop"): [loop.id for loop in loops],
        texts("loops.column.path"): [told.path(loop.path) for loop in loops],
        texts("loops.column.polarity"): [texts(f"loops.polarity.{loop.polarity}") for loop in loops],
        texts("loops.column.count"): [loop.count for loop in loops],
        texts("loops.column.stocks"): [len(loop.stocks) for loop in loops],
        texts("loops.column.delay", unit=unit): [loop.delay for loop in loops],
        **{
            texts("loops.column.gain", when=times.when(float(study.times[k]), texts), unit=rate): [
                float(np.sign(loop.gains[k]) * np.abs(loop.gains[k]) ** (1 / max(1, len(loop.stocks))))
                for loop in loops
            ]
            for k in at
        },
        texts("loops.column.share"): [100 * loop.share for loop in loops],
    }
    middle = texts("loops.column.gain", when=times.when(float(study.times[at[1]]), texts), unit=rate)
    drawn = [place for place, gain in enumerate(columns[middle]) if np.isfinite(gain)][:_BARS]
    first = study.partitions[0]
    sentences = [
        texts(
            "loops.inventory.counts",
            partitions=numbers.exact(len(study.partitions), 0),
            quantities=numbers.exact(first.quantities, 0),
        ),
        _how_found(study, texts, numbers),
    ]
    return Finding(
        "loops",
        texts("loops.inventory"),
        tuple(sentences),
        texts("loops.inventory.caution"),
        pd.DataFrame(columns),
        {texts("loops.column.share"): 1},
        figure=(
            lambda: gains_chart(
                [loops[place].id for place in drawn],
                np.array([columns[middle][place] for place in drawn], dtype=np.float64),
                middle,
                texts,
            )
        )
        if drawn
        else None,
        described=texts("loops.inventory.described"),
    )


def _how_found(study: LoopStudy, texts: Texts, numbers: Numbers) -> str:
    """How the loops were found: of the largest set that has too many to list, or that all were listed."""
    first = next((part for part in study.partitions if not part.complete), study.partitions[0])
    if first.searched:
        kept = numbers.exact(100 * first.kept, 0)
        return texts(
            "loops.inventory.searched",
            cap=numbers.exact(CAP, 0),
            instants=first.searched,
            kept=kept,
            quantities=numbers.exact(first.quantities, 0),
        )
    if not first.complete:
        return texts(
            "loops.inventory.many",
            cap=numbers.exact(CAP, 0),
            loops=numbers.exact(first.found, 0),
            quantities=numbers.exact(first.quantities, 0),
        )
    counts = {
        kind: sum(loop.count for loop in study.loops if loop.polarity == kind)
        for kind in ("reinforcing", "balancing", "changing")
    }
    return texts("loops.inventory.all", loops=sum(part.found for part in study.partitions), **counts)


def dominance_findings(study: LoopStudy, told: Told) -> list[Finding]:
    """The shares of loops over time, for each of the largest partitions in which loops compete."""
    chosen = [
        (place, part)
        for place, part in enumerate(study.partitions)
        if len(part.loops) > 1 and np.isfinite(part.loops[0].relative).all()
    ]
    return [_dominance(study, place, part, told) for place, part in chosen[:_PARTITIONS]]


def _dominance(study: LoopStudy, place: int, part: PartitionStory, told: Told) -> Finding:
    texts, times = told.texts, told.times
    numbers = Numbers(texts.language)
    shown = part.loops[:_SHOWN]
    axis = times.axis(study.times)
    table = pd.DataFrame({times.heading(texts): times.column(study.times)})
    for loop in shown:
        table[f"{loop.id} (%)"] = 100 * loop.relative
    for kind, sign in (("reinforcing", 1), ("balancing", -1)):
        rest = [np.clip(sign * loop.relative, 0, None) for loop in part.loops[_SHOWN:]]
        if rest:
            name = f"{texts('loops.column.rest')}, {texts(f'loops.polarity.{kind}')} (%)"
            table[name] = sign * 100 * np.sum(rest, axis=0)
    most = shown[0]
    stocks = told.listed(most.stocks[:2])
    described = texts("loops.dominance.described")
    labels = legend((loop.id for loop in shown), [[told.name(item) for item in loop.path] for loop in shown])
    labels += [str(name) for name in table.columns[1 + len(shown) :]]
    series = [table[name].to_numpy() for name in table.columns[1:]]
    return Finding(
        f"dominance-{place + 1}",
        texts("loops.dominance", stocks=stocks),
        (
            texts(
                "loops.dominance.most",
                loop=most.id,
                share=numbers.exact(100 * most.share, 0),
                path=_sentence(most, told),
                polarity=texts(f"loops.polarity.{most.polarity}"),
            ),
            *([] if most.share >= _DOMINANT else [texts("loops.dominance.none")]),
            *_phases(study, part, told),
        ),
        texts("loops.dominance.caution"),
        table,
        dict.fromkeys(map(str, table.columns), 1),
        lambda: shares_chart(axis, series, labels, texts("loops.dominance.axis"), texts, times.label(texts)),
        described,
        frozenset({times.heading(texts)}),
    )


def _phases(study: LoopStudy, part: PartitionStory, told: Told) -> list[str]:
    """Which loop is strongest when."""
    texts, times = told.texts, told.times
    relative = np.abs([loop.relative for loop in part.loops])
    strongest = np.where(relative.max(axis=0) > 0, relative.argmax(axis=0), -1)
    runs = []
    for loop, steps in groupby(range(len(strongest)), key=lambda k: int(strongest[k])):
        those = list(steps)
        if loop >= 0:
            runs.append((those[0], those[-1], part.loops[loop]))
    longest = sorted(sorted(runs, key=lambda run: run[0] - run[1])[:_PHASES])
    if not longest:
        return []
    phases = [
        texts(
            "loops.dominance.phase",
            loop=loop.id,
            polarity=texts(f"loops.polarity.{loop.polarity}"),
            start=times.spelled(float(study.times[start]), texts),
            end=times.spelled(float(study.times[end]), texts),
        )
        for start, end, loop in longest
    ]
    more = [texts("loops.dominance.turns", turns=len(runs) - 1)] if len(runs) > len(longest) else []
    return [texts("loops.dominance.phases", phases=texts.listed(phases)), *more]


def _sentence(loop: LoopStory, told: Told) -> str:
    """A path in a sentence: of a long one, the stocks."""
    if len(loop.path) <= _LONG:
        return told.path(loop.path)
    return told.texts("loops.dominance.long", steps=len(loop.path), stocks=told.listed(loop.stocks))
