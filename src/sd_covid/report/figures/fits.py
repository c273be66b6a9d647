"""Figures of a fit: published figures beside what is expected of them, profiles, ranks, shifts, and stacked problems.

In go results of calibration; out come matplotlib figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sd_covid.calibration.newest.outlook import Expected
from sd_covid.calibration.validity.report import SeriesValidity
from sd_covid.report.drawing.profiles import profiles_chart
from sd_covid.report.drawing.ranks import ranks_chart
from sd_covid.report.drawing.stacking import stacking_chart
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, sized
from sd_covid.report.update.page import shifts_chart
from sd_covid.report.validity.charts import points_chart
from sd_covid.report.validity.names import Names
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.stacking.count import Stacking
    from sd_covid.calibration.fitting.profile import Profile
    from sd_covid.calibration.newest.updated import Update
    from sd_covid.calibration.sbc.study import Study
    from sd_covid.calibration.sbc.verdict import Verdict
    from sd_covid.policy.calendar import Calendar


@checked
def observed_and_expected(
    series: SeriesValidity | Expected, *, language: str = "en", size: Size | None = None
) -> Figure:
    """Published figures of a series as dots on the bands of 50 and 90 % in which they are expected.

    Parameters
    ----------
    series : SeriesValidity or Expected
        Of `sd_covid.calibration.validity.validate`: figures drawn anew from the posterior, what was held out on grey.
        Or of `sd_covid.calibration.newest.outlook.outlook`: each figure from all the others, and the one that comes
        next.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Examples
    --------
    >>> found = outlook("calibration/problem.yaml", date.today())  # doctest: +SKIP
    >>> figures.observed_and_expected(found.series[0], language="nl")  # doctest: +SKIP
    """
    points = list(series.points)
    if isinstance(series, Expected) and series.next.point is not None:
        points.append(series.next.point)
    return sized(points_chart(points, Texts(language)), size)


@checked
def profiles(
    found: Sequence[Profile], units: Mapping[str, str], *, language: str = "en", size: Size | None = None
) -> Figure:
    """How far the density drops when a parameter moves, one small chart each, with the interval that it bounds.

    Parameters
    ----------
    found : sequence of Profile
    units : mapping of str to str
        Unit by parameter; with the profiles as `sd_covid.calibration.questions.profiles` returns both.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    return sized(profiles_chart(found, units, Texts(language)), size)


@checked
def ranks(study: Study, found: Verdict, *, language: str = "en", size: Size | None = None) -> Figure:
    """Ranks of known truths among fitted draws, beside what chance allows.

    Parameters
    ----------
    study : Study
        Of `sd_covid.calibration.sbc.study`.
    found : Verdict
        Of the study.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    return sized(ranks_chart(study, found, Texts(language)), size)


@checked
def parameter_shifts(
    found: Update, *, glossary: Glossary | None = None, language: str = "en", size: Size | None = None
) -> Figure:
    """The parameters that new figures moved most: their intervals before and now, from the median before.

    Parameters
    ----------
    found : Update
        Of `sd_covid.calibration.newest.update`.
    glossary : Glossary, optional
        What the parameters are called.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    texts = Texts(language)
    names = Names(texts, glossary or Glossary(), None)
    return sized(shifts_chart(found, names), size, texts("update.chart"))


@checked
def stacking(
    found: Stacking, calendar: Calendar, *, language: str = "en", size: Size | None = None
) -> Figure:
    """Shares with one, two, three or more problems at once over time, and two or more by group.

    Parameters
    ----------
    found : Stacking
        Of `sd_covid.analysis.stacking.count`.
    calendar : Calendar
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    return sized(stacking_chart(found, calendar, Texts(language)), size)
