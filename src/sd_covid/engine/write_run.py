"""Writes the forward functions of a kernel: start a block, step it, save it.

A block runs from start to end before the next begins. Saved values gather in a tile of W instants x W members for each
output, which is transposed in registers and written to ``[output][member][time]``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.engine.llvm import Body, Evaluation, Leaf, Module, call
from sd_covid.engine.program import Program, Update
from sd_covid.model.structure import Method

POINTERS = ("uniform", "row", "members", "drivers", "out", "scratch", "ring", "trajectory", "failed")
COUNTS = ("stride", "first", "last", "steps", "every", "saves", "lanes", "mask", "key", "member")
START = (
    "ptr noalias %uniform, ptr noalias %row, ptr noalias %members, ptr noalias %scratch, ptr noalias %drivers, "
    "double %start, i64 %stride, i64 %block"
)
START_CALL = (
    "ptr %uniform, ptr %row, ptr %members, ptr %scratch, ptr %drivers, double %start, i64 %stride, i64 %block"
)


@dataclass(slots=True)
class Layout:
    """Areas of scratch memory that the functions of a kernel share (numbers of vectors)."""

    parameters: int
    constants: int
    states: int
    stage: int
    slopes: int
    total: int
    lengths: int
    ring_initial: int
    tiles: int
    failed: int

    @classmethod
    def of(cls, module: Module, program: Program, outputs: int) -> Layout:
        """Reserve them."""
        n = len(program.states)
        module.random = module.area(3)
        return cls(
            parameters=module.area(len(program.parameters)),
            constants=module.area(len(program.constants)),
            states=module.area(n),
            stage=module.area(n),
            slopes=module.area(n),
            total=module.area(n),
            lengths=module.area(n),
            ring_initial=module.area(n),
            tiles=module.area(outputs * module.width),
            failed=module.area(1),
        )


def step_leaf(layout: Layout, states: int, drivers: int) -> Leaf:
    """How the step graph reads its leaves; ``states`` is the area with the states."""

    def read(body: Body, kind: str, payload: int) -> str:
        if kind == "state":
            return body.load(states + payload)
        if kind == "constant":
            return body.load(layout.constants + payload)
        if kind == "time":
            return body.splat(body.time)
        row = body.do(f"mul i64 {body.instant}, {drivers}")
        at = body.do(f"add i64 {row}, {payload}")
        address = body.do(f"getelementptr inbounds double, ptr %drivers, i64 {at}")
        return body.splat(body.do(f"load double, ptr {address}"))

    return read


def write_start(module: Module, program: Program, layout: Layout) -> None:
    """Write ``@start``: read a block's constants, run the init graph, set the states."""
    body = Body(module)
    with body.loop(str(len(program.parameters))) as parameter:
        address = body.do(f"getelementptr inbounds i64, ptr %row, i64 {parameter}")
        row = body.do(f"load i64, ptr {address}, align 8")
        to = body.do(f"add i64 {parameter}, {layout.parameters}")
        varies, same, done = body.label(), body.label(), body.label()
        body.act(f"br i1 {body.do(f'icmp sge i64 {row}, 0')}, label %{varies}, label %{same}")
        body.place(varies)
        base = body.do(f"mul i64 {row}, %stride")
        member = body.do(f"mul i64 %block, {module.width}")
        at = body.do(
            f"getelementptr inbounds double, ptr %members, i64 {body.do(f'add i64 {base}, {member}')}"
        )
        body.store(body.do(f"load {module.vector}, ptr {at}, align 8"), to)
        body.act(f"br label %{done}")
        body.place(same)
        at = body.do(f"getelementptr inbounds double, ptr %uniform, i64 {parameter}")
        body.store(body.splat(body.do(f"load double, ptr {at}, align 8")), to)
        body.act(f"br label %{done}")
        body.place(done)
    body.time, body.instant = "%start", "0"
    initial = Evaluation(body, program.init, lambda b, _, k: b.load(layout.parameters + k))
    rings = [k for k, s in enumerate(program.states) if s.update is Update.RING]
    initial.compute(
        [*program.constants, *(s.initial for s in program.states), *(program.states[k].steps for k in rings)]
    )
    for k, node in enumerate(program.constants):
        body.store(initial.get(node), layout.constants + k)
    for k, state in enumerate(program.states):
        body.store(initial.get(state.initial), layout.states + k)
    for k in rings:
        body.store(initial.get(program.states[k].steps), layout.lengths + k)
        body.store(initial.get(program.states[k].initial), layout.ring_initial + k)
    body.act("ret void")
    module.functions.append(body.function(f"internal void @start({START})", "#1"))


def begin_random(body: Body, program: Program, block: str) -> None:
    """Say which members a block holds, for their random numbers, and that it stands at step 0."""
    if not program.random:
        return
    module = body.module
    first = body.do(f"add i64 {body.do(f'mul i64 {block}, {module.width}')}, %member")
    member = body.splat_integer(first)
    if module.width > 1:
        lanes = ", ".join(f"i64 {lane}" for lane in range(module.width))
        member = body.do(f"add {module.integers} {member}, <{lanes}>")
    body.store(body.do(f"bitcast {module.integers} {member} to {module.vector}"), module.random)
    key = body.splat_integer("%key")
    body.store(body.do(f"bitcast {module.integers} {key} to {module.vector}"), module.random + 2)
    random_step(body, program, "0")


def random_step(body: Body, program: Program, n: str) -> None:
    """Say at which step random numbers are drawn."""
    if program.random:
        module = body.module
        step = body.splat_integer(n)
        body.store(body.do(f"bitcast {module.integers} {step} to {module.vector}"), module.random + 1)


def write_slopes(module: Module, program: Program, layout: Layout) -> None:
    """Write ``@slopes``: the net flows at the states in the stage area (for Runge-Kutta)."""
    body = Body(module)
    values = Evaluation(body, program.step, step_leaf(layout, layout.stage, len(program.drivers)))
    flows = [s.next for s in program.states if s.update is Update.FLOW]
    values.compute(flows)
    for k, node in enumerate(flows):
        body.store(values.get(node), layout.slopes + k)
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant"
    module.functions.append(body.function(f"internal void @slopes({formal})", "#1"))


def write_flush(module: Module, layout: Layout, outputs: int) -> None:
    """Write ``@flush``: transpose each output's tile and write it, W instants of W members at once."""
    body, width = Body(module), module.width
    with body.loop(str(outputs)) as k:
        tile = body.do(f"add i64 {body.do(f'mul i64 {k}, {width}')}, {layout.tiles}")
        rows = [body.load(body.do(f"add i64 {tile}, {i}")) for i in range(width)]
        plane = body.do(f"mul i64 {k}, %lanes")
        first = body.do(f"add i64 {plane}, {body.do(f'mul i64 %block, {width}')}")
        for lane, values in enumerate(_transposed(body, rows)):
            at = body.do(f"mul i64 {body.do(f'add i64 {first}, {lane}')}, %saves")
            at = body.do(f"add i64 {at}, %from")
            address = body.do(f"getelementptr inbounds double, ptr %out, i64 {at}")
            body.act(f"store {module.vector} {values}, ptr {address}, align {8 * width}")
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %out, i64 %lanes, i64 %block, i64 %saves, i64 %from"
    module.functions.append(body.function(f"internal void @flush({formal})", "#1"))


def _transposed(body: Body, rows: list[str]) -> list[str]:
    """A square of registers, transposed by exchanging ever larger blocks."""
    width, vector = len(rows), body.module.vector
    size = 1
    while size < width:
        low = [i if not i & size else width + i - size for i in range(width)]
        high = [i + size if not i & size else width + i for i in range(width)]
        for i in range(width):
            if not i & size:
                a, b = rows[i], rows[i + size]
                for where, mask in ((i, low), (i + size, high)):
                    lanes = ", ".join(f"i32 {m}" for m in mask)
                    rows[where] = body.do(
                        f"shufflevector {vector} {a}, {vector} {b}, <{width} x i32> <{lanes}>"
                    )
        size *= 2
    return rows


def advance(body: Body, program: Program, layout: Layout, values: Evaluation, n: str) -> None:
    """Write one step: from the values at step ``n`` to the states at the next."""
    dt = body.splat("%dt")
    flows = [k for k, s in enumerate(program.states) if s.update is Update.FLOW]
    others = [(k, s) for k, s in enumerate(program.states) if s.update is not Update.FLOW]
    assigned = [(k, values.get(s.next)) for k, s in others if s.update is Update.ASSIGN]
    inputs = [(k, values.get(s.next)) for k, s in others if s.update is Update.RING]
    slopes = [values.get(program.states[k].next) for k in flows]
    before = [body.load(layout.states + k) for k in flows]
    if program.method is Method.RK4:
        _runge_kutta(body, layout, slopes, before, [k for k, _ in others])
    else:
        for k, slope, old in zip(flows, slopes, before, strict=True):
            body.store(body.arithmetic("fadd", old, body.arithmetic("fmul", slope, dt)), layout.states + k)
    for k, value in assigned:
        body.store(value, layout.states + k)
    for number, (k, value) in enumerate(inputs):
        _turn_ring(body, layout, number, k, value, n)


def _runge_kutta(body: Body, layout: Layout, slopes: list[str], before: list[str], held: list[int]) -> None:
    """The classical method of order four; what is not integrated keeps its value within the step."""
    count = str(len(slopes))
    half = body.do("fmul double %dt, " + "0x3FE0000000000000")
    for k in held:
        body.store(body.load(layout.states + k), layout.stage + k)
    for k, (slope, old) in enumerate(zip(slopes, before, strict=True)):
        body.store(slope, layout.total + k)
        body.store(
            body.arithmetic("fadd", old, body.arithmetic("fmul", slope, body.splat(half))), layout.stage + k
        )
    middle = body.do(f"fadd double {body.time}, {half}")
    end = body.do(f"fadd double {body.time}, %dt")
    for stage, (time, ahead) in enumerate(((middle, 1), (middle, 1), (end, 2))):
        call(body, "@slopes", time, body.do(f"add i64 {body.instant}, {ahead}"))
        weight = body.number(1.0 if stage == 2 else 2.0)
        reach = body.splat(half if stage == 0 else "%dt")
        with body.loop(count) as number:
            slope = body.load(body.do(f"add i64 {number}, {layout.slopes}"))
            at = body.do(f"add i64 {number}, {layout.total}")
            body.store(body.arithmetic("fadd", body.load(at), body.arithmetic("fmul", slope, weight)), at)
            old = body.load(body.do(f"add i64 {number}, {layout.states}"))
            body.store(
                body.arithmetic("fadd", old, body.arithmetic("fmul", slope, reach)),
                body.do(f"add i64 {number}, {layout.stage}"),
            )
    sixth = body.arithmetic("fdiv", body.splat("%dt"), body.number(6.0))
    with body.loop(count) as number:
        at = body.do(f"add i64 {number}, {layout.states}")
        total = body.load(body.do(f"add i64 {number}, {layout.total}"))
        body.store(body.arithmetic("fadd", body.load(at), body.arithmetic("fmul", total, sixth)), at)


def ring_slot(body: Body, number: int, n: str) -> str:
    """The number of the vector that holds step ``n`` of a ring."""
    size = body.do("add i64 %mask, 1")
    base = body.do(f"mul i64 {size}, {number}")
    return body.do(f"add i64 {base}, {body.do(f'and i64 {n}, %mask')}")


def lane_source(body: Body, layout: Layout, k: int, n: str, lane: int) -> str:
    """The step whose input a lane's fixed delay gives after step ``n``; negative before the first."""
    length = body.do(f"fptosi double {body.lane(body.load(layout.lengths + k), lane)} to i64")
    return body.do(f"sub i64 {body.do(f'add i64 {n}, 1')}, {length}")


def _turn_ring(body: Body, layout: Layout, number: int, k: int, value: str, n: str) -> None:
    """Put a value in a ring, and take out what is due."""
    module = body.module
    body.store(value, ring_slot(body, number, n), base="%ring")
    initial = body.load(layout.ring_initial + k)
    result = initial
    for lane in range(module.width):
        source = lane_source(body, layout, k, n, lane)
        at = body.do(f"mul i64 {ring_slot(body, number, source)}, {module.width}")
        at = body.do(f"add i64 {at}, {lane}")
        address = body.do(f"getelementptr inbounds double, ptr %ring, i64 {at}")
        kept = body.do(f"load double, ptr {address}")  # a negative source reads some slot, and is not used
        begun = body.do(f"icmp sge i64 {source}, 0")
        chosen = body.do(f"select i1 {begun}, double {kept}, double {body.lane(initial, lane)}")
        result = body.with_lane(result, lane, chosen)
    body.store(result, layout.states + k)


def write_run(module: Module, program: Program, layout: Layout, outputs: list[int], trajectory: bool) -> None:
    """Write ``@run``: all blocks of a range, from start to end.

    With ``trajectory`` the states at every step are stored too, for the reverse sweep.
    """
    body = Body(module)
    per_step = 2 if program.method is Method.RK4 else 1
    blocks = body.do("sub i64 %last, %first")
    instants = body.do("add i64 %steps, 1")
    tile = body.do("alloca i64")
    left = body.do("alloca i64")
    saved = body.do("alloca i64")
    with body.loop(blocks) as b:
        block = body.do(f"add i64 {b}, %first")
        begin_random(body, program, block)
        body.act(f"call void @start({START_CALL.replace('%block', block)})")
        for counter in (tile, left, saved):
            body.act(f"store i64 0, ptr {counter}")
        body.store("zeroinitializer", layout.failed)
        with body.loop(instants) as n:
            index = body.do(f"sitofp i64 {n} to double")
            body.time = body.do(f"fadd double {body.do(f'fmul double {index}, %dt')}, %start")
            body.instant = body.do(f"mul i64 {n}, {per_step}")
            random_step(body, program, n)
            values = Evaluation(body, program.step, step_leaf(layout, layout.states, len(program.drivers)))
            values.compute([s.next for s in program.states])
            if trajectory:
                base = body.do(f"add i64 {body.do(f'mul i64 {b}, {instants}')}, {n}")
                base = body.do(f"mul i64 {base}, {len(program.states)}")
                for k in range(len(program.states)):
                    body.store(
                        body.load(layout.states + k), body.do(f"add i64 {base}, {k}"), base="%trajectory"
                    )
            due = body.do(f"load i64, ptr {left}")
            with body.when(body.do(f"icmp eq i64 {due}, 0")), values.block():
                _save(body, layout, values, outputs, (tile, saved), block)
                body.act(f"store i64 %every, ptr {left}")
            due = body.do(f"sub i64 {body.do(f'load i64, ptr {left}')}, 1")
            body.act(f"store i64 {due}, ptr {left}")
            with body.when(body.do(f"icmp slt i64 {n}, %steps")), values.block():
                advance(body, program, layout, values, n)
        with body.when(body.do(f"icmp sgt i64 {body.do(f'load i64, ptr {tile}')}, 0")):
            _flush(body, saved, block)
        at = body.do(
            f"getelementptr inbounds double, ptr %failed, i64 {body.do(f'mul i64 {block}, {module.width}')}"
        )
        body.act(f"store {module.vector} {body.load(layout.failed)}, ptr {at}, align 8")
    body.act("ret void")
    body.time = "%time"
    formal = ", ".join([f"ptr noalias %{p}" for p in POINTERS] + [f"i64 %{c}" for c in COUNTS])
    module.functions.append(body.function(f"void @run({formal}, double %start, double %dt)", "#0"))


def _save(
    body: Body, layout: Layout, values: Evaluation, outputs: list[int], counters: tuple[str, str], block: str
) -> None:
    """Put the outputs of this instant in their tiles; write the tiles when they are full."""
    tile, saved = counters
    width = body.module.width
    values.compute(outputs)
    at = body.do(f"load i64, ptr {tile}")
    failed = body.load(layout.failed)
    for k, node in enumerate(outputs):
        value = values.get(node)
        body.store(value, body.do(f"add i64 {at}, {layout.tiles + k * width}"))
        # x * 0 is NaN for a NaN or an infinity, and stays in the sum: one look at the end finds failed members
        failed = body.arithmetic("fadd", failed, body.arithmetic("fmul", value, body.number(0.0)))
    body.store(failed, layout.failed)
    following = body.do(f"add i64 {at}, 1")
    body.act(f"store i64 {following}, ptr {tile}")
    with body.when(body.do(f"icmp eq i64 {following}, {width}")):
        _flush(body, saved, block)
        body.act(f"store i64 0, ptr {tile}")


def _flush(body: Body, saved: str, block: str) -> None:
    start = body.do(f"load i64, ptr {saved}")
    body.act(f"call void @flush(ptr %scratch, ptr %out, i64 %lanes, i64 {block}, i64 %saves, i64 {start})")
    body.act(f"store i64 {body.do(f'add i64 {start}, {body.module.width}')}, ptr {saved}")
