"""Vensim's ``.mdl`` to a `Model`: entries, groups, units, subscript ranges and settings brought together.

In goes the path; out comes the model as the file says it. Names are not resolved here: see `sd_covid.model.check`.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from sd_covid.errors import ModelError
from sd_covid.model.definition import MacroDefinition, RangeDefinition, VariableDefinition
from sd_covid.model.expression import Call, Place
from sd_covid.model.external.imports import with_imports
from sd_covid.model.names import key
from sd_covid.model.ranges import resolve_ranges
from sd_covid.model.source import Source, read_source
from sd_covid.model.structure import Method, Model, Note, Settings, Variable
from sd_covid.model.vensim.built_in_macros import BUILT_IN
from sd_covid.model.vensim.entries import Entry, MacroEnd, MacroStart, entries, settings
from sd_covid.model.vensim.macros import expand_macros
from sd_covid.model.vensim.parse import parse_definition, parse_macro
from sd_covid.model.vensim.texts import NamedText, named_text, put_texts

_METHODS = {
    "0": Method.EULER,
    "1": Method.RK4,
    "2": Method.EULER,
    "3": Method.RK2,
    "4": Method.RK2,
    "5": Method.RK4,
}
_REALITY_CHECK = re.compile(r":\s*(THE\s+CONDITION|TEST\s+INPUT)\s*:", re.IGNORECASE)
DATE_CODES = ("37", "38", "39", "40")  # year, month and day of time 0, and the unit of time
TIME_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_LIMITS = re.compile(r"(.*?)\[([^\[\]]*)\]\s*", re.DOTALL)
_TO_WRITE = "a function of"
_NO_LIMIT = frozenset({"?", "inf", "-inf", "+inf", "nan", ""})

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
    reader.finish()
    model = Model(name, source.file, reader.variables, settings=_settings(source), notes=reader.notes)
    ranges = [with_imports(model, item) for item in reader.ranges]
    model.dimensions = resolve_ranges(ranges, reader.documentation)
    for dimension in model.dimensions.values():
        variable = model.variables.get(dimension.key)
        if variable is not None:
            raise _twice(variable.name, variable.place, dimension.place)
    expand_macros(model, {**_built_in(source, reader), **reader.macros})
    return model


def _built_in(source: Source, reader: _Reader) -> dict[str, MacroDefinition]:
    """The functions of Vensim that are read as macros, of those that a text names and defines no variable for."""
    text, found = source.text.casefold(), dict[str, MacroDefinition]()
    for name, equations in BUILT_IN.items():
        if name in text and name not in reader.variables:
            built = _Reader(Source(equations, source.file))
            for entry in entries(built.source):
                built.take(entry)
            found |= built.macros
    return found


class _Reader:
    """What has been read so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.group = ""
        self.variables: dict[str, Variable] = {}
        self.lefts: dict[tuple[object, ...], Place] = {}
        self.ranges: list[RangeDefinition] = []
        self.documentation: dict[str, str] = {}
        self.macros: dict[str, MacroDefinition] = {}
        self.macro: MacroDefinition | None = None  # the one that is being read
        self.notes: list[Note] = []
        self.texts: dict[str, NamedText] = {}

    def take(self, entry: Entry | MacroStart | MacroEnd) -> None:
        """Read one entry."""
        match entry:
            case MacroStart():
                self._begin(entry)
            case MacroEnd():
                self._end(entry)
            case _ if entry.equation.startswith("***"):
                if self.macro is None:
                    self.group = " ".join(entry.equation.replace("*", " ").split()).removeprefix(".")
            case _ if ":" in entry.equation and _REALITY_CHECK.search(entry.equation):
                place = self.source.place(entry.start)
                self.notes.append(Note(f"reality check '{entry.name}' has no part in a run", place))
            case _ if (text := named_text(entry, self.source.place(entry.start))) is not None:
                self._text(text)
            case _:
                self._definition(entry)

    def finish(self) -> None:
        """Nothing more comes."""
        if self.macro is not None:
            raise self._macro_error(self.macro, "the macro is not closed", "close it with :END OF MACRO:")
        for name, text in self.texts.items():
            if name in self.variables:
                raise _twice(text.name, text.place, self.variables[name].place)
        if self.texts:
            for variables in (self.variables, *(macro.variables for macro in self.macros.values())):
                put_texts(variables.values(), self.texts)

    def _text(self, text: NamedText) -> None:
        first = self.texts.setdefault(key(text.name), text)
        if first is not text:
            raise _twice(text.name, first.place, text.place)
        self.notes.append(Note(f"'{text.text}' stands where the model says '{text.name}'", text.place))

    def _begin(self, entry: MacroStart) -> None:
        macro = parse_macro(self.source, entry.start, entry.text)
        if self.macro is not None:
            raise self._macro_error(macro, f"stands within macro {self.macro.name}", "end that one first")
        names = [macro.name, *macro.parameters]
        seen = dict[str, int]()
        repeated = [name for at, name in enumerate(names) if seen.setdefault(key(name), at) != at]
        if repeated:
            raise self._macro_error(macro, f"'{repeated[0]}' stands twice in it", "rename one of the two")
        if key(macro.name) in self.macros:
            first = self.macros[key(macro.name)].place
            raise _twice(macro.name, first, macro.place)
        self.macro = macro

    def _end(self, entry: MacroEnd) -> None:
        macro, self.macro = self.macro, None
        if macro is None:
            raise self.source.error(entry.start, ":END OF MACRO: ends no macro", advice="take it out")
        for name in (macro.name, *macro.outputs):
            if key(name) not in macro.variables:
                raise self._macro_error(macro, f"'{name}' is not defined in the macro", f"write {name} = ...")
        for name in macro.parameters:
            if key(name) in macro.variables:
                reason = f"'{name}' is an argument of the macro, and defined in it"
                raise self._macro_error(macro, reason, "rename one of the two")
        self.macros[key(macro.name)] = macro

    def _macro_error(self, macro: MacroDefinition, reason: str, advice: str) -> ModelError:
        place = macro.place
        return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=macro.name)

    def _definition(self, entry: Entry) -> None:
        found = parse_definition(self.source, entry.start, entry.equation, entry.name)
        if isinstance(found, RangeDefinition):
            self.ranges.append(found)
            self.documentation.setdefault(key(found.name), _text(entry.documentation))
        else:
            self._variable(entry, found)

    def _variable(self, entry: Entry, found: VariableDefinition) -> None:
        place = found.equation.place
        variables = self.variables if self.macro is None else self.macro.variables
        made = Variable(found.name, group=self.group, place=place)
        variable = variables.setdefault(key(found.name), made)
        scope = self.macro.name if self.macro else ""
        self._without_placeholder(scope, variable)
        left = (scope, variable.key, *map(key, found.equation.subscripts), found.equation.excluded)
        first = self.lefts.setdefault(left, place)
        if first is not place:
            raise _twice(variable.name, first, place)
        variable.equations.append(found.equation)
        # Vensim writes units and documentation with the last equation of a variable.
        units, limits = self._units(entry)
        variable.units = units or variable.units
        variable.limits = limits or variable.limits
        variable.documentation = _text(entry.documentation) or variable.documentation
        variable.supplementary = variable.supplementary or entry.supplementary

    def _without_placeholder(self, scope: str, variable: Variable) -> None:
        """Drop ``A FUNCTION OF``: Vensim writes it before an equation whose causes are not those of the diagram."""
        before = variable.equations[0] if variable.equations else None
        if (
            before is not None
            and isinstance(before.expression, Call)
            and key(before.expression.function) == _TO_WRITE
        ):
            del variable.equations[0]
            del self.lefts[scope, variable.key, *map(key, before.subscripts), before.excluded]
            text = f"'{variable.name}': the diagram shows other causes than its equation"
            self.notes.append(Note(text, before.place))

    def _units(self, entry: Entry) -> tuple[str, Limits | None]:
        """Units, and the limits behind them: ``units [low, high, step]``, with ``?`` for none."""
        found = _LIMITS.fullmatch(entry.units)
        if found is None:
            return " ".join(entry.units.split()), None
        parts = [part.strip() for part in found[2].split(",")]
        try:
            numbers = [None if part in _NO_LIMIT else float(part) for part in parts]
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
    if not documentation or documentation.isspace():
        return ""
    joined = re.sub(r"\\[ \t]*\n", " ", documentation)
    return "\n".join(" ".join(line.split()) for line in joined.strip().splitlines())


def _settings(source: Source) -> Settings:
    found = Settings()
    dated: dict[str, int] = {}
    for position, line in settings(source):
        code, _, rest = line.partition(":")
        if code == "15":
            fields = [item.strip() for item in rest.split(",")]
            method = fields[3] if len(fields) > 3 else "0"
            if method not in _METHODS:
                reason = f"integration method {method} is not supported"
                advice = "choose Euler (0), RK2 fixed (3) or RK4 fixed (5) in the model settings"
                raise source.error(position, reason, advice=advice)
            found.method = _METHODS[method]
        elif code == "22":
            found.unit_equivalences.append(tuple(item.strip() for item in rest.split(",")))
        elif code == "30" and rest.startswith("?"):
            tag, _, file = rest.partition("=")
            found.files[tag.strip().lower()] = file.strip()
        elif code in DATE_CODES and rest.strip().isdecimal():
            dated[code] = int(rest)
    year, month, day, unit = (dated.get(code, -1) for code in DATE_CODES)
    if year > 0 and 1 <= month <= 12 and 1 <= day <= 31 and 0 <= unit < len(TIME_UNITS):
        found.dates = (f"{year:04}-{month:02}-{day:02}", TIME_UNITS[unit])
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
