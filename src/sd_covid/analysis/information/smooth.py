"""A smooth regression of several outcomes on what might be learnt, with the uncertainty of what it fits.

In come draws of parameters; out comes a linear smoother: splines of the normal scores of each, ridged, with the number
of splines and the ridge chosen by generalised cross-validation. Normal scores make the fit indifferent to the scale and
the tails of a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from sd_covid.policy.types import Floats

#: Knots of the splines that are tried, and ridges, in units of the mean squared singular value.
_KNOTS = (0, 1, 3, 5)
_RIDGES = (0.0, *np.logspace(-4, 3, 22).tolist())
#: Of so many parameters or fewer, products of pairs are in the basis.
_PAIRED = 4


@dataclass(frozen=True, slots=True)
class Smoother:
    """A ridge regression on a basis.

    Attributes
    ----------
    basis : ndarray, shape (draw, term)
        Orthonormal columns, orthogonal to the constant.
    shrink : ndarray, shape (term,)
        How much of each term is kept, from 0 to 1.
    """

    basis: Floats
    shrink: Floats

    @property
    def effective(self) -> float:
        """Effective number of terms, the constant included."""
        return 1.0 + float(self.shrink.sum())

    def fit(self, outcomes: Floats) -> Floats:
        """Fitted values of outcomes (draw, outcome); their means are kept."""
        centre = outcomes.mean(axis=0)
        return np.asarray(centre + self.basis @ (self.shrink[:, None] * (self.basis.T @ (outcomes - centre))))

    def residual(self, outcomes: Floats) -> Floats:
        """Covariance of what is not fitted, shape (outcome, outcome)."""
        left = outcomes - self.fit(outcomes)
        return np.asarray(left.T @ left / max(len(outcomes) - self.effective, 1.0))

    def noise(self, covariance: Floats, size: int, rng: np.random.Generator) -> Floats:
        """Draws of the error of the fit, shape (outcome, size, draw), that of the means included."""
        root = _root(covariance)
        # The constant is a term of length one too. Outcomes come first: taking the best of them is then quick.
        terms = np.column_stack(
            [np.full(len(self.basis), len(self.basis) ** -0.5), self.basis * np.sqrt(self.shrink)]
        )
        steps = np.tensordot(root, rng.standard_normal((len(root), size, terms.shape[1])), axes=1)
        return np.asarray(steps @ terms.T)


#: Orthonormal terms, shape (draw, term), and the squared singular value of each, shape (term,).
Basis = tuple[Floats, Floats]


def smoother(parameters: Floats, outcomes: Floats) -> Smoother:
    """The smoother that predicts outcomes best by generalised cross-validation.

    Parameters
    ----------
    parameters : ndarray, shape (draw, parameter)
        A parameter that does not vary has no part.
    outcomes : ndarray, shape (draw, outcome)

    Returns
    -------
    Smoother
    """
    return chosen(bases(parameters), outcomes)


def bases(parameters: Floats) -> tuple[Basis, ...]:
    """The bases that are tried for some parameters, from straight to bent; none where nothing varies.

    Those of one parameter without equal values depend on the order of its draws only: put in order, all have the same.
    """
    scores = normal_scores(parameters)
    scores = scores[:, scores.std(axis=0) > 0]
    if not scores.shape[1]:
        return ()
    found = []
    for knots in _KNOTS if scores.shape[1] <= len(parameters) // 20 else _KNOTS[:1]:
        left, singular, _ = np.linalg.svd(_terms(scores, knots), full_matrices=False)
        used = singular > 1e-10 * singular.max()
        found.append((np.asarray(left[:, used]), np.asarray(singular[used] ** 2)))
    return tuple(found)


def chosen(tried: tuple[Basis, ...], outcomes: Floats) -> Smoother:
    """Of some bases and all ridges the ones that predict outcomes (draw, outcome) best."""
    centred = outcomes - outcomes.mean(axis=0)
    scale = centred.std(axis=0)
    weighted = centred / np.where(scale > 0, scale, 1.0)
    best, found = np.inf, Smoother(np.zeros((len(outcomes), 0)), np.zeros(0))
    for left, power in tried:
        along = left.T @ weighted
        outside = float(np.sum(weighted**2) - np.sum(along**2))
        for ridge in _RIDGES:
            shrink = power / (power + ridge * power.mean())
            free = len(outcomes) - 1.0 - float(shrink.sum())
            missed = outside + float(np.sum(((1.0 - shrink)[:, None] * along) ** 2))
            criterion = missed / free**2 if free > 0 else np.inf
            if criterion < best:
                best, found = criterion, Smoother(left, shrink)
    return found


def normal_scores(parameters: Floats) -> Floats:
    """Ranks as normal quantiles, column by column; equal values share one. Shape (draw, parameter)."""
    return np.asarray(ndtri((rankdata(parameters, axis=0) - 0.5) / len(parameters)), dtype=np.float64)


def _terms(scores: Floats, knots: int) -> Floats:
    """Natural cubic splines of each column, and products of pairs of a few; centred. Shape (draw, term)."""
    columns = [_spline(column, knots) for column in scores.T]
    if 1 < scores.shape[1] <= _PAIRED:
        columns += [
            (scores[:, a] * scores[:, b])[:, None] for a, b in combinations(range(scores.shape[1]), 2)
        ]
    whole = np.concatenate(columns, axis=1)
    return np.asarray(whole - whole.mean(axis=0))


def _spline(column: Floats, knots: int) -> Floats:
    """A natural cubic spline with that many inner knots at its quantiles: linear beyond the outer ones.

    The truncated power basis of Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, eq. 5.4 and 5.5.
    """
    if knots == 0:
        return column[:, None]
    at = np.unique(np.quantile(column, np.linspace(0.02, 0.98, knots + 2)))
    if len(at) < 3:
        return column[:, None]

    def over(knot: float) -> Floats:
        return np.asarray(
            (np.maximum(column - knot, 0) ** 3 - np.maximum(column - at[-1], 0) ** 3) / (at[-1] - knot)
        )

    last = over(float(at[-2]))
    return np.stack([column, *(over(float(knot)) - last for knot in at[:-2])], axis=1)


def _root(covariance: Floats) -> Floats:
    """A square root of a covariance that may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
