"""How well packages hold in many states of the world: robustness metrics, regret, reversals of rank, value for money.

A study goes from `plan_file` over `plan` and `runs` to `pipeline`, which judges with `scores`, `reversals` and `worth`,
and asks `sd_covid.analysis.discovery` where packages fail and `sd_covid.analysis.information` what to know first. What
judges takes `outcomes` and runs nothing.
"""
