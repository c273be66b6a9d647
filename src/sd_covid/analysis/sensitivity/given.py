"""What a difference depends on over time, from draws that were run before: no run is added.

In come a comparison and its draws, in which the assumptions are independent of each other and of the posterior. Each
assumption has its first-order index by RBD-FAST (Plischke 2010, doi 10.1016/j.ress.2009.11.005; Tissot and Prieur 2012,
doi 10.1016/j.ress.2012.06.010), which takes any independent sample once it is put in order. The calibrated parameters
are correlated, so they are one factor: its share is what a linear regression on all of them explains, the sum of their
Shapley effects (`shapley`). What is left are interactions, what a line does not catch, and factors that do little.
A design of its own (`pipeline`) tells interactions and needs runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from sd_covid.analysis.sensitivity.convergence import Convergence
from sd_covid.analysis.sensitivity.designs import Design
from sd_covid.analysis.sensitivity.estimators import estimate
from sd_covid.analysis.sensitivity.factors import CALIBRATED, Factor
from sd_covid.analysis.sensitivity.indices import Indices, varying
from sd_covid.analysis.sensitivity.results import PathSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.shapley import Within, shapley_effects
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.types import Floats

#: Of fewer draws an idle factor's index strays beyond what is told: by RBD-FAST over ten harmonics its standard
#: deviation is about 6.3 / draws.
FEWEST_DRAWS = 500
#: Assumptions of which indices are taken, by their largest rank correlation with the difference.
_LOOKED_AT = 12
#: Orders of the parameters at the widest moment, where each has an effect of its own, and elsewhere.
_ORDERS, _FEW = 16, 2
_ROUNDING = 1e-12

#: Constant -> what a reader calls it, and the grade of its evidence.
Naming = Callable[[str], tuple[Text, str]]


def from_draws(
    comparison: Comparison,
    draws: pd.DataFrame,
    scenario: str,
    outputs: Sequence[str],
    calibrated: Collection[str],
    named: Naming,
) -> tuple[Sensitivity, ...]:
    """Indices of the difference of a package at each new year, an analysis an output.

    Parameters
    ----------
    comparison : Comparison
    draws : DataFrame, shape (member, constant)
        What varied, in the order of the members.
    scenario : str
    outputs : sequence of str
    calibrated : collection of str
        Constants that the posterior holds; the other columns are assumptions, drawn independently.
    named : callable
        What assumptions are called.

    Returns
    -------
    tuple of Sensitivity
        Each with one path; none where fewer than `FEWEST_DRAWS` draws are sound or nothing varies.
    """
    sound = comparison.sound(scenario, comparison.reference)
    if sound.sum() < FEWEST_DRAWS:
        return ()
    kept = draws[sound].reset_index(drop=True)
    held = {key(name) for name in calibrated}
    varied = [str(name) for name in kept if kept[name].nunique() > 1]
    assumed = [name for name in varied if key(name) not in held]
    posterior = kept[[name for name in varied if key(name) in held]]
    places = (rankdata(kept[assumed].to_numpy(dtype=np.float64), axis=0) - 0.5) / len(kept)
    told = [_of_output(comparison, name, scenario, assumed, places, posterior, named) for name in outputs]
    return tuple(item for item in told if item is not None)


def _of_output(
    comparison: Comparison,
    name: str,
    scenario: str,
    assumed: list[str],
    places: Floats,
    posterior: pd.DataFrame,
    named: Naming,
) -> Sensitivity | None:
    """What the difference of one output depends on; None where it does not vary."""
    moments = np.flatnonzero(comparison.date.astype("datetime64[M]").astype(np.int64) % 12 == 0)
    values = comparison.differences(name, scenario)[:, moments]
    levels = comparison.trajectories(name, scenario, paired_with=comparison.reference)[:, moments]
    noise = _ROUNDING * np.abs(levels).max(axis=0)
    if not varying(np.ptp(values, axis=0), noise).any():
        return None
    seed = comparison.provenance.seed
    chosen = _leading(places, values)
    design = Design("rbd-fast", tuple(assumed[at] for at in chosen), places[:, chosen], 1)
    everyone = np.ones(len(values), dtype=np.bool_)
    found = estimate(design, values, everyone, noise, seed=seed)
    together = [
        _explained(item)
        for item in shapley_effects(values, posterior, noise, seed=seed, orders=_FEW, intervals=False)
    ]
    output = comparison.output(name)
    path = PathSensitivity(
        output=output,
        scenario=scenario,
        time=comparison.time[moments],
        date=comparison.date[moments],
        bands=np.quantile(values, (0.05, 0.5, 0.95), axis=0),
        indices=_joined(np.array(together), found),
        convergence=Convergence((len(values),), np.zeros((1, len(chosen) + 1, len(moments)))),
    )
    widest = [path.widest]
    (within,) = shapley_effects(values[:, widest], posterior, noise[widest], seed=seed, orders=_ORDERS)
    return Sensitivity(
        method="rbd-fast",
        reference=comparison.reference,
        scenarios=comparison.scenarios,
        factors=(
            Factor("posterior", CALIBRATED, "posterior", tuple(map(str, posterior))),
            *(_factor(assumed[at], named) for at in chosen),
        ),
        outcomes=(),
        paths=(replace(path, within=within),),
        screened=None,
        samples=len(values),
        kept=len(values),
        runs=0,
        failures=(),
        provenance=comparison.provenance,
    )


def _leading(places: Floats, values: Floats) -> list[int]:
    """Columns whose rank correlation with the values is largest at some moment, weighed by the spread there."""
    mine = places - places.mean(axis=0)
    theirs = rankdata(values, axis=0)
    theirs -= theirs.mean(axis=0)
    norm = np.linalg.norm(mine, axis=0)[:, None] * np.maximum(np.linalg.norm(theirs, axis=0), 1.0)
    spread = values.std(axis=0)
    weight = spread / max(float(spread.max()), np.finfo(float).tiny)
    reach = (np.abs(mine.T @ theirs) / norm * weight).max(axis=1)
    return [int(at) for at in np.argsort(-reach, kind="stable")[:_LOOKED_AT]]


def _explained(within: Within | None) -> float:
    """What all parameters explain; NaN where it is not known, and never below nil."""
    return np.nan if within is None else max(within.explained, 0.0)


def _joined(posterior: Floats, found: Indices) -> Indices:
    """Indices of the assumptions below the share of the calibrated parameters, which has no interval."""
    first = {name: np.vstack([posterior, np.maximum(value, 0.0)]) for name, value in found.values.items()}
    none = np.full((1, len(posterior)), np.nan)
    halves = {name: np.vstack([none, half]) for name, half in found.half_widths.items()}
    return Indices(first, halves, found.variance, found.blocks, found.floor)


def _factor(constant: str, named: Naming) -> Factor:
    """An assumption as a factor."""
    title, grade = named(constant)
    return Factor(constant, title, "assumption", (constant,), grade=grade)
