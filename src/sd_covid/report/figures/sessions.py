"""Figures of an expert session: answers, weights, pooled strengths, priors before and after, and local signals.

In go what the group said, pooled, and what followed from it; out come the figures of their findings, so that a report
and a notebook show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, figure_of, sized
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.data import Registry, Series
    from sd_covid.marvel.session.draws import Judged
    from sd_covid.marvel.session.pool import Pooled
    from sd_covid.marvel.session.priors import ExpertPrior
    from sd_covid.marvel.signals import Signal


@checked
def session_answers(pooled: Pooled, *, language: str = "en", size: Size | None = None) -> Figure:
    """How many participants chose what of each link, from strongly less to strongly more, least agreement on top.

    Parameters
    ----------
    pooled : Pooled
        Of `sd_covid.marvel.session.pool.pool`.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Examples
    --------
    >>> pooled = pool(read_session(diagram, seeds, [Path("forms")]), "performance")  # doctest: +SKIP
    >>> figures.session_answers(pooled, language="nl")  # doctest: +SKIP
    """
    from sd_covid.report.session.answers import agreement_finding

    return figure_of(agreement_finding(pooled, Texts(language)), size)


@checked
def session_weights(pooled: Pooled, *, language: str = "en", size: Size | None = None) -> Figure:
    """Weights of participants by their answers to seed questions, the largest on top.

    Parameters
    ----------
    pooled : Pooled
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        The session had no seed questions, or was not pooled by them.
    """
    from sd_covid.report.session.findings import performance_finding

    if pooled.performance is None:
        reason = "the session has no seed questions, so participants have no weights"
        raise RunError(reason, advice="read it with the seed questions of the diagram")
    if pooled.method != "performance":
        raise RunError("everybody counts alike in this pool", advice="pool the session by 'performance'")
    return figure_of(performance_finding(pooled, Texts(language)), size)


@checked
def session_strengths(pooled: Pooled, *, language: str = "en", size: Size | None = None) -> Figure:
    """Pooled strengths with their 90 %, beside those of the diagram: the links that differ most from it.

    Parameters
    ----------
    pooled : Pooled
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.session.findings import pooled_finding

    return figure_of(pooled_finding(pooled, Texts(language)), size)


@checked
def session_priors(
    pooled: Pooled,
    priors: Sequence[ExpertPrior],
    judged: Judged,
    *,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Draws of constants before and after a session, each against its median before.

    Parameters
    ----------
    pooled : Pooled
    priors : sequence of ExpertPrior
        Of `sd_covid.marvel.session.priors.expert_priors`.
    judged : Judged
        Of `sd_covid.marvel.session.draws.judged_draws`.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        The session changes no prior.
    """
    from sd_covid.report.session.priors import priors_chart

    if not priors:
        raise RunError("the session changes no prior", advice="see why in what 'expert_priors' kept")
    texts = Texts(language)
    return sized(priors_chart(pooled, priors, judged, texts), size, texts("session.priors"))


@checked
def signals(
    notes: Sequence[Signal],
    series: Series,
    registry: Registry,
    *,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Local signals of one variable on their days, above its published series.

    Parameters
    ----------
    notes : sequence of Signal
        Of `sd_covid.marvel.signals.read_signals`, of one variable.
    series : Series
        Of `sd_covid.marvel.signals.series_of`.
    registry : Registry
        Which spells the unit of the series.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No signals, or signals of several variables.
    """
    from sd_covid.report.session.signals import signals_chart

    texts = Texts(language)
    titles = list(dict.fromkeys(texts.of(item.variable.label) for item in notes))
    if len(titles) != 1:
        reason = (
            f"signals of {', '.join(titles)} do not go in one figure" if titles else "there are no signals"
        )
        raise RunError(reason, advice="give those of one variable")
    return sized(signals_chart(notes, series, registry, texts), size, titles[0])
