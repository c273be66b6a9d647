"""A `Model` as Vensim text, with a diagram.

In goes a model; out comes an ``.mdl`` that Vensim opens and `sd_covid.model.read` reads back as the same model. For
PySD, which reads some of that otherwise, the same meaning is written in the forms listed at `Spelling`, and no diagram.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sd_covid.errors import ModelError
from sd_covid.model.definition import SERIES
from sd_covid.model.expression import Binary, Call, Expression, Text
from sd_covid.model.external.figures import CONSTANTS
from sd_covid.model.layout.diagram import lay_out
from sd_covid.model.names import key
from sd_covid.model.spelling import Spelling
from sd_covid.model.structure import Dimension, Equation, Kind, Method, Model, Variable
from sd_covid.model.vensim.reader import DATE_CODES, TIME_UNITS
from sd_covid.model.write.dialect import in_vensim
from sd_covid.model.write.sketch import sketch
from sd_covid.whole_files import write_whole

_STARS = "*" * 56
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_METHOD_CODES = {Method.EULER: "0", Method.RK2: "3", Method.RK4: "5"}


def write_mdl(model: Model, path: str | Path, *, for_pysd: bool = False) -> None:
    """Write a model to a file.

    Parameters
    ----------
    model : Model
    path : path
        Written as a whole or not at all. Data files that the model names are named relative to its folder.
    for_pysd : bool
        Write the forms that PySD reads as Vensim does; see `mdl_text`.

    Raises
    ------
    ModelError
        As `mdl_text`; and when the file cannot be written.
    """
    path = Path(path)
    written_whole(path, mdl_text(model, folder=path.resolve().parent, for_pysd=for_pysd))


def written_whole(path: Path, text: str) -> None:
    """Write a text to a file, or nothing at all.

    Raises
    ------
    ModelError
        When the file cannot be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise ModelError(
            f"cannot be written: {error.strerror}", advice="check the folder", file=path
        ) from error


def mdl_text(model: Model, *, folder: Path | None = None, for_pysd: bool = False) -> str:
    """The text of a model.

    Parameters
    ----------
    model : Model
    folder : Path, optional
        Where the text will stand; names of data files are made relative to it. When None they stay as they are.
    for_pysd : bool
        PySD folds signs into literals, compares names by case, keeps ``:NA:`` as NaN, computes with integers where
        none are meant, and takes one flat order for ``:AND:`` and ``:OR:``; the text avoids all of these, and a
        mapping that PySD would misread is an error.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        When a name, unit or documentation holds what an ``.mdl`` cannot hold.
    """
    writer = _Writer(model, Spelling(model, for_pysd), folder)
    parts = ["{UTF-8}\n"]
    parts += [writer.dimension(dimension) for dimension in model.dimensions.values()]
    group = ""
    for variable in model.variables.values():
        if variable.group != group:
            group = variable.group
            parts.append(f"{_STARS}\n\t.{writer.plain(group, variable)}\n{_STARS}~\n\t\t|\n")
        try:
            parts.append(writer.variable(variable))
        except ModelError as error:
            if error.variable is not None:
                raise
            place = variable.place
            raise ModelError(
                error.reason,
                advice=error.advice,
                file=place.file,
                line=place.line,
                variable=variable.name,
            ) from error
    views = [] if for_pysd else lay_out(model)
    lines = sketch(views, lambda name: writer.spelling.name(model.variables[name].name))
    return "\n".join([*parts, *lines, *_settings(model)]) + "\n"


def _settings(model: Model) -> list[str]:
    """The lines behind the sketch."""
    code = _METHOD_CODES.get(model.settings.method)
    if code is None:
        reason = f"an .mdl cannot hold the integration method '{model.settings.method}'"
        raise ModelError(reason, advice="choose euler, rk2 or rk4", file=model.path)
    return [
        ":L<%^E!@",
        *("22:" + ",".join(names) for names in model.settings.unit_equivalences),
        *(f"30:{tag}={file}" for tag, file in model.settings.files.items()),
        f"15:0,0,0,{code},0,0",
        *_dates(model),
    ]


def _dates(model: Model) -> list[str]:
    """The date of time 0 and the unit of time."""
    found = model.calendar or model.settings.dates
    if found is None:
        return []
    date, unit = found
    year, month, day = [*map(int, date.split("-")), 1, 1][:3]
    codes = (year, month, day, TIME_UNITS.index(unit))
    return [f"{code}:{value}" for code, value in zip(DATE_CODES, codes, strict=True)]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Entries of a model, one by one."""

    model: Model
    spelling: Spelling
    folder: Path | None

    def dimension(self, dimension: Dimension) -> str:
        """A subscript range."""
        names = ", ".join(self.spelling.name(element) for element in dimension.elements)
        mappings = [self.mapping(dimension, target) for target in dimension.mappings]
        arrow = " -> " + ", ".join(mappings) if mappings else ""
        documentation = self.lines(dimension.documentation, dimension)
        return f"{self.spelling.name(dimension.name)}: {names}{arrow}\n\t~\n\t~\t{documentation}\n\t|\n"

    def mapping(self, dimension: Dimension, target: str) -> str:
        """One mapping of a subscript range."""
        other, members = self.model.dimensions[target], dimension.mappings[target]
        name = self.spelling.name(other.name)
        if [key(member) for member in members] == [key(element) for element in other.elements]:
            return name
        if self.spelling.for_pysd:
            place = dimension.place
            reason = f"PySD misreads the mapping of '{dimension.name}' to a part of '{other.name}'"
            raise ModelError(reason, file=place.file, line=place.line, variable=dimension.name)
        return f"({name}: {', '.join(map(self.spelling.name, members))})"

    def variable(self, variable: Variable) -> str:
        """All equations of a variable; units and documentation stand with the last, as Vensim writes them."""
        *others, last = [self.equation(variable, equation) for equation in variable.equations]
        limits = self.limits(variable)
        units = " ".join((self.plain(variable.units, variable) + limits).split())
        documentation = self.lines(variable.documentation, variable)
        flag = "\n\t~\t:SUPPLEMENTARY" if variable.supplementary else ""
        entries = [f"{other}\n\t~~|\n" for other in others]
        return "\n".join([*entries, f"{last}\n\t~\t{units}\n\t~\t{documentation}{flag}\n\t|\n"])

    def limits(self, variable: Variable) -> str:
        """``[low,high,step]``, when any is given."""
        given = list(variable.limits)
        while given and given[-1] is None:
            given.pop()
        shown = ["?" if limit is None else self.spelling.number(limit) for limit in given]
        return f" [{','.join(shown)}]" if shown else ""

    def equation(self, variable: Variable, equation: Equation) -> str:
        """One equation, without units and documentation."""
        left = self.spelling.name(variable.name) + self.spelling.subscripts(equation.subscripts)
        if equation.excluded:
            clauses = ",".join(self.spelling.subscripts(clause) for clause in equation.excluded)
            left = f"{left} :EXCEPT: {clauses}"
        match equation.kind:
            case Kind.LOOKUP:
                return f"{left}({self.spelling.table(equation.table)})"
            case Kind.ARRAY:
                return f"{left} =\n\t{self.array(equation)}"
            case Kind.DATA:
                mode = f" :{equation.mode.upper()}:" if equation.mode else ""
                if equation.expression is None:
                    return left + (mode or (" :RAW:" if self.spelling.for_pysd else ""))
                return f"{left}{mode} :=\n\t{self.expression(variable, equation)}"
            case Kind.UNCHANGEABLE if equation.values:
                return f"{left} ==\n\t{self.array(equation)}"
            case Kind.UNCHANGEABLE if equation.values:
                return f"{left} ==\n\t{self.array(equation)}"
            case Kind.UNCHANGEABLE:
                return f"{left} ==\n\t{self.expression(variable, equation)}"
            case _:
                return f"{left} =\n\t{self.expression(variable, equation)}"

    def array(self, equation: Equation) -> str:
        """Numbers: a list for one dimension, rows for more."""
        numbers = [self.spelling.number(value) for value in equation.values]
        sizes = [
            len(self.model.dimensions[key(name)].elements) if key(name) in self.model.dimensions else 1
            for name in equation.subscripts
        ]
        if sum(size > 1 for size in sizes) < 2:
            return ",".join(numbers) + (";" if len(numbers) == 1 else "")
        width = [size for size in sizes if size > 1][-1]
        rows = [numbers[at : at + width] for at in range(0, len(numbers), width)]
        return "\n\t".join(",".join(row) + ";" for row in rows)

    def expression(self, variable: Variable, equation: Equation) -> str:
        """The right side."""
        expression = equation.expression
        assert expression is not None, "arrays and bare data have no right side to write"
        text = self.spelling.expression(
            self.relocated(equation, in_vensim(self.model, variable, equation, expression))
        )
        # 'a = b = c' is no equation, so a comparison stands in parentheses
        return f"({text})" if isinstance(expression, Binary) and expression.operator in _COMPARISONS else text

    def relocated(self, equation: Equation, expression: Expression) -> Expression:
        """A call that reads a file, naming it from where the text will stand."""
        owner = equation.place.file
        if self.folder is None or owner is None or not isinstance(expression, Call):
            return expression
        first = expression.arguments[0] if expression.arguments else None
        if key(expression.function) not in SERIES | CONSTANTS or not isinstance(first, Text):
            return expression
        here = owner.resolve().parent
        if here == self.folder:
            return expression
        name = os.path.relpath(here / first.value.replace("\\", "/"), self.folder)
        return Call(expression.function, (Text(name), *expression.arguments[1:]))

    def plain(self, text: str, owner: Variable | Dimension) -> str:
        """Text that is written as it is."""
        for sign in "~|":
            if sign in text:
                place = owner.place
                reason = f"'{owner.name}': an .mdl cannot hold '{sign}' in units or documentation"
                raise ModelError(
                    reason,
                    advice="write another sign there",
                    file=place.file,
                    line=place.line,
                    variable=owner.name,
                )
        return text

    def lines(self, text: str, owner: Variable | Dimension) -> str:
        """Documentation, indented."""
        return "\n\t\t".join(self.plain(text, owner).splitlines())
