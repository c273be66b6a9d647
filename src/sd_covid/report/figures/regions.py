"""Figures of the local level: a region beside the country, the order of municipalities, and trust at elections.

In go local projections or a comparison; out come the figures of their findings, so that a report and a notebook show
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, figure_of
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.local.project import Local
    from sd_covid.data.local.figures import Figures
    from sd_covid.data.text import Text
    from sd_covid.policy.comparison.scenarios import Comparison


@checked
def region(
    local: Local,
    name: str,
    published: Figures,
    titles: Sequence[Text],
    *,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """An outcome in a region as a fan, beside the country, other scenarios and the figures there are.

    Parameters
    ----------
    local : Local
        Of `sd_covid.analysis.local.project.project`.
    name : str
        Name or code of the region: ``Zutphen``, ``GM0301``, ``PV27``.
    published : Figures
        Of `sd_covid.data.local.figures.read_figures`.
    titles : sequence of Text
        Of the scenarios, in the order of the projections.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        A region that there is not.
    RunError
        One that was divided among others, or not a title for each scenario.

    Examples
    --------
    >>> titles = [item.title for item in comparison.scenarios]  # doctest: +SKIP
    >>> figures.region(local, "Zutphen", read_figures(folder, regions), titles)  # doctest: +SKIP
    """
    from sd_covid.report.local.findings import fan_finding

    texts = Texts(language)
    found = local.profiles.regions.standing(name, language)
    return figure_of(fan_finding(local, found, published, titles, local.years[-1], texts), size)


@checked
def region_ranks(local: Local, year: int, *, language: str = "en", size: Size | None = None) -> Figure:
    """Municipalities from high to low with 90 % intervals of their ranks, and those at either end by name.

    Parameters
    ----------
    local : Local
    year : int
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        A year that the run does not cover.
    """
    from sd_covid.report.local.ranks import ranking_finding

    return figure_of(ranking_finding(local, year, Texts(language)), size)


@checked
def elections(comparison: Comparison, *, language: str = "en", size: Size | None = None) -> Figure:
    """Trust in parliament in the months in which councils are elected, with its 90 %, in every scenario.

    Parameters
    ----------
    comparison : Comparison
        Of `sd_covid.policy.comparison.run`, with ``trust in parliament``.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Without that output, or over other years.
    """
    from sd_covid.report.local.elections import elections_finding

    return figure_of(elections_finding(comparison, Texts(language)), size)
