"""A `Model` as XMILE 1.0 (OASIS, 2015), with a diagram.

In goes a model; out comes a file that Stella opens and `sd_covid.model.read` reads back with the same results. What the
standard cannot say is written with a vendor's prefix, or is an error; ``docs/command-line.md`` lists both.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Expression, Reference, Table, walk
from sd_covid.model.external.figures import read_series
from sd_covid.model.layout.diagram import lay_out
from sd_covid.model.layout.parts import CONTROL
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode, Dimension, Equation, Kind, Method, Model, Variable
from sd_covid.model.write.mdl import written_whole
from sd_covid.model.write.xmile_arrays import Arrays, Cell
from sd_covid.model.write.xmile_flows import Flows
from sd_covid.model.write.xmile_text import RESERVED, TextWriter, is_from_vensim, name_in_text, number_in_text
from sd_covid.model.write.xmile_times import time_bound
from sd_covid.model.write.xmile_views import views

XMILE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
ISEE = "http://iseesystems.com/XMILE"
#: Elements of ours, which other programs leave alone: the points of a data variable, and how it is read between them.
OURS = "urn:sd-covid"
_METHODS = {Method.EULER: "Euler", Method.RK2: "RK2", Method.RK4: "RK4", Method.ADAPTIVE: "RK45"}

Graph = tuple[Table, str]


def write_xmile(model: Model, path: str | Path) -> None:
    """Write a model to a file.

    Parameters
    ----------
    model : Model
    path : path
        Written as a whole or not at all.

    Raises
    ------
    ModelError
        As `xmile_text`; and when the file cannot be written.
    """
    written_whole(Path(path), xmile_text(model))


def xmile_text(model: Model) -> str:
    """The text of a model.

    Raises
    ------
    ModelError
        For what XMILE cannot say: a time bound that is calculated, a variable defined for some combinations of its
        subscripts only, a function that reads a file elsewhere than in a data variable; names the variable.
    """
    document = _Document(model)
    ElementTree.indent(document.root, " ")
    text = ElementTree.tostring(document.root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


class _Document:
    """The tree of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.arrays = Arrays(model)
        self.writer = TextWriter(model, self.arrays.axes)
        self.flows = Flows(model, self.arrays)
        for name, value in (("xmile", XMILE), ("isee", ISEE), ("sd", OURS)):
            ElementTree.register_namespace("" if name == "xmile" else name, value)
        self.root = Element(_tag("xmile"), version="1.0")
        self._header()
        self._specs()
        self._units()
        self._dimensions()
        body = SubElement(self.root, _tag("model"))
        self.variables = SubElement(body, _tag("variables"))
        shown = [variable for variable in model.variables.values() if variable.key not in CONTROL]
        for variable in shown:
            _refuse_reserved(variable)
            self._variable(variable)
        for name, table in self.writer.graphs:
            _graph(SubElement(self.variables, _tag("gf"), name=_name(name)), table)
        self._controls()
        self._groups()
        body.append(views(lay_out(model), model, _tag, _name))

    # --- what is said about the whole --------------------

    def _header(self) -> None:
        header = SubElement(self.root, _tag("header"))
        origin = "Ventana Systems, by sd-covid" if is_from_vensim(self.model) else "sd-covid"
        _text(header, "vendor", origin)
        _text(header, "product", "sd-covid").set("version", "1.0")
        _text(header, "name", self.model.name)

    def _specs(self) -> None:
        method = _METHODS.get(self.model.settings.method)
        if method is None:
            reason = f"XMILE has no integration method '{self.model.settings.method}'"
            raise ModelError(reason, advice="choose euler, rk2 or rk4", file=self.model.path)
        values = {name: time_bound(self.model, name) for name in CONTROL}
        specs = SubElement(self.root, _tag("sim_specs"), method=method)
        unit = self.model.variables["time step"].units or self.model.variables["final time"].units
        if unit:
            specs.set("time_units", unit)
        specs.set(f"{{{ISEE}}}save_interval", _number(values["saveper"]))
        for tag, name in (("start", "initial time"), ("stop", "final time"), ("dt", "time step")):
            _text(specs, tag, _number(values[name]))

    def _units(self) -> None:
        if self.model.settings.unit_equivalences:
            holder = SubElement(self.root, _tag("model_units"))
            for first, *others in self.model.settings.unit_equivalences:
                unit = SubElement(holder, _tag("unit"), name=first)
                for other in others:
                    _text(unit, "alias", other)

    def _dimensions(self) -> None:
        dimensions: list[Dimension] = [*self.model.dimensions.values(), *self.arrays.added]
        if not dimensions:
            return
        holder = SubElement(self.root, _tag("dimensions"))
        for dimension in dimensions:
            item = SubElement(holder, _tag("dim"), name=_name(dimension.name))
            for element in dimension.elements:
                SubElement(item, _tag("elem"), name=_name(element))
            for target, members in dimension.mappings.items():
                other = self.model.dimensions[target]
                if [key(name) for name in members] == [key(name) for name in other.elements]:
                    SubElement(item, f"{{{ISEE}}}maps_to").text = name_in_text(other.name)

    def _controls(self) -> None:
        """Time bounds with documentation, and SAVEPER where an equation uses it: variables as well."""
        uses = {
            key(node.name)
            for variable in self.model.variables.values()
            for equation in variable.equations
            if equation.expression is not None and variable.key not in CONTROL
            for node in walk(equation.expression)
            if isinstance(node, Reference)
        }
        for name in ("initial time", "final time", "time step", "saveper"):
            variable = self.model.variables[name]
            if variable.documentation or (name == "saveper" and name in uses):
                element = SubElement(self.variables, _tag("aux"), name=_name(variable.name))
                self._describe(element, variable)
                _text(element, "eqn", _number(time_bound(self.model, name)))

    def _groups(self) -> None:
        groups: dict[str, list[str]] = {}
        for variable in self.model.variables.values():
            if variable.group and variable.key not in CONTROL:
                groups.setdefault(variable.group, []).append(variable.name)
        for group, names in groups.items():
            element = SubElement(self.variables, _tag("group"), name=_name(group))
            for name in names:
                SubElement(element, _tag("entity"), name=_name(name))

    # --- variables --------------------

    def _variable(self, variable: Variable) -> None:
        if variable.key in self.flows.of_stock:
            self._stock(variable)
            return
        tag = (
            "flow" if variable.key in self.flows.names else "gf" if self._is_plain_graph(variable) else "aux"
        )
        element = SubElement(self.variables, _tag(tag), name=_name(variable.name))
        self._describe(element, variable)
        if tag == "gf":
            _graph(element, variable.equations[0].table)
        else:
            self._equations(element, variable)

    def _is_plain_graph(self, variable: Variable) -> bool:
        return variable.equations[0].kind is Kind.LOOKUP and not variable.equations[0].subscripts

    def _describe(self, element: Element, variable: Variable) -> None:
        """Documentation, units, slider limits and dimensions."""
        if variable.documentation:
            _text(element, "doc", variable.documentation)
        if variable.units:
            _text(element, "units", variable.units)
        low, high, _ = variable.limits
        if low is not None or high is not None:
            limits = SubElement(element, _tag("range"))
            for name, value in (("min", low), ("max", high)):
                if value is not None:
                    limits.set(name, _number(value))
        axes = self.arrays.axes.get(variable.key, ())
        if axes:
            holder = SubElement(element, _tag("dimensions"))
            for name in axes:
                SubElement(holder, _tag("dim"), name=_name(name))

    def _stock(self, variable: Variable) -> None:
        flows = self.flows.of_stock[variable.key]
        element = SubElement(self.variables, _tag("stock"), name=_name(variable.name))
        self._describe(element, variable)
        initial = _with(variable, 1)
        self._equations(element, initial)
        if flows is None:
            net = Variable(self._net_name(variable), _with(variable, 0).equations, place=variable.place)
            self.arrays.axes[net.key] = self.arrays.axes[variable.key]
            flow = SubElement(self.variables, _tag("flow"), name=_name(net.name))
            self._describe(flow, net)
            self._equations(flow, net)
            _text(element, "inflow", name_in_text(net.name))
        for end, name in flows or ():
            _text(element, end, name_in_text(self.model.variables[name].name))
        call = variable.equations[0].expression
        if isinstance(call, Call) and key(call.function) == "integ non negative":
            SubElement(element, _tag("non_negative"))

    def _net_name(self, variable: Variable) -> str:
        name = f"net change in {variable.name}"
        while key(name) in self.model.variables:
            name += " 2"
        return name

    def _equations(self, element: Element, variable: Variable) -> None:
        """One equation for all elements, where there is one that means the same for each; or one for each."""
        first = variable.equations[0]
        axes = self.arrays.axes[variable.key]
        left = [key(name) for name in first.subscripts]
        whole = (
            len(variable.equations) == 1
            and first.kind in (Kind.EQUATION, Kind.UNCHANGEABLE)
            and not first.excluded
            and first.expression is not None
            and left == [key(name) for name in axes]
            and len(set(left)) == len(left)
            and self.writer.is_for_all(first.expression, left)
        )
        if whole and first.expression is not None:
            self._equation(element, variable, first.expression, None)
            return
        for cell, (equation, binding, rank) in self.arrays.cells(variable).items():
            part = element
            if cell:
                part = SubElement(element, _tag("element"), subscript=self.arrays.spelled(cell))
            if equation.kind is Kind.LOOKUP:
                _graph(SubElement(part, _tag("gf")), equation.table)
            elif equation.kind is Kind.DATA and _is_series(equation):
                self._data(part, variable, equation, cell, rank)
            elif equation.values:
                _text(part, "eqn", _number(equation.values[rank]))
            elif equation.mode is not None:
                raise ModelError(
                    f"'{variable.name}' reads other data in a mode of its own, which XMILE cannot say",
                    advice="name the file there as well",
                    file=equation.place.file,
                    line=equation.place.line,
                    variable=variable.name,
                )
            elif equation.expression is not None:
                self._equation(part, variable, equation.expression, binding)

    def _equation(
        self,
        element: Element,
        variable: Variable,
        node: Expression,
        binding: dict[str, str] | None,
    ) -> None:
        """One right side: a table at an argument as a graph, another initial value as that."""
        match node:
            case Call(function=function, arguments=(value, initial)) if key(function) == "active initial":
                self._equation(element, variable, value, binding)
                _text(element, "init_eqn", self.writer.text(variable, initial, binding))
            case Call(function=function, arguments=(x, Table() as table)) if key(function) == "with lookup":
                _text(element, "eqn", self.writer.text(variable, x, binding))
                _graph(SubElement(element, _tag("gf")), table)
            case _:
                _text(element, "eqn", self.writer.text(variable, node, binding))

    # --- data --------------------

    def _data(self, element: Element, variable: Variable, equation: Equation, cell: Cell, rank: int) -> None:
        """Data as a graph of time; beside it, for our own reader, the points and how to read between them."""
        exact = SubElement(element, f"{{{OURS}}}series")
        if equation.mode is not None:
            exact.set("mode", str(equation.mode))
        found = self._series(variable, equation, cell, rank)
        if found is None:
            return
        times, values = found
        _text(element, "eqn", "TIME")
        steps = equation.mode in (DataMode.HOLD_BACKWARD, DataMode.RAW)
        points = Table(tuple(zip(times, values, strict=True)))
        _graph(SubElement(element, _tag("gf")), points, discrete=steps)
        for tag, row in (("times", times), ("values", values)):
            SubElement(exact, f"{{{OURS}}}{tag}").text = ",".join(map(_number, row))

    def _series(
        self, variable: Variable, equation: Equation, cell: Cell, rank: int
    ) -> tuple[Sequence[float], Sequence[float]] | None:
        """Times and values; None for data that come from elsewhere and have not been given."""
        if equation.expression is not None:
            times, values = read_series(self.model, variable, equation, rank=rank)
            return times.tolist(), values.tolist()
        return self.model.series.get((variable.key, *cell))


def _is_series(equation: Equation) -> bool:
    """Whether a data equation holds a series, and does not calculate from others."""
    from sd_covid.model.definition import SERIES

    expression = equation.expression
    return expression is None or (isinstance(expression, Call) and key(expression.function) in SERIES)


def _with(stock: Variable, argument: int) -> Variable:
    """A stock's variable with only its rate (0) or its initial value (1) as equations."""
    equations = []
    for equation in stock.equations:
        call = equation.expression
        if isinstance(call, Call):
            part = call.arguments[argument]
            equations.append(
                Equation(Kind.EQUATION, equation.subscripts, equation.excluded, part, place=equation.place)
            )
    return Variable(stock.name, equations, place=stock.place)


def _refuse_reserved(variable: Variable) -> None:
    """A name that XMILE keeps for a time bound would read as that bound."""
    bound = RESERVED.get(variable.key)
    if bound is not None:
        raise ModelError(
            f"'{variable.name}' has the name that XMILE gives the model's {bound}",
            advice="rename it",
            file=variable.place.file,
            line=variable.place.line,
            variable=variable.name,
        )


def _graph(element: Element, table: Table, *, discrete: bool = False) -> None:
    """The points of a graphical function."""
    element.set("type", "discrete" if discrete else "continuous")
    _text(element, "xpts", ",".join(_number(x) for x, _ in table.points))
    _text(element, "ypts", ",".join(_number(y) for _, y in table.points))


def _number(value: float) -> str:
    return f"-{number_in_text(-value)}" if value < 0 else number_in_text(value)


def _tag(name: str) -> str:
    return f"{{{XMILE}}}{name}"


def _name(name: str) -> str:
    """A name as an attribute."""
    return _clean(name.replace("\\", "\\\\"))


def _text(element: Element, tag: str, text: str) -> Element:
    child = SubElement(element, _tag(tag))
    child.text = _clean(text)
    return child


def _clean(text: str) -> str:
    """Text that XML can hold.

    Raises
    ------
    ModelError
        For a control character.
    """
    if any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text):
        raise ModelError(f"XMILE cannot hold a control character: {text!r}", advice="take it out")
    return text
