"""Which published figures would tell: the value of seeing a series go on, and how much that says of each parameter.

In come draws and, for each series, what it will be in coming periods on the same draws, as the model computes it; out
come values and shares. A published figure has noise and definitions of its own, so these are upper bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.analysis.information.smooth import normal_scores, smoother
from sd_covid.analysis.information.value import Value, partial
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class Told:
    """What a series says of a parameter.

    Attributes
    ----------
    series : str
    share : float
        Expected share of the parameter's variance, in normal scores, that seeing the series would take away.
    """

    series: str
    share: float


def value_of_figures(
    benefit: Floats, figures: Mapping[str, Floats], *, resamples: int = 200, seed: int = 0
) -> dict[str, Value]:
    """Value of seeing each series before choosing.

    Parameters
    ----------
    benefit : ndarray, shape (draw, option)
    figures : mapping
        Series -> ndarray, shape (draw, period).
    resamples, seed : int
    """
    return {
        name: partial(benefit, values, resamples=resamples, seed=seed + place)
        for place, (name, values) in enumerate(figures.items())
    }


def told_by(parameter: Floats, figures: Mapping[str, Floats]) -> tuple[Told, ...]:
    """What each series says of a parameter, the most telling first.

    Parameters
    ----------
    parameter : ndarray, shape (draw,)
    figures : mapping
        Series -> ndarray, shape (draw, period).
    """
    scores = normal_scores(parameter[:, None])
    spread = float(scores.var())
    if spread == 0:
        return ()
    found = []
    for name, values in figures.items():
        fit = smoother(values, scores)
        # The residual variance counts the terms of the fit, so that a series that says nothing comes out at nil.
        left = float(fit.residual(scores)[0, 0]) * (len(scores) - 1) / len(scores)
        found.append(Told(name, float(np.clip(1.0 - left / spread, 0.0, 1.0))))
    return tuple(sorted(found, key=lambda item: -item.share))
