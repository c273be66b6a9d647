"""Writes the loops that `sd_covid.engine.roll` found, each as a function.

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

from sd_covid.engine.graph import Graph
from sd_covid.engine.llvm import Body, Module, constant, write_operation
from sd_covid.engine.roll import Loop

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
    sources = [_Source.of(module, graph, operands, drivers) for operands in loop.operands]
    results = [_Walk(np.array(slots, dtype=np.int64)) for _, slots in loop.results]
    length = _inner_length([*(s.walk for s in sources), *results], loop.count)
    with body.turns(loop.count // length) as outer:
        starts = [_Start.of(body, source.walk, length, outer) for source in sources]
        puts = [_Start.of(body, walk, length, outer) for walk in results]
        fixed = {p: sources[p].read(body, s.start) for p, s in enumerate(starts) if s.step == 0}
        with body.turns(length) as inner:
            read = dict(fixed)

            def value(place: int) -> str:
                if place >= 0:
                    return values[place]
                if ~place not in read:
                    read[~place] = sources[~place].read(body, starts[~place].at(body, inner))
                found = read[~place]
                return body.as_truth(found) if loop.operand_truth[~place] else found

            values: list[str] = []
            for instruction in loop.body:
                arguments = [value(a) for a in instruction.arguments]
                values.append(write_operation(body, instruction.operation, arguments))
            for (place, _), put in zip(loop.results, puts, strict=True):
                truth = loop.truth[place] if place >= 0 else loop.operand_truth[~place]
                body.store(body.as_number(value(place)) if truth else value(place), put.at(body, inner))
    body.act("ret void")
    return body


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
            name = module.array("double", [constant(value) for value in literals])
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
            name = body.module.array("i64", numbers.tolist())
            first = body.do(f"mul i64 {outer}, {length}")
            return cls(body.do(f"getelementptr inbounds i64, ptr {name}, i64 {first}"), None)
        starts, step = numbers[::length], int(numbers[1] - numbers[0]) if length > 1 else 0
        jumps = np.diff(starts)
        if not len(jumps):
            return cls(str(starts[0]), step)
        if (jumps == jumps[0]).all():
            risen = body.do(f"mul i64 {outer}, {jumps[0]}")
            return cls(body.do(f"add i64 {risen}, {starts[0]}"), step)
        name = body.module.array("i64", starts.tolist())
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
