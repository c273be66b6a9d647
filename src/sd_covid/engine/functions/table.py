"""The built-in functions, by key: how each becomes operations and states.

The functions stand in files by subject, of which only those are loaded that a model needs. Where Vensim's manual is
silent the choice is written beside the function and in docs/language.md; PySD 3.14.3 serves as the second opinion.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sd_covid.engine.functions.elementary import Lower

# In the order of how often models need them.
_PARTS = (
    "elementary",
    "time",
    "lookups",
    "memory",
    "vectors",
    "random",
    "data",
    "delays",
    "xmile",
    "allocation",
    "under_way",
    "queues",
    "finance",
    "shift",
    "matrix",
    "conveyors",
    "batches",
    "simultaneous",
)


@cache
def lowering_of(name: str) -> Lower | None:
    """How a function is lowered, by its key; None where it is not computed."""
    return next((part[name] for part in _parts() if name in part), None)


def names() -> set[str]:
    """The keys of all functions that are computed."""
    return {name for part in _parts() for name in part}


def _parts() -> Iterator[dict[str, Lower]]:
    for part in _PARTS:
        yield import_module(f"sd_covid.engine.functions.{part}").FUNCTIONS
