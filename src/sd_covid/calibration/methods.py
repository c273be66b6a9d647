"""The names of the samplers; apart from them, so that the command line knows the names without loading numpy."""

from __future__ import annotations

from typing import Literal

Method = Literal["lanes", "nuts", "smc"]
"""Many chains in one batch, few one by one, or particles from the prior on; see `sd_covid.calibration.posterior`."""
