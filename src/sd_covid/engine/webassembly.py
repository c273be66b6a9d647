"""A program as WebAssembly: the kernel's own text, for a browser, two members side by side.

In comes a `Program`; out comes the module that LLVM makes of what `sd_covid.engine.write_run` writes, and what
``webassembly.js``, which is ours and knows no model, must know to run it. Vectors hold two doubles, which every browser
since 2023 has. There is no fused multiply-add.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.collection import uncollected
from sd_covid.engine import interpret
from sd_covid.engine.kernel import Members
from sd_covid.engine.llvm import Module
from sd_covid.engine.lower import CONTROL
from sd_covid.engine.program import Program
from sd_covid.engine.scheme import SCHEMES
from sd_covid.engine.timegrid import TimeGrid, sample_drivers, time_grid
from sd_covid.engine.trim import trim
from sd_covid.engine.write_run import write_kernel
from sd_covid.errors import RunError
from sd_covid.model.structure import Method

LANES = 2
_TRIPLE = "wasm32-unknown-unknown"
_FEATURES = "+simd128,+sign-ext,+nontrapping-fptoint,+bulk-memory,+bulk-memory-opt,+mutable-globals"
# An exported function makes LLVM's object a module that a browser takes as it is: nothing is left to link.
_ATTRIBUTES = (
    'attributes #0 = { nounwind "wasm-export-name"="run" }\n'
    "attributes #1 = { nounwind noinline }\n"
    "attributes #2 = { nounwind willreturn memory(none) }"
)
_PAGE = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Assembled:
    """A model for a browser.

    Attributes
    ----------
    code : bytes
        A WebAssembly module.
    layout : dict
        For ``webassembly.js``: sizes, the grid, and the data series on it.
    grid : TimeGrid
    fixed : list of int
        Parameters that time bounds follow from: the grid is theirs as they are, and they cannot be set.
    """

    code: bytes
    layout: dict[str, Any]
    grid: TimeGrid
    fixed: list[int]


@uncollected()
def assemble(
    program: Program, outputs: Sequence[int], values: NDArray[np.float64] | None = None
) -> Assembled:
    """Make a model for a browser.

    Parameters
    ----------
    program : Program
    outputs : sequence of int
        Nodes of its step graph; a run gives their values in this order.
    values : ndarray, shape (parameter,), optional
        Parameters that give the grid; by default those of the model file.

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
    module = Module(LANES)
    layout = write_kernel(module, part, chosen)
    code = _compiled(f'target triple = "{_TRIPLE}"\n{module.text(_ATTRIBUTES)}')
    rows = np.ascontiguousarray(sample_drivers(part, grid).T)
    return Assembled(
        code,
        {
            "start": grid.start,
            "step": grid.step,
            "steps": grid.steps,
            "every": grid.every,
            "parameters": len(part.parameters),
            "states": len(part.states),
            "rings": len(part.states) - part.first_ring,
            "lengths": layout.lengths + part.first_ring,
            "outputs": len(chosen),
            "scratch": module.scratch,
            "reserved": _reserved(code),
            "drivers": base64.b64encode(rows.astype("<f8").tobytes()).decode("ascii"),
        },
        grid,
        _fixed(program),
    )


def runtime() -> str:
    """The text of ``webassembly.js``: a script that defines the object ``sdEngine``."""
    return files("sd_covid.engine").joinpath("webassembly.js").read_text(encoding="utf-8")


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

    from sd_covid.engine.compile import run_passes

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
