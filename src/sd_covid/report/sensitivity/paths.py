"""What an output depends on over time, as a finding."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.sensitivity import PathSensitivity
from sd_covid.report.drawing.draw import slug
from sd_covid.report.finding.statement import Finding
from sd_covid.report.sensitivity.charts import Layers, over_time_chart
from sd_covid.report.sensitivity.words import Words
from sd_covid.report.words.wording import difference_unit

#: Factors with a layer of their own, and turns in the lead that a sentence tells.
_LAYERS, _TURNS = 7, 4


def path_finding(path: PathSensitivity, words: Words) -> Finding:
    """Indices over time, with the spread that they divide.

    Parameters
    ----------
    path : PathSensitivity
    words : Words
    """
    texts = words.texts
    own = path.scenario == words.found.reference
    unit = texts.of(path.output.unit_title) if own else difference_unit(path.output, texts)
    known = np.asarray(np.isfinite(path.indices.leading).any(axis=0))
    layers = _layers(path, words, unit)
    table, decimals = _table(path, layers, words)
    still = Finding(
        id=f"time-{slug(path.output.name)}",
        title=words.path_title(path),
        sentences=(texts("sens.still"),),
        caution=texts("sens.path.caution"),
        table=table,
        decimals=decimals,
    )
    if not known.any():
        return still
    widest = path.widest
    month = texts.month(path.date[widest].astype(object))
    most = texts("sens.path.when", month=month, names=words.named(path.indices.of(widest)))
    low, middle, high = path.bands[:, widest].tolist()
    size = words.size(path.scenario, path.output, month, (middle, low, high))
    return replace(
        still,
        sentences=(_turns(path, known, words), most, size),
        figure=lambda: over_time_chart(layers, words.measure, texts, stacked=words.of_variance),
        described=texts("sens.path.described", measure=words.measure, names=texts.listed(list(layers.names))),
    )


def _layers(path: PathSensitivity, words: Words, unit: str) -> Layers:
    """The factors that reach furthest, and the rest together where shares of the variance add up."""
    leading = path.indices.leading
    # A share counts where there is spread to divide.
    weight = path.indices.variance / max(float(np.nanmax(path.indices.variance)), np.finfo(float).tiny)
    reach = (np.nan_to_num(leading) * weight).max(axis=1) + 1e-3 * np.nan_to_num(leading).max(axis=1)
    order = np.argsort(-reach, kind="stable")
    chosen, others = order[:_LAYERS], order[_LAYERS:]
    names = [words.name(words.found.factors[position]) for position in chosen]
    indices = leading[chosen]
    rest = words.of_variance and len(others) > 0
    if rest:
        names.append(words.texts("sens.path.rest"))
        indices = np.concatenate([indices, leading[others].sum(axis=0, keepdims=True)])
    day = path.date.astype("datetime64[M]").astype(np.int64)
    return Layers(1970.0 + day / 12.0, tuple(names), indices, path.bands, unit, rest)


def _turns(path: PathSensitivity, known: NDArray[np.bool_], words: Words) -> str:
    """Which factors lead, one after another, with their years; only the longest turns where there are many."""
    moments = np.flatnonzero(known)
    first = np.nan_to_num(path.indices.leading, nan=-np.inf).argmax(axis=0)[moments]
    turns = [(list(group)) for _, group in itertools.groupby(range(len(first)), key=first.__getitem__)]
    longest = sorted(sorted(turns, key=len, reverse=True)[:_TURNS])
    names = []
    # Turns of one factor that only short ones part are one.
    for leader, parts in itertools.groupby(longest, key=lambda turn: first[turn[0]]):
        span = list(itertools.chain.from_iterable(parts))
        years = [str(path.date[moments[at]])[:4] for at in (span[0], span[-1])]
        kind = "sens.path.span" if years[0] != years[1] else "sens.path.year"
        name = words.name(words.found.factors[leader], inside=True)
        names.append((name, words.texts(kind, name=name, first=years[0], last=years[1])))
    if len(names) == 1:
        return words.texts("sens.path.throughout", name=names[0][0])
    return words.texts("sens.path.leads", names=words.texts.listed([told for _, told in names]))


def _table(path: PathSensitivity, layers: Layers, words: Words) -> tuple[pd.DataFrame, dict[str, int]]:
    """What the chart shows, by month."""
    texts = words.texts
    columns: dict[str, object] = {texts("sens.column.month"): [str(day)[:7] for day in path.date]}
    for name, band in zip(("low", "median", "high"), path.bands, strict=True):
        columns[texts(f"sens.column.{name}", unit=layers.unit)] = band
    columns |= dict(zip(layers.names, layers.indices, strict=True))
    decimals = {} if words.method == "morris" else dict.fromkeys(layers.names, 3)
    return pd.DataFrame(columns), decimals
