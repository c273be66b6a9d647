"""What stands where in the scratch memory of a kernel."""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.engine.graph.program import Program
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_graph import Leaves


@dataclass(slots=True)
class Layout:
    """Areas of scratch memory that the functions of a kernel share (numbers of vectors)."""

    parameters: int
    constants: int
    states: int
    stage: int
    slopes: int  # what each state's `next` node gives
    total: int
    lengths: int
    ring_initial: int
    outputs: int
    tiles: int
    failed: int
    held: int

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
            outputs=module.area(outputs),
            tiles=module.area(outputs * module.width),
            failed=module.area(1),
            held=module.area(len(program.held)),
        )


def step_leaves(layout: Layout, states: int, program: Program) -> Leaves:
    """Where the step graph reads its leaves; ``states`` is the area with the states."""
    areas = {"state": states, "constant": layout.constants, "held": layout.held}
    return Leaves(areas, len(program.drivers) + program.given)
