"""Writes the reverse function of a gradient kernel: from the bars of the saved outputs to the bars of the constants.

It walks the stored trajectory backwards, block by block. Bars of the states at the next step are carried in
scratch memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.engine.graph.derivative import pull_back
from sd_covid.engine.graph.program import Program
from sd_covid.engine.llvm.scratch import Layout, step_leaves
from sd_covid.engine.llvm.text import Body, Module, call, constant
from sd_covid.engine.llvm.write_advance import lane_source, ring_slot
from sd_covid.engine.llvm.write_graph import Evaluation, Leaves
from sd_covid.engine.llvm.write_run import START_CALL, begin_random, random_step
from sd_covid.engine.time.scheme import SCHEMES, Scheme

POINTERS = ("uniform", "row", "members", "drivers", "seed", "gradient", "scratch", "ring", "trajectory")
COUNTS = (
    "stride",
    "first",
    "last",
    "steps",
    "every",
    "saves",
    "lanes",
    "mask",
    "key",
    "member",
    "begin",
    "until",
)


@dataclass(slots=True)
class ReverseLayout:
    """Areas of scratch memory of the reverse sweep (numbers of vectors)."""

    carried: int  # bars of the states after the step
    flow_bars: int  # bars of what each state's `next` node computes
    output_bars: int
    state_bars: int  # what the pullback gives
    constant_bars: int
    constant_shares: int  # of one evaluation
    parameter_bars: int
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
            constant_shares=module.area(len(program.constants)),
            parameter_bars=module.area(len(program.parameters)),
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
    forward = step_leaves(layout, layout.stage, program)
    bars = {
        "state bar": reverse.flow_bars,
        "output bar": reverse.output_bars,
    }
    values = Evaluation(body, pulled.graph, Leaves({**forward.areas, **bars}, forward.drivers))
    nothing = pulled.graph.number(0.0)
    shares = [(k, node) for (kind, k), node in pulled.bars.items() if kind == "constant"]
    values.compute(
        put=[
            *(
                (pulled.bars.get(("state", k), nothing), reverse.state_bars + k)
                for k in range(len(program.states))
            ),
            *((node, reverse.constant_shares + k) for k, node in shares),
        ]
    )
    with body.loop(str(len(program.constants))) as number:
        at = body.do(f"add i64 {number}, {reverse.constant_bars}")
        share = body.load(body.do(f"add i64 {number}, {reverse.constant_shares}"))
        body.store(body.arithmetic("fadd", body.load(at), share), at)
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant, double %dt"
    module.functions.append(body.function(f"internal void @pullback({formal})", "#1"))


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
    pulled = pull_back(init, doubles, frozenset({"parameter"}), guarded=True)

    areas = {
        "state bar": reverse.initial_bars,
        "constant bar": reverse.constant_bars,
        "parameter": layout.parameters,
    }
    values = Evaluation(body, pulled.graph, Leaves(areas))
    values.compute(put=[(node, reverse.parameter_bars + k) for (_, k), node in pulled.bars.items()])
    start = body.do(f"mul i64 %instant, {module.width}")  # `instant` carries the number of the block here
    with body.loop(str(len(program.parameters))) as parameter:
        bar = body.load(body.do(f"add i64 {parameter}, {reverse.parameter_bars}"))
        row = body.do(f"mul i64 %lanes, {parameter}")
        address = body.do(
            f"getelementptr inbounds double, ptr %gradient, i64 {body.do(f'add i64 {row}, {start}')}"
        )
        body.act(f"store {module.vector} {bar}, ptr {address}, align 8")
    body.act("ret void")
    formal = (
        "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant, double %dt, "
        "ptr noalias %gradient, i64 %lanes"
    )
    module.functions.append(body.function(f"internal void @start_pullback({formal})", "#1"))


def write_reverse(
    module: Module, program: Program, layout: Layout, reverse: ReverseLayout, outputs: int
) -> None:
    """Write ``@reverse``: the reverse sweep from step ``until`` - 1 down to ``begin``, over a range of blocks.

    A sweep in parts, from the last to the first, carries bars on in scratch and ring memory.
    """
    body = Body(module)
    count = len(program.states)
    instants = body.do("sub i64 %until, %begin")
    at_the_end = body.do("icmp sgt i64 %until, %steps")
    at_the_start = body.do("icmp eq i64 %begin, 0")
    with body.loop(body.do("sub i64 %last, %first")) as b:
        block = body.do(f"add i64 {b}, %first")
        begin_random(body, program, block)
        body.act(f"call void @start({START_CALL.replace('%block', block)})")
        with body.when(at_the_end):
            _clear(body, program, reverse)
        with body.loop(instants, downwards=True) as turn:
            row = body.do(f"add i64 {body.do(f'mul i64 {b}, {instants}')}, {turn}")
            n = body.do(f"add i64 {turn}, %begin")
            _reverse_step(body, program, layout, reverse, outputs, row, block, n)
        with body.when(at_the_start):
            with body.loop(str(count)) as k:
                at = body.do(f"add i64 {k}, {reverse.initial_bars}")
                carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
                body.store(body.arithmetic("fadd", body.load(at), carried), at)
            shared = f"ptr %scratch, ptr %drivers, double %start, i64 {block}, double %dt"
            body.act(f"call void @start_pullback({shared}, ptr %gradient, i64 %lanes)")
    body.act("ret void")
    formal = ", ".join([f"ptr noalias %{p}" for p in POINTERS] + [f"i64 %{c}" for c in COUNTS])
    module.functions.append(body.function(f"void @reverse({formal}, double %start, double %dt)", "#0"))


def _clear(body: Body, program: Program, reverse: ReverseLayout) -> None:
    """Set to zero what is added up."""
    for area, size in (
        (reverse.carried, len(program.states)),
        (reverse.initial_bars, len(program.states)),
        (reverse.constant_bars, len(program.constants)),
        (reverse.constant_shares, len(program.constants)),
        (reverse.parameter_bars, len(program.parameters)),
    ):
        with body.loop(str(size)) as k:
            body.store("zeroinitializer", body.do(f"add i64 {k}, {area}"))
    with body.loop(body.do("add i64 %mask, 1")) as slot:
        for ring in range(len(program.states) - program.first_ring):
            body.store("zeroinitializer", ring_slot(body, ring, slot), base="%ring")


def _reverse_step(
    body: Body,
    program: Program,
    layout: Layout,
    reverse: ReverseLayout,
    outputs: int,
    row: str,
    block: str,
    n: str,
) -> None:
    """The reverse of step ``n``: bars of the states after it become bars of the states before it.

    The states stand in a row of the trajectory.
    """
    scheme = SCHEMES[program.method]
    index = body.do(f"sitofp i64 {n} to double")
    body.time = body.do(f"fadd double {body.do(f'fmul double {index}, %dt')}, %start")
    body.instant = body.do(f"mul i64 {n}, {scheme.per_step}")
    random_step(body, program, n)
    base = body.do(f"mul i64 {row}, {len(program.states)}")
    with body.loop(str(len(program.states))) as k:
        state = body.load(body.do(f"add i64 {base}, {k}"), base="%trajectory")
        body.store(state, body.do(f"add i64 {k}, {layout.states}"))
        body.store(state, body.do(f"add i64 {k}, {layout.stage}"))
    if scheme.reaches:
        _reverse_stages(body, program, layout, reverse, scheme, outputs, n)
    else:
        with body.loop(str(program.flows)) as k:
            carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
            body.store(
                body.arithmetic("fmul", carried, body.splat("%dt")),
                body.do(f"add i64 {k}, {reverse.flow_bars}"),
            )
    _seed_outputs(body, reverse, outputs, block, n)
    _seed_others(body, program, layout, reverse, n)
    call(body, "@pullback")
    kept = reverse.sums if scheme.reaches else reverse.carried
    with body.loop(str(len(program.states))) as k:
        bar = body.load(body.do(f"add i64 {k}, {reverse.state_bars}"))
        integrated = body.do(f"icmp slt i64 {k}, {program.flows}")
        carried = body.load(body.do(f"add i64 {k}, {kept}"))
        if not scheme.reaches:  # what is assigned does not keep its value
            vector = body.module.vector
            carried = body.do(f"select i1 {integrated}, {vector} {carried}, {vector} zeroinitializer")
        body.store(body.arithmetic("fadd", bar, carried), body.do(f"add i64 {k}, {reverse.carried}"))


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
    flows, rings = program.flows, program.first_ring
    with body.loop(str(rings - flows)) as number:
        k = body.do(f"add i64 {number}, {flows}")
        carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
        body.store(carried, body.do(f"add i64 {k}, {reverse.flow_bars}"))
    with body.loop(str(len(program.states) - rings)) as number:
        _reverse_ring(body, layout, reverse, number, body.do(f"add i64 {number}, {rings}"), n)


def _reverse_ring(body: Body, layout: Layout, reverse: ReverseLayout, number: str, k: str, n: str) -> None:
    """A ring's state after step n came from the input ``length`` steps before, or from the initial value."""
    module = body.module
    carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
    initial = body.load(body.do(f"add i64 {k}, {reverse.initial_bars}"))
    lengths = body.load(body.do(f"add i64 {k}, {layout.lengths}"))
    zero = constant(0.0)
    for lane in range(module.width):
        source = lane_source(body, lengths, n, lane)
        bar = body.lane(carried, lane)
        begun = body.do(f"icmp sge i64 {source}, 0")
        at = body.do(f"mul i64 {ring_slot(body, number, source)}, {module.width}")
        address = body.do(f"getelementptr inbounds double, ptr %ring, i64 {body.do(f'add i64 {at}, {lane}')}")
        share = body.do(f"select i1 {begun}, double {bar}, double {zero}")
        total = body.do(f"fadd double {body.do(f'load double, ptr {address}')}, {share}")
        body.act(f"store double {total}, ptr {address}")
        rest = body.do(f"select i1 {begun}, double {zero}, double {bar}")
        old = body.lane(initial, lane)
        initial = body.with_lane(initial, lane, body.do(f"fadd double {old}, {rest}"))
    body.store(initial, body.do(f"add i64 {k}, {reverse.initial_bars}"))
    slot = ring_slot(body, number, n)
    body.store(body.load(slot, base="%ring"), body.do(f"add i64 {k}, {reverse.flow_bars}"))
    body.store("zeroinitializer", slot, base="%ring")


def _reverse_stages(
    body: Body,
    program: Program,
    layout: Layout,
    reverse: ReverseLayout,
    scheme: Scheme,
    outputs: int,
    n: str,
) -> None:
    """The stages of a step reversed, down to the second; leaves the bars of the first slope in ``flow_bars``."""
    flows, count = program.flows, len(program.states)
    far = [body.do(f"fmul double %dt, {constant(float(reach))}") for reach in scheme.reaches]
    shares = [
        body.do(f"fmul double %dt, {constant(weight / sum(scheme.weights))}") for weight in scheme.weights
    ]
    moments = [(body.time, body.instant)] + [
        (body.do(f"fadd double {body.time}, {reach}"), body.do(f"add i64 {body.instant}, {instant}"))
        for reach, instant in zip(far, scheme.instants()[1:], strict=True)
    ]
    with body.loop(str(count)) as k:  # sums start as the bars carried, for what is integrated
        integrated = body.do(f"icmp slt i64 {k}, {flows}")
        carried = body.load(body.do(f"add i64 {k}, {reverse.carried}"))
        vector = body.module.vector
        kept = body.do(f"select i1 {integrated}, {vector} {carried}, {vector} zeroinitializer")
        body.store(kept, body.do(f"add i64 {k}, {reverse.sums}"))
        body.store("zeroinitializer", body.do(f"add i64 {k}, {reverse.state_bars}"))
    with body.when(body.do(f"icmp slt i64 {n}, %steps")):
        _recompute_stages(body, layout, reverse, flows, count, moments, far)
        with body.loop(str(outputs)) as k:
            body.store("zeroinitializer", body.do(f"add i64 {k}, {reverse.output_bars}"))
        with body.loop(str(count - flows)) as held:
            body.store("zeroinitializer", body.do(f"add i64 {held}, {reverse.flow_bars + flows}"))
        for stage in range(len(far), 0, -1):
            reach = far[stage] if stage < len(far) else None
            _bars_of_slope(body, reverse, flows, shares[stage], reach)
            with body.loop(str(count)) as k:
                at = body.do(f"add i64 {k}, {reverse.stages + (stage - 1) * count}")
                body.store(body.load(at), body.do(f"add i64 {k}, {layout.stage}"))
            call(body, "@pullback", *moments[stage])
            with body.loop(str(count)) as k:
                at = body.do(f"add i64 {k}, {reverse.sums}")
                bar = body.load(body.do(f"add i64 {k}, {reverse.state_bars}"))
                body.store(body.arithmetic("fadd", body.load(at), bar), at)
    _bars_of_slope(body, reverse, flows, shares[0], far[0])
    with body.loop(str(count)) as k:
        state = body.load(body.do(f"add i64 {k}, {layout.states}"))
        body.store(state, body.do(f"add i64 {k}, {layout.stage}"))


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
    moments: list[tuple[str, str]],
    far: list[str],
) -> None:
    """The states at the stages after the first, as the forward run had them."""
    for stage, reach in enumerate(far, 1):
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
