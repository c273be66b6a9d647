"""How far a stored posterior can be trusted: fit, forecasts, what each series taught, and what changes without it."""

from sd_covid.calibration.validity.assemble import validate
from sd_covid.calibration.validity.report import ValidityReport

__all__ = ["ValidityReport", "validate"]
