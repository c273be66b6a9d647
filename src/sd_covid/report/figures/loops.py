"""Figures of feedback loops and paths of a model, and of causal-loop diagrams, alone and beside the quantified model.

In goes a `LoopStudy`, a difference by path, a link cut, runs and scores of a diagram, or two layers compared; out come
the figures of their findings, so that a report and a notebook show the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, figure_of, sized
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.loops.knockout import Knockout
    from sd_covid.analysis.loops.paths import Explained
    from sd_covid.analysis.loops.study import LoopStudy
    from sd_covid.engine.simulation import Simulation
    from sd_covid.marvel.beside.compare import Compared, Ranking
    from sd_covid.marvel.run import Runs
    from sd_covid.marvel.scores import Scores
    from sd_covid.model import Model
    from sd_covid.policy.titles import Titles
    from sd_covid.report.loops.words import Told


@checked
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
    from sd_covid.report.loops.findings import dominance_findings

    findings = dominance_findings(study, _told(model, titles, language))
    if not 0 <= partition < len(findings):
        reason = f"there are {len(findings)} partitions in which loops compete"
        raise RunError(reason, advice="choose a lower one, or run study_loops with 'searched' above 0")
    return figure_of(findings[partition], size)


@checked
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
    from sd_covid.report.loops.findings import inventory_finding

    return figure_of(inventory_finding(study, _told(model, None, language)), size)


@checked
def difference_paths(
    found: Explained,
    simulation: Simulation,
    output: str,
    scenarios: Sequence[str],
    *,
    titles: Titles | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Along which paths in the model an output comes to differ between two runs: what each carries, over time.

    Parameters
    ----------
    found : Explained
        Of `sd_covid.analysis.loops.paths.explain`.
    simulation : Simulation
        That was run.
    output : str
    scenarios : sequence of str
        What the first run is called, and the second.
    titles : Titles, optional
        Of variables (`sd_covid.policy.titles.read_titles`).
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Not two scenarios.
    """
    from sd_covid.report.loops.between import paths_finding

    told = _told(simulation.model, titles, language)
    return figure_of(paths_finding(found, simulation, output, _pair(scenarios), told), size)


@checked
def link_cut(
    found: Knockout,
    model: Model,
    output: str,
    link: Sequence[str],
    *,
    scenarios: Sequence[str] = (),
    titles: Titles | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """What an output does without a link from cause to effect, beside what it does with it.

    Parameters
    ----------
    found : Knockout
        Of `sd_covid.analysis.loops.knockout.knock_out`.
    model : Model
        ``simulation.model``.
    output : str
    link : sequence of str
        Cause and effect.
    scenarios : sequence of str
        Where the link was held on the path of another run: what that is called, and then the run itself.
    titles : Titles, optional
        Of variables.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Not two ends of a link, or not two scenarios.
    """
    from sd_covid.report.loops.between import cut_finding

    pair = _pair(scenarios) if scenarios else None
    return figure_of(cut_finding(found, output, _pair(link), pair, _told(model, titles, language)), size)


@checked
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


@checked
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


@checked
def layers(compared: Sequence[Compared], *, language: str = "en", size: Size | None = None) -> Figure:
    """Where a diagram and the model agree: a field for each intervention and performance, with the signs of both.

    Parameters
    ----------
    compared : sequence of Compared
        The first of what `sd_covid.marvel.beside.layers.two_layers` returns.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        Nothing was compared.
    """
    from sd_covid.report.beside.charts import verdicts_chart

    if not compared:
        raise RunError("nothing was compared", advice="give what 'two_layers' found")
    texts = Texts(language)
    return sized(verdicts_chart(compared, texts), size, texts("beside.verdicts"))


@checked
def layer_ranks(ranked: Sequence[Ranking], *, language: str = "en", size: Size | None = None) -> Figure:
    """How far diagram and model put interventions in the same order: a rank correlation with its 90 % by outcome.

    Parameters
    ----------
    ranked : sequence of Ranking
        The second of what `sd_covid.marvel.beside.layers.two_layers` returns.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        No outcome in which four interventions differ in both layers.
    """
    from sd_covid.report.beside.charts import correlations_chart

    if not any(math.isfinite(item.correlation) for item in ranked):
        reason = "no outcome has four interventions that differ in both layers"
        raise RunError(reason, advice="give more of them a counterpart")
    texts = Texts(language)
    return sized(correlations_chart(ranked, texts), size, texts("beside.ranks"))


def _of_diagram(name: str, runs: Runs, scores: Scores, language: str) -> Finding:
    from sd_covid.report.marvel.findings import findings

    return next(item for item in findings(runs, scores, Texts(language)) if item.id == name)


def _told(model: Model, titles: Titles | None, language: str) -> Told:
    from sd_covid.report.loops.words import Told

    texts = Texts(language)
    return Told(model, texts) if titles is None else Told(model, texts, titles)


def _pair(names: Sequence[str]) -> tuple[str, str]:
    """Two names, which a sequence of another length is not."""
    if len(names) != 2:
        raise RunError(f"{len(names)} names in place of two", advice=f"{list(names)} is to be a pair")
    return names[0], names[1]
