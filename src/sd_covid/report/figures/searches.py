"""Figures of a search among packages: the front, cost and effect, contents, scenarios at their own cost.

In goes an `Optimised`; out come the figures of its findings, so that a report and a notebook show the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, figure_of
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.optimisation.optimise import Optimised


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

    Raises
    ------
    RunError
        No package keeps the limits of the plan.
    """
    from sd_covid.report.optimised.findings import front_finding

    return figure_of(front_finding(_some(found), Texts(language)), size)


@checked
def pareto(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """Cost of packages against each other objective, better upwards, beside the scenarios of the study.

    Parameters
    ----------
    found : Optimised
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No package keeps the limits of the plan.
    """
    from sd_covid.report.optimised.findings import frontier_finding

    return figure_of(frontier_finding(_some(found), Texts(language)), size)


@checked
def package_contents(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """Which measure is in which of the packages shown, as a table of dots.

    Parameters
    ----------
    found : Optimised
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No package keeps the limits of the plan, or none uses a measure.
    """
    from sd_covid.report.optimised.findings import content_finding

    return figure_of(content_finding(_some(found), Texts(language)), size)


@checked
def package_rivals(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """Each scenario beside the best package that costs no more: differences by objective, dark where they matter.

    Parameters
    ----------
    found : Optimised
        Of a plan with scenarios to compare with.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No scenario has such a package.
    """
    from sd_covid.report.optimised.rivals import rivals_finding

    if not found.rivals:
        raise RunError("there are no scenarios beside the packages", advice="give some in the plan")
    return figure_of(rivals_finding(found, Texts(language)), size)


@checked
def optimisers_curse(found: Optimised, *, language: str = "en", size: Size | None = None) -> Figure:
    """What is left of the search: how far effects on fresh draws lie from those that the packages were chosen by.

    Parameters
    ----------
    found : Optimised
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No package keeps the limits of the plan, or none has an effect.

    References
    ----------
    Smith and Winkler, "The optimizer's curse", Management Science 52(3), 2006.
    """
    from sd_covid.report.optimised.findings import curse_finding

    return figure_of(curse_finding(_some(found), Texts(language)), size)


def _some(found: Optimised) -> Optimised:
    """What was found, unless it is no package at all."""
    if not found.shown:
        raise RunError(
            "no package keeps the limits of the plan", advice="widen its limits", file=found.plan.file
        )
    return found
