"""Outcomes of a few packages, written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sd_covid.analysis.robustness.outcomes import Objective, Outcomes, World
from sd_covid.data.text import Text


def objective(name: str = "debt", better: str = "lower", **changes: Any) -> Objective:
    return Objective(name, Text(name, name), Text("stuk", "piece"), better, output=name, **changes)  # type: ignore[arg-type]


def outcomes(
    values: Any,
    objectives: Sequence[Objective] | None = None,
    kinds: Sequence[str] = (),
    paired: Sequence[bool] = (),
) -> Outcomes:
    """Values of shape (objective, world, package, draw)."""
    table = np.asarray(values, dtype=np.float64)
    packages = tuple("abcdef"[: table.shape[2]])
    kinds = kinds or ["path"] * table.shape[1]
    paired = paired or [True] * table.shape[1]
    worlds = tuple(
        World(f"w{place}", Text(), kind, fits)  # type: ignore[arg-type]
        for place, (kind, fits) in enumerate(zip(kinds, paired, strict=True))
    )
    titles = {name: Text(name.upper(), name.upper()) for name in packages}
    return Outcomes(packages, titles, tuple(objectives or [objective()]), worlds, table)
