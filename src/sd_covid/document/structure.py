"""What a sector is made of, for its page: stocks that hang together, what moves them, and what only counts.

In go a model and the names of its inputs; out come diagrams' worth of names. How they are drawn is for
`sd_covid.document.drawing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sd_covid.model.definition import SERIES
from sd_covid.model.expression import Call, Expression, Number, Reference, Unary, walk
from sd_covid.model.layout.parts import CONTROL, INTEGRALS, Flow, Parts, flows_of, is_stock, terms
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model, Variable
from sd_covid.model.symbols import Symbols

#: Names in a diagram beyond which causes of causes are left to the equations.
READABLE = 30
#: Stocks without named flows are drawn together, so many in a diagram.
_TOGETHER = 6
#: What moves a stock when it is not held by its own rate: functions that look at the time.
_BY_TIME = frozenset({"pulse", "pulse train", "ramp", "step"})


@dataclass(frozen=True, slots=True)
class Diagram:
    """One picture of stocks and flows.

    Attributes
    ----------
    title : str
        Names of its stocks, or of the group that they are of.
    parts : Parts
        What stands in it; ``shadows`` are causes that are explained elsewhere.
    """

    title: str
    parts: Parts


@dataclass(slots=True)
class Anatomy:
    """The variables of a model by what they are, each list in the order of the model, by key.

    Attributes
    ----------
    causes : dict of str to list of str
        What the equations of a variable use, itself left out.
    moving : set of str
        What changes over time.
    stocks, counters : list of str
        Stocks that act on a stock (be it themselves), and stocks that only count.
    drivers, inputs, levers, constants : list of str
        Data read from files; inputs from other sectors; constants called level, start, end, budget … of a lever;
        constants.
    """

    model: Model
    causes: dict[str, list[str]] = field(default_factory=dict)
    moving: set[str] = field(default_factory=set)
    stocks: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    drivers: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)

    def rate_causes(self, name: str) -> list[str]:
        """What a variable uses after the start: of a stock, what its rates use."""
        variable = self.model.variables[name]
        return _rate_causes(variable, self.causes) if is_stock(variable) else self.causes[name]


def anatomy(model: Model, inputs: Iterable[str] = ()) -> Anatomy:
    """Sort the variables of a model.

    Parameters
    ----------
    model : Model
    inputs : iterable of str
        Names of the variables that other sectors give, when they are there.
    """
    found = Anatomy(model)
    variables = {name: item for name, item in model.variables.items() if name not in CONTROL}
    found.causes = {name: _causes(item, variables) for name, item in variables.items()}
    found.drivers = [name for name, item in variables.items() if is_driver(item)]
    found.constants = [name for name, item in variables.items() if is_constant(item)]
    given = {key(name) for name in inputs}
    found.inputs = [name for name in variables if name in given]
    found.moving = _moving(found, variables)
    stocks = [name for name, item in variables.items() if is_stock(item)]
    acting = _acting(found.causes, stocks, variables)
    found.stocks = [name for name in stocks if name in acting]
    found.counters = [name for name in stocks if name not in acting]
    return found


def is_driver(variable: Variable) -> bool:
    """Whether a variable is read from a file of data."""
    return any(
        equation.kind is Kind.DATA
        or (isinstance(equation.expression, Call) and key(equation.expression.function) in SERIES)
        for equation in variable.equations
    )


def is_constant(variable: Variable) -> bool:
    """Whether a variable is given as numbers: nothing is computed."""

    def number(node: object) -> bool:
        return isinstance(node, Number) or (isinstance(node, Unary) and isinstance(node.operand, Number))

    return all(
        equation.kind is Kind.ARRAY or (equation.kind is not Kind.DATA and number(equation.expression))
        for equation in variable.equations
    )


def _causes(variable: Variable, known: Mapping[str, Variable]) -> list[str]:
    """What the equations of a variable use, each once, in order."""
    found: dict[str, None] = {}
    for equation in variable.equations:
        for node in walk(equation.expression) if equation.expression is not None else ():
            match node:
                case Reference(name=name) | Call(function=name):
                    found[key(name)] = None
    return [name for name in found if name in known]


def _uses_time(variable: Variable) -> bool:
    """Whether an equation looks at the time."""
    for equation in variable.equations:
        for node in walk(equation.expression) if equation.expression is not None else ():
            match node:
                case Reference(name=name) if key(name) == "time":
                    return True
                case Call(function=name) if key(name) in _BY_TIME:
                    return True
    return False


def _moving(found: Anatomy, variables: Mapping[str, Variable]) -> set[str]:
    """What changes over time, or would if its causes did: inputs count, even where they rest in the sector alone."""
    effects: dict[str, list[str]] = {}
    for name, causes in found.causes.items():
        for cause in causes:
            effects.setdefault(cause, []).append(name)
    start = {
        name for name, item in variables.items() if is_stock(item) or is_driver(item) or _uses_time(item)
    }
    start |= set(found.inputs)
    todo = list(start)
    while todo:
        for name in effects.get(todo.pop(), ()):
            if name not in start and not _only_at_start(variables[name]):
                start.add(name)
                todo.append(name)
    return start


def _only_at_start(variable: Variable) -> bool:
    """Whether a variable is the value that something has at the start."""
    return all(
        isinstance(equation.expression, Call) and key(equation.expression.function) == "initial"
        for equation in variable.equations
    )


def _acting(
    causes: Mapping[str, list[str]], stocks: list[str], variables: Mapping[str, Variable]
) -> set[str]:
    """The stocks that act on a stock's rate, be it their own."""
    rates = {name: _rate_causes(variables[name], variables) for name in stocks}
    acting: set[str] = set()
    for stock in stocks:
        seen, todo = set(), list(rates[stock])
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in rates:
                acting.add(name)
            else:
                todo.extend(causes.get(name, ()))
    return acting


def _rate_causes(variable: Variable, known: Collection[str]) -> list[str]:
    """What the rates of a stock use; what its initial values use is left out."""
    found: dict[str, None] = {}
    for equation in variable.equations:
        call = equation.expression
        for node in walk(call.arguments[0]) if isinstance(call, Call) and call.arguments else ():
            match node:
                case Reference(name=name) | Call(function=name):
                    found[key(name)] = None
    return [name for name in found if name in known]


def rates(variable: Variable) -> list[Expression]:
    """What the equations of a variable compute after the start: of a stock, its rates."""
    found = []
    for equation in variable.equations:
        node = equation.expression
        if isinstance(node, Call) and key(node.function) in INTEGRALS:
            found.append(node.arguments[0])
        elif node is not None:
            found.append(node)
    return found


def without(model: Model, names: Iterable[str]) -> Model:
    """A model less some variables, for a diagram: nothing in it is run."""
    gone = set(names)
    return replace(model, variables={name: v for name, v in model.variables.items() if name not in gone})


def pipes(model: Model) -> list[Flow]:
    """The flows of a model, those included that a stock takes or gives as their sum over a dimension."""
    found = {flow.name: flow for flow in flows_of(model)}
    for variable in model.variables.values():
        for rate in rates(variable) if is_stock(variable) else ():
            for sign, term in terms(rate):
                name = _summed(term)
                if name not in model.variables or is_stock(model.variables[name]):
                    continue
                flow = found.get(name, Flow(name, None, None))
                if sign == "+" and flow.target is None and flow.source != variable.key:
                    found[name] = replace(flow, target=variable.key)
                elif sign == "-" and flow.source is None and flow.target != variable.key:
                    found[name] = replace(flow, source=variable.key)
    return [found[name] for name in model.variables if name in found]


def _summed(term: Expression) -> str:
    """The key of the variable that a term is the sum of; nothing when it is another expression."""
    match term:
        case Call(function=function, arguments=(Reference(name=name),)) if key(function) == "sum":
            return key(name)
    return ""


def diagrams(found: Anatomy) -> list[Diagram]:
    """Pictures of the stocks: those that flows join together, and the rest by their group."""
    model = without(found.model, found.counters)
    flows = pipes(model)
    joined, alone = _joined(found.stocks, flows)
    pictures = [_picture(found, model, stocks, flows) for stocks in joined]
    groups: dict[str, list[str]] = {}
    for name in alone:
        groups.setdefault(model.variables[name].group, []).append(name)
    together: list[list[str]] = []
    for stocks in groups.values():
        together += [stocks[start : start + _TOGETHER] for start in range(0, len(stocks), _TOGETHER)]
    return pictures + [_picture(found, model, stocks, []) for stocks in together]


def _joined(stocks: list[str], flows: list[Flow]) -> tuple[list[list[str]], list[str]]:
    """Stocks that flows join, the largest first, and stocks without a flow."""
    leader = {name: name for name in stocks}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    flowing: set[str] = set()
    for flow in flows:
        ends = [end for end in (flow.source, flow.target) if end in leader]
        flowing |= set(ends)
        if len(ends) == 2:
            leader[find(ends[1])] = find(ends[0])
    groups: dict[str, list[str]] = {}
    for name in stocks:
        if name in flowing:
            groups.setdefault(find(name), []).append(name)
    chains = sorted(groups.values(), key=lambda names: -len(names))
    return chains, [name for name in stocks if name not in flowing]


def _picture(found: Anatomy, model: Model, stocks: list[str], flows: list[Flow]) -> Diagram:
    """A diagram of some stocks with their flows, what acts on those, and one step further where there is room."""
    mine = [flow for flow in flows if flow.source in stocks or flow.target in stocks]
    inside = {*stocks, *(flow.name for flow in mine)}
    shown: dict[str, None] = {}
    links: list[tuple[str, str]] = []
    joined = [
        (stock, flow.name) for flow in mine for stock in (flow.source, flow.target) if stock is not None
    ]
    ends = {*joined, *((flow, stock) for stock, flow in joined)}

    def causes(name: str) -> list[str]:
        stock = is_stock(model.variables[name])
        uses = _rate_causes(model.variables[name], model.variables) if stock else found.causes[name]
        return [
            cause for cause in uses if cause in found.moving and cause != name and (cause, name) not in ends
        ]

    for name in [flow.name for flow in mine] + stocks:
        for cause in causes(name):
            links.append((cause, name))
            if cause not in inside:
                shown[cause] = None
    for name in list(shown):
        if _ends_here(found, name):
            continue
        further = causes(name)
        new = [cause for cause in further if cause not in inside and cause not in shown]
        if len(inside) + len(shown) + len(new) <= READABLE:
            links += [(cause, name) for cause in further]
            shown |= dict.fromkeys(new)
    explained = {name for _, name in links}
    parts = Parts(list(stocks), mine, [], list(dict.fromkeys(links)), [])
    for name in shown:
        (parts.auxiliaries if name in explained or _ends_here(found, name) else parts.shadows).append(name)
    parts.shadows += [name for name in parts.auxiliaries if name in found.stocks]
    parts.auxiliaries = [name for name in parts.auxiliaries if name not in found.stocks]
    return Diagram(", ".join(model.variables[name].name for name in stocks), parts)


def _ends_here(found: Anatomy, name: str) -> bool:
    """Whether a cause is not looked behind: a stock of another diagram, an input or a driver."""
    return name in found.stocks or name in found.inputs or name in found.drivers


def count(model: Model, name: str) -> int:
    """How many elements a variable has."""
    axes = Symbols(model).axes(model.variables[name])
    total = 1
    for axis in axes:
        total *= len(axis)
    return total
