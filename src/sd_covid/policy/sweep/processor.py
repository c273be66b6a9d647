"""The class of processor of this machine: on one class the same run gives the same bits."""

from __future__ import annotations

from sd_covid.engine.run.compile import target
from sd_covid.engine.run.ensemble import chosen_engine


def processor() -> str:
    """Engine, lanes of a vector, and whether products are added without rounding between."""
    cpu = target()
    fused = "fused multiply-add" if cpu.fused else "no fused multiply-add"
    return f"{chosen_engine()}, {cpu.width} lanes, {fused}"
