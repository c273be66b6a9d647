"""Forward mode, program to program: beside every quantity its derivative along a direction in the constants.

A lane of a kernel carries one direction, so a vector of lanes gives several columns of a Jacobian at once. The rules
are those of the reverse mode, which are linear in the bar: an argument's tangent in place of the bar gives its share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sd_covid.engine.derivative import active_nodes, risky_nodes, shares_of
from sd_covid.engine.graph import Graph
from sd_covid.engine.operations import LEAVES
from sd_covid.engine.program import Parameter, Program, State
from sd_covid.engine.subscripts import Cell
from sd_covid.engine.trim import copy_nodes


def with_tangents(
    program: Program, outputs: list[int], parameters: Sequence[int]
) -> tuple[Program, list[int]]:
    """A program that also computes the derivatives of some outputs.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    parameters : sequence of int
        Numbers of the constants to differentiate with respect to.

    Returns
    -------
    Program, list of int
        Its constants are those of the program and then, for each of ``parameters``, how far the direction goes along
        it; the nodes are the outputs' values, and then their derivatives along the direction.
    """
    init, step = Graph(tables=program.step.tables), Graph(tables=program.step.tables)
    own = len(program.parameters)
    direction = {number: own + k for k, number in enumerate(parameters)}
    starts = [*program.constants, *(s.initial for s in program.states)]
    rings = [s.steps for s in program.states if s.steps >= 0]
    controls = list(program.control.values())
    at_start, start_tangent = _differentiated(
        program.init,
        program.init.order([*starts, *rings, *controls]),
        init,
        {("parameter", k) for k in direction},
        lambda _, k: init.leaf("parameter", direction[k]),
    )
    constants = [at_start[node] for node in program.constants]
    held: dict[int, int] = {}
    for k, node in enumerate(program.constants):
        if node in start_tangent:
            held[k] = len(constants)
            constants.append(start_tangent[node])
    twins = _twins(program, set(held), start_tangent)
    order = step_order(program, outputs)
    at, tangent = _differentiated(
        program.step,
        order,
        step,
        {("constant", k) for k in held} | {("state", k) for k in twins},
        lambda kind, k: step.leaf(kind, held[k] if kind == "constant" else twins[k]),
    )
    nothing, nowhere = step.number(0.0), init.number(0.0)
    states = [
        replace(
            s,
            initial=at_start[s.initial],
            next=at[s.next],
            steps=at_start[s.steps] if s.steps >= 0 else s.steps,
        )
        for s in program.states
    ]
    twin_states = [
        State(
            s.update,
            start_tangent.get(s.initial, nowhere),
            tangent.get(s.next, nothing),
            at_start[s.steps] if s.steps >= 0 else s.steps,
            f"tangent of {s.name}",
        )
        for s in (program.states[k] for k in twins)
    ]
    names = [program.parameters[number].cell for number in parameters]
    larger = replace(
        program,
        parameters=[
            *program.parameters,
            *(Parameter(Cell(f"direction {c.variable}", c.elements), 0.0) for c in names),
        ],
        init=init,
        step=step,
        constants=constants,
        states=[*states, *twin_states],
        cells={},
        control={name: at_start[node] for name, node in program.control.items()},
    )
    return larger, [*(at[node] for node in outputs), *(tangent.get(node, nothing) for node in outputs)]


def step_order(program: Program, outputs: Sequence[int]) -> list[int]:
    """All that outputs and states need of the step graph."""
    return program.step.order([*outputs, *(s.next for s in program.states)])


def _twins(program: Program, held: set[int], start_tangent: dict[int, int]) -> dict[int, int]:
    """The states that have a tangent, and the number of its state."""
    moving = {k for k, s in enumerate(program.states) if s.initial in start_tangent}
    order = step_order(program, [])

    def wanted(kind: str, k: int) -> bool:
        return k in (held if kind == "constant" else moving if kind == "state" else ())

    while True:
        active = active_nodes(program.step, order, wanted)
        further = {k for k, s in enumerate(program.states) if active[s.next]} - moving
        if not further:
            break
        moving |= further
    return {k: len(program.states) + place for place, k in enumerate(sorted(moving))}


def _differentiated(
    source: Graph,
    order: list[int],
    target: Graph,
    leaves: set[tuple[str, int]],
    leaf: Callable[[str, int], int],
) -> tuple[dict[int, int], dict[int, int]]:
    """Copies of nodes, and the tangents of those that have one."""
    at = copy_nodes(source, order, target)
    risky, zero = risky_nodes(source, order), target.number(0.0)
    tangent: dict[int, int] = {}
    for node in order:
        kind, *rest = source.nodes[node]
        if kind in LEAVES:
            if (kind, rest[0]) in leaves:
                tangent[node] = leaf(str(kind), int(rest[0]))
            continue
        moving = [a for a in dict.fromkeys(source.arguments(node)) if a in tangent]
        if not moving or source.is_truth(node):
            continue
        if kind == "select":
            yes, no = (tangent.get(int(a), zero) for a in rest[1:])
            tangent[node] = target.add("select", at[int(rest[0])], yes, no)
            continue
        total: int | None = None
        for argument in moving:
            for owner, share in shares_of(source, target, at, node, tangent[argument]):
                if owner != argument or share is None:
                    continue
                if node in risky:
                    still = target.add("eq", tangent[argument], zero)
                    share = target.add("select", still, zero, share)
                total = share if total is None else target.add("add", total, share)
        if total is not None and target.nodes[total] != ("number", 0.0):
            tangent[node] = total
    return at, tangent
