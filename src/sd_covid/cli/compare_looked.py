"""What ``sd-covid compare`` looks for in its own draws: robustness, what must be true, what carries a difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.loops.paths import Explained
    from sd_covid.analysis.robustness.pipeline import Robust
    from sd_covid.engine.simulation import Simulation
    from sd_covid.policy.appraisal.assessment import Assessment
    from sd_covid.policy.comparison.scenarios import Comparison
    from sd_covid.policy.study import Study
    from sd_covid.report import Glossary
    from sd_covid.report.comparison.inputs import Looked
    from sd_covid.report.comparison.sections import Level

Tell = Callable[[str, int, int], None]
#: Packages of which it is told when they miss a target; all of them where the level is the fullest.
_SEARCHED = 3


def look(
    comparison: Comparison,
    draws: pd.DataFrame,
    assessment: Assessment | None,
    *,
    simulation: Simulation,
    study: Study,
    calibrated: Sequence[str],
    glossary: Glossary,
    level: Level,
    main: str,
    explain: Sequence[str],
    tell: Tell,
) -> Looked:
    """Look for what the level shows.

    Parameters
    ----------
    comparison : Comparison
    draws : DataFrame, shape (member, constant)
    assessment : Assessment or None
        Of which the balance is judged too.
    simulation : Simulation
    study : Study
    calibrated : sequence of str
        Constants that the posterior holds.
    glossary : Glossary
    level : Level
    main : str
        The package of which it is told on what it depends and along which paths. By default the one that is most often
        the best by what leads, else the first.
    explain : sequence of str
        Outputs of which the paths are told.
    tell : callable
        Called with ``boxes``, what is done and all.
    """
    from sd_covid.analysis.robustness.compared import judge_choices
    from sd_covid.analysis.sensitivity.given import from_draws
    from sd_covid.report.comparison.inputs import Looked
    from sd_covid.report.comparison.page import told_years

    counted = comparison if assessment is None else assessment.comparison
    searched = len(comparison.scenarios) if level == "modeller" else _SEARCHED
    robust = judge_choices(
        counted,
        draws,
        simulation=simulation,
        study=study,
        years=told_years(comparison),
        benefits=None if assessment is None else assessment.catalogues.benefits,
        first=main,
        searched=searched,
        progress=tell,
    )
    main = main or _leading(comparison, robust)
    if level == "minister":
        return Looked(main, robust)
    moved = [
        item.name for item in comparison.outputs if item.headline and comparison.matters(item.name, main)
    ]
    over_time = from_draws(comparison, draws, main, moved, calibrated, glossary.constant)
    return Looked(main, robust, over_time, _paths(comparison, draws, simulation, main, explain), simulation)


def _leading(comparison: Comparison, robust: Robust | None) -> str:
    """The package that is most often the best by the first objective, beside the null alternative; else the first."""
    if robust is None:
        return comparison.alternatives[0].id
    best = robust.scores[0].best[1:]
    return robust.outcomes.packages[1 + int(best.argmax())]


def _paths(
    comparison: Comparison, draws: pd.DataFrame, simulation: Simulation, main: str, explain: Sequence[str]
) -> tuple[tuple[str, Explained], ...]:
    """The paths along which outputs differ, in a run with every quantity at the median of its draws."""
    if not explain:
        return ()
    from sd_covid.analysis.loops.paths import explain as follow
    from sd_covid.analysis.loops.paths import outcome_of
    from sd_covid.engine.separate.course import record
    from sd_covid.engine.separate.equations import separate
    from sd_covid.policy.comparison.adaptive import adaptive
    from sd_covid.policy.comparison.run import overruled

    pair = [comparison.scenario(name) for name in (comparison.reference, main)]
    simulation = adaptive(simulation, pair, comparison.levers)
    simulation = simulation.stepping([name for entry in pair for name in entry.settings])
    equations = separate(simulation)
    middle = draws.median().to_frame().T
    courses = [
        record(
            simulation,
            equations,
            {str(name): float(value) for name, value in overruled(middle, entry.settings).iloc[0].items()},
            comparison.provenance.seed,
        )
        for entry in pair
    ]
    return tuple(
        (name, follow(courses[0], courses[1], outcome_of(simulation, equations, name))) for name in explain
    )
