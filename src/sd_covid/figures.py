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

from sd_covid.report.figures.fits import (
    observed_and_expected,
    parameter_shifts,
    profiles,
    ranks,
    stacking,
)
from sd_covid.report.figures.loops import (
    diagram_effects,
    diagram_scores,
    difference_paths,
    layer_ranks,
    layers,
    link_cut,
    loop_gains,
    loop_shares,
)
from sd_covid.report.figures.own import chart
from sd_covid.report.figures.paths import difference, differences, fan, levels
from sd_covid.report.figures.regions import elections, region, region_ranks
from sd_covid.report.figures.robust import (
    best_buy,
    best_shares,
    failure_box,
    failure_regions,
    information,
    metric_ranks,
    regret,
    reversals,
    targets,
)
from sd_covid.report.figures.searches import (
    optimisers_curse,
    package_contents,
    package_rivals,
    packages,
    pareto,
)
from sd_covid.report.figures.sensitivity import (
    sensitivity,
    sensitivity_convergence,
    sensitivity_over_time,
    sensitivity_pairs,
    sensitivity_screening,
    sensitivity_within,
)
from sd_covid.report.figures.sessions import (
    session_answers,
    session_priors,
    session_strengths,
    session_weights,
    signals,
)

__all__ = [
    "best_buy",
    "best_shares",
    "chart",
    "diagram_effects",
    "diagram_scores",
    "difference",
    "difference_paths",
    "differences",
    "elections",
    "failure_box",
    "failure_regions",
    "fan",
    "information",
    "layer_ranks",
    "layers",
    "levels",
    "link_cut",
    "loop_gains",
    "loop_shares",
    "metric_ranks",
    "observed_and_expected",
    "optimisers_curse",
    "package_contents",
    "package_rivals",
    "packages",
    "parameter_shifts",
    "pareto",
    "profiles",
    "ranks",
    "region",
    "region_ranks",
    "regret",
    "reversals",
    "sensitivity",
    "sensitivity_convergence",
    "sensitivity_over_time",
    "sensitivity_pairs",
    "sensitivity_screening",
    "sensitivity_within",
    "session_answers",
    "session_priors",
    "session_strengths",
    "session_weights",
    "signals",
    "stacking",
    "targets",
]
