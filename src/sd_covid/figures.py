"""Figures for a notebook or script: functions from results to a matplotlib figure, in the look of the reports.

Each takes results as the analyses return them, ``language`` (``"en"`` or ``"nl"``) and ``size`` (width and height in
inches). What they return may be changed, shown and saved as any matplotlib figure; it keeps its look whatever the
settings of the session are. What is given in place of a result is refused with what was expected (TypeError).

Examples
--------
>>> import sd_covid
>>> model = sd_covid.load("models/netherlands.yaml")
>>> run = model.run({"NOW level": 0.0})
>>> figure = sd_covid.figures.fan(run, "unemployment rate", language="nl")
>>> figure.savefig("werkloosheid.png", dpi=200)  # doctest: +SKIP
"""

from sd_covid.report.figures.choices import best_buy, information, packages, pareto, regret
from sd_covid.report.figures.fits import observed_and_expected, profiles, ranks, stacking
from sd_covid.report.figures.loops import (
    diagram_effects,
    diagram_scores,
    layer_ranks,
    layers,
    loop_gains,
    loop_shares,
)
from sd_covid.report.figures.own import chart
from sd_covid.report.figures.paths import difference, differences, fan, levels
from sd_covid.report.figures.regions import elections, region, region_ranks
from sd_covid.report.figures.sensitivity import sensitivity, sensitivity_convergence, sensitivity_over_time
from sd_covid.report.figures.sessions import (
    session_answers,
    session_priors,
    session_strengths,
    session_weights,
    signals,
)

__all__ = [
    "best_buy",
    "chart",
    "diagram_effects",
    "diagram_scores",
    "difference",
    "differences",
    "elections",
    "fan",
    "information",
    "layer_ranks",
    "layers",
    "levels",
    "loop_gains",
    "loop_shares",
    "observed_and_expected",
    "packages",
    "pareto",
    "profiles",
    "ranks",
    "region",
    "region_ranks",
    "regret",
    "sensitivity",
    "sensitivity_convergence",
    "sensitivity_over_time",
    "session_answers",
    "session_priors",
    "session_strengths",
    "session_weights",
    "signals",
    "stacking",
]
