"""Figures of analyses: sensitivity, robustness, search among packages, loops, and causal-loop diagrams.

In go results as the analyses return them; out come the figures of their findings, so that a report and a notebook show
the same. `sd_covid.report.finding.Finding` has the sentences that go with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.report.charts import chart_style
from sd_covid.report.figures.size import Size, sized
from sd_covid.report.finding import Finding
from sd_covid.report.glossary import Glossary
from sd_covid.report.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.loops.study import LoopStudy
    from sd_covid.analysis.optimisation.optimise import Optimised
    from sd_covid.analysis.robustness.pipeline import Robust
    from sd_covid.analysis.sensitivity import Sensitivity
    from sd_covid.data.text import Text
    from sd_covid.marvel.run import Runs
    from sd_covid.marvel.scores import Scores
    from sd_covid.model import Model

Item = TypeVar("Item")


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
    from sd_covid.report.sensitivity import outcome_finding
    from sd_covid.report.sensitivity_words import Words

    item = _chosen(outcome, {item.outcome.id: item for item in found.outcomes}, "outcome")
    words = Words(found, Texts(language))
    return _figure(outcome_finding(item, words, glossary or Glossary()), size)


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
    from sd_covid.report.sensitivity_paths import path_finding
    from sd_covid.report.sensitivity_words import Words

    path = _chosen(output, {item.output.name: item for item in found.paths}, "path of output")
    return _figure(path_finding(path, Words(found, Texts(language))), size)


def sensitivity_convergence(found: Sensitivity, *, language: str = "en", size: Size | None = None) -> Figure:
    """Indices from growing parts of the design, of the outcome that has converged least.

    Parameters
    ----------
    found : Sensitivity
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.sensitivity_checks import convergence_finding
    from sd_covid.report.sensitivity_words import Words

    return _figure(convergence_finding(found, Words(found, Texts(language))), size)


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

    scores = _chosen(objective, {item.objective.id: item for item in found.scores}, "objective")
    return _figure(regret_finding(RobustNames(found, Glossary(), Texts(language)), scores), size)


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

    buying = _chosen(objective, {item.objective: item for item in found.plan.worth}, "value for money of")
    names = RobustNames(found, Glossary(), Texts(language))
    return _figure(worth_finding(names, buying, found.worth[buying.objective]), size)


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
    return _figure(information_finding(names, found.learnt), size)


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

    return _figure(front_finding(found, Texts(language)), size)


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

    return _figure(frontier_finding(found, Texts(language)), size)


def loop_shares(
    study: LoopStudy,
    model: Model,
    *,
    partition: int = 0,
    titles: Mapping[str, Text] | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Which feedback loops make the behaviour, over time: reinforcing above zero, balancing below.

    Parameters
    ----------
    study : LoopStudy
        Of `sd_covid.analysis.loops.study.study_loops`, with their scores.
    model : Model
        ``simulation.model``.
    partition : int
        Which of the partitions in which loops compete, the largest first.
    titles : mapping, optional
        Canonical name -> title of a variable.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        There is no such partition.
    """
    from sd_covid.report.loops import dominance_findings
    from sd_covid.report.loops_words import Told

    findings = dominance_findings(study, Told(model, Texts(language), titles or {}))
    if not 0 <= partition < len(findings):
        reason = f"there are {len(findings)} partitions in which loops compete"
        raise RunError(reason, advice="choose a lower one, or run study_loops with 'searched' above 0")
    return _figure(findings[partition], size)


def loop_gains(study: LoopStudy, model: Model, *, language: str = "en", size: Size | None = None) -> Figure:
    """The loops with the largest gain, reinforcing to the right and balancing to the left.

    Parameters
    ----------
    study : LoopStudy
    model : Model
        ``simulation.model``.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.loops import inventory_finding
    from sd_covid.report.loops_words import Told

    return _figure(inventory_finding(study, Told(model, Texts(language))), size)


def diagram_effects(runs: Runs, scores: Scores, *, language: str = "en", size: Size | None = None) -> Figure:
    """What each intervention in a causal-loop diagram does to each performance, as colours with symbols.

    Parameters
    ----------
    runs : Runs
    scores : Scores
        Of `sd_covid.marvel.scores.score_all`.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    return _figure(_of_diagram("effects", runs, scores, language), size)


def diagram_scores(runs: Runs, scores: Scores, *, language: str = "en", size: Size | None = None) -> Figure:
    """Scores of interventions and their combinations, as bars from doing nothing.

    Parameters
    ----------
    runs : Runs
    scores : Scores
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    return _figure(_of_diagram("scores", runs, scores, language), size)


def _of_diagram(name: str, runs: Runs, scores: Scores, language: str) -> Finding:
    from sd_covid.report.marvel import findings

    return next(item for item in findings(runs, scores, Texts(language)) if item.id == name)


def _chosen(name: str, among: Mapping[str, Item], what: str) -> Item:
    """What goes by a name, matched as names in a model are."""
    for known, item in among.items():
        if key(known) == key(name):
            return item
    advice = suggest(name, among) or _listed(among)
    raise UnknownNameError(f"no {what} '{name}'", advice=advice, variable=name)


def _listed(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"there are {listed}" if listed else "there are none"


@chart_style()
def _figure(finding: Finding, size: Size | None) -> Figure:
    """The figure of a finding.

    Raises
    ------
    RunError
        It has none: what it is about does not vary.
    """
    if finding.figure is None:
        raise RunError(f"no figure of '{finding.title}': {' '.join(finding.sentences)}")
    return sized(finding.figure(), size, finding.title)
