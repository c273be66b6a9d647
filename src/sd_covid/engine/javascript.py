"""A program as JavaScript: the graph that the kernel runs, for a browser that runs one member after another.

In comes a `Program`; out comes the text of a function that ``javascript.js``, which is ours and knows no model, makes a
model of. Only numbers and names that are made here enter the text, never a name from a model file.

V8 compiles a function on the fly and gives up on very long ones (one of 1,500 equations took 166 ms a run, in place of
6), so the graph is written as functions of some hundred operations, which hand values on through an array.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from sd_covid.engine.collection import uncollected
from sd_covid.engine.graph import Graph, LookupTable
from sd_covid.engine.lower import CONTROL
from sd_covid.engine.operations import NOT_AVAILABLE, OPERATIONS, TRUTHS
from sd_covid.engine.philox import DRAWS, WORD, last_word
from sd_covid.engine.program import Driver, Program, Update
from sd_covid.engine.scheme import SCHEMES
from sd_covid.engine.timegrid import NEAR
from sd_covid.engine.trim import trim
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

PIECE = 450  # operations of a function, about 100 equations: the fewest runs until V8 has compiled all
_INIT, _STEP = "P, T, R", "S, C, D, d, time, T, R"  # formal arguments of the functions of each graph


@dataclass(slots=True)
class Pieces:
    """Some nodes of a graph as functions, one after another.

    Attributes
    ----------
    prefix, formal : str
        Beginning of the functions' names, and their arguments.
    leaves : mapping
        How each kind of leaf is read, with ``{}`` for its number.
    slots : int
        Places of the array ``T`` that are taken.
    """

    graph: Graph
    prefix: str
    formal: str
    leaves: Mapping[str, str]
    slots: int
    lines: list[str] = field(default_factory=list)
    count: int = 0
    _home: dict[int, int] = field(default_factory=dict)  # where a node that was computed before stands

    def write(self, order: list[int], put: Iterable[tuple[int, int]], later: Iterable[int] = ()) -> list[str]:
        """Write what is not there yet; returns the names of the functions, in order.

        Parameters
        ----------
        order : list of int
            Nodes, each after what it reads.
        put : iterable of (int, int)
            Nodes, and the place of ``T`` where each is wanted.
        later : iterable of int
            Nodes that another call will read.
        """
        inner = [node for node in order if self.graph.operands[node] and node not in self._home]
        cuts = [inner[k : k + PIECE] for k in range(0, len(inner), PIECE)] or [[]]
        piece_of = {node: k for k, piece in enumerate(cuts) for node in piece}
        wanted: dict[int, list[tuple[int, int]]] = {}
        for node, slot in put:
            wanted.setdefault(piece_of.get(node, len(cuts) - 1), []).append((node, slot))
        shared = {
            argument
            for node in inner
            for argument in self.graph.operands[node]
            if piece_of.get(argument, -1) not in (-1, piece_of[node])
        } | {node for node in later if node in piece_of}
        return [
            self._function(piece, wanted.get(k, []), [node for node in piece if node in shared])
            for k, piece in enumerate(cuts)
        ]

    def _function(self, piece: list[int], wanted: list[tuple[int, int]], shared: list[int]) -> str:
        name = f"{self.prefix}{self.count}"
        self.count += 1
        self.lines.append(f"function {name}({self.formal}) {{")
        local: dict[int, str] = {}
        for node in piece:
            value = self._value(node, local)
            local[node] = f"v{len(local)}"
            self.lines.append(f"const {local[node]} = {value};")
        puts = list(wanted)
        for node in shared:
            self._home[node] = self.slots
            puts.append((node, self.slots))
            self.slots += 1
        for node, slot in puts:
            value = self._get(node, local)
            truth = self.graph.nodes[node][0] in TRUTHS
            self.lines.append(f"T[{slot}] = {value}{' ? 1 : 0' if truth else ''};")
        self.lines.append("}")
        return name

    def _get(self, node: int, local: Mapping[int, str]) -> str:
        if node in local:
            return local[node]
        kind, *payload = self.graph.nodes[node]
        if node in self._home:
            return f"(T[{self._home[node]}] !== 0)" if kind in TRUTHS else f"T[{self._home[node]}]"
        return literal(payload[0]) if kind == "number" else self.leaves[kind].format(int(payload[0]))

    def _value(self, node: int, local: Mapping[int, str]) -> str:
        kind, *payload = self.graph.nodes[node]
        arguments = [self._get(a, local) for a in self.graph.operands[node]]
        if kind == "lookup":
            return f"lookup(t{int(payload[0])}, {arguments[0]})"
        if kind == "uniform":
            call, draw = divmod(int(payload[0]), DRAWS)
            return f"uniform(R, {call & WORD}, {last_word(call, draw)}, {draw % 2}, {arguments[0]})"
        return OPERATIONS[kind].javascript.format(*arguments)


def literal(value: float) -> str:
    """A double as JavaScript writes it, exact, that can stand in any expression."""
    if math.isnan(value):
        return "NaN"
    text = repr(float(value)).replace("inf", "Infinity")
    return f"({text})" if text.startswith("-") else text


@uncollected()
def javascript(program: Program, outputs: list[int]) -> str:
    """The text of a function that makes a model.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph; a run gives their values in this order.

    Returns
    -------
    str
        An expression: a function of what ``javascript.js`` offers. Parameters are those of the program, in its order.

    Raises
    ------
    RunError
        For what a page cannot run: steps that follow a tolerance, time bounds that move, an operation without a
        JavaScript form. Names the variable and the operation.
    """
    part, chosen = trim(program, outputs)
    names = {node: cell.variable for cell, node in program.cells.items()}
    _refuse(program, part, {at: names.get(node, "") for at, node in zip(chosen, outputs, strict=True)})
    init, init_pieces = _init(part)
    step, slopes, rest = _step(part, chosen)
    model = {
        "states": len(part.states),
        "flows": part.flows,
        "firstRing": part.first_ring,
        "constants": len(part.constants),
        "outputs": len(chosen),
        "parameters": len(part.parameters),
        "initSize": init.slots,
        "stepSize": step.slots,
        "reaches": [float(reach) for reach in SCHEMES[part.method].reaches],
        "weights": list(SCHEMES[part.method].weights),
        "perStep": SCHEMES[part.method].per_step,
        "near": NEAR,
    }
    lines = [
        "(function (help) {",
        '"use strict";',
        "const { abs, exp, log, sqrt, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, trunc } = Math;",
        "const { pow, least, most, lookup, table, uniform, series } = help;",
        *(_table(k, part.step.tables[k]) for k in _tables(part)),
        *init.lines,
        *step.lines,
        f"const model = {json.dumps(model)};",
        f"model.init = [{', '.join(init_pieces)}];",
        f"model.slopes = [{', '.join(slopes)}];",
        f"model.rest = [{', '.join(rest)}];",
        f"model.drivers = [{', '.join(_driver(item) for item in part.drivers if isinstance(item, Driver))}];",
        "return model;",
        "})",
    ]
    return "\n".join(lines)


def runtime() -> str:
    """The text of ``javascript.js``: a script that defines the object ``sdEngine``."""
    return files("sd_covid.engine").joinpath("javascript.js").read_text(encoding="utf-8")


def _init(part: Program) -> tuple[Pieces, list[str]]:
    """What is computed once for each member: its constants, states, lengths of rings and time bounds, side by side."""
    rings = [state.steps for state in part.states if state.update is Update.RING]
    wanted = [
        *part.constants,
        *(state.initial for state in part.states),
        *rings,
        *(part.control[name] for name in CONTROL),
    ]
    pieces = Pieces(part.init, "i", _INIT, {"parameter": "P[{}]"}, len(wanted))
    names = pieces.write(part.init.order(wanted), [(node, slot) for slot, node in enumerate(wanted)])
    return pieces, names


def _step(part: Program, chosen: list[int]) -> tuple[Pieces, list[str], list[str]]:
    """What is computed at every step, and what only outputs need, where they are saved."""
    leaves = {"state": "S[{}]", "constant": "C[{}]", "driver": "D[d + {}]", "time": "time"}
    following = [state.next for state in part.states]
    pieces = Pieces(part.step, "s", _STEP, leaves, len(following) + len(chosen))
    first = part.step.order(following)
    known = set(first)
    order = part.step.order(chosen)
    only = [node for node in order if node not in known]
    read = {*chosen, *(argument for node in only for argument in part.step.operands[node])}
    slopes = pieces.write(first, [(node, k) for k, node in enumerate(following)], read)
    rest = pieces.write(only, [(node, len(following) + k) for k, node in enumerate(chosen)])
    return pieces, slopes, rest


def _tables(part: Program) -> list[int]:
    """The lookup tables that are used, by number."""
    used = {
        int(graph.nodes[node][1])
        for graph, sinks in ((part.init, _init_sinks(part)), (part.step, range(len(part.step.nodes))))
        for node in graph.order(sinks)
        if graph.nodes[node][0] == "lookup"
    }
    return sorted(used)


def _init_sinks(part: Program) -> list[int]:
    initial = [node for state in part.states for node in (state.initial, state.steps) if node >= 0]
    return [*part.constants, *initial, *part.control.values()]


def _table(number: int, table: LookupTable) -> str:
    border, intercept, slope = table.segments()
    rows = ", ".join(_numbers(row) for row in (border, intercept, slope))
    return f"const t{number} = table({literal(table.x[0])}, {literal(table.x[-1])}, {rows});"


def _driver(driver: Driver) -> str:
    mode = json.dumps(str(driver.mode.value))
    return f"series({mode}, {_numbers(driver.times)}, {_numbers(driver.values)}, {literal(NOT_AVAILABLE)})"


def _numbers(values: Iterable[float]) -> str:
    return f"[{', '.join(literal(float(value)) for value in values)}]"


def _refuse(program: Program, part: Program, named: Mapping[int, str]) -> None:
    """Whether all can be written; else an error with the variable and the operation."""
    if program.method is Method.ADAPTIVE:
        raise RunError(
            "a page has fixed steps, and this model is integrated by 'adaptive'",
            advice="choose euler, rk2 or rk4",
        )
    if program.clock is not None:
        raise RunError(
            "a page cannot run a model whose TIME STEP, SAVEPER or FINAL TIME moves as it runs",
            advice="make them numbers, or constants that are computed once",
            variable=", ".join(name.upper() for name in program.clock.bounds),
        )
    for graph, order, known in (
        (part.init, part.init.order(_init_sinks(part)), {"parameter"}),
        (part.step, list(range(len(part.step.nodes))), {"state", "constant", "driver", "time"}),
    ):
        for node in order:
            kind = graph.nodes[node][0]
            if kind not in OPERATIONS and kind not in known | {"number", "lookup", "uniform"}:
                name = _variable(part, graph, node, named)
                raise RunError(
                    f"the operation '{kind}' of '{name}' has no JavaScript form",
                    advice="leave that variable out of what the page shows",
                    variable=name,
                )


def _variable(part: Program, graph: Graph, node: int, outputs: Mapping[int, str]) -> str:
    """A variable for which a node is computed."""
    for state in part.states:
        sink = state.next if graph is part.step else state.initial
        if node in set(graph.order([sink])):
            return state.name
    return next((name for sink, name in outputs.items() if node in set(graph.order([sink]))), "a constant")
