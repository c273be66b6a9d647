"""How well packages hold in many states of the world: robustness metrics, regret, reversals of rank, value for money.

`read_plan` reads a file of the study, `judge` runs and judges it. A study goes from `plan_file` over `plan` and `runs`
to `pipeline`, which judges with `scores`, `reversals` and `worth`, and asks `sd_covid.analysis.discovery` where
packages fail and `sd_covid.analysis.information` what to know first. What judges takes `outcomes` and runs nothing.
"""

from sd_covid.analysis.robustness.pipeline import Robust, judge, judge_comparison
from sd_covid.analysis.robustness.plan import RobustPlan
from sd_covid.analysis.robustness.plan_file import read_plan

__all__ = ["Robust", "RobustPlan", "judge", "judge_comparison", "read_plan"]
