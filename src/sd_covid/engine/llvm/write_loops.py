"""Writes the loops that `sd_covid.engine.graph.roll` found, each as a function.

Numbers of vectors in memory decide the form. Instances that walk through memory in even steps become an inner loop;
where it starts at each turn of the outer loop is arithmetic, or read from an array of starts. What follows no such
pattern is read from an array for every instance.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.roll import Instruction, Loop
from sd_covid.engine.llvm.text import Body, Module
from sd_covid.engine.llvm.write_operation import write_operation

BESIDE = 4  # turns of the inner loop that go side by side
SHARED = 4  # operands that they must share, for that to pay
HELD = 8  # operands that are kept in registers throughout an inner loop
SHORT = 4  # an even walk of fewer instances is not worth an inner loop of its own


def write_loop(module: Module, graph: Graph, loop: Loop, drivers: int) -> Body:
    """The body of a function that runs a loop.

    Parameters
    ----------
    module : Module
    graph : Graph
        Where the literals among the operands stand.
    loop : Loop
    drivers : int
        Number of data series in a row of them.
    """
    body = Body(module)
    _Writer(body, module, graph, loop, drivers).write()
    body.act("ret void")
    return body


class _Writer:
    """A loop being written.

    Some turns of the inner loop go side by side through the first part of the body, so that what they share is read
    once and their sums do not wait for one another; then each goes through the rest.
    """

    def __init__(self, body: Body, module: Module, graph: Graph, loop: Loop, drivers: int) -> None:
        self.body, self.loop = body, loop
        self.sources = [_Source.of(module, graph, operands, drivers) for operands in loop.operands]
        self.results = [_Walk(np.array(slots, dtype=np.int64)) for _, slots in loop.results]
        self.length = _inner_length([*(s.walk for s in self.sources), *self.results], loop.count)
        self.same = {
            tuple(source.walk.numbers.tolist()): ~k
            for k, source in enumerate(self.sources)
            if source.kind == "slot"
        }
        self.step = ""
        self.starts: list[_Start] = []
        self.puts: list[_Start] = []

    def write(self) -> None:
        """Write it."""
        body, loop, length = self.body, self.loop, self.length
        self.step = body.splat("%dt") if loop.rising else ""
        with body.turns(loop.count // length) as outer:
            self.starts = [_Start.of(body, source.walk, length, outer) for source in self.sources]
            self.puts = [_Start.of(body, walk, length, outer) for walk in self.results]
            still = [k for k, start in enumerate(self.starts) if start.step == 0]
            shared = [end for begin, end in self._parts() if self._shared(begin, end, still) >= SHARED]
            first = max(shared, default=0)
            beside = BESIDE if first and not length % BESIDE else 1
            fixed = {}
            if len(still) <= HELD or beside == 1:
                fixed = {k: self.sources[k].read(body, self.starts[k].start) for k in still}
            with body.turns(length // beside) as turn:
                self._turns(turn, beside, first, fixed)

    def _parts(self) -> list[tuple[int, int]]:
        return list(zip([0, *self.loop.parts], self.loop.parts, strict=False))

    def _shared(self, begin: int, end: int, still: list[int]) -> int:
        """The operands that a part of the body reads and that are the same in every turn of the inner loop."""
        read = {~a for instruction in self.loop.body[begin:end] for a in instruction.arguments if a < 0}
        return len(read & set(still))

    def _turns(self, turn: str, beside: int, first: int, fixed: dict[int, str]) -> None:
        """Some turns of the inner loop."""
        body, shared = self.body, dict(fixed)
        number = body.do(f"mul i64 {turn}, {beside}") if beside > 1 else turn
        turns = [
            _Turn(self, body.do(f"add i64 {number}, {k}") if k else number, shared) for k in range(beside)
        ]
        for instruction in self.loop.body[:first]:
            for one in turns:
                one.compute(instruction)
        for one in turns:
            for instruction in self.loop.body[first:]:
                one.compute(instruction)
            one.store()


class _Turn:
    """One turn of the inner loop: its registers."""

    def __init__(self, writer: _Writer, inner: str, shared: dict[int, str]) -> None:
        self.writer, self.inner, self.shared = writer, inner, shared
        self.read: dict[int, str] = {}
        self.values: list[str] = []

    def compute(self, instruction: Instruction) -> None:
        """Write an instruction of the body."""
        arguments = [self._value(a) for a in instruction.arguments]
        self.values.append(write_operation(self.writer.body, instruction.operation, arguments))

    def _value(self, place: int) -> str:
        if place >= 0:
            return self.values[place]
        writer, body = self.writer, self.writer.body
        source, start = writer.sources[~place], writer.starts[~place]
        known = self.shared if start.step == 0 else self.read
        if ~place not in known:
            known[~place] = source.read(body, start.at(body, self.inner))
        return body.as_truth(known[~place]) if writer.loop.operand_truth[~place] else known[~place]

    def store(self) -> None:
        """Store what is asked for."""
        writer, body, loop = self.writer, self.writer.body, self.writer.loop
        for k, ((place, slots), put) in enumerate(zip(loop.results, writer.puts, strict=True)):
            truth = loop.truth[place] if place >= 0 else loop.operand_truth[~place]
            found, at = self._value(place), put.at(body, self.inner)
            if k in loop.rising:
                same = writer.same.get(tuple(slots))
                old = body.load(at) if same is None else self._value(same)
                found = body.multiply_add(found, writer.step, old)
            body.store(body.as_number(found) if truth else found, at)


class _Walk:
    """The numbers that an operand or a result runs through."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self.numbers = numbers
        steps = np.diff(numbers)
        breaks = np.flatnonzero(steps != steps[0]) + 1 if len(steps) else np.empty(0, dtype=np.int64)
        self.even = math.gcd(len(numbers), *breaks.tolist())  # instances in a row of even steps


@dataclass(slots=True)
class _Source:
    """Where an operand is read: scratch memory, a row of data series, an array of literals, or one value for all."""

    kind: str
    walk: _Walk
    base: str = ""
    literal: float = 0.0

    @classmethod
    def of(cls, module: Module, graph: Graph, operands: list[tuple[str, int]], drivers: int) -> _Source:
        kind, numbers = operands[0][0], np.array([number for _, number in operands], dtype=np.int64)
        if kind == "number":
            literals = [float(graph.nodes[number][1]) for _, number in operands]
            if len({value.hex() for value in literals}) == 1:
                return cls("literal", _Walk(np.zeros(len(literals), dtype=np.int64)), literal=literals[0])
            name = module.numbers(np.array(literals))
            return cls("literals", _Walk(np.arange(len(literals))), base=name)
        if kind == "driver":
            return cls(kind, _Walk(numbers), base=str(drivers))
        return cls(kind, _Walk(numbers if kind == "slot" else np.zeros_like(numbers)))

    def read(self, body: Body, at: str) -> str:
        """The value at a number."""
        match self.kind:
            case "slot":
                return body.load(at)
            case "literal":
                return body.number(self.literal)
            case "literals":
                return body.splat(body.scalar(self.base, at))
            case "driver":
                row = body.do(f"mul i64 {body.instant}, {self.base}")
                return body.splat(body.scalar("%drivers", body.do(f"add i64 {row}, {at}")))
            case _:
                return body.splat(body.time)


@dataclass(slots=True)
class _Start:
    """Where a walk stands at a turn of the outer loop: a start and a step, or (step None) an array of all numbers."""

    start: str
    step: int | None

    @classmethod
    def of(cls, body: Body, walk: _Walk, length: int, outer: str) -> _Start:
        numbers = walk.numbers
        if walk.even % length:
            name = body.module.numbers(numbers)
            first = body.do(f"mul i64 {outer}, {length}")
            return cls(body.do(f"getelementptr inbounds i64, ptr {name}, i64 {first}"), None)
        starts, step = numbers[::length], int(numbers[1] - numbers[0]) if length > 1 else 0
        jumps = np.diff(starts)
        if not len(jumps):
            return cls(str(starts[0]), step)
        if (jumps == jumps[0]).all():
            risen = body.do(f"mul i64 {outer}, {jumps[0]}")
            return cls(body.do(f"add i64 {risen}, {starts[0]}"), step)
        name = body.module.numbers(starts)
        return cls(body.scalar(name, outer, "i64"), step)

    def at(self, body: Body, inner: str) -> str:
        """The number at an instance of the inner loop."""
        if self.step is None:
            return body.scalar(self.start, inner, "i64")
        if self.step == 0:
            return self.start
        return body.do(f"add i64 {self.start}, {body.do(f'mul i64 {inner}, {self.step}')}")


def _inner_length(walks: list[_Walk], count: int) -> int:
    """Instances of the inner loop: what the most of the walks that are not even throughout have in common."""
    lengths = Counter(walk.even for walk in walks if SHORT <= walk.even < count)
    best = count
    for length, _ in lengths.most_common():
        shared = math.gcd(best, length)
        if shared >= SHORT:
            best = shared
    return best
