"""Figures of a sensitivity analysis: bars, pairs, indices over time, the posterior within, screening, convergence.

In goes a `Sensitivity`; out come the figures of its findings, so that a report and a notebook show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, chosen, figure_of
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.sensitivity import Sensitivity


@checked
def sensitivity(
    found: Sensitivity,
    outcome: str,
    *,
    glossary: Glossary | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """On what an outcome depends: a bar for each factor with its interval, the longest on top.

    Parameters
    ----------
    found : Sensitivity
        Of `sd_covid.analysis.sensitivity.analyse`.
    outcome : str
        Its id in the plan.
    glossary : Glossary, optional
        What the calibrated parameters are called (`sd_covid.report.read_glossary`).
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An outcome that the plan does not have.
    RunError
        It does not vary.

    Examples
    --------
    >>> found = analyse(read_plan("scenarios/sensitivity.yaml", model))  # doctest: +SKIP
    >>> figures.sensitivity(found, "unemployment_2021", language="nl")  # doctest: +SKIP
    """
    from sd_covid.report.sensitivity.findings import outcome_finding
    from sd_covid.report.sensitivity.words import Words

    item = chosen(outcome, {item.outcome.id: item for item in found.outcomes}, "outcome")
    words = Words(found, Texts(language))
    return figure_of(outcome_finding(item, words, glossary or Glossary()), size)


@checked
def sensitivity_over_time(
    found: Sensitivity, output: str, *, language: str = "en", size: Size | None = None
) -> Figure:
    """Indices over time, stacked where they are shares of the variance, above the spread that they divide.

    Parameters
    ----------
    found : Sensitivity
        With paths over time in its plan.
    output : str
        Of a path.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        The plan has no path of that output.
    RunError
        It does not vary.
    """
    from sd_covid.report.sensitivity.paths import path_finding
    from sd_covid.report.sensitivity.words import Words

    path = chosen(output, {item.output.name: item for item in found.paths}, "path of output")
    return figure_of(path_finding(path, Words(found, Texts(language))), size)


@checked
def sensitivity_convergence(found: Sensitivity, *, language: str = "en", size: Size | None = None) -> Figure:
    """Indices from growing parts of the design, of the outcome that has converged least.

    Parameters
    ----------
    found : Sensitivity
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.sensitivity.checks import convergence_finding
    from sd_covid.report.sensitivity.words import Words

    return figure_of(convergence_finding(found, Words(found, Texts(language))), size)


@checked
def sensitivity_pairs(found: Sensitivity, *, language: str = "en", size: Size | None = None) -> Figure:
    """The pairs of factors that work together most, as bars of their second-order indices.

    Parameters
    ----------
    found : Sensitivity
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Pairs were not told apart, or none is beyond chance.
    """
    from sd_covid.report.sensitivity.findings import pairs_findings
    from sd_covid.report.sensitivity.words import Words

    told = pairs_findings(found, Words(found, Texts(language)))
    return figure_of(
        _only(told, "pairs of factors were not told apart", "add 'second_order: true' to the plan"), size
    )


@checked
def sensitivity_within(
    found: Sensitivity, *, glossary: Glossary | None = None, language: str = "en", size: Size | None = None
) -> Figure:
    """On which calibrated parameters the outcomes depend, within the factor that the posterior is.

    Parameters
    ----------
    found : Sensitivity
    glossary : Glossary, optional
        What the calibrated parameters are called.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        The plan has no posterior.
    """
    from sd_covid.report.sensitivity.checks import within_findings
    from sd_covid.report.sensitivity.words import Words

    told = within_findings(found, glossary or Glossary(), Words(found, Texts(language)))
    return figure_of(_only(told, "no posterior is among the factors", "add it to the plan"), size)


@checked
def sensitivity_screening(found: Sensitivity, *, language: str = "en", size: Size | None = None) -> Figure:
    """How far each factor reached in a screening: light bars were set aside.

    Parameters
    ----------
    found : Sensitivity
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Nothing was screened.
    """
    from sd_covid.report.sensitivity.checks import screened_findings
    from sd_covid.report.sensitivity.words import Words

    told = screened_findings(found, Words(found, Texts(language)))
    return figure_of(_only(told, "no factors were screened", "add 'screening' to the plan"), size)


def _only(findings: Sequence[Finding], reason: str, advice: str) -> Finding:
    """The finding, where there is one."""
    if not findings:
        raise RunError(reason, advice=advice)
    return findings[0]
