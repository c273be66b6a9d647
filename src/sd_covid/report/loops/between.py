"""Findings about what two scenarios, or a run with and without a link, differ in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.analysis.loops.knockout import Knockout
from sd_covid.analysis.loops.links import Floats
from sd_covid.analysis.loops.paths import Carried, Explained
from sd_covid.model.names import key
from sd_covid.report.finding.statement import Finding, same_decimals
from sd_covid.report.loops.charts import lines_chart
from sd_covid.report.loops.words import Told, legend
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import ARROW, Numbers

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

_SHOWN = 6  # paths in a figure, as many as colours tell apart
_TOLD = 3  # paths in sentences
_SETTINGS = 3  # named of those at the beginning of a path


def paths_finding(
    found: Explained, simulation: Simulation, output: str, scenarios: tuple[str, str], told: Told
) -> Finding:
    """Along what an output differs between two scenarios."""
    texts, times, unit = told.texts, told.times, told.unit(output)
    numbers = Numbers(texts.language)
    first, second = map(told.scenario, scenarios)
    names = {"output": told.name(output), "first": first, "second": second}
    peak = int(np.abs(found.difference).argmax())
    shown = sorted(found.paths, key=lambda item: -abs(float(item.values[peak])))[:_SHOWN]
    axis = times.axis(found.times)
    rest = found.difference - sum((item.values for item in shown), np.zeros(len(axis)))
    spelled = [_spelled(item, found, simulation, told) for item in shown]
    table = pd.DataFrame(
        {times.heading(texts): times.column(found.times), texts("loops.column.difference"): found.difference}
    )
    for path, item in zip(spelled, shown, strict=True):
        table[ARROW.join(path)] = item.values
    table[texts("loops.column.other")] = rest
    if not found.difference.any():
        sentences = [texts("loops.paths.same", **names)]
    else:
        at = times.when(float(found.times[peak]), texts)
        size = f"{numbers.plain(float(found.difference[peak]), 3)} {_apart(unit, texts)}".strip()
        sentences = [texts("loops.paths.most", when=at, difference=size, **names)]
        sentences += [
            texts(
                "loops.paths.carries",
                amount=numbers.plain(float(item.values[peak]), 2),
                path=ARROW.join(path),
            )
            for path, item in list(zip(spelled, shown, strict=True))[:_TOLD]
        ]
        other = numbers.plain(float(rest[peak]), 2)
        sentences.append(texts("loops.paths.rest", paths=len(shown), other=other))
    series = [found.difference, *(item.values for item in shown), rest]
    labels = [
        texts("loops.column.difference"),
        *legend(map(str, range(1, len(spelled) + 1)), spelled),
        texts("loops.column.other"),
    ]
    return Finding(
        "paths",
        texts("loops.paths", **names),
        tuple(sentences),
        texts("loops.paths.caution"),
        table,
        same_decimals(table, [str(name) for name in table.columns[1:]]),
        lambda: lines_chart(
            axis, series, labels, _apart(unit, texts) or told.name(output), texts, times.label(texts)
        ),
        texts("loops.paths.described"),
        frozenset({times.heading(texts)}),
    )


def _apart(unit: str, texts: Texts) -> str:
    """The unit of a difference: of percentages, points."""
    return texts("loops.points") if unit == "%" else unit


def _spelled(item: Carried, found: Explained, simulation: Simulation, told: Told) -> list[str]:
    """The names along a path, the constant first that was set otherwise."""
    names = [told.name(simulation.model.variables[name].name) for name in item.path]
    cells = found.settings[item.path[0]]
    set_there = list(
        dict.fromkeys(simulation.names.spell(cell).partition("(step")[0].partition("[")[0] for cell in cells)
    )
    first = [name for name in set_there if key(name) != item.path[0]]
    return [_together([told.name(name) for name in first]), *names] if first else names


def _together(names: Sequence[str]) -> str:
    """What was set otherwise, in one: of several constants of one lever, the lever alone."""
    levers = [name.partition(": ")[0] for name in names]
    told = [name if levers.count(lever) == 1 else lever for name, lever in zip(names, levers, strict=True)]
    distinct = list(dict.fromkeys(told))
    return ", ".join([*distinct[:_SETTINGS], *(["…"] if len(distinct) > _SETTINGS else [])])


def cut_finding(
    found: Knockout,
    output: str,
    link: tuple[str, str],
    scenarios: tuple[str, str] | None,
    told: Told,
) -> Finding:
    """What an output does without a link."""
    texts, times, unit = told.texts, told.times, told.unit(output)
    axis = times.axis(found.times)
    cause, effect, output = map(told.name, (*link, output))
    names = {"cause": cause, "effect": effect, "output": output}
    first, second = map(told.scenario, scenarios or ("", ""))
    how = (
        texts("loops.cut.path", first=first, second=second, **names)
        if scenarios
        else texts("loops.cut.start", **names)
    )
    bands = np.quantile(found.effect, (0.05, 0.5, 0.95), axis=0)
    table = _cut_table(found, bands, told)
    labels = [texts("loops.cut.whole"), texts("loops.cut.without")]
    series = [table[name].to_numpy() for name in labels]
    failed = [texts("loops.cut.failed", failed=found.failed)] if found.failed else []
    if found.reference is not None:
        series.append(np.median(found.reference, axis=0))
        labels.append(first)
    return Finding(
        "cut",
        texts("loops.cut", **names),
        (how, _cut_size(found, bands, series[0], unit, told), *failed),
        texts("loops.cut.caution"),
        table,
        same_decimals(table, list(table.columns)[1:]),
        lambda: lines_chart(axis, series, labels, unit or output, texts, times.label(texts)),
        texts("loops.cut.described", output=output),
        frozenset({times.heading(texts)}),
    )


def _cut_table(found: Knockout, bands: Floats, told: Told) -> pd.DataFrame:
    """An output with the link and without it, and their difference: of draws its interval."""
    texts, times = told.texts, told.times
    low, median, high = bands
    columns: dict[str, NDArray[Any]] = {
        times.heading(texts): times.column(found.times),
        texts("loops.cut.whole"): np.median(found.whole, axis=0),
        texts("loops.cut.without"): np.median(found.cut, axis=0),
    }
    if len(found.whole) == 1:
        columns[texts("loops.column.difference")] = median
    else:
        columns |= {
            texts("loops.cut.low"): low, texts("loops.cut.median"): median, texts("loops.cut.high"): high
        }  # fmt: skip
    return pd.DataFrame(columns)


def _cut_size(found: Knockout, bands: Floats, whole: Floats, unit: str, told: Told) -> str:
    """How large the difference is where it is largest."""
    texts, numbers = told.texts, Numbers(told.texts.language)
    low, median, high = bands
    peak = int(np.abs(median).argmax())
    at = told.times.when(float(found.times[peak]), texts)

    def said(value: float, named: str = _apart(unit, texts)) -> str:
        return f"{numbers.plain(value, 3)} {named}".strip()

    if len(found.whole) == 1:
        level = said(float(whole[peak]), unit)
        return texts("loops.cut.one", when=at, difference=said(float(median[peak])), whole=level)
    return texts(
        "loops.cut.draws",
        draws=len(found.whole),
        when=at,
        difference=said(float(median[peak])),
        low=said(float(low[peak])),
        high=said(float(high[peak])),
    )
