"""The elements of a ``<model>``: variables, graphical functions, modules and groups, each as its definition.

In go elements; out come definitions with their expressions parsed. Names are not resolved here.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from sd_covid.model.expression import Binary, Expression, Reference, Table
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode
from sd_covid.model.xmile.definition import (
    Connection,
    Conveyor,
    Definition,
    ElementDefinition,
    Graph,
    Leak,
    ModuleUse,
    Series,
    Shape,
    Submodel,
)
from sd_covid.model.xmile.document import (
    Document,
    attribute,
    child,
    children,
    content,
    flag,
    isee_tag,
    our_tag,
    tag_of,
)
from sd_covid.model.xmile.text import (
    EquationText,
    equation_text,
    name_in_equation,
    name_of,
    numbers,
    parse_equation,
    parse_list,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

KINDS = ("stock", "flow", "aux", "gf")
_CONVEYOR = ("discrete", "batch_integrity", "one_at_a_time", "exponential_leak")
#: What the elements of an array have in common: section 4.5.2.
_SHARED = ("conveyor", "queue", "leak", "overflow", "non_negative")


def read_submodel(document: Document, element: Element) -> Submodel:
    """What a ``<model>`` (or the ``<variables>`` of a macro) defines.

    Raises
    ------
    ModelError
        For an element that cannot be read, or a name defined twice; names line and variable.
    """
    model = Submodel(name_of(element.get("name") or ""), document.place(element))
    groups: dict[str, str] = {}
    for holder in [element, *children(element, "variables")]:
        for item in children(holder, *KINDS, "module", "group"):
            tag = tag_of(item)
            if tag == "module":
                model.modules.append(_module(document, item))
            elif tag == "group":
                for entity in children(item, "entity", "var"):
                    groups[key(name_of(entity.get("name") or ""))] = name_of(item.get("name") or "")
                model.definitions += [_Reader(document, inner).read() for inner in children(item, *KINDS)]
            elif item.get("name") is not None or tag != "gf":
                model.definitions.append(_Reader(document, item).read())
    for definition in model.definitions:
        definition.group = groups.get(key(definition.name), definition.group)
    model.definitions += _named_graphs(model)
    _share_graphs(document, model)
    _refuse_twice(document, model)
    return model


def _named_graphs(model: Submodel) -> list[Definition]:
    """The graphical functions that stand within variables and have names to be called by."""
    return [
        Definition("gf", item.graph_name, item.place, graph=item.graph)
        for item in model.definitions
        if item.graph is not None and item.graph_name and item.kind != "gf"
    ]


def _share_graphs(document: Document, model: Submodel) -> None:
    """Give a variable with ``<gf name="..."/>`` the graphical function of that name."""
    graphs = {key(item.name): item.graph for item in model.definitions if item.graph is not None}
    for item in model.definitions:
        if item.graph_name and item.graph is None:
            item.graph = graphs.get(key(item.graph_name))
            if item.graph is None:
                reason = f"graphical function '{item.graph_name}' is not defined"
                raise _error(document, item.place.line, reason, "give its points", item.name)


def _refuse_twice(document: Document, model: Submodel) -> None:
    seen: dict[str, int | None] = {}
    named: list[Definition | ModuleUse] = [*model.definitions, *model.modules]
    for item in named:
        if key(item.name) in seen:
            reason = f"'{item.name}' is defined twice, first on line {seen[key(item.name)]}"
            raise _error(document, item.place.line, reason, "take one of the two out", item.name)
        seen[key(item.name)] = item.place.line


def _error(
    document: Document, line: int | None, reason: str, advice: str | None, variable: str | None
) -> Exception:
    from sd_covid.errors import ModelError

    return ModelError(reason, advice=advice, file=document.source.file, line=line, variable=variable)


def _module(document: Document, element: Element) -> ModuleUse:
    name = name_of(element.get("name") or "")
    if not key(name):
        raise document.error(element, "a <module> has no name")
    found = [
        Connection(
            name_in_equation(item.get("to") or ""),
            name_in_equation(item.get("from") or ""),
            document.place(item),
        )
        for item in children(element, "connect")
    ]
    model = next((value for label, value in element.attrib.items() if label.endswith("model_name")), name)
    return ModuleUse(name, name_of(str(model)), element.get("resource"), found, document.place(element))


class _Reader:
    """Reads one variable's element."""

    def __init__(self, document: Document, element: Element) -> None:
        self.document = document
        self.element = element
        self.name = name_of(element.get("name") or "")

    def read(self) -> Definition:
        element = self.element
        if not key(self.name):
            raise self.document.error(element, f"a <{tag_of(element)}> has no name")
        found = Definition(tag_of(element), self.name, self.document.place(element))
        held = child(element, "conveyor")
        found.conveyor = None if held is None else self.conveyor(held)
        found.row = self.row(element)
        found.equation = found.row[0] if len(found.row) == 1 else None
        start = self.equation(element, "init_eqn")
        found.initial = () if start is None else (start,)
        found.dimensions = tuple(
            name_of(item.get("name") or "") for item in children(self._dimensions(), "dim")
        )
        found.elements = tuple(self.element_of(item) for item in children(element, "element"))
        if len(found.row) > 1 and held is None and not found.dimensions:
            raise self.document.error(element, "has several equations, and is no array", variable=self.name)
        found.graph = self.graph(element)
        inner = child(element, "gf")
        found.graph_name = "" if inner is None else name_of(inner.get("name") or "")
        found.series = self.series(element)
        found.inflows = self.names(element, "inflow")
        found.outflows = self.names(element, "outflow")
        found.non_negative = flag(element, "non_negative")
        found.queue = bool(flag(element, "queue"))
        found.overflow = bool(flag(element, "overflow"))
        found.leak = self.leak()
        found.multiplier = self.equation(element, "multiplier")
        found.spread = (attribute(element, "spreadflow") or "").strip().lower()
        profile = next((item for item in element if isee_tag(item) == "distrib_eq"), None)
        found.profile = None if profile is None else parse_equation(self.text(profile), self.name)
        found.units = " ".join((content(element, "units") or "").split())
        found.limits = self.limits()
        found.documentation = "\n".join(
            " ".join(line.split()) for line in (content(element, "doc") or "").strip().splitlines()
        )
        found.access = (element.get("access") or "").lower()
        self.refuse_foreign()
        return self.from_vensim(found)

    def from_vensim(self, found: Definition) -> Definition:
        """A definition without the two ways of writing that are Vensim's alone.

        It puts the equation and the flows of an array into an element whose subscripts are the dimensions, and writes
        a variable that remembers and has no flows, such as a DELAY N, as a stock with ``name = DELAY N(…)``.
        """
        flows = {(item.inflows, item.outflows) for item in found.elements}
        if len(flows) == 1 and (found.inflows, found.outflows) == ((), ()):
            found.inflows, found.outflows = next(iter(flows))
        elif len(flows) > 1:
            raise self.document.error(
                self.element, "elements have other flows than each other", "give all the same", self.name
            )
        if len(found.elements) == 1:
            only = found.elements[0]
            if tuple(map(key, only.subscripts)) == tuple(map(key, found.dimensions)):
                found.equation, found.row, found.initial = only.equation, only.row, only.initial
                found.graph, found.series, found.elements = only.graph, only.series, ()
        match found.equation:
            case Binary(operator="=", left=Reference(name=name), right=right) if (
                found.kind == "stock" and key(name) == key(found.name) and not found.inflows + found.outflows
            ):
                found.kind, found.equation, found.row = "aux", right, (right,)
        return found

    def _dimensions(self) -> Element:
        found = child(self.element, "dimensions")
        return self.element if found is None else found

    def refuse_foreign(self) -> None:
        """Refuse what changes the numbers and is not read."""
        for item in self.element:
            if tag_of(item) == "oven" or isee_tag(item) == "oven":
                advice = "use a discrete conveyor with a capacity, which a queue feeds"
                raise self.document.error(item, "ovens are not supported", advice, self.name)

    def text(self, element: Element) -> EquationText:
        """The text of an element with its place."""
        return equation_text(element.text or "", self.document.source, element.sourceline)

    def equation(self, holder: Element, tag: str) -> Expression | None:
        """The expression in an element."""
        found = child(holder, tag)
        return None if found is None else parse_equation(self.text(found), self.name)

    def row(self, holder: Element) -> tuple[Expression, ...]:
        """The expressions of ``<eqn>``: one, or a row of them for an array or a conveyor.

        Vensim writes an array's row as an ``<eqn>`` for each element, or with commas in one.
        """
        found = [parse_list(self.text(item), self.name) for item in children(holder, "eqn")]
        return tuple(expression for row in found for expression in row)

    def names(self, holder: Element, tag: str) -> tuple[str, ...]:
        """Names of flows."""
        found = [name_in_equation(item.text or "") for item in children(holder, tag)]
        return tuple(name for name in found if name)

    def element_of(self, element: Element) -> ElementDefinition:
        """One element of an array."""
        subscripts = tuple(name_of(part) for part in (element.get("subscript") or "").split(","))
        row = self.row(element)
        equation = row[0] if len(row) == 1 else None
        start = self.equation(element, "init_eqn")
        initial = () if start is None else (start,)
        for item in children(element, *_SHARED):
            reason = f"<{tag_of(item)}> is not for one element: all of an array share it"
            raise self.document.error(item, reason, "write it beside the elements", self.name)
        place, length = self.document.place(element), self.equation(element, "len")
        graph, series = self.graph(element), self.series(element)
        flows = (self.names(element, "inflow"), self.names(element, "outflow"))
        return ElementDefinition(subscripts, equation, row, initial, graph, place, series, length, *flows)

    def series(self, holder: Element) -> Series | None:
        """The points of a data variable, which our own writer puts beside its graph."""
        for item in holder:
            if our_tag(item) == "series":
                rows = {our_tag(row): numbers(self.text(row), ",", self.name) for row in item}
                times, values = rows.get("times", ()), rows.get("values", ())
                mode = item.get("mode")
                known = mode is None or mode in list(DataMode)
                if len(times) != len(values) or not known:
                    reason = "the series does not have as many times as values"
                    raise self.document.error(item, reason, variable=self.name)
                return Series(times, values, None if mode is None else DataMode(mode))
        return None

    def graph(self, holder: Element) -> Graph | None:
        """The graphical function of a variable, of an element, or one that stands alone."""
        found = holder if tag_of(holder) == "gf" else child(holder, "gf")
        if found is None or child(found, "ypts") is None:
            return None
        try:
            shape = Shape((found.get("type") or "").strip().lower() or Shape.CONTINUOUS)
        except ValueError:
            reason = f"a graphical function is not '{found.get('type')}'"
            raise self.document.error(
                found, reason, "write continuous, extrapolate or discrete", self.name
            ) from None
        if (found.get("discrete") or "").strip().lower() == "true":
            shape = Shape.DISCRETE
        y = self.points(found, "ypts") or ()
        x = self.points(found, "xpts")
        low, high = self.scale(found, "xscale")
        if x is None and (low is None or high is None or not high > low):
            reason = "the graphical function has neither <xpts> nor an <xscale> of some width"
            raise self.document.error(found, reason, "give one of the two", self.name)
        if x is None and low is not None and high is not None:
            last = max(len(y) - 1, 1)
            x = tuple(low + (high - low) * k / last for k in range(len(y)))
        return self._graph(found, x or (), y, shape)

    def _graph(self, element: Element, x: tuple[float, ...], y: tuple[float, ...], shape: Shape) -> Graph:
        if len(x) != len(y) or not y:
            reason = f"the graphical function has {len(x)} <xpts> and {len(y)} <ypts>"
            raise self.document.error(element, reason, "give as many of each", self.name)
        if not all(math.isfinite(value) for value in (*x, *y)):
            raise self.document.error(
                element, "a point of the graphical function is not finite", variable=self.name
            )
        if any(after < before for before, after in pairwise(x)):
            raise self.document.error(element, "<xpts> do not ascend", "put them in order", self.name)
        place = self.document.place(element)
        return Graph(Table(tuple(zip(x, y, strict=True)), place=place), shape)

    def points(self, holder: Element, tag: str) -> tuple[float, ...] | None:
        """The numbers of ``<xpts>`` or ``<ypts>``."""
        found = child(holder, tag)
        if found is None or not (found.text or "").strip():
            return None
        return numbers(self.text(found), found.get("sep") or ",", self.name)

    def scale(self, holder: Element, tag: str) -> tuple[float | None, float | None]:
        """The limits that an element such as ``<xscale>`` or ``<range>`` gives."""
        found = child(holder, tag)
        values: list[float | None] = []
        for end in ("min", "max"):
            text = None if found is None else found.get(end)
            try:
                values.append(None if text is None or not text.strip() else float(text))
            except ValueError:
                values.append(None if tag == "range" else math.nan)
        return values[0], values[1]

    def limits(self) -> tuple[float | None, float | None, float | None]:
        """The range of a slider."""
        low, high = self.scale(self.element, "range")
        return low, high, None

    def conveyor(self, element: Element) -> Conveyor:
        """The options of a conveyor."""
        length = self.equation(element, "len")
        if length is None:
            reason = "a conveyor needs a transit time"
            raise self.document.error(element, reason, "give it in <len>", self.name)

        for label, value in element.attrib.items():
            name = str(label).rpartition("}")[2]
            if name == "force_leak_fraction":  # the same while transit time and fraction stay what they are
                remark = f"line {element.sourceline}: '{name}' of a conveyor is not known, and left out"
                self.document.remarks.append(remark)
            elif name not in _CONVEYOR and str(value).strip().lower() != "false":
                reason = f"conveyor option '{name}' is not known, and could change what the conveyor does"
                raise self.document.error(element, reason, "take it out", self.name)

        def marked(name: str) -> bool:
            return (attribute(element, name) or "").strip().lower() == "true"

        return Conveyor(
            length,
            self.equation(element, "capacity"),
            self.equation(element, "in_limit"),
            self.equation(element, "sample"),
            self.equation(element, "arrest"),
            marked("discrete"),
            marked("exponential_leak"),
            (attribute(element, "one_at_a_time") or "true").strip().lower() != "false",
            marked("batch_integrity"),
            self.document.place(element),
        )

    def leak(self) -> Leak | None:
        """The leakage that a flow is."""
        found = child(self.element, "leak")
        if found is None:
            return None
        fraction = parse_equation(self.text(found), self.name)
        if fraction is None:
            fraction = self.equation(self.element, "eqn")
        ends = []
        for name, otherwise in (("leak_start", 0.0), ("leak_end", 1.0)):
            text = attribute(self.element, name)
            try:
                ends.append(otherwise if text is None else float(text))
            except ValueError:
                reason = f"{name} is '{text}', which is no number"
                raise self.document.error(self.element, reason, variable=self.name) from None
        return Leak(fraction, ends[0], ends[1], bool(flag(self.element, "leak_integers")))
