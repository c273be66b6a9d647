"""Writes the reverse function of a gradient kernel: from the bars of the saved outputs to the bars of the constants.

It walks the stored trajectory backwards, block by block. Bars of the states at the next step are carried in
scratch memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.engine.derivative import pull_back
from sd_covid.engine.llvm import Body, Evaluation, Leaf, Module, call
from sd_covid.engine.program import Program, Update
from sd_covid.engine.write_run import (
    START_CALL,
    Layout,
    begin_random,
    lane_source,
    random_step,
    ring_slot,
    step_leaf,
)
from sd_covid.model.structure import Method

POINTERS = ("uniform", "row", "members", "drivers", "seed", "gradient", "scratch", "ring", "trajectory")
COUNTS = ("stride", "first", "last", "steps", "every", "saves", "lanes", "mask", "key", "member")


@dataclass(slots=True)
class ReverseLayout:
    """Areas of scratch memory of the reverse sweep (numbers of vectors)."""

    carried: int  # bars of the states after the step
    flow_bars: int  # bars of what each state's `next` node computes
    output_bars: int
    state_bars: int  # what the pullback gives
    constant_bars: int
    initial_bars: int
    stages: int  # Runge-Kutta: the states at stages two to four
    sums: int

    @classmethod
    def of(cls, module: Module, program: Program, outputs: int) -> ReverseLayout:
        """Reserve them."""
        n = len(program.states)
        return cls(
            carried=module.area(n),
            flow_bars=module.area(n),
            output_bars=module.area(outputs),
            state_bars=module.area(n),
            constant_bars=module.area(len(program.constants)),
            initial_bars=module.area(n),
            stages=module.area(3 * n),
            sums=module.area(n),
        )


def write_pullback(
    module: Module, program: Program, layout: Layout, reverse: ReverseLayout, outputs: list[int]
) -> None:
    """Write ``@pullback``: one evaluation of the step graph reversed, at the states in the stage area."""
    body = Body(module)
    seeds: dict[int, tuple[tuple[str, int], ...]] = {}
    for k, state in enumerate(program.states):
        seeds[state.next] = (*seeds.get(state.next, ()), ("state bar", k))
    for k, node in enumerate(outputs):
        seeds[node] = (*seeds.get(node, ()), ("output bar", k))
    pulled = pull_back(program.step, seeds, frozenset({"state", "constant"}))
    forward = step_leaf(layout, layout.stage, len(program.drivers))
    values = Evaluation(body, pulled.graph, _with_bars(forward, reverse))
    values.compute(list(pulled.bars.values()))
    for k in range(len(program.states)):
        bar = pulled.bars.get(("state", k))
        body.store("zeroinitializer" if bar is None else values.get(bar), reverse.state_bars + k)
    for (kind, k), node in pulled.bars.items():
        if kind == "constant":
            at = reverse.constant_bars + k
            body.store(body.arithmetic("fadd", body.load(at), values.get(node)), at)
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant"
    module.functions.append(body.function(f"internal void @pullback({formal})", "#1"))


def _with_bars(forward: Leaf, reverse: ReverseLayout) -> Leaf:
    areas = {
        "state bar": reverse.flow_bars,
        "output bar": reverse.output_bars,
        "constant bar": reverse.constant_bars,
    }

    def read(body: Body, kind: str, payload: int) -> str:
        if kind in areas:
            return body.load(areas[kind] + payload)
        return forward(body, kind, payload)

    return read


def write_start_pullback(module: Module, program: Program, layout: Layout, reverse: ReverseLayout) -> None:
    """Write ``@start_pullback``: the init graph reversed, from member constants and initial states to parameters."""
    body = Body(module)
    seeds: dict[int, tuple[tuple[str, int], ...]] = {}
    for k, state in enumerate(program.states):
        seeds[state.initial] = (*seeds.get(state.initial, ()), ("state bar", k))
    for k, node in enumerate(program.constants):
        seeds[node] = (*seeds.get(node, ()), ("constant bar", k))
    init = program.init
    doubles = {node: leaves for node, leaves in seeds.items() if not init.is_truth(node)}
    pulled = pull_back(init, doubles, frozenset({"parameter"}))

    def read(here: Body, kind: str, payload: int) -> str:
        if kind == "state bar":
            return here.load(reverse.initial_bars + payload)
        if kind == "constant bar":
            return here.load(reverse.constant_bars + payload)
        return here.load(layout.parameters + payload)

    values = Evaluation(body, pulled.graph, read)
    values.compute(list(pulled.bars.values()))
    start = body.do(f"mul i64 %instant, {module.width}")  # `instant` carries the number of the block here
    for (_, parameter), node in pulled.bars.items():
        row = body.do(f"mul i64 %lanes, {parameter}")
        address = body.do(
            f"getelementptr inbounds double, ptr %gradient, i64 {body.do(f'add i64 {row}, {start}')}"
        )
        body.act(f"store {module.vector} {values.get(node)}, ptr {address}, align 8")
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant, ptr noalias %gradient, i64 %lanes"
    module.functions.append(body.function(f"internal void @start_pullback({formal})", "#1"))


def write_reverse(
    module: Module, program: Program, layout: Layout, reverse: ReverseLayout, outputs: int
) -> None:
    """Write ``@reverse``: the reverse sweep over a range of blocks."""
    body = Body(module)
    count = len(program.states)
    instants = body.do("add i64 %steps, 1")
    with body.loop(body.do("sub i64 %last, %first")) as b:
        block = body.do(f"add i64 {b}, %first")
        begin_random(body, program, block)
        body.act(f"call void @start({START_CALL.replace('%block', block)})")
        for area, size in (
            (reverse.carried, count),
            (reverse.initial_bars, count),
            (reverse.constant_bars, len(program.constants)),
        ):
            with body.loop(str(size)) as k:
                body.store("zeroinitializer", body.do(f"add i64 {k}, {area}"))
        with body.loop(body.do("add i64 %mask, 1")) as slot:
            for ring in range(sum(s.update is Update.RING for s in program.states)):
                body.store("zeroinitializer", ring_slot(body, ring, slot), base="%ring")
        with body.loop(instants, downwards=True) as n:
            _reverse_step(body, program, layout, reverse, outputs, b, block, n, instants)
        with body.loop(str(count)) as k:
            at = body.do(f"add i64 {k}, {reverse.initial_bars}")
            carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
            body.store(body.arithmetic("fadd", body.load(at), carried), at)
        shared = f"ptr %scratch, ptr %drivers, double %start, i64 {block}"
        body.act(f"call void @start_pullback({shared}, ptr %gradient, i64 %lanes)")
    body.act("ret void")
    formal = ", ".join([f"ptr noalias %{p}" for p in POINTERS] + [f"i64 %{c}" for c in COUNTS])
    module.functions.append(body.function(f"void @reverse({formal}, double %start, double %dt)", "#0"))


def _reverse_step(
    body: Body,
    program: Program,
    layout: Layout,
    reverse: ReverseLayout,
    outputs: int,
    b: str,
    block: str,
    n: str,
    instants: str,
) -> None:
    """The reverse of step ``n``: bars of the states after it become bars of the states before it."""
    per_step = 2 if program.method is Method.RK4 else 1
    index = body.do(f"sitofp i64 {n} to double")
    body.time = body.do(f"fadd double {body.do(f'fmul double {index}, %dt')}, %start")
    body.instant = body.do(f"mul i64 {n}, {per_step}")
    random_step(body, program, n)
    base = body.do(f"add i64 {body.do(f'mul i64 {b}, {instants}')}, {n}")
    base = body.do(f"mul i64 {base}, {len(program.states)}")
    with body.loop(str(len(program.states))) as k:
        state = body.load(body.do(f"add i64 {base}, {k}"), base="%trajectory")
        body.store(state, body.do(f"add i64 {k}, {layout.states}"))
        body.store(state, body.do(f"add i64 {k}, {layout.stage}"))
    if program.method is Method.RK4:
        _reverse_stages(body, program, layout, reverse, outputs, n)
    else:
        with body.loop(str(_flows(program))) as k:
            carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
            body.store(
                body.arithmetic("fmul", carried, body.splat("%dt")),
                body.do(f"add i64 {k}, {reverse.flow_bars}"),
            )
    _seed_outputs(body, reverse, outputs, block, n)
    _seed_others(body, program, layout, reverse, n)
    call(body, "@pullback")
    kept = reverse.sums if program.method is Method.RK4 else reverse.carried
    with body.loop(str(len(program.states))) as k:
        bar = body.load(body.do(f"add i64 {k}, {reverse.state_bars}"))
        integrated = body.do(f"icmp slt i64 {k}, {_flows(program)}")
        carried = body.load(body.do(f"add i64 {k}, {kept}"))
        if program.method is not Method.RK4:  # what is assigned does not keep its value
            vector = body.module.vector
            carried = body.do(f"select i1 {integrated}, {vector} {carried}, {vector} zeroinitializer")
        body.store(body.arithmetic("fadd", bar, carried), body.do(f"add i64 {k}, {reverse.carried}"))


def _flows(program: Program) -> int:
    return sum(s.update is Update.FLOW for s in program.states)


def _seed_outputs(body: Body, reverse: ReverseLayout, outputs: int, block: str, n: str) -> None:
    """The bars of the outputs at this step: zero where nothing is saved."""
    module = body.module
    rest = body.do(f"srem i64 {n}, %every")
    saved = body.do(f"icmp eq i64 {rest}, 0")
    save = body.do(f"sdiv i64 {n}, %every")
    with body.loop(str(outputs)) as k:
        at = body.do(f"add i64 {body.do(f'mul i64 {block}, {outputs}')}, {k}")
        at = body.do(f"add i64 {body.do(f'mul i64 {at}, %saves')}, {save}")
        value = body.load(at, base="%seed")
        chosen = body.do(f"select i1 {saved}, {module.vector} {value}, {module.vector} zeroinitializer")
        body.store(chosen, body.do(f"add i64 {k}, {reverse.output_bars}"))


def _seed_others(body: Body, program: Program, layout: Layout, reverse: ReverseLayout, n: str) -> None:
    """The bars of what is assigned or enters a ring at this step."""
    ring = 0
    for k, state in enumerate(program.states):
        if state.update is Update.ASSIGN:
            body.store(body.load(reverse.carried + k), reverse.flow_bars + k)
        elif state.update is Update.RING:
            _reverse_ring(body, layout, reverse, ring, k, n)
            ring += 1


def _reverse_ring(body: Body, layout: Layout, reverse: ReverseLayout, number: int, k: int, n: str) -> None:
    """A ring's state after step n came from the input ``length`` steps before, or from the initial value."""
    module = body.module
    carried, initial = body.load(reverse.carried + k), body.load(reverse.initial_bars + k)
    for lane in range(module.width):
        source = lane_source(body, layout, k, n, lane)
        bar = body.lane(carried, lane)
        begun = body.do(f"icmp sge i64 {source}, 0")
        at = body.do(f"mul i64 {ring_slot(body, number, source)}, {module.width}")
        address = body.do(f"getelementptr inbounds double, ptr %ring, i64 {body.do(f'add i64 {at}, {lane}')}")
        share = body.do(f"select i1 {begun}, double {bar}, double {'0x0000000000000000'}")
        total = body.do(f"fadd double {body.do(f'load double, ptr {address}')}, {share}")
        body.act(f"store double {total}, ptr {address}")
        rest = body.do(f"select i1 {begun}, double {'0x0000000000000000'}, double {bar}")
        old = body.lane(initial, lane)
        initial = body.with_lane(initial, lane, body.do(f"fadd double {old}, {rest}"))
    body.store(initial, reverse.initial_bars + k)
    slot = ring_slot(body, number, n)
    body.store(body.load(slot, base="%ring"), reverse.flow_bars + k)
    body.store("zeroinitializer", slot, base="%ring")


def _reverse_stages(
    body: Body, program: Program, layout: Layout, reverse: ReverseLayout, outputs: int, n: str
) -> None:
    """Stages four to two of the Runge-Kutta method reversed; leaves the bars of the first slope in ``flow_bars``."""
    flows, count = _flows(program), len(program.states)
    half, sixth, third = _fractions(body)
    middle = body.do(f"fadd double {body.time}, {half}")
    end = body.do(f"fadd double {body.time}, %dt")
    one, two = body.do(f"add i64 {body.instant}, 1"), body.do(f"add i64 {body.instant}, 2")
    moments = ((body.time, body.instant), (middle, one), (middle, one), (end, two))
    inside = body.do(f"icmp slt i64 {n}, %steps")
    with body.loop(str(count)) as k:  # sums start as the bars carried, for what is integrated
        integrated = body.do(f"icmp slt i64 {k}, {flows}")
        carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
        vector = body.module.vector
        kept = body.do(f"select i1 {integrated}, {vector} {carried}, {vector} zeroinitializer")
        body.store(kept, body.do(f"add i64 {k}, {reverse.sums}"))
        body.store("zeroinitializer", body.do(f"add i64 {k}, {reverse.state_bars}"))
    with body.when(inside):
        _recompute_stages(body, layout, reverse, flows, count, moments, half)
        for output in range(outputs):
            body.store("zeroinitializer", reverse.output_bars + output)
        for held in range(flows, count):
            body.store("zeroinitializer", reverse.flow_bars + held)
        for stage, weight, reach in ((3, sixth, None), (2, third, "%dt"), (1, third, half)):
            _bars_of_slope(body, reverse, flows, weight, reach)
            with body.loop(str(count)) as k:
                at = body.do(f"add i64 {k}, {reverse.stages + (stage - 1) * count}")
                body.store(body.load(at), body.do(f"add i64 {k}, {layout.stage}"))
            call(body, "@pullback", *moments[stage])
            with body.loop(str(count)) as k:
                at = body.do(f"add i64 {k}, {reverse.sums}")
                bar = body.load(body.do(f"add i64 {k}, {reverse.state_bars}"))
                body.store(body.arithmetic("fadd", body.load(at), bar), at)
    _bars_of_slope(body, reverse, flows, sixth, half)
    with body.loop(str(count)) as k:
        state = body.load(body.do(f"add i64 {k}, {layout.states}"))
        body.store(state, body.do(f"add i64 {k}, {layout.stage}"))


def _fractions(body: Body) -> tuple[str, str, str]:
    """A half, a sixth and a third of the step."""
    return (
        body.do("fmul double %dt, 0x3FE0000000000000"),
        body.do("fdiv double %dt, 0x4018000000000000"),
        body.do("fdiv double %dt, 0x4008000000000000"),
    )


def _bars_of_slope(body: Body, reverse: ReverseLayout, flows: int, weight: str, reach: str | None) -> None:
    """Bar of a stage's slope: its weight in the step, and its reach into the next stage."""
    with body.loop(str(flows)) as k:
        carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
        bar = body.arithmetic("fmul", carried, body.splat(weight))
        if reach is not None:
            following = body.load(body.do(f"add i64 {k}, {reverse.state_bars}"))
            bar = body.arithmetic("fadd", bar, body.arithmetic("fmul", following, body.splat(reach)))
        body.store(bar, body.do(f"add i64 {k}, {reverse.flow_bars}"))


def _recompute_stages(
    body: Body,
    layout: Layout,
    reverse: ReverseLayout,
    flows: int,
    count: int,
    moments: tuple[tuple[str, str], ...],
    half: str,
) -> None:
    """The states at stages two to four, as the forward run had them."""
    for stage, reach in ((1, half), (2, half), (3, "%dt")):
        call(body, "@slopes", *moments[stage - 1])
        area = reverse.stages + (stage - 1) * count
        with body.loop(str(count)) as k:
            state = body.load(body.do(f"add i64 {k}, {layout.states}"))
            body.store(state, body.do(f"add i64 {k}, {area}"))
        with body.loop(str(flows)) as k:
            old = body.load(body.do(f"add i64 {k}, {layout.states}"))
            slope = body.load(body.do(f"add i64 {k}, {layout.slopes}"))
            new = body.arithmetic("fadd", old, body.arithmetic("fmul", slope, body.splat(reach)))
            body.store(new, body.do(f"add i64 {k}, {area}"))
            body.store(new, body.do(f"add i64 {k}, {layout.stage}"))
