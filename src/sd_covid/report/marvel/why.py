"""Findings about why interventions in a diagram do what they do: the strongest paths, and the loops."""

from __future__ import annotations

import pandas as pd

from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.explain import loops_of, strongest_paths, whole_effect
from sd_covid.marvel.stability import Stability
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import ARROW, Numbers

_LONGEST, _PATHS = 6, 3  # links of a path, and paths of a pair
_LISTED = 60  # loops in a table


def paths_finding(diagram: Diagram, texts: Texts) -> Finding:
    """The strongest paths from each intervention to each performance."""
    numbers, labels = Numbers(texts.language), _labels(diagram, texts)
    found = [
        (item, goal, way, whole_effect(diagram, item.variable, goal.id))
        for item in diagram.interventions
        for goal in diagram.performances
        for way in strongest_paths(diagram, item.variable, goal.id, _LONGEST, _PATHS)
    ]
    table = pd.DataFrame(
        {
            texts("marvel.column.intervention"): [texts.of(item.label) for item, *_ in found],
            texts("marvel.column.performance"): [texts.of(goal.label) for _, goal, *_ in found],
            texts("marvel.column.path"): [_along(labels, way.variables) for _, _, way, _ in found],
            texts("marvel.column.gain"): [way.gain for _, _, way, _ in found],
            texts("marvel.column.delay"): [way.delay for _, _, way, _ in found],
            texts("marvel.column.whole"): [whole for *_, whole in found],
        }
    )
    strongest = max((way for _, _, way, _ in found), key=lambda way: abs(way.gain), default=None)
    first = (
        []
        if strongest is None
        else [
            texts(
                "marvel.paths.strongest",
                path=_along(labels, strongest.variables),
                gain=numbers.exact(strongest.gain, 2),
                delay=numbers.exact(strongest.delay, 1),
            )
        ]
    )
    return Finding(
        "paths",
        texts("marvel.paths"),
        (*first, texts("marvel.paths.rest", longest=_LONGEST)),
        texts("marvel.paths.caution"),
        table,
        {
            texts("marvel.column.gain"): 3,
            texts("marvel.column.whole"): 3,
            texts("marvel.column.delay"): 2,
        },
    )


def loops_finding(diagram: Diagram, rest: Stability, texts: Texts) -> Finding:
    """The loops, and whether the diagram comes to rest."""
    numbers, labels = Numbers(texts.language), _labels(diagram, texts)
    found = loops_of(diagram)
    positive = sum(loop.gain > 0 for loop in found.loops)
    counted = (
        texts(
            "marvel.loops.all",
            loops=len(found.loops),
            reinforcing=positive,
            balancing=len(found.loops) - positive,
        )
        if found.complete
        else texts("marvel.loops.many", loops=len(found.loops))
    )
    radius = numbers.exact(rest.radius, 2)
    stands = (
        texts("marvel.loops.stable", radius=radius, growth=numbers.exact(-rest.growth, 2))
        if rest.stable
        else texts("marvel.loops.runaway", radius=radius)
    )
    shown = found.loops[:_LISTED]
    table = pd.DataFrame(
        {
            texts("marvel.column.loop"): [
                _along(labels, (*loop.variables, loop.variables[0])) for loop in shown
            ],
            texts("marvel.column.kind"): [
                texts("marvel.reinforcing" if loop.gain > 0 else "marvel.balancing") for loop in shown
            ],
            texts("marvel.column.once"): [loop.gain for loop in shown],
            texts("marvel.column.delay"): [loop.delay for loop in shown],
        }
    )
    return Finding(
        "loops",
        texts("marvel.loops"),
        (counted, stands),
        texts("marvel.loops.caution"),
        table,
        {texts("marvel.column.once"): 3, texts("marvel.column.delay"): 2},
    )


def _labels(diagram: Diagram, texts: Texts) -> dict[str, str]:
    return {item.id: texts.of(item.label) for item in diagram.variables}


def _along(labels: dict[str, str], variables: tuple[str, ...]) -> str:
    return ARROW.join(labels[name] for name in variables)
