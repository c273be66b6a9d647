"""The names of the samplers; apart from them, so that the command line knows the names without loading numpy."""

from __future__ import annotations

from typing import Literal

Method = Literal["lanes", "nuts"]
"""Many chains in one batch, or few one by one; see `sd_covid.calibration.posterior`."""
