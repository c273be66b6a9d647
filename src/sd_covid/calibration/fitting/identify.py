"""What the figures can tell of the parameters: information in units of the prior, and what it leaves open.

In: an `Objective`, its best fit and, where there are some, posterior draws. Out: an `Identifiability`. H is the Fisher
information of the figures, as observed: the negative curvature of their log likelihood, in coordinates in which the
prior is a unit normal. An eigenvalue of H above 1 is a direction that the figures determine, one below 1 a sloppy
direction. The effective number of parameters is the trace of H (H + I)^-1.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigh

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.density.whitened import Whitened
from sd_covid.calibration.fitting.fit import PROBES
from sd_covid.calibration.formula import symbols
from sd_covid.calibration.problem.petab import Parameter
from sd_covid.calibration.results import Direction, Identifiability, InformationRow, Pair
from sd_covid.calibration.types import Array, Index
from sd_covid.errors import RunError

TOGETHER = 0.9  # correlation in size from which two parameters are named as a pair
CARRIED = 0.9  # share of a direction's squared length that its named carriers make up
MOST_CARRIERS = 5


def identify(objective: Objective, best: Array, draws: Array | None = None) -> Identifiability:
    """What the figures determine, what they leave to the priors, and which parameters they do not tell apart.

    Parameters
    ----------
    objective : Objective
    best : ndarray, shape (parameter,)
        Natural values of the best fit.
    draws : ndarray, shape (draw, parameter), optional
        From the posterior, in natural values: for the contraction.

    Raises
    ------
    RunError
        The model fails beside the best fit.
    """
    space = Whitened(objective)
    mode = space.mode(best)
    # A parameter that acts only after the last figure has a slope of exactly zero everywhere; near ones are asked too,
    # as a slope may happen to be zero at one point.
    rng = np.random.default_rng(0)
    near = mode + 0.1 * rng.standard_normal((PROBES, len(mode)))
    informed = objective.informed(list(space.natural(np.vstack([mode, near]))[0]))
    places = np.flatnonzero(informed)
    information = space.curvature(mode, places)
    if not np.all(np.isfinite(information)):
        advice = "narrow the priors or bounds; sd-covid run shows which variable fails"
        raise RunError("the model fails beside its best fit, so its information has no value", advice=advice)
    return _described(objective, space, mode, places, information, draws)


def _described(
    objective: Objective,
    space: Whitened,
    mode: Array,
    places: Index,
    information: Array,
    draws: Array | None,
) -> Identifiability:
    """The information as a report."""
    names = [objective.names[index] for index in places.tolist()]
    values, vectors = eigh(information)
    covariance = _covariance(values, vectors)
    expected = dict(zip(names, (1.0 - np.diag(covariance)).tolist(), strict=True))
    contraction = _contraction(objective.parameters, draws)
    determined = np.maximum(values, 0.0)  # where the likelihood curves upwards the figures determine nothing
    return Identifiability(
        log_evidence=_log_evidence(space, mode, values),
        spectrum=tuple(values[::-1].tolist()),
        effective_parameters=float(np.sum(determined / (determined + 1.0))),
        uninformed=tuple(name for name in objective.names if name not in expected),
        sloppy=tuple(
            _direction(names, float(value), vectors[:, index])
            for index, value in enumerate(values.tolist())
            if value < 1.0
        ),
        pairs=_pairs(
            [objective.parameters[index] for index in places.tolist()], covariance, _noise(objective)
        ),
        parameters=tuple(
            InformationRow(name, expected.get(name, 0.0), contraction[index])
            for index, name in enumerate(objective.names)
        ),
    )


def _covariance(values: Array, vectors: Array) -> Array:
    """(H + I)^-1; NaN where that is no covariance, as the point is no maximum."""
    if not np.all(values > -1.0):
        return np.full((len(values), len(values)), math.nan)
    covariance: Array = (vectors / (1.0 + values)) @ vectors.T
    return covariance


def _log_evidence(space: Whitened, mode: Array, values: Array) -> float:
    """Laplace's approximation: log likelihood and prior at the mode, and the volume around it in units of the prior."""
    if not np.all(values > -1.0):
        return math.nan
    likelihood = space.log_likelihood(mode)[0]
    return likelihood - 0.5 * float(mode @ mode) - 0.5 * float(np.sum(np.log1p(values)))


def _contraction(parameters: list[Parameter], draws: Array | None) -> list[float]:
    """1 minus the variance of the draws over the prior's, for every parameter."""
    if draws is None:
        return [math.nan] * len(parameters)
    return [
        math.nan if item.prior is None else 1.0 - float(np.var(draws[:, index], ddof=1)) / item.prior.sd**2
        for index, item in enumerate(parameters)
    ]


def _direction(names: list[str], value: float, vector: Array) -> Direction:
    """A direction with the parameters that make up most of it."""
    order = np.argsort(-np.abs(vector))
    enough = int(np.searchsorted(np.cumsum(vector[order] ** 2), CARRIED)) + 1
    chosen = order[: min(enough, MOST_CARRIERS)].tolist()
    sign = math.copysign(1.0, vector[order[0]])
    return Direction(value, tuple((names[index], sign * float(vector[index])) for index in chosen))


def _pairs(parameters: list[Parameter], covariance: Array, noise: set[str]) -> tuple[Pair, ...]:
    """Pairs that move together, the strongest first."""
    if not np.all(np.isfinite(covariance)):
        return ()
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    rows, columns = np.nonzero(np.triu(np.abs(correlation) > TOGETHER, k=1))
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        r = float(correlation[row, column])
        one, other = parameters[row], parameters[column]
        wide, narrow = (one.id, other.id) if sd[row] >= sd[column] else (other.id, one.id)
        if {one.id, other.id} <= noise:
            advice = f"both are of the noise: leave them, or fix {wide} and estimate {narrow}"
        else:
            what = _combination(one, other, r)
            advice = (
                f"the figures tell the {what} of {one.id} and {other.id} better than either: "
                f"fix {wide} from a source and estimate {narrow}, or estimate that {what}"
            )
        found.append(Pair(one.id, other.id, r, advice))
    return tuple(sorted(found, key=lambda item: -abs(item.correlation)))


def _combination(one: Parameter, other: Parameter, r: float) -> str:
    """What two parameters that move together leave as it is, on the scales of their priors."""
    logarithms = [item.prior is not None and item.prior.logarithmic for item in (one, other)]
    if all(logarithms):
        return "product" if r < 0 else "ratio"
    if not any(logarithms):
        return "weighted sum" if r < 0 else "weighted difference"
    return "combination"


def _noise(objective: Objective) -> set[str]:
    """Parameters of the noise of series, and of their seasons."""
    problem = objective.problem
    found = {name for item in problem.observables.values() for name in symbols(item.noise)}
    return found.union(*(item.parameters for item in problem.extension.observations.values()))
