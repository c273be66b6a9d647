"""LLVM text: modules, and functions in which one ``<W x double>`` register holds one quantity for W members.

Only numbers and register names that are made here enter the text, never a name from a model file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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
    short: bool = False  # exponentials and the like take fewer operations, and have other last bits
    pooled: bool = (
        False  # literals are read from memory: for a compiler that makes each anew wherever it is used
    )
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
    _pool: dict[str, int] = field(
        default_factory=dict
    )  # literals that are read from memory, and their places

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

    def pool(self, value: float) -> int:
        """The place of a literal among those that are read from memory."""
        return self._pool.setdefault(constant(value), len(self._pool))

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
        return "\n".join(
            [*self.globals, *self._pooled(), *self.declarations, *self.functions, attributes, ""]
        )

    def _pooled(self) -> list[str]:
        """The literals that are read from memory: no constant, for LLVM would put the numbers back in its place."""
        if not self._pool:
            return []
        rows = ", ".join(f"{self.vector} {self.many('double', literal)}" for literal in self._pool)
        return [f"@literals = global [{len(self._pool)} x {self.vector}] [{rows}], align 64"]


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
        module = self.module
        if module.pooled and constant(value) != constant(0.0):  # no compiler reads that from memory
            return self.load(module.pool(value), "@literals")
        return module.many("double", constant(value))

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


def call(body: Body, name: str, time: str | None = None, instant: str | None = None) -> None:
    """Call a function that works on this thread's scratch memory."""
    values = ("%scratch", "%drivers", time or body.time, instant or body.instant, "%dt")
    actual = ", ".join(
        f"{kind.split()[0]} {value}" for kind, value in zip(CALL_ARGUMENTS, values, strict=True)
    )
    body.act(f"call void {name}({actual})")
