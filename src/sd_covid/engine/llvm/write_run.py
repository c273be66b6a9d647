"""Writes the forward functions of a kernel: start a block, step it, save it.

A block runs from start to end before the next begins. Saved values gather in a tile of W instants x W members for each
output, which is transposed in registers and written to ``[output][member][time]``.
"""

from __future__ import annotations

from sd_covid.engine.graph.program import Program, Update
from sd_covid.engine.llvm.scratch import Layout, step_leaves
from sd_covid.engine.llvm.text import Body, Module
from sd_covid.engine.llvm.write_advance import advance
from sd_covid.engine.llvm.write_graph import Evaluation, Leaves
from sd_covid.engine.time.scheme import SCHEMES

FEW = 64  # outputs that are saved from registers; more are saved in a loop

POINTERS = (
    "uniform",
    "row",
    "members",
    "drivers",
    "out",
    "scratch",
    "ring",
    "trajectory",
    "failed",
    "enter",
    "leave",
)
COUNTS = ("stride", "first", "last", "steps", "every", "saves", "lanes", "mask", "key", "member", "begin")
START = (
    "ptr noalias %uniform, ptr noalias %row, ptr noalias %members, ptr noalias %scratch, ptr noalias %drivers, "
    "double %start, i64 %stride, i64 %block, double %dt"
)
START_CALL = (
    "ptr %uniform, ptr %row, ptr %members, ptr %scratch, ptr %drivers, double %start, i64 %stride, i64 %block, "
    "double %dt"
)


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
    initial = Evaluation(body, program.init, Leaves({"parameter": layout.parameters}))
    rings = [(k, s) for k, s in enumerate(program.states) if s.update is Update.RING]
    initial.compute(
        put=[
            *((node, layout.constants + k) for k, node in enumerate(program.constants)),
            *((state.initial, layout.states + k) for k, state in enumerate(program.states)),
            *((state.steps, layout.lengths + k) for k, state in rings),
            *((state.initial, layout.ring_initial + k) for k, state in rings),
        ]
    )
    body.act("ret void")
    module.functions.append(body.function(f"internal void @start({START})", "#1"))


def begin_random(body: Body, program: Program, block: str) -> None:
    """Say which members a block holds, for their random numbers, and that it stands at step 0."""
    if not program.random:
        return
    module = body.module
    member = body.splat_integer(body.do(f"mul i64 {block}, {module.width}"))
    if module.width > 1:
        lanes = ", ".join(f"i64 {lane}" for lane in range(module.width))
        member = body.do(f"add {module.integers} {member}, <{lanes}>")
    if module.alike > 1:
        member = body.do(f"udiv {module.integers} {member}, {module.many('i64', str(module.alike))}")
    member = body.do(f"add {module.integers} {member}, {body.splat_integer('%member')}")
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
    if program.held:
        _hold(body, program, layout, first="false")
    values = Evaluation(body, program.step, step_leaves(layout, layout.stage, program))
    values.compute(put=[(s.next, layout.slopes + k) for k, s in enumerate(program.states[: program.flows])])
    body.act("ret void")
    formal = "ptr noalias %scratch, ptr noalias %drivers, double %time, i64 %instant, double %dt"
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


def write_kernel(module: Module, program: Program, outputs: list[int], *, rising: bool = False) -> Layout:
    """Write all functions of a kernel, of which ``@run`` is called; returns where its memory is what.

    With ``rising`` a state may change as soon as nothing reads its old value; the states after the last step are then
    of no use.
    """
    layout = Layout.of(module, program, len(outputs))
    write_start(module, program, layout)
    if SCHEMES[program.method].reaches:
        write_slopes(module, program, layout)
    write_flush(module, layout, len(outputs))
    write_run(module, program, layout, outputs, rising=rising)
    return layout


def write_run(
    module: Module,
    program: Program,
    layout: Layout,
    outputs: list[int],
    *,
    trajectory: bool = False,
    rising: bool = False,
) -> None:
    """Write ``@run``: all blocks of a range, from start to end.

    With ``trajectory`` the states at every step are stored too, for the reverse sweep. With ``rising`` a state may
    change as soon as nothing reads its old value; the states after the last step are then of no use.
    """
    body = Body(module)
    blocks = body.do("sub i64 %last, %first")
    instants = body.do(f"add i64 {body.do('sub i64 %steps, %begin')}, 1")
    rest = body.do("srem i64 %begin, %every")
    wait = body.do(f"srem i64 {body.do(f'sub i64 %every, {rest}')}, %every")
    tile = body.alloca()
    left = body.alloca()
    saved = body.alloca()
    with body.loop(blocks) as b:
        block = body.do(f"add i64 {b}, %first")
        begin_random(body, program, block)
        with body.when(body.do("icmp ne ptr %uniform, null")):  # else scratch memory holds this block already
            body.act(f"call void @start({START_CALL.replace('%block', block)})")
        with body.when(body.do("icmp ne ptr %enter, null")):
            _exchange(body, program, layout, block, "%enter", enter=True)
        for counter, value in ((tile, "0"), (left, wait), (saved, "0")):
            body.act(f"store i64 {value}, ptr {counter}")
        body.store("zeroinitializer", layout.failed)
        with body.loop(instants) as turn:
            n = body.do(f"add i64 {turn}, %begin")
            if trajectory:
                row = body.do(f"add i64 {body.do(f'mul i64 {b}, {instants}')}, {turn}")
                _record(body, program, layout, row)
            _write_step(body, program, layout, outputs, (tile, left, saved), n, block, rising)
        with body.when(body.do(f"icmp sgt i64 {body.do(f'load i64, ptr {tile}')}, 0")):
            _flush(body, saved, block)
        with body.when(body.do("icmp ne ptr %leave, null")):
            _exchange(body, program, layout, block, "%leave", enter=False)
        at = body.do(
            f"getelementptr inbounds double, ptr %failed, i64 {body.do(f'mul i64 {block}, {module.width}')}"
        )
        body.act(f"store {module.vector} {body.load(layout.failed)}, ptr {at}, align 8")
    body.act("ret void")
    body.time = "%time"
    formal = ", ".join([f"ptr noalias %{p}" for p in POINTERS] + [f"i64 %{c}" for c in COUNTS])
    module.functions.append(body.function(f"void @run({formal}, double %start, double %dt)", "#0"))


def _record(body: Body, program: Program, layout: Layout, row: str) -> None:
    """Store the states, as a row of the trajectory."""
    first = body.do(f"mul i64 {row}, {len(program.states)}")
    with body.loop(str(len(program.states))) as k:
        state = body.load(body.do(f"add i64 {k}, {layout.states}"))
        body.store(state, body.do(f"add i64 {first}, {k}"), base="%trajectory")


def _write_step(
    body: Body,
    program: Program,
    layout: Layout,
    outputs: list[int],
    counters: tuple[str, str, str],
    n: str,
    block: str,
    rising: bool,
) -> None:
    """Step ``n``: compute, save where that is due, and go on to the next."""
    tile, left, saved = counters
    index = body.do(f"sitofp i64 {n} to double")
    body.time = body.do(f"fadd double {body.do(f'fmul double {index}, %dt')}, %start")
    body.instant = body.do(f"mul i64 {n}, {SCHEMES[program.method].per_step}")
    random_step(body, program, n)
    if program.held:
        _hold(body, program, layout, first=body.do(f"icmp eq i64 {n}, %begin"))
    values = Evaluation(body, program.step, step_leaves(layout, layout.states, program))
    following = [s.next for s in program.states]
    large = values.large(following)
    risen: set[int] = set()
    if large:
        free = range(program.flows) if rising and not SCHEMES[program.method].reaches else ()
        risen = values.compute(
            put=[(node, layout.slopes + k) for k, node in enumerate(following)],
            later=outputs,
            states={layout.slopes + k: layout.states + k for k in free},
        )
    else:
        values.compute(following)
    due = body.do(f"load i64, ptr {left}")
    with body.when(body.do(f"icmp eq i64 {due}, 0")), values.block():
        _save(body, layout, values, outputs, (tile, saved), block)
        body.act(f"store i64 %every, ptr {left}")
    due = body.do(f"sub i64 {body.do(f'load i64, ptr {left}')}, 1")
    body.act(f"store i64 {due}, ptr {left}")
    with body.when(body.do(f"icmp slt i64 {n}, %steps")), values.block():
        advance(body, program, layout, values, n, large, {slot - layout.slopes for slot in risen})


def _hold(body: Body, program: Program, layout: Layout, first: str) -> None:
    """Compute what is held where a condition has changed, and at the first step."""
    row = body.do(f"mul i64 {body.instant}, {len(program.drivers) + program.given}")
    last = body.do(f"add i64 {row}, {len(program.drivers) + program.given - 1}")
    changed = body.do(f"fcmp une double {body.scalar('%drivers', last)}, 0.0")
    with body.when(body.do(f"or i1 {first}, {changed}")):
        values = Evaluation(body, program.step, step_leaves(layout, layout.states, program))
        values.compute(put=[(node, layout.held + k) for k, node in enumerate(program.held)])


def _exchange(body: Body, program: Program, layout: Layout, block: str, memory: str, *, enter: bool) -> None:
    """Take a block's states and rings from memory ``[slot][member]``, or leave them there."""
    module, count = body.module, len(program.states)
    rings = count - program.first_ring
    size = body.do(f"mul i64 {body.do('add i64 %mask, 1')}, {rings}")
    member = body.do(f"mul i64 {block}, {module.width}")
    for length, first, area, base in (
        (str(count), "0", layout.states, "%scratch"),
        (size, str(count), 0, "%ring"),
    ):
        with body.loop(length) as k:
            row = body.do(f"mul i64 {body.do(f'add i64 {k}, {first}')}, %lanes")
            at = body.do(
                f"getelementptr inbounds double, ptr {memory}, i64 {body.do(f'add i64 {row}, {member}')}"
            )
            slot = body.do(f"add i64 {k}, {area}")
            if enter:
                body.store(body.do(f"load {module.vector}, ptr {at}, align 8"), slot, base)
            else:
                body.act(f"store {module.vector} {body.load(slot, base)}, ptr {at}, align 8")


def _save(
    body: Body, layout: Layout, values: Evaluation, outputs: list[int], counters: tuple[str, str], block: str
) -> None:
    """Put the outputs of this instant in their tiles; write the tiles when they are full."""
    tile, saved = counters
    width = body.module.width
    at = body.do(f"load i64, ptr {tile}")
    if len(outputs) > FEW:
        values.compute(put=[(node, layout.outputs + k) for k, node in enumerate(outputs)])
        with body.loop(str(len(outputs))) as k:
            value = body.load(body.do(f"add i64 {k}, {layout.outputs}"))
            to = body.do(f"add i64 {at}, {body.do(f'mul i64 {k}, {width}')}")
            body.store(value, body.do(f"add i64 {to}, {layout.tiles}"))
            body.store(_watched(body, body.load(layout.failed), value), layout.failed)
    else:
        values.compute(outputs)
        failed = body.load(layout.failed)
        for number, node in enumerate(outputs):
            value = values.get(node)
            body.store(value, body.do(f"add i64 {at}, {layout.tiles + number * width}"))
            failed = _watched(body, failed, value)
        body.store(failed, layout.failed)
    following = body.do(f"add i64 {at}, 1")
    body.act(f"store i64 {following}, ptr {tile}")
    with body.when(body.do(f"icmp eq i64 {following}, {width}")):
        _flush(body, saved, block)
        body.act(f"store i64 0, ptr {tile}")


def _watched(body: Body, failed: str, value: str) -> str:
    """X * 0 is NaN for a NaN or an infinity, and stays in a sum: one look at the end finds failed members."""
    return body.multiply_add(value, body.number(0.0), failed)


def _flush(body: Body, saved: str, block: str) -> None:
    start = body.do(f"load i64, ptr {saved}")
    body.act(f"call void @flush(ptr %scratch, ptr %out, i64 %lanes, i64 {block}, i64 %saves, i64 {start})")
    body.act(f"store i64 {body.do(f'add i64 {start}, {body.module.width}')}, ptr {saved}")
