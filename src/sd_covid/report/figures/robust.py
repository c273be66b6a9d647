"""Figures of a study of robustness: ranks and regret, targets, where a package fails, and what things are worth.

In goes a `Robust`; out come the figures of its findings, so that a report and a notebook show the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, chosen, figure_of, sized
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.analysis.robustness.pipeline import Found, Robust
    from sd_covid.analysis.robustness.scores import Scores
    from sd_covid.report.robust.names import RobustNames


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
    from sd_covid.report.robust.findings import regret_finding

    return figure_of(regret_finding(_names(found, language), _scores(found, objective)), size)


@checked
def metric_ranks(found: Robust, objective: str, *, language: str = "en", size: Size | None = None) -> Figure:
    """The place of each package by each metric of robustness, the darker the better.

    Parameters
    ----------
    found : Robust
    objective : str
        Its id in the plan.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An objective that the plan does not have.
    """
    from sd_covid.report.robust.findings import ranks_finding

    return figure_of(ranks_finding(_names(found, language), _scores(found, objective)), size)


@checked
def best_shares(found: Robust, *, language: str = "en", size: Size | None = None) -> Figure:
    """How often each package is the best, by every objective.

    Parameters
    ----------
    found : Robust
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.robust.compared import best_chart

    names = _names(found, language)
    titles = [names.objective(item.objective) for item in found.scores]
    return sized(best_chart(names, titles), size, names.texts("compared.best"))


@checked
def targets(found: Robust, *, language: str = "en", size: Size | None = None) -> Figure:
    """How often each package meets each target, and all of them together.

    Parameters
    ----------
    found : Robust
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        The plan has no targets.
    """
    from sd_covid.report.robust.states import together_finding

    if all(item.target is None for item in found.plan.objectives):
        reason = "the plan has no targets"
        raise RunError(reason, advice="add 'target' to an objective", file=found.plan.file)
    return figure_of(together_finding(_names(found, language)), size)


@checked
def reversals(found: Robust, *, language: str = "en", size: Size | None = None) -> Figure:
    """How often the order of packages turns, over draws and under each other path and structure, by objective.

    Parameters
    ----------
    found : Robust
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.
    """
    from sd_covid.report.robust.states import reversals_finding

    return figure_of(reversals_finding(_names(found, language)), size)


@checked
def failure_box(
    found: Robust,
    search: int = 0,
    *,
    glossary: Glossary | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Coverage against density of the boxes in which a package misses its target, and the one chosen.

    Where no box was found, how often it misses it under each path.

    Parameters
    ----------
    found : Robust
    search : int
        Which of the plan's searches for failure.
    glossary : Glossary, optional
        What the calibrated parameters are called.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        There is no such search; or there is no box, and only one path.
    """
    from sd_covid.report.robust.boxes import box_finding

    return figure_of(box_finding(_names(found, language, glossary), search, _search(found, search)), size)


@checked
def failure_regions(
    found: Robust,
    search: int = 0,
    *,
    glossary: Glossary | None = None,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """The ways in which a package misses its target: how often in each, and which part of all failures it holds.

    Parameters
    ----------
    found : Robust
    search : int
        Which of the plan's searches for failure.
    glossary : Glossary, optional
        What the calibrated parameters are called.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    RunError
        There is no such search, or it set no regions apart.
    """
    from sd_covid.report.robust.regions import regions_finding

    told = regions_finding(_names(found, language, glossary), search, _search(found, search))
    if told is None:
        raise RunError(
            f"search {search} set no regions apart: too few failures, or nothing that varies tells them",
            advice="ask more draws of the plan, or another target",
            file=found.plan.file,
        )
    return figure_of(told, size)


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
    from sd_covid.report.robust.value import worth_finding

    buying = chosen(objective, {item.objective: item for item in found.plan.worth}, "value for money of")
    return figure_of(worth_finding(_names(found, language), buying, found.worth[buying.objective]), size)


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
    from sd_covid.report.robust.value import information_finding

    if found.learnt is None:
        reason = "the plan does not ask what more knowledge is worth"
        raise RunError(reason, advice="add 'information' to it", file=found.plan.file)
    return figure_of(information_finding(_names(found, language, glossary), found.learnt), size)


def _names(found: Robust, language: str, glossary: Glossary | None = None) -> RobustNames:
    from sd_covid.report.robust.names import RobustNames

    return RobustNames(found, glossary or Glossary(), Texts(language))


def _scores(found: Robust, objective: str) -> Scores:
    return chosen(objective, {item.objective.id: item for item in found.scores}, "objective")


def _search(found: Robust, place: int) -> Found:
    """What a search for failure found."""
    if not 0 <= place < len(found.boxes):
        reason = f"there are {len(found.boxes)} searches for failure, counted from 0"
        raise RunError(
            reason, advice="choose one of them, or add 'discovery' to the plan", file=found.plan.file
        )
    return found.boxes[place]
