"""What the page of a simulator holds: model, draws, controls and the baseline, as one object for JSON.

In come a `Declaration` and the study that it belongs to; out comes one object. Names of the model appear as text in
it alone; its WebAssembly knows constants and outputs by number.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.data import Registry
from sd_covid.data.text import Text
from sd_covid.engine.run.webassembly import Assembled, assemble
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError, UnknownNameError
from sd_covid.model.names import key
from sd_covid.policy.catalogue.outputs import Output, read_outputs
from sd_covid.policy.comparison.draws import choose_draws, sample_assumptions
from sd_covid.policy.comparison.run import overruled
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.policy.titles import read_titles
from sd_covid.report.drawing.observed import ObservedSeries, points_of
from sd_covid.report.simulator.controls import Controls, Spelled
from sd_covid.report.simulator.declaration import Declaration
from sd_covid.report.simulator.paths import read_paths
from sd_covid.report.simulator.restart import effects, idle_before_start, reachable
from sd_covid.report.words.texts import Texts
from sd_covid.study_folder import is_there, study_folder

#: The quantiles of a fan chart: 90, 60 and 30 %, and the median.
QUANTILES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Known:
    """What a study knows of its model, beside the model itself.

    Attributes
    ----------
    posterior : DataFrame or None
        Stored draws, columns constants of the model.
    point : mapping
        Constants of the reference member: the best fit.
    observed : sequence of ObservedSeries
    registry : Registry or None
        Titles and publishers of their series.
    """

    posterior: pd.DataFrame | None = None
    point: Mapping[str, float] | None = None
    observed: Sequence[ObservedSeries] = ()
    registry: Registry | None = None


def make_content(
    declared: Declaration, simulation: Simulation, known: Known, texts: Texts, size: int, seed: int = 1
) -> dict[str, Any]:
    """Run the baseline and gather what a page needs, for JSON.

    Parameters
    ----------
    declared : Declaration
    simulation : Simulation
    known : Known
    texts : Texts
        In the language of the page.
    size : int
        Number of draws.
    seed : int
        By which they are chosen, and of the model's random numbers.

    Raises
    ------
    ScenarioError, UnknownNameError, RunError
        When something that is declared is not in the study or the model, or the model cannot be run in a page.
    """
    own, simulation = simulation, declared.integrated(simulation)
    study = _study(declared, simulation)
    presets = _presets(declared, simulation, study)
    controls = Controls(declared, simulation, study, presets, texts)
    simulation = simulation.stepping([name for item in presets for name in item.settings] + controls.steps)
    spelled = Spelled(simulation)
    outputs = outputs_of(declared, simulation)
    counted = [name for name in controls.counted if all(name != item.name for item in outputs)]
    names = [item.name for item in outputs] + counted
    nodes = [simulation.program.cells[simulation.names.cells(name)[0]] for name in names]
    baseline = dict(presets[0].settings) if presets else {}
    reference = {**_elementwise(known.point or {}, simulation), **_elementwise(baseline, simulation)}
    drawn = _drawn(study, known, size, seed)
    run = simulation.run(reference, names, seed=seed)
    results = np.array([np.ravel(run[name].to_numpy()) for name in names])
    values = simulation.program.defaults
    for number, value in spelled.numbered(reference):
        values[int(number)] = value
    columns = _draw_columns(drawn, spelled)
    model = assemble(simulation.program, nodes, values)
    shown = controls.data(spelled)
    _refuse_fixed(shown, model.fixed, values, simulation)
    box = reachable(shown, columns, simulation.program.defaults, values)
    idle = [] if study is None else idle_before_start(controls.levers, study, simulation, reference, seed)
    return {
        "language": texts.language,
        "title": texts.of(declared.title),
        "model": _inside_study(declared),
        "origin": None if study is None else [study.calendar.origin.year, study.calendar.origin.month],
        "since": None if study is None or not declared.since else _time(declared.since, study),
        "year": _year(declared, study),
        "seed": [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF],
        "constants": list(simulation.constants),
        "defaults": _packed(simulation.program.defaults),
        "reference": spelled.numbered(reference),
        "time": run["time"].to_numpy().tolist(),
        "draws": _draws(drawn, columns),
        "outputs": [_output(item, simulation, known, texts) for item in outputs],
        "missing": [texts.of(item.title) for item in left_out(declared, simulation)],
        "reached": _reached(declared, simulation, presets, names, texts),
        "counted": counted,
        "charts": _charts(declared, outputs),
        "baseline": {
            "results": _packed(results),
            "bands": "" if drawn is None else _bands(simulation, names, overruled(drawn, baseline), seed),
        },
        **shown,
        # what all draws share is computed once for them; for a member alone there is nothing to share
        "kernels": {
            "one": _kernel(model),
            "draws": None if drawn is None else _kernel(assemble(simulation.program, nodes, values, columns)),
        },
        "fixed": model.fixed,
        "restart": {
            "idle": idle,
            "low": _packed(box[0]),
            "high": _packed(box[1]),
            "first": effects(shown, simulation, nodes, model.grid, box, idle),
        },
        "model_hash": simulation.fingerprint,
        "integration": _integration(declared, own, model.grid.step),
    }


def _study(declared: Declaration, simulation: Simulation) -> Study | None:
    """The study around a page; None for a model by itself."""
    if simulation.model.calendar is None and (declared.since or declared.year):
        raise RunError(
            "the model has no calendar, so 'since' and 'year' mean nothing in it",
            advice="leave them out, or give the model a calendar",
            file=declared.file,
        )
    if simulation.model.calendar is not None or declared.presets or declared.catalogue:
        return Study.beside(declared.file, simulation)
    return None


def _draws(drawn: pd.DataFrame | None, columns: dict[int, NDArray[np.float64]]) -> dict[str, Any]:
    """The constants of every draw, one row a draw."""
    values = _packed(np.array(list(columns.values())).T)
    return {"count": 0 if drawn is None else len(drawn), "columns": list(columns), "values": values}


def _integration(declared: Declaration, simulation: Simulation, step: float) -> str:
    """How the page integrates, and how the model does where that is another way."""
    method = simulation.model.settings.method
    if not declared.method:
        return f"{method}, {step:g}"
    own = {key(name): f", {value:g}" for name, value in simulation.constants.items()}.get("time step", "")
    return f"{declared.method}, {step:g} (model: {method}{own})"


def _refuse_fixed(
    shown: Mapping[str, Any], fixed: Sequence[int], values: NDArray[np.float64], simulation: Simulation
) -> None:
    """Whether nothing that can be moved or chosen moves the time bounds: they are one for all that a page shows."""
    owners = [lever for group in shown["groups"] for lever in group["levers"]] + shown["assumptions"]
    moved = {number for owner in owners for part in owner["parts"] for number in part["names"]}
    for preset in shown["presets"]:
        moved.update(number for number, value in preset["settings"] if value != values[number])
    for number in fixed:
        if number in moved:
            name = list(simulation.constants)[number]
            raise RunError(
                f"'{name}' gives the time bounds of the run, and they are one for all that a page shows",
                advice="leave it out of sliders, and the same in all presets",
                variable=name,
            )


def _presets(declared: Declaration, simulation: Simulation, study: Study | None) -> list[Scenario]:
    return [read_scenario(path, simulation, study=study) for path in declared.presets]


def left_out(declared: Declaration, simulation: Simulation) -> list[Output]:
    """Outputs of the study that its page does not show, for the model has no such variable or element of one."""
    return [item for item in _of_study(declared) if not _has(simulation, item)]


def _of_study(declared: Declaration) -> Sequence[Output]:
    """The outputs of the study, where the declaration names none of its own."""
    file = study_folder(declared.file) / "scenarios" / "outputs.yaml"
    return read_outputs(file) if not declared.outputs and is_there(file) else ()


def _has(simulation: Simulation, item: Output) -> bool:
    try:
        return bool(simulation.names.cells(item.name))
    except UnknownNameError:
        return False


def outputs_of(declared: Declaration, simulation: Simulation) -> list[Output]:
    """The outputs, arrays taken apart.

    Raises
    ------
    RunError
        When there are none.
    UnknownNameError
        For one of the declaration that the model does not have.
    """
    asked = declared.outputs or [item for item in _of_study(declared) if _has(simulation, item)]
    found = []
    for item in asked:
        cells = simulation.names.cells(item.name)
        for cell in cells:
            spelled = simulation.names.spell(cell)
            extra = f" ({', '.join(cell.elements)})" if len(cells) > 1 else ""
            title = Text(item.title.nl + extra, item.title.en + extra)
            units = simulation.model.variables[cell.variable].units
            found.append(replace(item, name=spelled, title=title, units=str(units or "")))
    if not found:
        raise RunError("the page shows nothing", advice="name variables under 'outputs'", file=declared.file)
    return found


def _reached(
    declared: Declaration,
    simulation: Simulation,
    presets: Sequence[Scenario],
    names: Sequence[str],
    texts: Texts,
) -> list[dict[str, Any]] | None:
    """The strongest paths that were kept, in the words of the study; None where they are of another model."""
    if declared.paths is None:
        return []
    found = read_paths(declared.paths, simulation.fingerprint)
    if found is None:
        return None
    titles = read_titles(study_folder(declared.file))
    places = {name: k for k, name in enumerate(names)}
    scenarios = {preset.id: texts.of(preset.title) for preset in presets}

    def told(variable: str) -> str:
        title = titles.of(variable)
        return simulation.model.variables[variable].name if title is None else texts.inside(title)

    return [
        {
            "lever": item.lever,
            "output": places[item.output],
            "preset": scenarios[item.preset],
            "time": item.time,
            "difference": item.difference,
            "paths": [[[told(variable) for variable in path], share] for path, share in item.paths],
        }
        for item in found
        if item.output in places and item.preset in scenarios
    ]


def _charts(declared: Declaration, outputs: Sequence[Output]) -> list[int]:
    """The numbers of the two outputs that are shown first."""
    names = [item.name for item in outputs]
    for name in declared.charts:
        if name not in names:
            raise RunError(f"'{name}' is no output", advice="name one of the outputs", file=declared.file)
    first = [names.index(name) for name in declared.charts[:2]]
    return (first + [k for k in range(len(names)) if k not in first] + [0])[:2]


def _drawn(study: Study | None, known: Known, size: int, seed: int) -> pd.DataFrame | None:
    """Draws of what was calibrated, beside those of the assumptions that were not; None without a posterior."""
    if study is None or known.posterior is None or size == 0:
        return None
    fitted = known.posterior[[name for name in known.posterior if str(name) in study.names]]
    assumed = sample_assumptions(study.assumptions, study.names, map(str, fitted), size, seed)
    return pd.concat([choose_draws(fitted, size, seed), assumed], axis=1)


def _draw_columns(drawn: pd.DataFrame | None, spelled: Spelled) -> dict[int, NDArray[np.float64]]:
    """Draws by the number of each constant; the later column overrules, as an element does its array."""
    columns: dict[int, NDArray[np.float64]] = {}
    if drawn is None:
        return columns
    for name in drawn:
        for number in spelled.numbers(str(name)):
            columns[number] = drawn[name].to_numpy(dtype=np.float64)
    return columns


def _bands(simulation: Simulation, names: list[str], rows: pd.DataFrame, seed: int) -> str:
    """What the page shows before anything has run in it: quantiles of the draws; failed members are left out."""
    spread = simulation.run(rows, names, over_members=list(QUANTILES), seed=seed)
    bands = np.array([spread[name].transpose("over_members", "time", ...).to_numpy() for name in names])
    return _packed(bands.astype(np.float32))


def _output(item: Output, simulation: Simulation, known: Known, texts: Texts) -> dict[str, Any]:
    variable = simulation.model.variables[simulation.names.cells(item.name)[0].variable]
    points = [
        {"t": float(time), "v": float(value), "h": bool(held)}
        for series in points_of(list(known.observed), item.name)
        for time, value, held in zip(series.time, series.value, series.holdout, strict=True)
    ]
    return {
        "name": item.name,
        "title": texts.of(item.title),
        "unit": texts.of(item.unit_title) or texts.unit(item.units),
        "points": texts("loops.points")
        if texts.unit(item.units) == "%"
        else texts.of(item.unit_title) or texts.unit(item.units),
        "theme": texts.known("theme", item.theme) if item.theme else "",
        "reading": item.reading,
        "better": item.better,
        "relevance": item.relevance,
        "headline": item.headline,
        "basis": texts(f"simulator.basis.{item.basis.split()[0]}"),
        "meaning": str(variable.documentation or ""),
        "observed": points,
        "source": _figures(points_of(list(known.observed), item.name), known.registry, texts),
    }


def _figures(observed: Sequence[ObservedSeries], registry: Registry | None, texts: Texts) -> str:
    """Which published figures an output is held to; titles say whose they are."""
    names = [
        texts.of(registry.series(item.series).title) if registry and item.series in registry else item.series
        for item in observed
    ]
    if not names:
        return texts("simulator.about.unmeasured")
    note = texts("paths.figures", series="; ".join(dict.fromkeys(names)))
    return f"{note} {texts('paths.shifted')}" if any(item.shifted for item in observed) else note


def _year(declared: Declaration, study: Study | None) -> int:
    """The year that headline figures open with: the one declared, else the last whole one."""
    if study is None:
        return 0
    last = study.last.year - (study.last.month == 1 and study.last.day == 1)
    if declared.year and not study.first.year <= declared.year <= last:
        raise RunError(
            f"the run has no year {declared.year}",
            advice=f"choose one of {study.first.year} to {last}",
            file=declared.file,
        )
    return declared.year or last


def _time(day: str, study: Study) -> float:
    return study.calendar.time(date.fromisoformat(day))


def _inside_study(declared: Declaration) -> str:
    """The model's path below the root of its study."""
    root = study_folder(declared.model).resolve()
    return declared.model.resolve().relative_to(root).as_posix()


def _elementwise(settings: Mapping[str, float], simulation: Simulation) -> dict[str, float]:
    """Settings with arrays taken apart, so that a later element overrules an earlier array."""
    return {
        simulation.names.spell(cell): float(value)
        for name, value in settings.items()
        for cell in simulation.names.constants(name)
    }


def _packed(values: NDArray[Any] | Iterable[float]) -> str:
    """Numbers as the bytes they are, little-endian."""
    array = np.ascontiguousarray(values)
    return _base64(array.astype(array.dtype.newbyteorder("<")).tobytes())


def _kernel(made: Assembled) -> dict[str, Any]:
    common = None if made.common is None else _base64(made.common)
    return {"code": _base64(made.code), "common": common, "layout": made.layout}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
