"""The state of one model carried over to another that has the same states in other places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sd_covid.engine.run.snapshot import Snapshot
from sd_covid.errors import RunError


def carried(snapshot: Snapshot, names: Sequence[str]) -> Snapshot:
    """A snapshot for a model in which some variables are given from outside, or no longer are.

    Parameters
    ----------
    snapshot : Snapshot
    names : sequence of str
        Variable of each state of the other model; a delay has several.

    Returns
    -------
    Snapshot
        This one, where the states are the same.

    Raises
    ------
    RunError
        For a state that was not kept, as of a stock that was given from outside until now.
    """
    if tuple(names) == snapshot.names:
        return snapshot
    rows: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(snapshot.names):
        rows[name].append(number)
    chosen: list[int] = []
    for name in names:
        if not rows[name]:
            raise RunError(
                f"'{name}' has no state to carry on from",
                advice="begin with initial_condition='original', or give it in (time, {stock: value})",
                variable=name,
            )
        chosen.append(rows[name].pop(0))
    rings = [number for number in chosen if number in snapshot.ring_states]
    at = [snapshot.ring_states.index(number) for number in rings]
    return replace(
        snapshot,
        names=tuple(names),
        states=snapshot.states[chosen],
        rings=snapshot.rings[at],
        ring_states=tuple(chosen.index(number) for number in rings),
    )
