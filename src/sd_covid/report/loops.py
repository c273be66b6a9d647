"""Findings about feedback loops: which there are, which make the behaviour, and along what a difference goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.loops.inventory import CAP
from sd_covid.analysis.loops.knockout import Knockout
from sd_covid.analysis.loops.links import Floats
from sd_covid.analysis.loops.paths import Carried, Explained
from sd_covid.analysis.loops.study import LoopStory, LoopStudy, PartitionStory
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.report.finding import Finding
from sd_covid.report.loops_charts import lines_chart, shares_chart
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

ARROW = " → "
_LISTED = 60  # loops in a table
_SHOWN = 6  # loops or paths in a figure, as many as colours tell apart
_TOLD = 3  # paths in sentences
_PHASES = 4
_PARTITIONS = 3
_LONG = 10  # names of a path that a sentence holds
_DOMINANT = 0.5  # share from which a loop is dominant (Schoenberg, Davidsen & Eberlein 2020)


@dataclass(frozen=True, slots=True)
class Times:
    """Model times as a reader knows them: as years where the model counts months from a date."""

    model: Model

    @property
    def dated(self) -> bool:
        """Whether they are years."""
        return self.model.calendar is not None and self.model.calendar[1] == "month"

    def values(self, times: Floats) -> Floats:
        """Times on an axis."""
        if self.model.calendar is None or not self.dated:
            return times
        year, month = self.model.calendar[0].split("-")[:2]
        return np.asarray(int(year) + (int(month) - 1 + times) / 12)

    def heading(self, texts: Texts) -> str:
        """What heads them in a table."""
        return texts("loops.column.year" if self.dated else "loops.column.time")

    def spelled(self, time: float, texts: Texts) -> str:
        """A time in a sentence."""
        value = float(self.values(np.array([time]))[0])
        told = f"{value:.1f}" if self.dated else f"{value:g}"
        return told if texts.language == "en" else told.replace(".", ",")


def inventory_finding(study: LoopStudy, simulation: Simulation, texts: Texts) -> Finding:
    """The loops, with polarity, gain and delay."""
    numbers, times = Numbers(texts.language), Times(simulation.model)
    loops = study.loops[:_LISTED]
    at = [0, len(study.times) // 2, len(study.times) - 1]
    unit = simulation.model.variables["time step"].units or texts("loops.column.time").lower()
    columns = {
        texts("loops.column.loop"): [loop.id for loop in loops],
        texts("loops.column.path"): [ARROW.join(loop.path) for loop in loops],
        texts("loops.column.polarity"): [texts(f"loops.polarity.{loop.polarity}") for loop in loops],
        texts("loops.column.count"): [loop.count for loop in loops],
        texts("loops.column.stocks"): [len(loop.stocks) for loop in loops],
        texts("loops.column.delay", unit=unit): [loop.delay for loop in loops],
        **{
            texts("loops.column.gain", time=times.spelled(float(study.times[k]), texts), unit=unit): [
                float(np.sign(loop.gains[k]) * np.abs(loop.gains[k]) ** (1 / max(1, len(loop.stocks))))
                for loop in loops
            ]
            for k in at
        },
        texts("loops.column.share"): [100 * loop.share for loop in loops],
    }
    first = study.partitions[0]
    sentences = [
        texts("loops.inventory.counts", partitions=len(study.partitions), quantities=first.quantities),
        _how_found(study, first, texts, numbers),
    ]
    return Finding(
        "loops",
        texts("loops.inventory"),
        tuple(sentences),
        texts("loops.inventory.caution"),
        pd.DataFrame(columns),
        {texts("loops.column.share"): 1},
    )


def _how_found(study: LoopStudy, first: PartitionStory, texts: Texts, numbers: Numbers) -> str:
    if first.searched:
        kept = numbers.exact(100 * first.kept, 0)
        return texts("loops.inventory.searched", cap=CAP, instants=first.searched, kept=kept)
    if not first.complete:
        return texts("loops.inventory.many", cap=CAP, loops=first.found)
    counts = {
        kind: sum(loop.count for loop in study.loops if loop.polarity == kind)
        for kind in ("reinforcing", "balancing", "changing")
    }
    return texts("loops.inventory.all", loops=sum(part.found for part in study.partitions), **counts)


def dominance_findings(study: LoopStudy, simulation: Simulation, texts: Texts) -> list[Finding]:
    """The shares of loops over time, for each of the largest partitions in which loops compete."""
    chosen = [
        (place, part)
        for place, part in enumerate(study.partitions)
        if len(part.loops) > 1 and np.isfinite(part.loops[0].relative).all()
    ]
    return [_dominance(study, place, part, simulation, texts) for place, part in chosen[:_PARTITIONS]]


def _dominance(
    study: LoopStudy, place: int, part: PartitionStory, simulation: Simulation, texts: Texts
) -> Finding:
    numbers, times = Numbers(texts.language), Times(simulation.model)
    shown = part.loops[:_SHOWN]
    axis = times.values(study.times)
    table = pd.DataFrame({times.heading(texts): axis})
    for loop in shown:
        table[f"{loop.id} (%)"] = 100 * loop.relative
    for kind, sign in (("reinforcing", 1), ("balancing", -1)):
        rest = [np.clip(sign * loop.relative, 0, None) for loop in part.loops[_SHOWN:]]
        if rest:
            name = f"{texts('loops.column.rest')}, {texts(f'loops.polarity.{kind}')} (%)"
            table[name] = sign * 100 * np.sum(rest, axis=0)
    most = shown[0]
    stocks = texts.listed(list(most.stocks[:2]))
    described = texts("loops.dominance.described")
    labels = [f"{loop.id}: {_short(loop.path)}" for loop in shown]
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
                path=_sentence(most, texts),
                polarity=texts(f"loops.polarity.{most.polarity}"),
            ),
            *([] if most.share >= _DOMINANT else [texts("loops.dominance.none")]),
            *_phases(study, part, times, texts),
        ),
        texts("loops.dominance.caution"),
        table,
        dict.fromkeys(map(str, table.columns), 1),
        lambda: shares_chart(axis, series, labels, texts("loops.dominance.axis"), texts),
        described,
    )


def _phases(study: LoopStudy, part: PartitionStory, times: Times, texts: Texts) -> list[str]:
    """Which loop is strongest when."""
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
    told = [
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
    return [texts("loops.dominance.phases", phases=texts.listed(told)), *more]


def _sentence(loop: LoopStory, texts: Texts) -> str:
    """A path in a sentence: of a long one, the stocks."""
    if len(loop.path) <= _LONG:
        return ARROW.join(loop.path)
    return texts("loops.dominance.long", steps=len(loop.path), stocks=texts.listed(list(loop.stocks)))


def _short(path: Sequence[str]) -> str:
    """A path for a legend: its first three variables."""
    return ARROW.join([*path[:3], *(["…"] if len(path) > 3 else [])])


def paths_finding(
    found: Explained, simulation: Simulation, output: str, scenarios: tuple[str, str], texts: Texts
) -> Finding:
    """Along what an output differs between two scenarios."""
    numbers, times = Numbers(texts.language), Times(simulation.model)
    names = {"output": output, "first": scenarios[0], "second": scenarios[1]}
    unit = texts.unit(simulation.model.variable(output.partition("[")[0]).units)
    peak = int(np.abs(found.difference).argmax())
    shown = sorted(found.paths, key=lambda item: -abs(float(item.values[peak])))[:_SHOWN]
    axis = times.values(found.times)
    rest = found.difference - sum((item.values for item in shown), np.zeros(len(axis)))
    spelled = [_spelled(item, found, simulation) for item in shown]
    table = pd.DataFrame({times.heading(texts): axis, texts("loops.column.difference"): found.difference})
    for path, item in zip(spelled, shown, strict=True):
        table[ARROW.join(path)] = item.values
    table[texts("loops.column.other")] = rest
    if not found.difference.any():
        sentences = [texts("loops.paths.same", **names)]
    else:
        at = times.spelled(float(found.times[peak]), texts)
        size = f"{numbers.plain(float(found.difference[peak]), 3)} {_apart(unit, texts)}".strip()
        sentences = [texts("loops.paths.most", time=at, difference=size, **names)]
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
        *(_begin(place, path) for place, path in enumerate(spelled)),
        texts("loops.column.other"),
    ]
    return Finding(
        "paths",
        texts("loops.paths", **names),
        tuple(sentences),
        texts("loops.paths.caution"),
        table,
        {times.heading(texts): 1},
        lambda: lines_chart(axis, series, labels, unit or output, texts),
        texts("loops.paths.described"),
    )


def _apart(unit: str, texts: Texts) -> str:
    """The unit of a difference: of percentages, points."""
    return texts("loops.points") if unit == "%" else unit


def _spelled(item: Carried, found: Explained, simulation: Simulation) -> list[str]:
    """The names along a path, the constant first that was set otherwise."""
    names = [simulation.model.variables[name].name for name in item.path]
    cells = found.settings[item.path[0]]
    set_there = list(
        dict.fromkeys(simulation.names.spell(cell).partition("(step")[0].partition("[")[0] for cell in cells)
    )
    first = [name for name in set_there if key(name) != item.path[0]]
    return [", ".join(first[:3]), *names] if first else names


def _begin(place: int, path: Sequence[str]) -> str:
    """A path for a legend: its number and where it begins."""
    return f"{place + 1}: {ARROW.join([*path[:4], *(['…'] if len(path) > 4 else [])])}"


def cut_finding(
    found: Knockout,
    simulation: Simulation,
    output: str,
    link: tuple[str, str],
    scenarios: tuple[str, str] | None,
    texts: Texts,
) -> Finding:
    """What an output does without a link."""
    numbers, times = Numbers(texts.language), Times(simulation.model)
    cause, effect = link
    unit = texts.unit(simulation.model.variable(output.partition("[")[0]).units)
    low, median, high = np.quantile(found.effect, (0.05, 0.5, 0.95), axis=0)
    whole, cut = np.median(found.whole, axis=0), np.median(found.cut, axis=0)
    peak = int(np.abs(median).argmax())
    axis = times.values(found.times)

    def said(value: float, named: str = _apart(unit, texts)) -> str:
        return f"{numbers.plain(value, 3)} {named}".strip()

    names = {"cause": cause, "effect": effect, "output": output}
    first, second = scenarios or ("", "")
    how = (
        texts("loops.cut.path", first=first, second=second, **names)
        if scenarios
        else texts("loops.cut.start", **names)
    )
    at = times.spelled(float(found.times[peak]), texts)
    columns = {times.heading(texts): axis, texts("loops.cut.whole"): whole, texts("loops.cut.without"): cut}
    if len(found.whole) == 1:
        size = texts(
            "loops.cut.one",
            time=at,
            difference=said(float(median[peak])),
            whole=said(float(whole[peak]), unit),
        )
        columns[texts("loops.column.difference")] = median
    else:
        size = texts(
            "loops.cut.draws",
            draws=len(found.whole),
            time=at,
            difference=said(float(median[peak])),
            low=said(float(low[peak])),
            high=said(float(high[peak])),
        )
        columns |= {
            texts("loops.cut.low"): low, texts("loops.cut.median"): median, texts("loops.cut.high"): high
        }  # fmt: skip
    failed = [texts("loops.cut.failed", failed=found.failed)] if found.failed else []
    series, labels = [whole, cut], [texts("loops.cut.whole"), texts("loops.cut.without")]
    if found.reference is not None:
        series.append(np.median(found.reference, axis=0))
        labels.append(first)
    return Finding(
        "cut",
        texts("loops.cut", **names),
        (how, size, *failed),
        texts("loops.cut.caution"),
        pd.DataFrame(columns),
        {times.heading(texts): 1},
        lambda: lines_chart(axis, series, labels, unit or output, texts),
        texts("loops.cut.described", output=output),
    )
