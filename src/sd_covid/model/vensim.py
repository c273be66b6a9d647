"""Vensim's ``.mdl`` to a `Model`: entries, groups, units, subscript ranges and settings brought together.

In goes the path; out comes the model as the file says it. Names are not resolved here: see `sd_covid.model.check`.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from sd_covid.errors import ModelError
from sd_covid.model.definition import RangeDefinition, VariableDefinition
from sd_covid.model.entries import Entry, entries, settings
from sd_covid.model.expression import Place
from sd_covid.model.names import key
from sd_covid.model.parse import parse_definition
from sd_covid.model.ranges import resolve_ranges
from sd_covid.model.source import Source, read_source
from sd_covid.model.structure import Method, Model, Settings, Variable

_METHODS = {"0": Method.EULER, "2": Method.EULER, "1": Method.RK4, "5": Method.RK4}
_NOT_READ = re.compile(r":\s*(MACRO|END OF MACRO|THE CONDITION|TEST INPUT|IMPLIES)\s*:", re.IGNORECASE)
_LIMITS = re.compile(r"(.*?)\[([^\[\]]*)\]\s*", re.DOTALL)

Limits = tuple[float | None, float | None, float | None]


def read_mdl(path: str | Path) -> Model:
    """Read a Vensim model, without resolving its names.

    Parameters
    ----------
    path : path

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        When the file cannot be read; names file, line and, where there is one, the variable.
    """
    return model_of(read_source(Path(path)), Path(path).stem)


def model_of(source: Source, name: str) -> Model:
    """The model that a text says. See `read_mdl`."""
    reader = _Reader(source)
    for entry in entries(source):
        reader.take(entry)
    model = Model(name, source.file, reader.variables, settings=_settings(source))
    model.dimensions = resolve_ranges(reader.ranges, reader.documentation)
    for dimension in model.dimensions.values():
        variable = model.variables.get(dimension.key)
        if variable is not None:
            raise _twice(variable.name, variable.place, dimension.place)
    return model


class _Reader:
    """What has been read so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.group = ""
        self.variables: dict[str, Variable] = {}
        self.lefts: dict[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], Place] = {}
        self.ranges: list[RangeDefinition] = []
        self.documentation: dict[str, str] = {}

    def take(self, entry: Entry) -> None:
        """Read one entry."""
        if entry.equation.startswith("***"):
            self.group = " ".join(entry.equation.replace("*", " ").split()).removeprefix(".")
            return
        unread = _NOT_READ.search(entry.equation)
        if unread is not None:
            reason = f":{unread[1].upper()}: is not supported"
            raise self.source.error(entry.start + unread.start(), reason, advice="take it out of the model")
        found = parse_definition(self.source, entry.start, entry.equation, entry.name)
        if isinstance(found, RangeDefinition):
            self.ranges.append(found)
            self.documentation.setdefault(key(found.name), _text(entry.documentation))
        else:
            self._variable(entry, found)

    def _variable(self, entry: Entry, found: VariableDefinition) -> None:
        place = found.equation.place
        variable = self.variables.setdefault(
            key(found.name), Variable(found.name, group=self.group, place=place)
        )
        left = (variable.key, *map(key, found.equation.subscripts))
        first = self.lefts.setdefault((left, found.equation.excluded), place)
        if first is not place:
            raise _twice(variable.name, first, place)
        variable.equations.append(found.equation)
        # Vensim writes units and documentation with the last equation of a variable.
        units, limits = self._units(entry)
        variable.units = units or variable.units
        variable.limits = limits or variable.limits
        variable.documentation = _text(entry.documentation) or variable.documentation
        variable.supplementary = variable.supplementary or entry.supplementary

    def _units(self, entry: Entry) -> tuple[str, Limits | None]:
        """Units, and the limits behind them: ``units [low, high, step]``, with ``?`` for none."""
        found = _LIMITS.fullmatch(entry.units)
        if found is None:
            return " ".join(entry.units.split()), None
        parts = [part.strip() for part in found[2].split(",")]
        try:
            numbers = [None if part == "?" else float(part) for part in parts]
        except ValueError:
            numbers = [math.nan]
        if len(numbers) > 3 or any(number is not None and not math.isfinite(number) for number in numbers):
            reason = f"[{found[2]}] is no range of values"
            advice = "write [low,high] or [low,high,step], with ? for none"
            at = entry.units_start + entry.units.index("[")
            raise self.source.error(at, reason, advice=advice, variable=entry.name)
        low, high, step = [*numbers, None, None][:3]
        return " ".join(found[1].split()), (low, high, step)


def _text(documentation: str) -> str:
    """Documentation without the indentation and continuation marks of the file."""
    joined = re.sub(r"\\[ \t]*\n", " ", documentation)
    return "\n".join(" ".join(line.split()) for line in joined.strip().splitlines())


def _settings(source: Source) -> Settings:
    found = Settings()
    for position, line in settings(source):
        code, _, rest = line.partition(":")
        if code == "15":
            fields = [item.strip() for item in rest.split(",")]
            method = fields[3] if len(fields) > 3 else "0"
            if method not in _METHODS:
                reason = f"integration method {method} is not supported"
                advice = "choose Euler (0) or RK4 fixed (5) in the model settings"
                raise source.error(position, reason, advice=advice)
            found.method = _METHODS[method]
        elif code == "22":
            found.unit_equivalences.append(tuple(item.strip() for item in rest.split(",")))
    return found


def _twice(name: str, first: Place, second: Place) -> ModelError:
    other = f"line {first.line}" if first.file == second.file else f"{first.file}:{first.line}"
    return ModelError(
        f"'{name}' is defined twice, first on {other}",
        advice="take one of the two out",
        file=second.file,
        line=second.line,
        variable=name,
    )
