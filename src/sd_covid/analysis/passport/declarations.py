"""What a model declares about itself: ``checks.yaml`` beside it, read strictly.

In goes a model; out come its declarations: what is conserved, what may be negative, how it comes to rest, what must
hold under extreme conditions. The file names the model that it is `of`: there every name must exist. For another
model of the folder, as one sector of a coupled model, whatever names a variable that it does not have is left out.

::

    of: netherlands.yaml
    at rest: {drivers on: 0, trends on: 0}
    accumulators: [cumulative *]
    may be negative: {log matching efficiency: a logarithm}
    conserved:
      persons: {stocks: [employed, unemployed], total: population}
    extremes:
      lockdown for ever:
        when: {restrictions: 1, output gap: 0.5}
        from: 60
        then: [unemployment rate < 100]
    links: {moment: 78, horizon: 120}
    constants: {fatigue loss: "centred at a fatigue of one half"}
    limits: {undocumented: 0}

"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Call, Expression, Reference, walk
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.layout.parts import is_stock
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.model.vensim.parse import parse_expression
from sd_covid.policy.reading import read_number
from sd_covid.study_folder import is_there, named_in_study

FILE = "checks.yaml"
LIMITS = (
    "undocumented",
    "unused",
    "without unit",
    "embedded constants",
    "branches",
    "lookups not monotone",
)
_KEYS = (
    "at rest",
    "accumulators",
    "may be negative",
    "conserved",
    "extremes",
    "links",
    "limits",
    "unused",
    "constants",
)


@dataclass(frozen=True, slots=True)
class Conserved:
    """Stocks whose sum is known otherwise: it is a stock that only keeps the books, or moves by a net flow alone."""

    name: str
    stocks: tuple[str, ...]
    total: str = ""
    net_flow: str = ""


@dataclass(frozen=True, slots=True)
class Extreme:
    """A condition, and what must hold under it at every saved time.

    Attributes
    ----------
    name : str
    when : dict
        Variable, with the value that it is held at; a constant, or anything else that is no stock.
    start, end : float or None
        Model times between which it is held; None: from the first, to the last.
    then : tuple of str
        Conditions as the model would write them.
    """

    name: str
    when: dict[str, float]
    then: tuple[str, ...]
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything declared about a model.

    Attributes
    ----------
    at_rest : dict or None
        Constants with which the model stands still.
    accumulators : tuple of str
        Stocks that count events, and so never stand still.
    may_be_negative : dict of str to str
        Stocks that have no sign, with the reason.
    conserved : tuple of Conserved
    extremes : tuple of Extreme
    links : tuple of float or None
        When links are nudged, and for how long the effect is looked for.
    limits : dict of str to int
        Largest counts of `LIMITS` that are acceptable.
    unused : dict of str to str
        Variables that nothing reads, with the reason.
    constants : dict of str to str
        Constants of links that do not move the effect as the link does, with the reason.
    """

    at_rest: dict[str, float] | None = None
    accumulators: tuple[str, ...] = ()
    may_be_negative: dict[str, str] = field(default_factory=dict)
    conserved: tuple[Conserved, ...] = ()
    extremes: tuple[Extreme, ...] = ()
    links: tuple[float, float] | None = None
    limits: dict[str, int] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


def beside(model: Model, file: str) -> Path | None:
    """A file in the folder of a model, where there is one."""
    path = None if model.path is None else Path(model.path).resolve().parent / file
    return path if path is not None and is_there(path) else None


def read_declarations(model: Model) -> Declarations | None:
    """What the file beside a model declares about it.

    Returns
    -------
    Declarations or None
        None when there is no such file, or nothing in it is about this model.

    Raises
    ------
    DataError
        When the file says something it cannot, or names what its model does not have; with file, line and key.
    """
    path = beside(model, FILE)
    if path is None:
        return None
    found = read_yaml(path).fields(("of",), _KEYS)
    names = Known(model, strict=is_about(model, found["of"]))
    empty = Declarations()
    read = Declarations(
        at_rest=_at_rest(found.get("at rest"), names),
        accumulators=tuple(names.matched(found.get("accumulators"))),
        may_be_negative=_reasons(found.get("may be negative"), names),
        conserved=tuple(_conserved(found.get("conserved"), names)),
        extremes=tuple(_extremes(found.get("extremes"), names)),
        links=_links(found.get("links")),
        limits=_limits(found.get("limits")) if names.strict else {},
        unused=_reasons(found.get("unused"), names),
        constants=_reasons(found.get("constants"), names),
    )
    return None if replace(read, links=None) == empty and not names.strict else read


def is_about(model: Model, node: Node) -> bool:
    """Whether a file beside a model is about that model itself; else it is about a whole that this is a part of.

    Raises
    ------
    DataError
        When the file is about a model that is not there.
    """
    folder = node.file.resolve().parent
    named = folder / node.text()
    if named.name != node.text() or named_in_study(node.text(), node.file) is None or not named.is_file():
        known = [item.name for item in sorted(folder.glob("*.*"))]
        raise node.error(
            f"there is no model '{node.text()}' beside this file",
            suggest(node.text(), known) or "name a model of this folder",
        )
    return model.path is not None and named == Path(model.path).resolve()


class Known:
    """The names of a model, for a file that uses them.

    Parameters
    ----------
    model : Model
    strict : bool
        Whether a name that the model does not have is a fault; else it belongs to another part of the study.
    """

    def __init__(self, model: Model, strict: bool) -> None:
        self.model, self.strict = model, strict
        self._names = [variable.name for variable in model.variables.values()]

    def has(self, name: str, node: Node) -> bool:
        """Whether the model has a variable, by its name with or without elements."""
        if key(name.partition("[")[0]) in self.model.variables:
            return True
        if self.strict:
            advice = suggest(name, self._names) or "name a variable of the model"
            raise node.error(f"'{name}' is not a variable of {self.model.name}", advice)
        return False

    def matched(self, node: Node | None) -> Iterator[str]:
        """The names of a list that the model has; a ``*`` stands for any characters."""
        for item in () if node is None else node.items():
            pattern = item.text()
            if "*" not in pattern:
                if self.has(pattern, item):
                    yield pattern
                continue
            found = [name for name in self._names if fnmatchcase(key(name), key(pattern))]
            if not found and self.strict:
                raise item.error(f"no variable is called '{pattern}'", "mend the pattern, or take it out")
            yield from found

    def expression(self, text: str, node: Node) -> Expression | None:
        """An expression; None when it uses what the model does not have.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        try:
            found = parse_expression(text)
        except ModelError as error:
            raise node.error(
                f"'{text}' is no expression: {error.reason}", "write it as in an equation"
            ) from error
        return found if all(self.has(name, node) for name in uses(found)) else None


def uses(expression: Expression) -> Iterable[str]:
    """The names of variables in an expression, in order."""
    found: dict[str, None] = {}
    for part in walk(expression):
        if isinstance(part, Reference) and key(part.name) != "time":
            found[part.name] = None
        elif isinstance(part, Call) and key(part.function) not in FUNCTIONS:
            found[part.function] = None
    return found


def _at_rest(node: Node | None, names: Known) -> dict[str, float] | None:
    if node is None:
        return None
    found = {name: read_number(value) for name, value in node.entries() if names.has(name, value)}
    return found or None


def _reasons(node: Node | None, names: Known) -> dict[str, str]:
    """Names with the reason for each."""
    return {} if node is None else {n: v.text() for n, v in node.entries() if names.has(n, v)}


def _conserved(node: Node | None, names: Known) -> Iterator[Conserved]:
    for name, entry in () if node is None else node.entries():
        found = entry.fields(("stocks",), ("total", "net flow"))
        if len(found) != 2:
            raise entry.error(
                "one of 'total' and 'net flow' is expected", "say what the sum is to agree with"
            )
        stocks = [item.text() for item in found["stocks"].items()]
        there = [names.expression(item.text(), item) is not None for item in found["stocks"].items()]
        other = found.get("total") or found["net flow"]
        if names.expression(other.text(), other) is None or not all(there):
            continue
        total = other.text() if "total" in found else ""
        yield Conserved(name, tuple(stocks), total, "" if total else other.text())


def _extremes(node: Node | None, names: Known) -> Iterator[Extreme]:
    for name, entry in () if node is None else node.entries():
        found = entry.fields(("when", "then"), ("from", "until"))
        when = dict(found["when"].entries())
        there = [names.has(item, value) for item, value in when.items()]
        for item, value in when.items():
            variable = names.model.variables.get(key(item.partition("[")[0]))
            if variable is not None and is_stock(variable):
                raise value.error(f"'{item}' is a stock, which cannot be held", "hold what flows into it")
        items = [found["then"]] if found["then"].is_value else [*found["then"].items()]
        known = [item.text() for item in items if names.expression(item.text(), item) is not None]
        if all(there) and known:
            yield Extreme(
                name,
                {item: read_number(value) for item, value in when.items()},
                tuple(known),
                read_number(found["from"]) if "from" in found else None,
                read_number(found["until"]) if "until" in found else None,
            )


def _links(node: Node | None) -> tuple[float, float] | None:
    if node is None:
        return None
    found = node.fields(("moment", "horizon"))
    return read_number(found["moment"]), read_number(found["horizon"], 0.0)


def _limits(node: Node | None) -> dict[str, int]:
    if node is None:
        return {}
    return {name: int(read_number(value, 0.0)) for name, value in node.fields((), LIMITS).items()}
