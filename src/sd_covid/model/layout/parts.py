"""What a diagram of a model shows: stocks, the flows between them, and what depends on what.

In goes a model; out come its parts by name, and how they fall into views. Where they stand is for
`sd_covid.model.layout.diagram`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sd_covid.model.expression import Binary, Call, Expression, Reference, Unary, walk
from sd_covid.model.names import key
from sd_covid.model.structure import Model, Variable

INTEGRALS = frozenset({"integ", "integ non negative"})
CONTROL = frozenset({"initial time", "final time", "time step", "saveper"})
#: A view with more variables than this is split, as it can no longer be read.
LARGEST_VIEW = 60
_SMALLEST_VIEW, _SMALLEST_GROUP = 12, 4


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow, and the stocks it leads from and to; None for the outside of the model."""

    name: str
    source: str | None
    target: str | None


@dataclass(slots=True)
class Parts:
    """The parts of a model or of one of its views, by key.

    Attributes
    ----------
    stocks, auxiliaries : list of str
        In the order of the model. Whatever is neither stock nor flow is an auxiliary: constants, data and lookups too.
    flows : list of Flow
    links : list of (str, str)
        Cause and effect, without those that a flow shows.
    shadows : list of str
        Causes that stand in another view.
    """

    stocks: list[str] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    auxiliaries: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    shadows: list[str] = field(default_factory=list)


def terms(rate: Expression) -> Iterator[tuple[str, Expression]]:
    """A sum as its terms with their signs, from the left."""
    match rate:
        case Binary(operator="+" | "-", left=left, right=right):
            yield from terms(left)
            yield rate.operator, right
        case Unary(operator="-", operand=operand) if not isinstance(operand, Binary):
            yield "-", operand
        case _:
            yield "+", rate


def is_stock(variable: Variable) -> bool:
    """Whether a variable is a stock, for at least some of its elements."""
    return any(_integral(equation.expression) is not None for equation in variable.equations)


def _integral(expression: Expression | None) -> Call | None:
    found = isinstance(expression, Call) and key(expression.function) in INTEGRALS
    return expression if found and isinstance(expression, Call) else None


def flows_of(model: Model) -> list[Flow]:
    """The flows of a model: variables that a stock adds or subtracts as they are.

    One that two stocks add, or that a stock both adds and subtracts between its elements, is a flow of the first use.
    """
    sources: dict[str, str] = {}
    targets: dict[str, str] = {}
    for variable in model.variables.values():
        for equation in variable.equations:
            call = _integral(equation.expression)
            if call is None:
                continue
            for sign, term in terms(call.arguments[0]):
                name = key(term.name) if isinstance(term, Reference) else ""
                if name in model.variables and not is_stock(model.variables[name]):
                    (targets if sign == "+" else sources).setdefault(name, variable.key)
    names = [name for name in model.variables if name in sources or name in targets]
    found = []
    for name in names:
        source, target = sources.get(name), targets.get(name)
        found.append(Flow(name, source, None if source == target else target))
    return found


def parts_of(model: Model) -> Parts:
    """All of a model but its time bounds."""
    flows = flows_of(model)
    pipes = {flow.name for flow in flows}
    shown = [variable for variable in model.variables.values() if variable.key not in CONTROL]
    whole = Parts(flows=flows)
    whole.stocks = [variable.key for variable in shown if is_stock(variable)]
    whole.auxiliaries = [
        variable.key for variable in shown if not is_stock(variable) and variable.key not in pipes
    ]
    ends = {(flow.name, stock) for flow in flows for stock in (flow.source, flow.target)}
    names = {variable.key for variable in shown}
    for variable in shown:
        for cause in _causes(variable):
            if cause in names and cause != variable.key and (cause, variable.key) not in ends:
                whole.links.append((cause, variable.key))
    return whole


def _causes(variable: Variable) -> Iterable[str]:
    """What the equations of a variable use, each once."""
    found: dict[str, None] = {}
    for equation in variable.equations:
        for node in walk(equation.expression) if equation.expression is not None else ():
            match node:
                case Reference(name=name) | Call(function=name):
                    found[key(name)] = None
    return found


def split(model: Model) -> list[tuple[str, Parts]]:
    """A model as views that can be read, each with a title.

    A small model is one view. A larger one is split by its groups where it has several, and else by its stocks: what
    flows join stays together, and every other variable goes where it is used or made, whichever is nearer.
    """
    whole = parts_of(model)
    names = [*whole.stocks, *(flow.name for flow in whole.flows), *whole.auxiliaries]
    if len(names) <= LARGEST_VIEW:
        return [(model.name, whole)]
    chains = _chains(whole)
    groups = {model.variables[name].group for name in names} - {""}
    home = _by_group(model, whole, chains, names) if len(groups) > 1 else _by_nearness(whole, chains)
    views = [(title, _part(whole, home, title)) for title in dict.fromkeys(home[name] for name in names)]
    return [
        (model.variables[title].name if title in model.variables else title, parts) for title, parts in views
    ]


def _chains(whole: Parts) -> dict[str, str]:
    """For each stock and flow the first stock, or flow, of what flows join it to."""
    leader = {name: name for name in [*whole.stocks, *(flow.name for flow in whole.flows)]}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for flow in whole.flows:
        for stock in (flow.source, flow.target):
            if stock is not None:
                first, second = find(stock), find(flow.name)
                leader[second] = first
    return {name: find(name) for name in leader}


def _by_group(model: Model, whole: Parts, chains: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Views by group; a chain of stocks stands whole in the group of most of it."""
    votes: dict[str, Counter[str]] = {}
    for name, chain in chains.items():
        votes.setdefault(chain, Counter())[model.variables[name].group] += 1
    chosen = {chain: count.most_common(1)[0][0] for chain, count in votes.items()}
    home = {
        name: (chosen[chains[name]] if name in chains else model.variables[name].group) or model.name
        for name in names
    }
    return _joined(whole, home, _SMALLEST_GROUP)


def _by_nearness(whole: Parts, chains: Mapping[str, str]) -> dict[str, str]:
    """Views by chain of stocks, the smallest joined to what they share most links with."""
    near: dict[str, list[str]] = {}
    for cause, effect in whole.links:
        near.setdefault(cause, []).append(effect)
        near.setdefault(effect, []).append(cause)
    home = dict(chains)
    queue = deque(home)
    while queue:
        name = queue.popleft()
        for other in near.get(name, ()):
            if other not in home:
                home[other] = home[name]
                queue.append(other)
    rest = [name for name in whole.auxiliaries if name not in home]
    home |= dict.fromkeys(rest, rest[0] if rest else "")
    return _joined(whole, home, _SMALLEST_VIEW)


def _joined(whole: Parts, home: dict[str, str], smallest_size: int) -> dict[str, str]:
    """Views of which the smallest are joined to the one that they share most links with."""
    while True:
        sizes = Counter(home.values())
        smallest = min(sizes, key=lambda title: (sizes[title], title))
        shared: Counter[str] = Counter()
        for cause, effect in whole.links:
            pair = {home[cause], home[effect]}
            if len(pair) == 2 and smallest in pair:
                (other,) = pair - {smallest}
                shared[other] += 1
        fits = [title for title, _ in shared.most_common() if sizes[title] + sizes[smallest] <= LARGEST_VIEW]
        if sizes[smallest] >= smallest_size or not fits:
            return home
        home = {name: fits[0] if title == smallest else title for name, title in home.items()}


def _part(whole: Parts, home: Mapping[str, str], title: str) -> Parts:
    """What stands in one view."""
    part = Parts(
        stocks=[name for name in whole.stocks if home[name] == title],
        flows=[flow for flow in whole.flows if home[flow.name] == title],
        auxiliaries=[name for name in whole.auxiliaries if home[name] == title],
        links=[link for link in whole.links if home[link[1]] == title],
    )
    part.shadows = list(dict.fromkeys(cause for cause, _ in part.links if home[cause] != title))
    return part
