"""Figures for choosing among packages: regret, value for money, value of information, and searches.

In goes a `Robust` or an `Optimised`; out come the figures of their findings, so that a report and a notebook show the
same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, chosen, figure_of
from sd_covid.report.glossary import Glossary
from sd_covid.report.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.optimisation.optimise import Optimised
    from sd_covid.analysis.robustness.pipeline import Robust


@checked
def regret(found: Robust, objective: str, *, language: str = "en", size: Size | None = None) -> Figure:
    """How far each package stays behind the best, from its mean to its largest, and how often it is the best.

    Parameters
    ----------
    found : Robust
        Of `sd_covid.analysis.robustness.pipeline.judge`.
    objective : str
        Its id in the plan.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An objective that the plan does not have.

    Examples
    --------
    >>> found = judge(read_plan("scenarios/robust.yaml", model))  # doctest: +SKIP
    >>> figures.regret(found, "unemployment")  # doctest: +SKIP
    """
    from sd_covid.report.robust import regret_finding
    from sd_covid.report.robust_names import RobustNames

    scores = chosen(objective, {item.objective.id: item for item in found.scores}, "objective")
    return figure_of(regret_finding(RobustNames(found, Glossary(), Texts(language)), scores), size)


@checked
def best_buy(found: Robust, objective: str, *, language: str = "en", size: Size | None = None) -> Figure:
    """How surely each package is the best buy over the value of a unit, and what choosing it is expected to forgo.

    Parameters
    ----------
    found : Robust
    objective : str
        Of which the plan asks value for money.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An objective of which the plan does not.
    """
    from sd_covid.report.robust_names import RobustNames
    from sd_covid.report.robust_value import worth_finding

    buying = chosen(objective, {item.objective: item for item in found.plan.worth}, "value for money of")
    names = RobustNames(found, Glossary(), Texts(language))
    return figure_of(worth_finding(names, buying, found.worth[buying.objective]), size)


@checked
def information(
    found: Robust, *, glossary: Glossary | None = None, language: str = "en", size: Size | None = None
) -> Figure:
    """What it would be worth to know each parameter, or to await each figure, before choosing.

    Parameters
    ----------
    found : Robust
    glossary : Glossary, optional
        What the calibrated parameters are called.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        The plan does not ask for it.
    """
    from sd_covid.report.robust_names import RobustNames
    from sd_covid.report.robust_value import information_finding

    if found.learnt is None:
        reason = "the plan does not ask what more knowledge is worth"
        raise RunError(reason, advice="add 'information' to it", file=found.plan.file)
    names = RobustNames(found, glossary or Glossary(), Texts(language))
    return figure_of(information_finding(names, found.learnt), size)


@checked
def packages(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """Packages that no other beats, as lines over an axis for each objective, better at the top.

    Parameters
    ----------
    found : Optimised
        Of `sd_covid.analysis.optimisation.optimise`.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.optimised import front_finding

    return figure_of(front_finding(found, Texts(language)), size)


@checked
def pareto(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """Cost of packages against each other objective, better upwards, beside the scenarios of the study.

    Parameters
    ----------
    found : Optimised
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.optimised import frontier_finding

    return figure_of(frontier_finding(found, Texts(language)), size)
