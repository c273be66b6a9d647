"""Whether two layers agree: in direction, pair by pair, and in the ranking of interventions, outcome by outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sd_covid.marvel.beside.counterparts import Counterparts
from sd_covid.marvel.beside.effects import Effect, Pair
from sd_covid.marvel.diagram import Diagram, Intervention, Variable

Verdict = Literal["agree", "disagree", "cannot tell"]
Why = Literal[
    "same",
    "opposite",
    "neither",
    "diagram only",
    "model only",
    "unsure",
    "no lever",
    "no output",
    "neither known",
]
_FEWEST = 4  # interventions of which a ranking says something


@dataclass(frozen=True, slots=True)
class Compared:
    """An intervention and a performance in both layers.

    Attributes
    ----------
    intervention : Intervention
    performance : Variable
    diagram : Effect
        On the scale of the diagram.
    model : Effect or None
        In the unit of the output, as the variable moves; None where the model has no counterpart.
    verdict : Verdict
    why : Why
        ``diagram only``: the model has no way from one to the other; ``unsure``: in at least one layer nine
        in ten draws do not lie on one side.
    """

    intervention: Intervention
    performance: Variable
    diagram: Effect
    model: Effect | None
    verdict: Verdict
    why: Why


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of interventions by one performance, in both layers.

    Attributes
    ----------
    performance : Variable
    interventions : tuple of Intervention
        Those that both layers have.
    correlation : float
        Spearman's, of the medians; NaN where fewer than four differ.
    low, high : float
        5 and 95 % over pairs of a sample and a draw.
    """

    performance: Variable
    interventions: tuple[Intervention, ...]
    correlation: float
    low: float
    high: float


def compare(
    diagram: Diagram,
    counterparts: Counterparts,
    in_diagram: Mapping[Pair, Effect],
    in_model: Mapping[Pair, Effect],
) -> tuple[Compared, ...]:
    """Set every intervention and performance of a diagram beside its counterpart.

    Parameters
    ----------
    diagram : Diagram
    counterparts : Counterparts
    in_diagram, in_model : mapping
        Intervention and performance -> `Effect`.
    """
    found = []
    for intervention in diagram.interventions:
        for performance in diagram.performances:
            pair = intervention.id, performance.id
            known = in_diagram[pair]
            other = in_model.get(pair)
            if other is None:
                measure = counterparts.measures.get(intervention.id)
                lever = measure is not None and bool(measure.done)
                found.append(
                    Compared(
                        intervention,
                        performance,
                        known,
                        None,
                        "cannot tell",
                        "no output" if lever else "no lever",
                    )
                )
                continue
            found.append(Compared(intervention, performance, known, other, *_judged(known, other)))
    return tuple(found)


def _judged(diagram: Effect, model: Effect) -> tuple[Verdict, Why]:
    if diagram.none and model.none:
        return "agree", "neither"
    if model.none:
        return "cannot tell", "diagram only"
    if diagram.none:
        return "cannot tell", "model only"
    if not diagram.direction or not model.direction:
        return "cannot tell", "unsure"
    same = diagram.direction == model.direction
    return ("agree", "same") if same else ("disagree", "opposite")


def rankings(found: tuple[Compared, ...], seed: int = 0) -> tuple[Ranking, ...]:
    """The rank correlation of interventions for every performance that both layers have.

    Parameters
    ----------
    found : tuple of Compared
    seed : int
        Of the pairing of samples and draws, which know nothing of one another.
    """
    made = []
    for performance in dict.fromkeys(item.performance for item in found):
        rows = [item for item in found if item.performance is performance and item.model is not None]
        if not rows:
            continue
        first = np.array([item.diagram.values for item in rows])
        second = [item.model.values for item in rows if item.model is not None]
        count = min(first.shape[1], *(len(values) for values in second))
        order = np.random.default_rng(seed).permutation(count)
        paired = [
            _spearman(first[:, k], np.array([values[j] for values in second]))
            for k, j in zip(range(count), order.tolist(), strict=True)
        ]
        middle = _spearman(np.median(first, axis=1), np.array([np.median(values) for values in second]))
        kept = [value for value in paired if np.isfinite(value)]
        low, high = np.quantile(kept, [0.05, 0.95]).tolist() if kept else (np.nan, np.nan)
        made.append(Ranking(performance, tuple(item.intervention for item in rows), middle, low, high))
    return tuple(made)


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; NaN where too few differ."""
    from scipy.stats import rankdata

    if len(one) < _FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
