"""A program as WebAssembly: the kernel's own text, for a browser, two members side by side.

In comes a `Program`; out comes the module that LLVM makes of what `sd_covid.engine.llvm.write_run` writes, and what
``webassembly.js``, which is ours and knows no model, must know to run it. Vectors hold two doubles, which every browser
since 2023 has. There is no fused multiply-add.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.collection import uncollected
from sd_covid.engine import interpret
from sd_covid.engine.graph.apart import parameters_of, take_apart
from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_run import write_kernel
from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.run.kernel import Members
from sd_covid.engine.time.scheme import SCHEMES
from sd_covid.engine.time.timegrid import TimeGrid, sample_drivers, time_grid
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

LANES = 2
_TRIPLE = "wasm32-unknown-unknown"
_FEATURES = "+simd128,+sign-ext,+nontrapping-fptoint,+bulk-memory,+bulk-memory-opt,+mutable-globals"
# An exported function makes LLVM's object a module that a browser takes as it is: nothing is left to link.
_ATTRIBUTES = (
    'attributes #0 = { nounwind "wasm-export-name"="run" }\n'
    "attributes #1 = { nounwind noinline }\n"
    # a browser reads code from far away: exponentials are there once
    "attributes #2 = { nounwind noinline willreturn memory(read) }"
)
_PAGE = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Assembled:
    """A model for a browser.

    Attributes
    ----------
    code : bytes
        A WebAssembly module.
    common : bytes or None
        Another, which computes what is the same for both members; None where nothing is.
    layout : dict
        For ``webassembly.js``: sizes, the grid, and the data series on it.
    grid : TimeGrid
    fixed : list of int
        Parameters that time bounds follow from: the grid is theirs as they are, and they cannot be set.
    """

    code: bytes
    common: bytes | None
    layout: dict[str, Any]
    grid: TimeGrid
    fixed: list[int]


@uncollected()
def assemble(
    program: Program,
    outputs: Sequence[int],
    values: NDArray[np.float64] | None = None,
    varying: Collection[int] | None = None,
) -> Assembled:
    """Make a model for a browser.

    Parameters
    ----------
    program : Program
    outputs : sequence of int
        Nodes of its step graph; a run gives their values in this order.
    values : ndarray, shape (parameter,), optional
        Parameters that give the grid; by default those of the model file.
    varying : collection of int, optional
        Parameters in which members that run together may differ; by default all.

    Raises
    ------
    RunError
        For what a page cannot run: steps that follow a tolerance, time bounds that move; and where the LLVM of
        ``llvmlite`` makes no WebAssembly.
    """
    _refuse(program)
    part, chosen = trim(program, list(outputs))
    members = Members(program.defaults if values is None else values, {}, 1, 1)
    bounds = interpret.at_start(program, members, [program.control[name] for name in CONTROL])
    grid = time_grid(*(float(value) for value in bounds[:, 0]))
    common: tuple[bytes, dict[str, Any]] | tuple[None, None] = (None, None)
    apart = take_apart(part, chosen, range(len(part.parameters)) if varying is None else varying)
    scheme = SCHEMES[program.method]
    each = scheme.per_step
    if apart.series and (not scheme.reaches or _exact(grid, each)):
        part, chosen = apart.own, apart.outputs
        instants = replace(grid, step=grid.step / each, steps=grid.steps * each, every=1)
        code, layout = _module(apart.common, apart.series, instants)
        shared = {"reads": parameters_of(apart.common), "watched": apart.watched, "each": each}
        common = (code, layout | shared)
    code, layout = _module(part, chosen, grid)
    return Assembled(code, common[0], layout | {"common": common[1]}, grid, _fixed(program))


def _exact(grid: TimeGrid, each: int) -> bool:
    """Whether no time of an instant is rounded: what is common has as a step what another kernel reaches from one."""
    parts = np.array([grid.start, grid.step / each]) * 2.0**20
    return bool((parts == np.round(parts)).all())


def _module(program: Program, outputs: list[int], grid: TimeGrid) -> tuple[bytes, dict[str, Any]]:
    """A module that runs a program, and what a script must know of it."""
    module = Module(LANES, short=True, pooled=True)
    layout = write_kernel(module, program, outputs)
    code = _compiled(f'target triple = "{_TRIPLE}"\n{module.text(_ATTRIBUTES)}')
    rows = np.ascontiguousarray(sample_drivers(program, grid).T)
    return code, {
        "start": grid.start,
        "step": grid.step,
        "steps": grid.steps,
        "every": grid.every,
        "parameters": len(program.parameters),
        "states": len(program.states),
        "rings": len(program.states) - program.first_ring,
        "lengths": layout.lengths + program.first_ring,
        "outputs": len(outputs),
        "scratch": module.scratch,
        "reserved": _reserved(code),
        "series": len(program.drivers),
        "given": program.given,
        "instants": len(rows),
        "drivers": base64.b64encode(rows.astype("<f8").tobytes()).decode("ascii"),
    }


def runtime() -> str:
    """The text of ``webassembly.js``: a script that defines the object ``sdEngine``."""
    return files("sd_covid.engine.run").joinpath("webassembly.js").read_text(encoding="utf-8")


def _refuse(program: Program) -> None:
    """Whether a page can run a program; else an error with the variable."""
    if SCHEMES.get(program.method) is None or program.method is Method.ADAPTIVE:
        raise RunError(
            f"a page has fixed steps, and this model is integrated by '{program.method.value}'",
            advice="choose euler, rk2 or rk4",
        )
    if program.clock is not None:
        raise RunError(
            "a page cannot run a model whose TIME STEP, SAVEPER or FINAL TIME moves as it runs",
            advice="make them numbers, or constants that are computed once",
            variable=", ".join(name.upper() for name in program.clock.bounds),
        )


def _fixed(program: Program) -> list[int]:
    nodes = (program.init.nodes[node] for node in program.init.order(program.control.values()))
    return sorted(int(node[1]) for node in nodes if node[0] == "parameter")


@cache
def _machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(_TRIPLE)
    except RuntimeError:
        raise RunError(
            "this build of llvmlite makes no WebAssembly, which the page runs on",
            advice="install llvmlite as a wheel with pip",
        ) from None
    return target.create_target_machine(features=_FEATURES, opt=2)


def _compiled(text: str) -> bytes:
    import llvmlite.binding as llvm

    from sd_covid.engine.run.compile import run_passes

    machine = _machine()
    module = llvm.parse_assembly(text)
    run_passes(llvm, module, machine, 2)
    return bytes(machine.emit_object(module))


def _reserved(code: bytes) -> int:
    """The bytes of memory that the module fills itself: the smallest memory that it asks for, in whole pages."""
    mark = b"\x0f__linear_memory\x02\x00"  # name, "a memory", "no largest size"; then a LEB128 number
    at, pages, shift = code.index(mark) + len(mark), 0, 0
    while True:
        pages |= (code[at] & 0x7F) << shift
        if code[at] < 0x80:
            return pages * _PAGE
        at, shift = at + 1, shift + 7
