"""What a sweep is made of, as data: kept in its store, and compared before one is carried on.

Two sweeps with the same manifest give the same bits, block by block.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from sd_covid.errors import RunError
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.sweep.blocks import Blocks
from sd_covid.policy.sweep.plan import Statistics, SweepPlan
from sd_covid.policy.sweep.processor import processor

#: What must be the same for a store to be carried on, and how a person calls it.
_SAME = {
    "model_hash": "model",
    "code": "version of the program",
    "versions": "versions of the program and its libraries",
    "engine": "processor",
    "scenarios": "scenarios",
    "draws_hash": "draws",
    "sets_hash": "sets of assumptions",
    "outputs": "outputs",
    "keep": "keep",
    "statistics": "statistics over runs",
    "time": "times of a course",
    "dtype": "dtype",
    "block": "block",
    "seed": "seed",
}


def manifest(plan: SweepPlan, blocks: Blocks, time: list[float], attrs: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a sweep.

    Parameters
    ----------
    plan : SweepPlan
    blocks : Blocks
    time : list of float
        Model times of a course.
    attrs : dict
        What the engine says of a run of it.

    Returns
    -------
    dict
        Of what JSON can hold.
    """
    grid = blocks.grid
    return {
        "model": attrs["model"],
        "model_hash": attrs["model_hash"],
        "integration": attrs["integration"],
        "code": code_hash(),
        "versions": attrs["versions"],
        "engine": processor(),
        "scenarios": {item.id: item.settings for item in plan.scenarios},
        "run_once": [[plan.scenarios[k].id for k in item.scenarios] for item in blocks.variants],
        "draws": plan.draws.source,
        "draws_hash": draws_hash(plan.draws.table),
        "sets": list(plan.sets.labels.values()),
        "sets_hash": draws_hash(plan.sets.table),
        "outputs": [item.name for item in plan.outputs],
        "keep": [item.label or "course" for item in plan.keep],
        "statistics": _statistics(plan.statistics),
        "time": time,
        "dtype": plan.dtype,
        "block": [grid.draws, grid.sets, grid.of_draws, grid.of_sets],
        "blocks": len(blocks) if plan.statistics is None else len(blocks.variants),
        "seed": plan.seed,
        "sweep": plan.text,
    }


def _statistics(asked: Statistics | None) -> list[float | str] | None:
    """Over what, which, and from which scenario differences are taken."""
    if asked is None:
        return None
    from_which = [f"differences from {asked.differences_from}"] if asked.differences_from else []
    return [asked.over, *asked.names, *from_which]


@functools.cache
def code_hash() -> str:
    """SHA-256 of the program text that decides what a run comes to."""
    package = Path(__file__).parents[2]
    digest = hashlib.sha256()
    files = [file for part in ("engine", "policy/sweep") for file in (package / part).rglob("*.py")]
    files.append(package / "policy/comparison/run.py")  # in which a scenario overrules a draw
    for file in sorted(files):
        digest.update(str(file.relative_to(package)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def refuse_other(stored: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    """Refuse to carry on a store that another sweep made.

    Raises
    ------
    RunError
        Names the first thing that differs. The store is left as it is.
    """
    for name, called in _SAME.items():
        if stored.get(name) != now[name]:
            told = f": '{stored.get(name)}' then, '{now[name]}' now"
            raise RunError(
                f"not the same {called} as when this store was begun{told if len(told) < 150 else ''}",
                advice="write to another name, or go back to what it was",
                file=path,
            )
