"""Whether a diagram comes to rest: the spectral radius of its gains, and the eigenvalues of its delays in a loop.

Without clipping the diagram is linear. A lasting push of size u ends in (I - G)^-1 u, G holding sign times strength.
With a spectral radius of the gains without their signs below one it comes to rest whatever the delays; in general when
no eigenvalue of its states has a positive real part. Interventions are off here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, eigs

from sd_covid.marvel.diagram import Diagram

Floats = NDArray[np.float64]
Which = Literal["LM", "LR"]  # largest modulus, or largest real part

_DENSE = 400  # rows up to which all eigenvalues are worked out
_ROUNDS = 40  # of the power method, for a bound that is sharp enough


@dataclass(frozen=True, slots=True)
class Stability:
    """What a linear diagram does in the long run.

    Attributes
    ----------
    radius : float
        Spectral radius of the gains.
    growth : float
        The largest real part among the eigenvalues of the states, 1/year; negative when it comes to rest.
    """

    radius: float
    growth: float

    @property
    def stable(self) -> bool:
        """Whether a change dies out or settles."""
        return self.growth < 0


def stability(diagram: Diagram) -> Stability:
    """Work out the stability of a diagram at the values of its classes."""
    strength, delay = central(diagram)
    return Stability(
        float(np.abs(_eigenvalues(gains(diagram, strength), "LM")).max()),
        float(_eigenvalues(_states(diagram, strength, delay), "LR").real.max()),
    )


def central(diagram: Diagram) -> tuple[Floats, Floats]:
    """Strengths and delays (years) of all links, shape (link,) each, at the values of their classes."""
    strength = np.array([link.strength.value for link in diagram.links])
    return strength, np.array([link.delay.value for link in diagram.links])


def gains(diagram: Diagram, strength: Floats) -> csr_array:
    """The matrix of gains, effect by cause, from strengths of shape (link,)."""
    ends = np.array(diagram.ends(), dtype=np.int64).reshape(-1, 2)
    signs = np.array([link.sign for link in diagram.links], dtype=np.float64)
    size = len(diagram.variables)
    return csr_array((signs * strength, (ends[:, 1], ends[:, 0])), shape=(size, size))


def unstable_samples(diagram: Diagram, strength: Floats, delay: Floats) -> NDArray[np.bool_]:
    """Which samples run away.

    Parameters
    ----------
    diagram : Diagram
    strength, delay : ndarray, shape (sample, link)

    Returns
    -------
    ndarray of bool, shape (sample,)

    Notes
    -----
    Most are known to be stable from a bound of the spectral radius without signs (Collatz and Wielandt: the largest
    quotient of A v and v, for any positive v). Of the others the eigenvalues are worked out.
    """
    return np.array(
        [
            _bound(abs(gains(diagram, strong))) >= 1
            and float(_eigenvalues(_states(diagram, strong, late), "LR").real.max()) >= 0
            for strong, late in zip(strength, delay, strict=True)
        ],
        dtype=bool,
    )


def _bound(matrix: csr_array) -> float:
    """An upper bound of the spectral radius of a matrix without negative entries."""
    vector: Floats = np.ones(matrix.shape[0])
    for _ in range(_ROUNDS):
        grown = np.asarray(matrix @ vector)
        vector = grown / max(float(grown.max()), 1e-300) + 1e-6
    return float((np.asarray(matrix @ vector) / vector).max())


def _states(diagram: Diagram, strength: Floats, delay: Floats) -> csr_array:
    """The matrix of the states: d/dt of every stage of every link by every stage, 1/year."""
    orders = np.array([link.order for link in diagram.links], dtype=np.int64)
    last = np.cumsum(orders) - 1
    first = last - orders + 1
    rates = np.repeat(orders / delay, orders)
    signs = np.array([link.sign for link in diagram.links], dtype=np.float64)
    into: dict[int, list[int]] = {}
    for number, (_, effect) in enumerate(diagram.ends()):
        into.setdefault(effect, []).append(number)
    rows, columns = [*range(len(rates))], [*range(len(rates))]
    values = list(-rates)
    for number, (cause, _) in enumerate(diagram.ends()):
        for stage in range(first[number] + 1, last[number] + 1):
            rows.append(stage)
            columns.append(stage - 1)
            values.append(rates[stage])
        for before in into.get(cause, ()):
            rows.append(int(first[number]))
            columns.append(int(last[before]))
            values.append(rates[first[number]] * signs[before] * strength[before])
    return csr_array((values, (rows, columns)), shape=(len(rates), len(rates)))


def _eigenvalues(matrix: csr_array, which: Which) -> NDArray[np.complex128]:
    """Eigenvalues, by sets of rows that act on one another, so that a chain keeps the exact ones of its diagonal."""
    count, labels = connected_components(matrix, directed=True, connection="strong")
    sizes = np.bincount(labels, minlength=count)
    diagonal = matrix.diagonal()
    found = [diagonal[sizes[labels] == 1].astype(np.complex128)]
    for label in np.flatnonzero(sizes > 1):
        rows = np.flatnonzero(labels == label)
        part = matrix[rows][:, rows]
        found.append(_of_part(part, which))
    return np.concatenate(found)


def _of_part(part: csr_array, which: Which) -> NDArray[np.complex128]:
    """All eigenvalues of a small matrix, the outermost of a large one."""
    if part.shape[0] > _DENSE:
        try:
            start = np.ones(part.shape[0])  # a fixed one, so that equal diagrams give equal bits
            return np.asarray(eigs(part, k=4, which=which, v0=start, return_eigenvectors=False))
        except ArpackNoConvergence:
            pass  # the dense method always answers
    return np.asarray(np.linalg.eigvals(part.toarray()), dtype=np.complex128)
