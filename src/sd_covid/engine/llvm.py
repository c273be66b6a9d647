"""LLVM text for graph nodes: one ``<W x double>`` register holds one quantity for W members.

Only numbers and register names that are made here enter the text, never a name from a model file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sd_covid.engine.graph import Graph, LookupTable
from sd_covid.engine.operations import NUMBERED_OPERATIONS, OPERATIONS, TABLE_OPERATIONS

PIECE = 300  # operations in one function: LLVM's passes take more than proportional time for longer ones
CALL_ARGUMENTS = ("ptr noalias", "ptr noalias", "double", "i64")  # scratch, drivers, time, instant


def constant(value: float) -> str:
    """A double as LLVM writes it, exact."""
    return "0x{:016X}".format(struct.unpack("<Q", struct.pack("<d", value))[0])


@dataclass(slots=True)
class Module:
    """A module being written: its vector width, its functions, and the scratch memory that they share.

    Scratch memory belongs to one thread and is divided into areas of vectors; ``area`` hands them out.
    """

    width: int
    permute: int = 0  # doubles in a register that tables of up to 16 segments are permuted in; 0 for none
    fused: bool = False  # the processor has fused multiply-add
    functions: list[str] = field(default_factory=list)
    declarations: dict[str, None] = field(default_factory=dict)
    globals: list[str] = field(default_factory=list)
    scratch: int = 0  # vectors handed out so far
    _tables: dict[LookupTable, tuple[str, str, int]] = field(default_factory=dict)
    random: int = -1  # area with member, step and key of random numbers
    _once: set[str] = field(default_factory=set)

    @property
    def vector(self) -> str:
        """The type of a quantity."""
        return "double" if self.width == 1 else f"<{self.width} x double>"

    @property
    def integers(self) -> str:
        """The type of an index for each lane."""
        return "i64" if self.width == 1 else f"<{self.width} x i64>"

    @property
    def truth(self) -> str:
        """The type of a truth value for each lane."""
        return "i1" if self.width == 1 else f"<{self.width} x i1>"

    @property
    def suffix(self) -> str:
        """The suffix of an intrinsic on quantities."""
        return "f64" if self.width == 1 else f"v{self.width}f64"

    def area(self, size: int) -> int:
        """Reserve vectors of scratch memory; returns the number of the first."""
        first = self.scratch
        self.scratch += size
        return first

    def many(self, kind: str, value: str) -> str:
        """A literal in every lane."""
        return value if self.width == 1 else "<" + ", ".join([f"{kind} {value}"] * self.width) + ">"

    def declare(self, text: str) -> None:
        """Declare an intrinsic, once."""
        self.declarations[text] = None

    def once(self, name: str, write: Callable[[Module], None]) -> None:
        """Write a function that many use, once."""
        if name not in self._once:
            self._once.add(name)
            write(self)

    def table(self, table: LookupTable) -> tuple[str, str, int]:
        """The globals with a table's intercepts and slopes, and the number of its segments."""
        if table not in self._tables:
            _, intercept, slope = table.segments()
            names = []
            for values in (intercept, slope):
                name = f"@t{len(self.globals)}"
                padded = [*values, *[0.0] * (16 + self.width)]
                body = ", ".join(f"double {constant(v)}" for v in padded)
                self.globals.append(f"{name} = private constant [{len(padded)} x double] [{body}], align 64")
                names.append(name)
            self._tables[table] = (names[0], names[1], len(slope))
        return self._tables[table]

    def text(self, attributes: str) -> str:
        """The whole module."""
        return "\n".join([*self.globals, *self.declarations, *self.functions, attributes, ""])


class Body:
    """The body of one function."""

    def __init__(self, module: Module, time: str = "%time", instant: str = "%instant") -> None:
        self.module = module
        self.lines: list[str] = []
        self.time = time
        self.instant = instant
        self._registers = 0
        self._labels = 0

    def do(self, text: str) -> str:
        """Write an instruction; returns its register."""
        self._registers += 1
        register = f"%r{self._registers}"
        self.lines.append(f"  {register} = {text}")
        return register

    def act(self, text: str) -> None:
        """Write an instruction without a result."""
        self.lines.append("  " + text)

    def label(self) -> str:
        """A new label."""
        self._labels += 1
        return f"l{self._labels}"

    def place(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")

    def slot(self, number: int | str, base: str = "%scratch") -> str:
        """The address of a vector in an array of vectors."""
        return self.do(f"getelementptr inbounds {self.module.vector}, ptr {base}, i64 {number}")

    def load(self, number: int | str, base: str = "%scratch") -> str:
        """Read a vector of an array of vectors."""
        address = self.slot(number, base)
        return self.do(f"load {self.module.vector}, ptr {address}, align {8 * self.module.width}")

    def store(self, value: str, number: int | str, base: str = "%scratch") -> None:
        """Write a vector of an array of vectors."""
        address = self.slot(number, base)
        self.act(f"store {self.module.vector} {value}, ptr {address}, align {8 * self.module.width}")

    def number(self, value: float) -> str:
        """A literal in every lane."""
        return self.module.many("double", constant(value))

    def splat(self, scalar: str) -> str:
        """A scalar in every lane."""
        module = self.module
        if module.width == 1:
            return scalar
        one = self.do(f"insertelement {module.vector} poison, double {scalar}, i64 0")
        mask = f"<{module.width} x i32> zeroinitializer"
        return self.do(f"shufflevector {module.vector} {one}, {module.vector} poison, {mask}")

    def splat_integer(self, scalar: str) -> str:
        """A whole number in every lane."""
        module = self.module
        if module.width == 1:
            return self.do(f"add i64 {scalar}, 0")
        one = self.do(f"insertelement {module.integers} poison, i64 {scalar}, i64 0")
        mask = f"<{module.width} x i32> zeroinitializer"
        return self.do(f"shufflevector {module.integers} {one}, {module.integers} poison, {mask}")

    def lane(self, vector: str, lane: int, kind: str = "double") -> str:
        """One lane of a vector, as a scalar."""
        if self.module.width == 1:
            return vector
        return self.do(f"extractelement <{self.module.width} x {kind}> {vector}, i64 {lane}")

    def with_lane(self, vector: str, lane: int, scalar: str) -> str:
        """A vector of doubles with one lane replaced."""
        if self.module.width == 1:
            return scalar
        return self.do(f"insertelement {self.module.vector} {vector}, double {scalar}, i64 {lane}")

    def arithmetic(self, operation: str, *values: str) -> str:
        """``fadd``, ``fsub``, ``fmul`` or ``fdiv`` on vectors. Contraction to fused operations is allowed, no more."""
        return self.do(f"{operation} contract {self.module.vector} {', '.join(values)}")

    @contextmanager
    def loop(self, count: str, downwards: bool = False) -> Iterator[str]:
        """A loop over 0 … count - 1 (or from there down); gives the register of the index."""
        head, inside, done = self.label(), self.label(), self.label()
        counter = self.do("alloca i64")
        last = self.do(f"sub i64 {count}, 1")
        self.act(f"store i64 {last if downwards else 0}, ptr {counter}")
        self.act(f"br label %{head}")
        self.place(head)
        index = self.do(f"load i64, ptr {counter}")
        go = self.do(f"icmp sge i64 {index}, 0" if downwards else f"icmp slt i64 {index}, {count}")
        self.act(f"br i1 {go}, label %{inside}, label %{done}")
        self.place(inside)
        yield index
        self.act(f"store i64 {self.do(f'add i64 {index}, {-1 if downwards else 1}')}, ptr {counter}")
        self.act(f"br label %{head}")
        self.place(done)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """A block that is run when a scalar truth value holds."""
        inside, done = self.label(), self.label()
        self.act(f"br i1 {condition}, label %{inside}, label %{done}")
        self.place(inside)
        yield
        self.act(f"br label %{done}")
        self.place(done)

    def function(self, signature: str, attributes: str) -> str:
        """The text of the function; stack slots for loop counters are moved to its entry."""
        counters = [line for line in self.lines if line.endswith("= alloca i64")]
        rest = [line for line in self.lines if not line.endswith("= alloca i64")]
        return "\n".join([f"define {signature} {attributes} {{", "entry:", *counters, *rest, "}"])


Leaf = Callable[[Body, str, int], str]


class Evaluation:
    """Graph nodes written into a function body, or, when they are many, into functions that it calls.

    Parameters
    ----------
    body : Body
        Where the values are wanted.
    graph : Graph
    leaf : callable
        ``(body, kind, payload) -> register`` reads a leaf.
    """

    def __init__(self, body: Body, graph: Graph, leaf: Leaf) -> None:
        self.body, self.graph, self.leaf = body, graph, leaf
        self._registers: dict[int, str] = {}
        self._slots: dict[int, int] = {}

    def compute(self, sinks: list[int]) -> None:
        """Write what the sinks need and what is not there yet."""
        order = [
            n
            for n in self.graph.order(sinks)
            if n not in self._registers and n not in self._slots and self._is_operation(n)
        ]
        if len(order) <= PIECE and not self._slots:
            for node in order:
                self._registers[node] = self._emit(self.body, node, self.get)
        else:
            self._in_pieces(order, sinks)

    def get(self, node: int) -> str:
        """The register of a node."""
        found = self._registers.get(node)
        if found is None:
            found = self._registers[node] = self._fetch(self.body, node)
        return found

    @contextmanager
    def block(self) -> Iterator[None]:
        """What is fetched or computed within is forgotten afterwards: later blocks cannot see its registers."""
        registers, slots = dict(self._registers), dict(self._slots)
        yield
        self._registers, self._slots = registers, slots

    def _is_operation(self, node: int) -> bool:
        kind = self.graph.nodes[node][0]
        return kind in OPERATIONS or kind in NUMBERED_OPERATIONS

    def _fetch(self, body: Body, node: int) -> str:
        """A node that this function did not compute."""
        kind, *payload = self.graph.nodes[node]
        if node in self._slots:
            value = body.load(self._slots[node])
            if self.graph.is_truth(node):
                return body.do(f"fcmp une {body.module.vector} {value}, {body.number(0.0)}")
            return value
        if kind == "number":
            return body.number(float(payload[0]))
        return self.leaf(body, str(kind), int(payload[0]))

    def _in_pieces(self, order: list[int], sinks: list[int]) -> None:
        pieces = [order[i : i + PIECE] for i in range(0, len(order), PIECE)]
        home = {node: k for k, piece in enumerate(pieces) for node in piece}
        crossing = {
            a for node in order for a in self.graph.arguments(node) if a in home and home[a] != home[node]
        } | {sink for sink in sinks if sink in home}
        outside = {
            a
            for node in order
            for a in self.graph.arguments(node)
            if a in self._registers and self._is_operation(a)
        }
        for node in sorted(crossing | outside):
            self._slots[node] = self.body.module.area(1)
        for node in sorted(outside):  # computed here, wanted in a piece
            self.body.store(self._as_number(self.body, node, self._registers[node]), self._slots[node])
        for piece in pieces:
            self._write_piece(piece, crossing)

    def _write_piece(self, piece: list[int], crossing: set[int]) -> None:
        module = self.body.module
        inner = Body(module)
        local: dict[int, str] = {}
        here = set(piece)

        def get(node: int) -> str:
            if node not in local:
                local[node] = self._fetch(inner, node)
            return local[node]

        for node in piece:
            local[node] = self._emit(inner, node, get)
        for node in here & crossing:
            inner.store(self._as_number(inner, node, local[node]), self._slots[node])
        inner.act("ret void")
        name = f"@piece{len(module.functions)}"
        names = ("%scratch", "%drivers", "%time", "%instant")
        formal = ", ".join(f"{kind} {n}" for kind, n in zip(CALL_ARGUMENTS, names, strict=True))
        module.functions.append(inner.function(f"internal void {name}({formal})", "#1"))
        call(self.body, name)

    def _as_number(self, body: Body, node: int, value: str) -> str:
        """A truth value as 1 or 0, to be stored."""
        if not self.graph.is_truth(node):
            return value
        vector = body.module.vector
        choice = f"{vector} {body.number(1.0)}, {vector} {body.number(0.0)}"
        return body.do(f"select {body.module.truth} {value}, {choice}")

    def _emit(self, body: Body, node: int, get: Callable[[int], str]) -> str:
        kind, *rest = self.graph.nodes[node]
        arguments = [get(a) for a in self.graph.arguments(node)]
        if kind in TABLE_OPERATIONS:
            from sd_covid.engine.write_lookup import write_lookup

            return write_lookup(body, str(kind), self.graph.tables[int(rest[0])], arguments[0])
        if kind == "uniform":
            from sd_covid.engine.philox import write_uniform

            return write_uniform(body, int(rest[0]), arguments[0])
        form, name = OPERATIONS[str(kind)].llvm.split()
        return _FORMS[form](body, name, arguments)


def call(body: Body, name: str, time: str | None = None, instant: str | None = None) -> None:
    """Call a function that works on this thread's scratch memory."""
    values = ("%scratch", "%drivers", time or body.time, instant or body.instant)
    actual = ", ".join(
        f"{kind.split()[0]} {value}" for kind, value in zip(CALL_ARGUMENTS, values, strict=True)
    )
    body.act(f"call void {name}({actual})")


def _instruction(body: Body, name: str, arguments: list[str]) -> str:
    return body.arithmetic(name, *arguments)


def _comparison(body: Body, name: str, arguments: list[str]) -> str:
    return body.do(f"fcmp {name} {body.module.vector} {', '.join(arguments)}")


def _logic(body: Body, name: str, arguments: list[str]) -> str:
    return body.do(f"{name} {body.module.truth} {', '.join(arguments)}")


def _intrinsic(body: Body, name: str, arguments: list[str]) -> str:
    module = body.module
    actual = ", ".join(f"{module.vector} {a}" for a in arguments)
    if module.fused and name in ("exp", "log", "pow"):
        from sd_covid.engine.elementary import WRITERS

        module.once(name, WRITERS[name])
        return body.do(f"call {module.vector} @e_{name}({actual})")
    kinds = ", ".join([module.vector] * len(arguments))
    module.declare(f"declare {module.vector} @llvm.{name}.{module.suffix}({kinds})")
    return body.do(f"call {module.vector} @llvm.{name}.{module.suffix}({actual})")


def _recipe(body: Body, name: str, a: list[str]) -> str:
    module = body.module
    vector, truth = module.vector, module.truth
    if name == "not":
        return body.do(f"xor {truth} {a[0]}, {module.many('i1', 'true')}")
    if name == "select":
        return body.do(f"select {truth} {a[0]}, {vector} {a[1]}, {vector} {a[2]}")
    # the smaller or larger; NaN when either is: the comparison fails and gives b, unless it is a that is NaN
    first = body.do(f"fcmp {name} {vector} {a[0]}, {a[1]}")
    chosen = body.do(f"select {truth} {first}, {vector} {a[0]}, {vector} {a[1]}")
    unordered = body.do(f"fcmp uno {vector} {a[0]}, {a[0]}")
    return body.do(f"select {truth} {unordered}, {vector} {a[0]}, {vector} {chosen}")


_FORMS: dict[str, Callable[[Body, str, list[str]], str]] = {
    "instruction": _instruction,
    "compare": _comparison,
    "logic": _logic,
    "intrinsic": _intrinsic,
    "recipe": _recipe,
}
