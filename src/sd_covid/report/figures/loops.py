"""Figures of feedback loops, and of causal-loop diagrams.

In goes a `LoopStudy`, or runs and scores of a diagram; out come the figures of their findings, so that a report and a
notebook show the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.parts import Size, figure_of
from sd_covid.report.finding import Finding
from sd_covid.report.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.loops.study import LoopStudy
    from sd_covid.marvel.run import Runs
    from sd_covid.marvel.scores import Scores
    from sd_covid.model import Model
    from sd_covid.policy.titles import Titles


def loop_shares(
    study: LoopStudy,
    model: Model,
    *,
    partition: int = 0,
    titles: Titles | None = None,
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
    titles : Titles, optional
        Of variables (`sd_covid.policy.titles.read_titles`).
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

    texts = Texts(language)
    findings = dominance_findings(study, Told(model, texts) if titles is None else Told(model, texts, titles))
    if not 0 <= partition < len(findings):
        reason = f"there are {len(findings)} partitions in which loops compete"
        raise RunError(reason, advice="choose a lower one, or run study_loops with 'searched' above 0")
    return figure_of(findings[partition], size)


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

    return figure_of(inventory_finding(study, Told(model, Texts(language))), size)


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
    return figure_of(_of_diagram("effects", runs, scores, language), size)


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
    return figure_of(_of_diagram("scores", runs, scores, language), size)


def _of_diagram(name: str, runs: Runs, scores: Scores, language: str) -> Finding:
    from sd_covid.report.marvel import findings

    return next(item for item in findings(runs, scores, Texts(language)) if item.id == name)
