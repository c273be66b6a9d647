"""The pictures of a sector, by file name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.passport.loops import LoopSearch
from sd_covid.analysis.passport.loops_file import NamedLoop
from sd_covid.analysis.passport.reference_modes import value_in
from sd_covid.analysis.signs import Range, Sign, both, pair_of, sign_of
from sd_covid.document.causes import chapters, draw_causes
from sd_covid.document.charts import Course, Dot, draw_chart
from sd_covid.document.couplings import sector_colours
from sd_covid.document.drawing import draw
from sd_covid.document.lanes import in_lanes
from sd_covid.document.loops import draw_loop
from sd_covid.document.sources import Compared, Courses, Sector, Study
from sd_covid.document.strokes import Names, Origin
from sd_covid.document.structure import Anatomy, Diagram, anatomy, count, diagrams, rates, without
from sd_covid.document.texts import Texts
from sd_covid.engine.simulation import Simulation
from sd_covid.model.expression import Binary, Reference, walk
from sd_covid.model.layout.diagram import arranged
from sd_covid.model.names import key

if TYPE_CHECKING:
    import xarray as xr

#: Flows and names beyond which stocks and flows, and their causes, are two pictures.
_FLOWS, _NAMES = 4, 15


@dataclass(slots=True)
class Picture:
    """A picture of stocks: its title, its file, and the files of what moves its flows."""

    title: str
    file: str
    causes: list[str] = field(default_factory=list)


def slug(text: str) -> str:
    """A text as a part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def stock_pictures(sector: Sector, simulation: Simulation, files: dict[str, str]) -> list[Picture]:
    """Draw the stocks of a sector into `files`; arrows bear the sign that they have in a run of it alone."""
    names = _names(sector, simulation)
    made = []
    for diagram in diagrams(sector.anatomy):
        name = f"{slug(sector.stem)}-{slug(sector.model.variables[diagram.parts.stocks[0]].name)}"
        picture = Picture(diagram.title, f"{name}.svg")
        parts = diagram.parts
        size = len(parts.stocks) + len(parts.flows) + len(parts.auxiliaries) + len(parts.shadows)
        if len(parts.flows) > _FLOWS or (size > _NAMES and parts.flows):
            _apart(sector, diagram, picture, names, files)
        else:
            model = without(sector.model, sector.anatomy.counters)
            files[picture.file] = draw(arranged(model, parts, diagram.title), names)
        made.append(picture)
    return made


def _apart(sector: Sector, diagram: Diagram, picture: Picture, names: Names, files: dict[str, str]) -> None:
    """Stocks and flows in one picture, what moves the flows in others."""
    parts = diagram.parts
    files[picture.file] = draw(in_lanes(diagram.title, parts.stocks, parts.flows, names.spelled), names)
    flows = [flow.name for flow in parts.flows]
    shown = {(end, flow.name) for flow in parts.flows for end in (flow.source, flow.target) if end}
    for at, chapter in enumerate(chapters(sector.anatomy, flows, shown), start=1):
        spelled = dict(names.spelled) | {key: f"… {names.spelled[key]}" for key in chapter.continued}
        file = f"{picture.file.removesuffix('.svg')}-causes-{at}.svg"
        title = f"{diagram.title}: causes"
        files[file] = draw_causes(title, chapter.links, chapter.targets, replace(names, spelled=spelled))
        picture.causes.append(file)


def _names(sector: Sector, simulation: Simulation) -> Names:
    """How names and links of a sector are drawn."""
    found = sector.anatomy
    origins: dict[str, Origin] = dict.fromkeys(found.stocks, "stock")
    origins |= dict.fromkeys(found.drivers, "driver")
    origins |= dict.fromkeys(found.inputs, "input")
    spelled = {name: variable.name for name, variable in sector.model.variables.items()}
    times = {name: count(sector.model, name) for name in found.stocks}
    return Names(spelled, origins, times, _signs(found, simulation))


@dataclass(frozen=True, slots=True)
class Round:
    """A named loop as it runs through a model: its variables by key, none where there is no such way; and its file."""

    loop: NamedLoop
    path: tuple[str, ...] = ()
    file: str = ""


def loop_pictures(study: Study, texts: Texts, files: dict[str, str]) -> list[Round]:
    """Find the named loops of a study, and draw those that are found into `files`."""
    model = study.model
    loops = [loop for loop in study.beside.loops if all(name in model.variables for name in loop.through)]
    if not loops:
        return []
    found = anatomy(model)
    simulation = study.whole or study.alone(study.sectors[0])
    names = Names(
        {name: variable.name for name, variable in model.variables.items()},
        {},
        dict.fromkeys((*found.stocks, *found.counters), 1),
        _signs(found, simulation),
    )
    colours = sector_colours(item.id for item in study.sectors)
    of = {name: colours[sector.id] for name in model.variables for sector in study.home(name)}
    inputs = {key(item.input) for item in study.given}
    search, rounds = LoopSearch(simulation), []
    for loop in loops:
        path, _ = search.path(loop)
        file = f"{slug(study.name)}-loop-{slug(loop.id)}.svg" if path else ""
        if path and file not in files:
            # An input is of the sector that the loop goes on in.
            following = zip(path, [*path[1:], path[0]], strict=True)
            mine = {name: of.get(after if name in inputs else name, "") for name, after in following}
            files[file] = draw_loop(texts.of(loop.title), loop.id, path, names, mine)
        rounds.append(Round(loop, tuple(path), file))
    return rounds


def _signs(found: Anatomy, simulation: Simulation) -> dict[tuple[str, str], Sign]:
    """The sign of every link of a model, over the values that its variables have in a run."""
    run = simulation.run()
    courses = {key(str(name)): run[name] for name in run.data_vars}
    ranges: dict[str | tuple[str, str], Range] = {name: _range(course) for name, course in courses.items()}
    for variable in found.model.variables.values():
        for node in (below for rate in rates(variable) for below in walk(rate)):
            match node:
                case Binary(operator="-", left=Reference() as left, right=Reference() as right):
                    pair = pair_of(left, right)
                    if pair[0] in courses and pair[1] in courses:
                        ranges[pair] = _range(courses[pair[0]] - courses[pair[1]])
    made: dict[tuple[str, str], Sign] = {}
    for effect, variable in found.model.variables.items():
        for cause in found.causes.get(effect, ()):
            signs = [sign_of(rate, cause, ranges) for rate in rates(variable)]
            made[cause, effect] = both(*signs)
    return made


def mode_pictures(
    study: Study, sector: Sector, found: Sequence[Compared], runs: Sequence[Courses], files: dict[str, str]
) -> dict[tuple[str, ...], str]:
    """Draw a chart for each mode and variable into `files`; the file of each (mode, variable, aggregation, length)."""
    assert study.origin is not None
    first = study.origin[0] + (study.origin[1] - 1) / 12
    groups: dict[tuple[str, ...], list[Compared]] = {}
    for item in found:
        groups.setdefault(series(item), []).append(item)
    charts = {}
    for which, items in groups.items():
        figure, length = items[0].figure, items[0].end - items[0].start
        lines: list[Course] = []
        for run in runs:
            time, values = run.time, run.values[figure.variable]
            if figure.aggregation == "change":
                inside = (time - length / 2 >= time[0]) & (time + length / 2 <= time[-1])
                values = np.array(
                    [
                        value_in("change", time, values, at - length / 2, at + length / 2)
                        for at in time[inside]
                    ]
                )
                time = time[inside]
            lines.append(Course(first + time / 12, values, dashed=bool(lines)))
        dots = [_dot(item, first) for item in items]
        file = f"{slug(sector.stem)}-mode-{slug('-'.join(which))}.svg"
        unit = sector.model.variable(figure.variable.partition("[")[0]).units
        if figure.aggregation == "change":
            unit = f"{unit}, change over {length:g} months"
        files[file] = draw_chart(figure.variable, unit, dots, lines)
        charts[which] = file
    return charts


def series(item: Compared) -> tuple[str, ...]:
    """What figures that stand in one chart have in common."""
    figure = item.figure
    length = "" if figure.aggregation != "change" else f"{item.end - item.start:g}"
    return str(figure.mode), figure.variable, figure.aggregation, *([length] if length else [])


def _range(course: xr.DataArray) -> Range:
    """Lowest and highest value; any where it is not finite."""
    values = np.asarray(course, dtype=np.float64)
    return (float(values.min()), float(values.max())) if np.isfinite(values).all() else (-np.inf, np.inf)


def _dot(item: Compared, first: float) -> Dot:
    start, end = first + item.start / 12, first + item.end / 12
    if item.figure.aggregation in ("start", "end"):
        start = end = start if item.figure.aggregation == "start" else end
    return Dot(start, end, item.figure.value, item.figure.tolerance)
