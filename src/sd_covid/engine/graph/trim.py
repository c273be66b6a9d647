"""Programs to smaller or quicker programs of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sd_covid.collection import uncollected
from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import LEAVES, OPERATIONS, TABLE_OPERATIONS
from sd_covid.engine.graph.program import Program, Update

_UNSMOOTH = frozenset(name for name, operation in OPERATIONS.items() if not operation.smooth)
_RANK = {Update.FLOW: 0, Update.ASSIGN: 1, Update.RING: 2}
Rule = Callable[[int, str, list[int]], int | None]


@uncollected()
def trim(program: Program, outputs: list[int], all_states: bool = False) -> tuple[Program, list[int]]:
    """The part of a program that some outputs need: only those states, constants and drivers.

    Integrated states come first, so that a loop over them runs over a prefix.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    all_states : bool
        Keep every state, needed or not.

    Returns
    -------
    Program, list of int
        The smaller program (without ``cells``), and the nodes of the outputs in it.
    """
    step, states = program.step, program.states

    def following(leaf: int) -> tuple[int, ...]:
        """What a state that is read needs: its own next value."""
        kind, payload = step.nodes[leaf]
        return (states[payload].next,) if kind == "state" else ()

    order = step.closure([*outputs, *(state.next for state in states if all_states)], following)
    read: dict[str, list[int]] = {kind: [] for kind in LEAVES}
    for node in order:
        if not step.arguments(node):
            kind, payload = step.nodes[node]
            read[kind].append(payload)
    kept = {kind: sorted(read[kind]) for kind in ("constant", "driver", "state")}
    kept["state"] = sorted(
        range(len(states)) if all_states else kept["state"], key=lambda k: _RANK[states[k].update]
    )
    renumber = {kind: {old: new for new, old in enumerate(numbers)} for kind, numbers in kept.items()}
    small = Graph(tables=step.tables)
    at = copy_nodes(step, order, small, lambda kind, payload: renumber.get(kind, {}).get(payload, payload))
    part = Program(
        parameters=program.parameters,
        init=program.init,
        step=small,
        constants=[program.constants[k] for k in kept["constant"]],
        states=[replace(states[k], next=at[states[k].next]) for k in kept["state"]],
        drivers=[program.drivers[k] for k in kept["driver"]],
        origin=kept["state"],
        control=program.control,
        method=program.method,
    )
    return part, [at[n] for n in outputs]


def copy_nodes(
    source: Graph,
    order: list[int],
    target: Graph,
    payload: Callable[[str, int], int] = lambda kind, number: number,
    rule: Rule | None = None,
    at: dict[int, int] | None = None,
) -> dict[int, int]:
    """Copy nodes into another graph.

    Parameters
    ----------
    source, target : Graph
        They share their tables.
    order : list of int
        Nodes of the source, each after what it reads.
    payload : callable
        ``(kind of leaf, its payload) -> payload`` in the target.
    rule : callable
        ``(node, operation, copied arguments) -> node`` of the target, or None to copy as it is.
    at : dict, optional
        Where what was copied before stands; filled further.

    Returns
    -------
    dict
        Node of the target for each node of the source.
    """
    at = {} if at is None else at
    for node in order:
        kind, first = source.nodes[node][:2]
        arguments = [at[a] for a in source.operands[node]]
        if kind == "number":
            at[node] = target.number(first)
        elif not arguments:
            at[node] = target.leaf(kind, payload(kind, first))
        elif kind in TABLE_OPERATIONS:
            at[node] = target.lookup(kind, first, *arguments)
        elif kind == "uniform":
            at[node] = target.uniform(first, *arguments)
        else:
            replaced = None if rule is None else rule(node, kind, arguments)
            at[node] = target.add(kind, *arguments) if replaced is None else replaced
    return at


def quicken(program: Program) -> Program:
    """Divide by a member constant once, x * (1 / c) for x / c, and add a product in one operation.

    That may change the last bit, so what leads to a comparison, a truncation or a jump in a table is left alone: there
    the last bit can decide. A product that several read is worked out once for all of them.
    """
    step, init = program.step, program.init
    exact = _leads_to_a_jump(step)
    users = np.bincount([a for operands in step.operands for a in operands], minlength=len(step.nodes))
    order = list(range(len(step.nodes)))
    quick = Graph(tables=step.tables)
    slots = {node: k for k, node in enumerate(program.constants)}

    def rule(node: int, operation: str, arguments: list[int]) -> int | None:
        if exact[node]:
            return None
        if operation in ("add", "sub"):
            first, second = (bool(users[a] == 1) for a in step.operands[node])
            return quick.contracted(operation, arguments[0], arguments[1], first, second)
        if operation != "div" or quick.nodes[arguments[0]][0] in ("number", "constant"):
            return None
        kind, *payload = quick.nodes[arguments[1]]
        if kind == "number":
            return (
                quick.add("mul", arguments[0], quick.number(1.0 / float(payload[0]))) if payload[0] else None
            )
        if kind != "constant":
            return None
        inverse = init.add("div", init.number(1.0), program.constants[int(payload[0])])
        if inverse not in slots:
            slots[inverse] = len(program.constants)
            program.constants.append(inverse)
        return quick.add("mul", arguments[0], quick.leaf("constant", slots[inverse]))

    at = copy_nodes(step, order, quick, rule=rule)
    program.states = [replace(state, next=at[state.next]) for state in program.states]
    program.cells = {cell: at[node] for cell, node in program.cells.items()}
    if program.clock is not None:
        program.clock.bounds.update({name: at[node] for name, node in program.clock.bounds.items()})
    program.step = quick
    return program


def _leads_to_a_jump(graph: Graph) -> bytearray:
    """Marks the nodes whose last bit can decide something within the step."""
    marked = bytearray(len(graph.nodes))
    for node in range(len(graph.nodes) - 1, -1, -1):
        kind = graph.nodes[node][0]
        if kind in TABLE_OPERATIONS:
            x = graph.tables[graph.nodes[node][1]].x
            jumps = len(set(x)) < len(x)
        else:
            jumps = kind in _UNSMOOTH
        if jumps or marked[node]:
            for argument in graph.arguments(node):
                marked[argument] = 1
    return marked
