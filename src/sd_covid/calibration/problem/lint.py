"""Checks that the tables agree with one another, and with the model.

In: a `Problem` as read, and for the second half the loaded model. Out: one `ProblemError` for each fault, with file,
line, column and the nearest names. The checks are those of the PEtab v2 lint, with the extension's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sd_covid.calibration.formula import Formula, symbols
from sd_covid.calibration.problem.constant_lint import check_constant_series
from sd_covid.calibration.problem.extension import ROOT
from sd_covid.calibration.problem.extension_checks import check_facts, check_facts_model, check_observation
from sd_covid.calibration.problem.petab import Change, Measurement, Observable, Period, Problem
from sd_covid.calibration.tables import Row
from sd_covid.calibration.types import Simulator
from sd_covid.calibration.yamlfile import read_yaml
from sd_covid.data import Registry
from sd_covid.errors import ProblemError, suggest
from sd_covid.model.names import key


def check_tables(problem: Problem) -> Iterator[ProblemError]:
    """Faults that show without the model."""
    yield from _observables(problem)
    yield from _measurements(problem)
    yield from _experiments(problem)
    yield from _extension(problem)
    yield from check_constant_series(problem)


def check_model(problem: Problem, simulator: Simulator) -> Iterator[ProblemError]:
    """Faults that show only beside the model: names it does not have, parameters nobody uses."""
    names = ModelNames(problem, simulator)
    for alias in problem.aliases:
        if names.constant(alias.entity) is None and names.output(alias.entity) is None:
            advice = suggest(alias.model_name, names.known) or "use the model's own spelling"
            yield alias.row.error("modelEntityId", f"'{alias.model_name}' is not in the model", advice)
    yield from _formula_names(problem, names)
    yield from check_facts_model(problem, names)
    yield from _unused_parameters(problem, names)
    yield from _starts(problem, simulator)
    for change in problem.changes:
        if names.constant(change.target) is None:
            known = [*names.entities, *names.constants.values()]
            advice = suggest(change.target, known) or "use the model's own spelling"
            yield change.row.error("targetId", f"'{change.target}' is not a constant of the model", advice)


def _starts(problem: Problem, simulator: Simulator) -> Iterator[ProblemError]:
    """Experiments begin where the model does."""
    start = next((value for name, value in simulator.constants.items() if key(name) == "initial time"), None)
    for period in problem.periods:
        if start is not None and period.time != start:
            reason = f"experiment '{period.experiment}' begins at {period.time:g}, the model at {start:g}"
            yield period.row.error("time", reason, f"write {start:g}")


class ModelNames:
    """What the names in the tables mean in the model: through the mapping table, or directly by name.

    Parameters
    ----------
    problem : Problem
    simulator : Simulator
    """

    def __init__(self, problem: Problem, simulator: Simulator) -> None:
        self.entities = {alias.entity: alias.model_name for alias in problem.aliases}
        self.constants: dict[str, str] = {key(name): name for name in simulator.constants}
        for name in simulator.constants:  # an array constant is settable as a whole
            whole = name.split("[")[0]
            self.constants.setdefault(key(whole), whole)
        self.variables = {key(item.name): item.name for item in simulator.model.variables.values()}

    @property
    def known(self) -> list[str]:
        """Every name of the model."""
        return [*self.variables.values(), *self.constants.values()]

    def constant(self, entity: str) -> str | None:
        """The model constant a name stands for, or None."""
        return self.constants.get(key(self.entities.get(entity, entity)))

    def output(self, entity: str) -> str | None:
        """The model variable (with its element) a name stands for, or None."""
        name = self.entities.get(entity, entity)
        return name if key(name.split("[")[0]) in self.variables else None


def _nearest(name: str, known: list[str], row: Row, column: str, what: str) -> ProblemError:
    advice = suggest(name, known) or f"define {what} '{name}' or remove the row"
    return row.error(column, f"'{name}' is not defined", advice)


def _measurements(problem: Problem) -> Iterator[ProblemError]:
    experiments = {period.experiment for period in problem.periods}
    seen: dict[tuple[str, str, float], Measurement] = {}
    for item in problem.measurements:
        observable = problem.observables.get(item.observable)
        if observable is None:
            yield _nearest(
                item.observable, list(problem.observables), item.row, "observableId", "the observable"
            )
            continue
        if item.experiment and item.experiment not in experiments:
            yield _nearest(item.experiment, list(experiments), item.row, "experimentId", "the experiment")
        yield from _same_as_observable(observable, item, "unit")
        if observable.distribution.startswith("log-") and item.value <= 0:
            reason = (
                f"{item.value:g} is not above zero; '{observable.id}' has {observable.distribution} noise"
            )
            yield item.row.error("measurement", reason, "use normal noise or correct the figure")
        yield from _overrides(problem, observable, item)
        place = (item.observable, item.experiment, item.time)
        if place in seen:
            yield from _replicate(problem, item, seen[place])
        seen.setdefault(place, item)


def _replicate(problem: Problem, item: Measurement, first: Measurement) -> Iterator[ProblemError]:
    """Two figures at one time are independent measurements of one thing, unless the noise remembers or they repeat."""
    remembers = problem.extension.observation(item.observable).autocorrelation is not None
    if remembers:
        reason = f"'{item.observable}' has two figures at time {item.time:g} and noise that remembers"
        yield item.row.error("time", reason, f"the first is on line {first.row.line}; keep one")
    elif dict(item.row.cells) == dict(first.row.cells):
        reason = f"the row repeats line {first.row.line}"
        advice = "remove it; a second measurement that gave the same has another replicateId"
        yield item.row.error("time", reason, advice)


def _same_as_observable(observable: Observable, item: Measurement, column: str) -> Iterator[ProblemError]:
    """Unit or series of a figure is that of its observable, where both say one."""
    given, expected = item.row.text(column), observable.row.text(column)
    if given and expected and given != expected:
        reason = f"'{given}' is not the {column} of '{observable.id}'"
        yield item.row.error(column, reason, f"that is '{expected}'")


def check_series(problem: Problem, registry: Registry) -> Iterator[ProblemError]:
    """Faults beside the registry of series: a series that it does not have, another unit, another series."""
    for observable in problem.observables.values():
        name, unit = observable.row.text("series"), observable.row.text("unit")
        if not name:
            continue
        if name not in registry.by_id:
            advice = suggest(name, list(registry.by_id)) or "add it to the registry, or leave the cell empty"
            yield observable.row.error("series", f"the registry has no series '{name}'", advice)
        elif unit and unit != registry.by_id[name].unit:
            reason = f"'{unit}' is not the unit of series '{name}'"
            yield observable.row.error("unit", reason, f"that is '{registry.by_id[name].unit}'")
    for item in problem.measurements:
        yield from _same_as_observable(problem.observables[item.observable], item, "series")


def _overrides(problem: Problem, observable: Observable, item: Measurement) -> Iterator[ProblemError]:
    pairs = (
        ("observableParameters", item.overrides, observable.placeholders),
        ("noiseParameters", item.noise_overrides, observable.noise_placeholders),
    )
    for column, given, expected in pairs:
        if len(given) != len(expected):
            reason = f"{len(given)} override(s) for {len(expected)} placeholder(s) of '{observable.id}'"
            yield item.row.error(column, reason, "give one for each placeholder, separated by ';'")
        for name in given:
            if not _is_number(name) and name not in problem.parameters:
                yield _nearest(name, list(problem.parameters), item.row, column, "the parameter")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _observables(problem: Problem) -> Iterator[ProblemError]:
    taken = set(problem.parameters) | {alias.entity for alias in problem.aliases}
    for item in problem.observables.values():
        if item.id in taken:
            reason = f"'{item.id}' is also a parameter or a name of the model"
            yield item.row.error("observableId", reason, f"call it 'obs_{item.id}'")
        for column, formula, names in (
            ("observablePlaceholders", item.formula, item.placeholders),
            ("noisePlaceholders", item.noise, item.noise_placeholders),
        ):
            used = set(symbols(formula))
            for name in names:
                if (item.placeholders + item.noise_placeholders).count(name) > 1:
                    yield item.row.error(column, f"the placeholder '{name}' stands twice", "rename one")
                elif name in problem.parameters:
                    yield item.row.error(column, f"the placeholder '{name}' is also a parameter", "rename it")
                elif name not in used:
                    yield item.row.error(
                        column, f"the placeholder '{name}' is not in the formula", "remove it"
                    )


def _experiments(problem: Problem) -> Iterator[ProblemError]:
    conditions = {change.condition for change in problem.changes}
    targets: set[tuple[str, str]] = set()
    by_condition: dict[str, list[Change]] = {}
    for change in problem.changes:
        if (change.condition, change.target) in targets:
            reason = f"condition '{change.condition}' sets '{change.target}' twice"
            yield change.row.error("targetId", reason, "keep one assignment")
        targets.add((change.condition, change.target))
        by_condition.setdefault(change.condition, []).append(change)
        for name in symbols(change.value):
            if name not in problem.parameters:
                yield _nearest(name, list(problem.parameters), change.row, "targetValue", "the parameter")
    seen: dict[str, float] = {}
    set_by: dict[tuple[str, str], Period] = {}
    for period in problem.periods:
        if period.condition and period.condition not in conditions:
            yield _nearest(period.condition, list(conditions), period.row, "conditionId", "the condition")
        yield from _when(period, seen.setdefault(period.experiment, period.time))
        for change in by_condition.get(period.condition, []):
            other = set_by.setdefault((period.experiment, change.target), period)
            if other is not period:
                reason = f"'{change.target}' is also set by '{other.condition}' in experiment '{period.experiment}'"
                yield period.row.error(
                    "conditionId", reason, f"keep one; the first is on line {other.row.line}"
                )


def _when(period: Period, first: float) -> Iterator[ProblemError]:
    """An experiment is one run: constants hold from its start to its end."""
    if period.time == -math.inf:
        reason = f"experiment '{period.experiment}' starts from a steady state, which is not looked for here"
        yield period.row.error("time", reason, "give the time at which the model starts")
    elif period.time != first:
        reason = f"experiment '{period.experiment}' changes a constant during the run"
        advice = (
            "give one time, the start of the run; dated changes are the start and end constants of a lever"
        )
        yield period.row.error("time", reason, advice)


def unused(problem: Problem) -> Iterator[ProblemError]:
    """Experiments without figures and conditions without an experiment: no fault, and seldom meant."""
    measured = {item.experiment for item in problem.measurements}
    applied = {period.condition for period in problem.periods}
    for name, period in {item.experiment: item for item in reversed(problem.periods)}.items():
        if name not in measured:
            yield period.row.error("experimentId", f"no figure belongs to experiment '{name}'")
    for name, change in {item.condition: item for item in reversed(problem.changes)}.items():
        if name not in applied:
            yield change.row.error("conditionId", f"no experiment applies the condition '{name}'")


def _extension(problem: Problem) -> Iterator[ProblemError]:
    document = read_yaml(problem.settings)
    known = list(problem.observables)
    for name, setting in problem.extension.observations.items():
        where = (*ROOT, "observations", name)
        if name not in problem.observables:
            yield document.error(where, f"'{name}' is not an observable", suggest(name, known))
            continue
        yield from check_observation(problem, document, name)
        twin = setting.equivalent_to
        if twin is not None and (twin not in problem.observables or twin == name):
            reason = f"'{twin}' is not another observable"
            yield document.error((*where, "equivalent_to"), reason, suggest(twin, known))
    leaders = [*known, *problem.extension.processes]
    for name, process in problem.extension.processes.items():
        if process.leader is not None and (process.leader not in leaders or process.leader == name):
            where = (*ROOT, "processes", name, "leader")
            yield document.error(
                where, f"'{process.leader}' is not predicted", suggest(process.leader, leaders)
            )
    yield from check_facts(problem, document)
    for name in problem.extension.scored:
        if name not in problem.observables:
            yield document.error((*ROOT, "scored"), f"'{name}' is not an observable", suggest(name, known))
    wide = {item.id for item in problem.estimated if item.prior and item.prior.distribution == "log-normal"}
    for name in problem.extension.additive:
        if name not in wide:
            reason = f"'{name}' is not an estimated parameter with a log-normal prior"
            yield document.error((*ROOT, "additive"), reason, suggest(name, wide))


def _formula_names(problem: Problem, names: ModelNames) -> Iterator[ProblemError]:
    for item in problem.observables.values():
        for column, formula, own in (
            ("observableFormula", item.formula, {*item.placeholders, "time"}),
            ("noiseFormula", item.noise, {*item.noise_placeholders, "time", item.id}),
        ):
            yield from _unknown(problem, names, formula, own, item.row, column)


def _unknown(
    problem: Problem, names: ModelNames, formula: Formula, own: set[str], row: Row, column: str
) -> Iterator[ProblemError]:
    for name in dict.fromkeys(symbols(formula)):
        model_name = column == "observableFormula" and names.output(name) is not None
        if name not in own and name not in problem.parameters and not model_name:
            known = [*problem.parameters, *names.entities, *names.variables.values()]
            yield _nearest(name, known, row, column, "a parameter or an output named")


def used_names(problem: Problem) -> set[str]:
    """Names that observables, conditions, figures, noise and soft facts use."""
    used: set[str] = set()
    for item in problem.observables.values():
        used.update(symbols(item.formula), symbols(item.noise))
    for change in problem.changes:
        used.update(symbols(change.value))
    for measurement in problem.measurements:
        used.update(measurement.overrides, measurement.noise_overrides)
    for setting in problem.extension.observations.values():
        used.update(setting.parameters)
    for fact in problem.extension.facts.values():
        used.update(fact.names)
    return used


def _unused_parameters(problem: Problem, names: ModelNames) -> Iterator[ProblemError]:
    used = used_names(problem)
    for parameter in problem.parameters.values():
        if parameter.id not in used and names.constant(parameter.id) is None:
            known = [*names.entities, *names.constants.values()]
            advice = suggest(parameter.id, known) or "map it to a constant of the model, or remove it"
            yield parameter.row.error("parameterId", f"nothing uses the parameter '{parameter.id}'", advice)
