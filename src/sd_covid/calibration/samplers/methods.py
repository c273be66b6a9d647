"""The samplers by name, and how much each does; apart from them, so that the command line loads no numpy for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["lanes", "nuts", "smc"]
"""Many chains in one batch, few one by one, or particles from the prior on; see
`sd_covid.calibration.samplers.posterior`."""

DEFAULT: Method = "lanes"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a sampler does unless told otherwise: chains, and draws and warm-up draws of each.

    For ``smc`` chains are islands, and draws the particles of each.
    """

    chains: int
    draws: int
    tune: int
    target_accept: float


BUDGETS: dict[Method, Budget] = {
    "lanes": Budget(chains=16, draws=600, tune=200, target_accept=0.8),
    "nuts": Budget(chains=4, draws=1000, tune=500, target_accept=0.9),
    "smc": Budget(chains=4, draws=500, tune=0, target_accept=0.8),
}


def usual(what: str) -> str:
    """The budget of each sampler in words, for the help of a command: ``usual("draws")`` is ``lanes: 600, …``."""
    told = ((method, getattr(budget, what)) for method, budget in BUDGETS.items())
    return ", ".join(f"{method}: {number}" for method, number in told if number)
