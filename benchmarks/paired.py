"""Times of several actions, taken in turns, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def in_turns(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each action in each round.

    Parameters
    ----------
    actions : mapping
        Each is run once before the first round.
    rounds : int
    """
    for action in actions.values():
        action()
    found: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            start = time.perf_counter()
            result = action()
            found[name].append(time.perf_counter() - start)
            del result
    return found


def ratio(above: Sequence[float], below: Sequence[float], scale: float = 1.0) -> str:
    """Median and range of the ratios of the rounds."""
    found = [scale * a / b for a, b in zip(above, below, strict=True)]
    digits = 0 if min(found) >= 20 else 2
    shown = [f"{value:,.{digits}f}" for value in (statistics.median(found), min(found), max(found))]
    return f"{shown[0]}; {shown[1]}–{shown[2]}"


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as Markdown."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row.values()) + " |" for row in rows])
