"""Global sensitivity: which of the things that nobody knows the differences between scenarios hang on.

`read_plan` reads a file of the study, `analyse` runs it. In the order of the work: the plan, its factors, the design of
a method, the runs, the estimators, how far they have converged, and indices over time.
"""

from sd_covid.analysis.sensitivity.factors import Factor
from sd_covid.analysis.sensitivity.indices import MEASURES, OF_VARIANCE, Indices, Method
from sd_covid.analysis.sensitivity.pipeline import analyse
from sd_covid.analysis.sensitivity.plan import Outcome, OverTime, Screening, SensitivityPlan
from sd_covid.analysis.sensitivity.plan_file import read_plan
from sd_covid.analysis.sensitivity.results import OutcomeSensitivity, PathSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.table import as_frame

__all__ = [
    "MEASURES",
    "OF_VARIANCE",
    "Factor",
    "Indices",
    "Method",
    "Outcome",
    "OutcomeSensitivity",
    "OverTime",
    "PathSensitivity",
    "Screening",
    "Sensitivity",
    "SensitivityPlan",
    "analyse",
    "as_frame",
    "read_plan",
]
