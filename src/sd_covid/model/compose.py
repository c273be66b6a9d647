"""Several sector models and their couplings, brought together as one model.

In goes a YAML file::

    name: netherlands
    calendar: {origin: 2015-01, unit: month}
    sectors: {labour: unemployment.mdl, debt: debt.mdl}
    couplings:
      - {input: unemployment rate input, from: labour, source: unemployment rate, note: why}

Out comes one flat model: variables keep their names, what two sectors define alike is there once, and each input is the
variable that it is coupled to. Each sector is read, and checked, as the model of its own that it is. A file with
``extends: other.yaml`` in place of sectors is a variant of another; see `sd_covid.model.collapse`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sd_covid.errors import ModelError, suggest
from sd_covid.model.check import check
from sd_covid.model.collapse import collapse
from sd_covid.model.definition import SERIES
from sd_covid.model.expression import Call, Place, Reference, Subscript
from sd_covid.model.names import key
from sd_covid.model.structure import Dimension, Equation, Kind, Model, Settings, Variable
from sd_covid.model.study_file import Coupling, StudyFile, read_study_file
from sd_covid.model.symbols import Symbols
from sd_covid.study_folder import named_in_study


def compose(path: str | Path) -> Model:
    """Read a composed model.

    Parameters
    ----------
    path : path
        The YAML file.

    Returns
    -------
    Model
        Checked. Places point into the sector files, those of coupled inputs into the YAML file.

    Raises
    ------
    ModelError
        When the file does not have the form above, two sectors contradict one another, or a coupling does not fit;
        names file, line and the key or variable.
    """
    from sd_covid.model import read

    study = read_study_file(Path(path))
    sectors: dict[str, Model] = {}
    for name, sector in study.sectors.items():
        file = (sector.place.file or study.path).parent / sector.file
        if named_in_study(sector.file, sector.place.file or study.path) is None:
            reason = f"'{sector.file}' is not below the study folder"
            raise _error(sector.place, reason, name, "move the file into the study")
        if file.suffix.lower() in {".yaml", ".yml"}:
            raise _error(sector.place, f"'{sector.file}' is no sector model", name, "name a .mdl")
        sectors[name] = read(file)
    composed = _join(study, sectors)
    for coupling in study.couplings:
        _couple(composed, sectors, coupling)
    check(composed)
    for variant in study.variants:
        composed = collapse(composed, variant)
        check(composed)
    return composed


def _join(study: StudyFile, sectors: dict[str, Model]) -> Model:
    composed = Model(study.name, study.path, calendar=study.calendar)
    for model in sectors.values():
        for dimension in model.dimensions.values():
            _add_dimension(composed, dimension)
        for variable in model.variables.values():
            _add_variable(composed, variable)
    models = list(sectors.values())
    for model in models:
        if model.settings.method is not models[0].settings.method:
            reason = (
                f"is integrated by {model.settings.method}, {models[0].name} by {models[0].settings.method}"
            )
            raise ModelError(reason, advice="give all sectors one method in their settings", file=model.path)
    equivalences = [item for model in models for item in model.settings.unit_equivalences]
    composed.settings = Settings(models[0].settings.method, list(dict.fromkeys(equivalences)))
    return composed


def _add_dimension(composed: Model, dimension: Dimension) -> None:
    there = composed.dimensions.get(dimension.key)
    if there is None:
        composed.dimensions[dimension.key] = replace(dimension, mappings=dict(dimension.mappings))
    elif list(map(key, there.elements)) != list(map(key, dimension.elements)):
        raise _different("subscript range", there.name, there.place, dimension.place)
    else:
        there.mappings.update(dimension.mappings)


def _add_variable(composed: Model, variable: Variable) -> None:
    there = composed.variables.get(variable.key)
    if there is None:
        composed.variables[variable.key] = replace(variable, equations=list(variable.equations))
    elif not _alike(composed, there, variable):
        raise _different("variable", there.name, there.place, variable.place)


def _alike(composed: Model, first: Variable, second: Variable) -> bool:
    """Whether two sectors define a variable alike; a series is only alike when it is of the same file."""
    apart = _folder(first.place) != _folder(second.place)
    series = any(
        isinstance(equation.expression, Call) and key(equation.expression.function) in SERIES
        for equation in first.equations
    )
    alike = first.equations == second.equations and same_units(composed, first.units, second.units)
    return alike and not (apart and series)


def _folder(place: Place) -> Path | None:
    return place.file.parent if place.file else None


@dataclass(frozen=True, slots=True)
class _Ends:
    """The two variables of a coupling."""

    coupling: Coupling
    input: Variable
    source: Variable


def _couple(composed: Model, sectors: dict[str, Model], coupling: Coupling) -> None:
    """Let an input be the variable that it is coupled to."""
    ends = _ends(composed, sectors, coupling)
    target = composed.variables[ends.input.key]
    if target.place.file == coupling.place.file:
        reason = f"'{coupling.input}' is coupled twice, first on line {target.place.line}"
        raise _error(coupling.place, reason, coupling.input, "take one of the two out")
    if not same_units(composed, ends.input.units, ends.source.units):
        reason = f"'{ends.input.name}' is in '{ends.input.units}' and '{ends.source.name}' in '{ends.source.units}'"
        raise _error(
            coupling.place, reason, coupling.input, "give both the same unit, converting in one sector"
        )
    dimensions = _shared_dimensions(composed, ends)
    subscripts = tuple(Subscript(name) for name in dimensions)
    expression = Reference(ends.source.name, subscripts, coupling.place)
    target.equations = [Equation(Kind.EQUATION, dimensions, expression=expression, place=coupling.place)]
    target.place = coupling.place


def _ends(composed: Model, sectors: dict[str, Model], coupling: Coupling) -> _Ends:
    if coupling.sector not in sectors:
        reason = f"'{coupling.sector}' is not a sector"
        raise _error(
            coupling.place, reason, "from", suggest(coupling.sector, sectors) or "name one of 'sectors'"
        )
    model = sectors[coupling.sector]
    source = model.variables.get(key(coupling.source))
    if source is None:
        reason = f"'{coupling.source}' is not a variable of sector '{coupling.sector}'"
        near = suggest(coupling.source, [variable.name for variable in model.variables.values()])
        raise _error(coupling.place, reason, coupling.source, near)
    owner = [name for name, sector in sectors.items() if key(coupling.input) in sector.variables]
    if not owner:
        reason = f"'{coupling.input}' is not a variable of any sector"
        near = suggest(coupling.input, [variable.name for variable in composed.variables.values()])
        raise _error(coupling.place, reason, coupling.input, near)
    if coupling.sector in owner:
        reason = f"'{coupling.input}' is itself a variable of sector '{coupling.sector}'"
        raise _error(coupling.place, reason, coupling.input, "couple an input of another sector")
    found = sectors[owner[0]].variables[key(coupling.input)]
    if Kind.LOOKUP in {found.equations[0].kind, source.equations[0].kind}:
        raise _error(coupling.place, "a lookup cannot be coupled", coupling.input, "couple what it gives")
    return _Ends(coupling, found, source)


def _shared_dimensions(composed: Model, ends: _Ends) -> tuple[str, ...]:
    """A dimension for each subscript of the input, where those of the source have the same elements."""
    symbols = Symbols(composed)
    axes, source = symbols.axes(ends.input), symbols.axes(ends.source)
    named = [name for equation in ends.input.equations for name in map(key, equation.subscripts)]
    found: list[str] = []
    for axis in axes if axes == source else ():
        holding = [name for name, elements in symbols.elements.items() if frozenset(elements) == axis]
        if holding:
            best = min(holding, key=lambda name: name not in named)
            found.append(composed.dimensions[best].name)
    if axes != source or len(found) != len(axes):
        left, right = (
            f"{item.name}[{','.join(item.equations[0].subscripts)}]"
            if item.equations[0].subscripts
            else item.name
            for item in (ends.input, ends.source)
        )
        reason = f"the subscripts of {left} and {right} do not have the same elements"
        raise _error(
            ends.coupling.place, reason, ends.coupling.input, "couple variables over the same dimensions"
        )
    return tuple(found)


def same_units(model: Model, first: str, second: str) -> bool:
    """Whether two units are spelled alike, or stated to be equivalent in the model's settings."""
    a, b = key(first), key(second)
    return a == b or any({a, b} <= set(map(key, item)) for item in model.settings.unit_equivalences)


def _different(what: str, name: str, first: Place, second: Place) -> ModelError:
    reason = f"{what} '{name}' is not the same as on {first.file}:{first.line}"
    advice = "rename one of the two, or make them equal"
    return ModelError(reason, advice=advice, file=second.file, line=second.line, variable=name)


def _error(place: Place, reason: str, name: str, advice: str | None = None) -> ModelError:
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=name)
