"""Writes how states get from one step to the next: by their slopes, and by what is due in their rings."""

from __future__ import annotations

from sd_covid.engine.graph.program import Program
from sd_covid.engine.llvm.scratch import Layout
from sd_covid.engine.llvm.text import Body, call, constant
from sd_covid.engine.llvm.write_graph import Evaluation
from sd_covid.engine.time.scheme import SCHEMES, Scheme


def advance(
    body: Body,
    program: Program,
    layout: Layout,
    values: Evaluation,
    n: str,
    large: bool,
    risen: set[int],
) -> None:
    """Write one step: from the values at step ``n`` to the states at the next.

    What the states' ``next`` nodes gave stands in ``slopes`` when the program is large, else in registers; the states
    in ``risen`` have changed already.
    """
    flows, count = program.flows, len(program.states)
    scheme = SCHEMES[program.method]
    found = [] if large else [values.get(s.next) for s in program.states]  # all read before any state changes
    for k in range(0 if scheme.reaches else flows, len(found)):
        body.store(found[k], layout.slopes + k)
    if scheme.reaches:
        _runge_kutta(body, layout, scheme, flows, count)
    elif large:
        left = [k for k in range(flows) if k not in risen]
        with body.loop(str(len(left))) as turn:
            number = body.scalar(body.module.array("i64", left), turn, "i64") if risen and left else turn
            _rise(body, layout.states, body.load(body.do(f"add i64 {number}, {layout.slopes}")), number)
    else:
        for k, slope in enumerate(found[:flows]):
            _rise(body, layout.states, slope, str(k))
    rings = program.first_ring
    with body.loop(str(rings - flows)) as number:
        at = body.do(f"add i64 {number}, {flows}")
        value = body.load(body.do(f"add i64 {at}, {layout.slopes}"))
        body.store(value, body.do(f"add i64 {at}, {layout.states}"))
    with body.loop(str(count - rings)) as number:
        _turn_ring(body, layout, number, body.do(f"add i64 {number}, {rings}"), n)


def _rise(body: Body, states: int, slope: str, k: str) -> None:
    """A state by Euler's method."""
    at = body.do(f"add i64 {k}, {states}")
    body.store(body.multiply_add(slope, body.splat("%dt"), body.load(at)), at)


def _runge_kutta(body: Body, layout: Layout, scheme: Scheme, flows: int, count: int) -> None:
    """Further slopes within the step, and their mean; what is not integrated keeps its value within the step."""
    with body.loop(str(count - flows)) as held:
        k = body.do(f"add i64 {held}, {flows}")
        body.store(
            body.load(body.do(f"add i64 {k}, {layout.states}")), body.do(f"add i64 {k}, {layout.stage}")
        )
    for turn, (reach, instant) in enumerate(zip(scheme.reaches, scheme.instants()[1:], strict=True)):
        far = body.do(f"fmul double %dt, {constant(float(reach))}")
        with body.loop(str(flows)) as k:
            slope = body.load(body.do(f"add i64 {k}, {layout.slopes}"))
            at = body.do(f"add i64 {k}, {layout.total}")
            weight = body.number(float(scheme.weights[turn]))
            total = (
                body.multiply_add(slope, weight, body.load(at))
                if turn
                else body.arithmetic("fmul", slope, weight)
            )
            body.store(total, at)
            old = body.load(body.do(f"add i64 {k}, {layout.states}"))
            body.store(
                body.multiply_add(slope, body.splat(far), old), body.do(f"add i64 {k}, {layout.stage}")
            )
        time = body.do(f"fadd double {body.time}, {far}")
        call(body, "@slopes", time, body.do(f"add i64 {body.instant}, {instant}"))
    share = body.arithmetic("fdiv", body.splat("%dt"), body.number(float(sum(scheme.weights))))
    with body.loop(str(flows)) as k:
        slope = body.load(body.do(f"add i64 {k}, {layout.slopes}"))
        so_far = body.load(body.do(f"add i64 {k}, {layout.total}"))
        total = body.multiply_add(slope, body.number(float(scheme.weights[-1])), so_far)
        at = body.do(f"add i64 {k}, {layout.states}")
        body.store(body.multiply_add(total, share, body.load(at)), at)


def ring_slot(body: Body, number: int | str, n: str) -> str:
    """The number of the vector that holds step ``n`` of a ring."""
    size = body.do("add i64 %mask, 1")
    base = body.do(f"mul i64 {size}, {number}")
    return body.do(f"add i64 {base}, {body.do(f'and i64 {n}, %mask')}")


def lane_source(body: Body, lengths: str, n: str, lane: int) -> str:
    """The step whose input a lane's fixed delay gives after step ``n``; negative before the first."""
    length = body.do(f"fptosi double {body.lane(lengths, lane)} to i64")
    return body.do(f"sub i64 {body.do(f'add i64 {n}, 1')}, {length}")


def _turn_ring(body: Body, layout: Layout, number: str, k: str, n: str) -> None:
    """Put a value in a ring, and take out what is due."""
    module = body.module
    value = body.load(body.do(f"add i64 {k}, {layout.slopes}"))
    body.store(value, ring_slot(body, number, n), base="%ring")
    initial = body.load(body.do(f"add i64 {k}, {layout.ring_initial}"))
    lengths = body.load(body.do(f"add i64 {k}, {layout.lengths}"))
    result = initial
    for lane in range(module.width):
        source = lane_source(body, lengths, n, lane)
        at = body.do(f"mul i64 {ring_slot(body, number, source)}, {module.width}")
        kept = body.scalar(
            "%ring", body.do(f"add i64 {at}, {lane}")
        )  # a negative source reads some slot, unused
        begun = body.do(f"icmp sge i64 {source}, 0")
        chosen = body.do(f"select i1 {begun}, double {kept}, double {body.lane(initial, lane)}")
        result = body.with_lane(result, lane, chosen)
    body.store(result, body.do(f"add i64 {k}, {layout.states}"))
