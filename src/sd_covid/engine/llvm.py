"""LLVM text for graph nodes: one ``<W x double>`` register holds one quantity for W members.

Only numbers and register names that are made here enter the text, never a name from a model file.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.collection import uncollected
from sd_covid.engine.graph import Graph, LookupTable
from sd_covid.engine.operations import OPERATIONS, TABLE_OPERATIONS, TRUTHS
from sd_covid.engine.roll import PIECE, Loop, Roller, Straight

CALL_ARGUMENTS = (
    "ptr noalias",
    "ptr noalias",
    "double",
    "i64",
    "double",
)  # scratch, drivers, time, instant, step
CALL_NAMES = ("%scratch", "%drivers", "%time", "%instant", "%dt")


_DOUBLE = struct.Struct(">d")


def constant(value: float) -> str:
    """A double as LLVM writes it, exact."""
    return f"0x{_DOUBLE.pack(value).hex()}"


@dataclass(slots=True)
class Module:
    """A module being written: its vector width, its functions, and the scratch memory that they share.

    Scratch memory belongs to one thread and is divided into areas of vectors; ``area`` hands them out.
    """

    width: int
    permute: bool = False  # the processor permutes a register of eight by an index for each lane
    fused: bool = False  # the processor has fused multiply-add
    functions: list[str] = field(default_factory=list)
    declarations: dict[str, None] = field(default_factory=dict)
    globals: list[str] = field(default_factory=list)
    scratch: int = 0  # vectors handed out so far
    random: int = -1  # area with member, step and key of random numbers
    alike: int = 1  # lanes in a row that belong to one member, and draw the same random numbers
    vector: str = field(init=False)  # the type of a quantity
    integers: str = field(init=False)  # of an index for each lane
    truth: str = field(init=False)  # of a truth value for each lane
    suffix: str = field(init=False)  # of an intrinsic on quantities
    _arrays: dict[str | tuple[str, bytes], str] = field(default_factory=dict)
    _once: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Name the types."""
        lanes = "{}" if self.width == 1 else f"<{self.width} x {{}}>"
        self.vector, self.integers, self.truth = (lanes.format(kind) for kind in ("double", "i64", "i1"))
        self.suffix = "f64" if self.width == 1 else f"v{self.width}f64"

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

    def array(self, kind: str, values: Sequence[object]) -> str:
        """A global array of constants; equal ones are one."""
        body = ", ".join(f"{kind} {value}" for value in values)
        text = f"private constant [{len(values)} x {kind}] [{body}], align 64"
        if text not in self._arrays:
            self._arrays[text] = f"@a{len(self._arrays)}"
            self.globals.append(f"{self._arrays[text]} = {text}")
        return self._arrays[text]

    def numbers(self, values: NDArray[np.float64] | NDArray[np.int64]) -> str:
        """A global array of doubles or whole numbers, as the bytes they are: quicker to read than numbers are."""
        content = (values.dtype.str, values.tobytes())
        if content not in self._arrays:
            self._arrays[content] = f"@b{len(self._arrays)}"
            size, text = len(content[1]), content[1].hex("\\")
            self.globals.append(
                f'{self._arrays[content]} = private constant [{size} x i8] c"\\{text}", align 64'
            )
        return self._arrays[content]

    def text(self, attributes: str) -> str:
        """The whole module."""
        return "\n".join([*self.globals, *self.declarations, *self.functions, attributes, ""])


class Body:
    """The body of one function.

    Parameters
    ----------
    module : Module
    brief : bool
        Whether lookups are calls: for code that is run a few times. Where LLVM's passes run, they put the function in
        place of the call.
    """

    def __init__(self, module: Module, *, brief: bool = False) -> None:
        self.module, self.brief = module, brief
        self.lines: list[str] = []
        self.entry: list[str] = []  # what stands before all else: places on the stack
        self.time, self.instant = "%time", "%instant"
        self._registers = 0
        self._labels = 0

    def do(self, text: str) -> str:
        """Write an instruction; returns its register."""
        self._registers += 1
        register = f"%r{self._registers}"
        self.lines.append(f"  {register} = {text}")
        return register

    def alloca(self, kind: str = "i64") -> str:
        """The address of a place on the stack."""
        self._registers += 1
        register = f"%r{self._registers}"
        self.entry.append(f"  {register} = alloca {kind}")
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

    def scalar(self, base: str, number: str, kind: str = "double") -> str:
        """Read one number of an array of them."""
        address = self.do(f"getelementptr inbounds {kind}, ptr {base}, i64 {number}")
        return self.do(f"load {kind}, ptr {address}, align 8")

    def as_truth(self, value: str) -> str:
        """A truth value that was stored as 1 or 0."""
        return self.do(f"fcmp une {self.module.vector} {value}, {self.number(0.0)}")

    def as_number(self, truth: str) -> str:
        """A truth value as 1 or 0."""
        vector = self.module.vector
        choice = f"{vector} {self.number(1.0)}, {vector} {self.number(0.0)}"
        return self.do(f"select {self.module.truth} {truth}, {choice}")

    def slot(self, number: int | str, base: str = "%scratch") -> str:
        """The address of a vector in an array of vectors."""
        return self.do(f"getelementptr inbounds {self.module.vector}, ptr {base}, i64 {number}")

    def load(self, number: int | str, base: str = "%scratch") -> str:
        """Read a vector of an array of vectors."""
        vector = self.module.vector
        self._registers += 2
        address, register = f"%r{self._registers - 1}", f"%r{self._registers}"
        self.lines.append(
            f"  {address} = getelementptr inbounds {vector}, ptr {base}, i64 {number}\n"
            f"  {register} = load {vector}, ptr {address}, align {8 * self.module.width}"
        )
        return register

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

    def hold(self, value: str) -> str:
        """A place for a quantity that changes in a loop, with its first value; LLVM makes a register of it."""
        place = self.alloca(self.module.vector)
        self.act(f"store {self.module.vector} {value}, ptr {place}")
        return place

    def arithmetic(self, operation: str, *values: str) -> str:
        """``fadd``, ``fsub``, ``fmul`` or ``fdiv`` on vectors, each rounded as IEEE 754 says."""
        return self.do(f"{operation} {self.module.vector} {', '.join(values)}")

    def multiply_add(self, a: str, b: str, c: str) -> str:
        """Write ``a * b + c``, rounded once where the processor has fused multiply-add."""
        module = self.module
        if not module.fused:
            return self.arithmetic("fadd", self.arithmetic("fmul", a, b), c)
        vector, name = module.vector, f"@llvm.fma.{module.suffix}"
        module.declare(f"declare {vector} {name}({vector}, {vector}, {vector})")
        return self.do(f"call {vector} {name}({vector} {a}, {vector} {b}, {vector} {c})")

    @contextmanager
    def loop(self, count: str, downwards: bool = False) -> Iterator[str]:
        """A loop over 0 … count - 1 (or from there down); gives the register of the index."""
        head, inside, done = self.label(), self.label(), self.label()
        counter = self.alloca()
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
    def turns(self, count: int) -> Iterator[str]:
        """A loop of a known number of turns; for a single one there is no loop."""
        if count == 1:
            yield "0"
        else:
            with self.loop(str(count)) as index:
                yield index

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
        """The text of the function."""
        return "\n".join([f"define {signature} {attributes} {{", "entry:", *self.entry, *self.lines, "}"])


@dataclass(frozen=True, slots=True)
class Leaves:
    """Where a graph's leaves are read.

    Attributes
    ----------
    areas : mapping
        First vector in scratch memory of each kind of leaf that stands there.
    drivers : int
        Number of data series in a row of them.
    """

    areas: Mapping[str, int]
    drivers: int = 0

    def read(self, body: Body, kind: str, payload: int) -> str:
        """The register of a leaf."""
        if kind in self.areas:
            return body.load(self.areas[kind] + payload)
        if kind == "time":
            return body.splat(body.time)
        row = body.do(f"mul i64 {body.instant}, {self.drivers}")
        return body.splat(body.scalar("%drivers", body.do(f"add i64 {row}, {payload}")))


class Evaluation:
    """Graph nodes written into a function body, or, when they are many, into functions that it calls.

    Parameters
    ----------
    body : Body
        Where the values are wanted.
    graph : Graph
    leaves : Leaves
    """

    def __init__(self, body: Body, graph: Graph, leaves: Leaves) -> None:
        self.body, self.graph, self.leaves = body, graph, leaves
        self._registers: dict[int, str] = {}
        self._slots: dict[int, int] = {}

    @uncollected()
    def compute(
        self,
        sinks: Sequence[int] = (),
        put: Sequence[tuple[int, int]] = (),
        later: Sequence[int] = (),
        states: Mapping[int, int] | None = None,
    ) -> set[int]:
        """Write what is not there yet.

        Parameters
        ----------
        sinks : sequence of int
            Nodes that `get` will be asked for.
        put : sequence of (int, int)
            Nodes, and the vector of scratch memory in which each is to be stored.
        later : sequence of int
            Nodes that will be computed from here on by another call.
        states : mapping, optional
            State that may change as soon as its slope is known: its vector, by that of the slope in `put`.

        Returns
        -------
        set of int
            Vectors of the slopes that went into their states, and were not stored.
        """
        goals = [*sinks, *(node for node, _ in put)]
        known = self._registers.keys() | self._slots.keys()
        order = [n for n in self.graph.order(goals) if n not in known and self.graph.operands[n]]
        if len(order) + len(put) <= PIECE and not self._slots:
            for node in order:
                self._registers[node] = self._emit(self.body, node, self.get)
            for node, slot in put:
                truth = self.graph.is_truth(node)
                self.body.store(self.body.as_number(self.get(node)) if truth else self.get(node), slot)
        else:
            inside = set(order)
            read = set(later)  # what a later computation will read
            for node in self.graph.order(later):
                if node not in inside:
                    read.update(self.graph.operands[node])
            kept = (read | set(sinks)) & inside
            return self._in_pieces(order, kept, list(put), self._free(states or {}, read))
        return set()

    def large(self, sinks: Sequence[int]) -> bool:
        """Whether computing some nodes takes functions of their own."""
        return sum(bool(self.graph.operands[n]) for n in self.graph.order(sinks)) > PIECE

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

    def _fetch(self, body: Body, node: int) -> str:
        """A node that this function did not compute."""
        kind, payload = self.graph.nodes[node][:2]
        if node in self._slots:
            value = body.load(self._slots[node])
            return body.as_truth(value) if kind in TRUTHS else value
        if kind == "number":
            return body.number(payload)
        return self.leaves.read(body, kind, payload)

    def _free(self, states: Mapping[int, int], read: set[int]) -> Mapping[int, int]:
        """The states that no later computation reads."""
        first = self.leaves.areas.get("state", 0)
        held = {
            first + int(self.graph.nodes[node][1]) for node in read if self.graph.nodes[node][0] == "state"
        }
        return {slope: state for slope, state in states.items() if state not in held}

    def _in_pieces(
        self, order: list[int], kept: set[int], put: list[tuple[int, int]], states: Mapping[int, int]
    ) -> set[int]:
        """As functions: loops where something repeats, straight code elsewhere."""
        from sd_covid.engine.write_loops import write_loop

        module = self.body.module
        for node in self._registers:  # computed here, wanted in a piece
            if node not in self._slots and self.graph.operands[node]:
                self._slots[node] = module.area(1)
                value = self._registers[node]
                truth = self.graph.is_truth(node)
                self.body.store(self.body.as_number(value) if truth else value, self._slots[node])
        roller = Roller(self.graph, order, kept, self._slots, self.leaves.areas, put, module.area, states)
        pieces, home = roller.roll(), dict(self._slots)
        self._slots = roller.slot
        for piece in pieces:
            if isinstance(piece, Loop):
                inner = write_loop(module, self.graph, piece, self.leaves.drivers)
            else:
                inner = self._straight(piece)
            name = f"@piece{len(module.functions)}"
            formal = ", ".join(f"{kind} {n}" for kind, n in zip(CALL_ARGUMENTS, CALL_NAMES, strict=True))
            module.functions.append(inner.function(f"internal void {name}({formal})", "#1"))
            call(self.body, name)
        self._slots = {**home, **{node: roller.slot[node] for node in roller.kept}}
        return roller.risen

    def _straight(self, piece: Straight) -> Body:
        inner = Body(self.body.module, brief=self.body.module.width == 1)
        local: dict[int, str] = {}

        def get(node: int) -> str:
            if node not in local:
                local[node] = self._fetch(inner, node)
            return local[node]

        for node in piece.nodes:
            assert node not in local, "a piece computes before it reads"
            local[node] = self._emit(inner, node, get)
        for node, slot in piece.stores:
            truth = self.graph.is_truth(node)
            inner.store(inner.as_number(local[node]) if truth else local[node], slot)
        for node, slot in piece.rises:
            inner.store(inner.multiply_add(local[node], inner.splat("%dt"), inner.load(slot)), slot)
        inner.act("ret void")
        return inner

    def _emit(self, body: Body, node: int, get: Callable[[int], str]) -> str:
        kind, first = self.graph.nodes[node][:2]
        arguments = [get(a) for a in self.graph.operands[node]]
        if kind in TABLE_OPERATIONS:
            return self._look_up(body, kind, self.graph.tables[first], arguments[0])
        if kind == "uniform":
            from sd_covid.engine.philox import write_uniform

            return write_uniform(body, first, arguments[0])
        return write_operation(body, kind, arguments)

    def _look_up(self, body: Body, kind: str, table: LookupTable, x: str) -> str:
        from sd_covid.engine.write_lookup import write_lookup
        from sd_covid.engine.write_lookup_shared import write_shared_lookup

        found = write_shared_lookup(body, kind, table, x) if body.brief else None
        return write_lookup(body, kind, table, x) if found is None else found


def write_operation(body: Body, operation: str, arguments: list[str]) -> str:
    """An operation on registers."""
    form, name = _form(operation)
    return form(body, name, arguments)


@functools.cache
def _form(operation: str) -> tuple[Callable[[Body, str, list[str]], str], str]:
    """What writes an operation, and LLVM's name in it."""
    form, name = OPERATIONS[operation].llvm.split()
    return _FORMS[form], name


def call(body: Body, name: str, time: str | None = None, instant: str | None = None) -> None:
    """Call a function that works on this thread's scratch memory."""
    values = ("%scratch", "%drivers", time or body.time, instant or body.instant, "%dt")
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
    if name in ("exp", "log", "pow"):
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
    if name == "fma":
        return body.multiply_add(*a)
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
