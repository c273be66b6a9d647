"""An AR(1) taken apart into independent innovations, and derivatives put together again.

Over a gap of g months the correlation is rho^g (Hamilton, Time Series Analysis, 1994, section 5.2), so that irregular
gaps need no figures in between. Figures lie along the last axis, members before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array

TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Innovations:
    """What is new in each residual but the first.

    ``new`` (of unit scale), ``phi`` (correlation with the residual before) and ``root`` (scale): shape (figure - 1,) or
    (member, figure - 1).
    """

    new: Array
    phi: Array
    root: Array


def innovations(z: Array, rho: Array, gaps: Array) -> Innovations:
    """Innovations of standardised residuals; rho of shape () or (member,)."""
    phi = rho[..., None] ** gaps
    root = np.sqrt(1.0 - phi * phi)
    return Innovations((z[..., 1:] - phi * z[..., :-1]) / root, phi, root)


def pull_back(found: Innovations, z: Array, rho: Array, gaps: Array, d_new: Array) -> tuple[Array, Array]:
    """Derivatives by the residuals (but for the first one's own density) and by rho.

    ``d_new`` is that of the log density of the innovations; the density of a residual also divides by its ``root``.
    """
    per_root = d_new / found.root
    d_z = np.zeros_like(z)
    d_z[..., 1:] = per_root
    d_z[..., :-1] -= found.phi * per_root
    variance = found.root * found.root
    d_phi = found.phi / variance * (1.0 + d_new * found.new) - z[..., :-1] * per_root
    earlier = found.phi / np.maximum(
        rho[..., None], TINY
    )  # rho^(gap - 1), which at zero is zero but for a gap of one
    return d_z, np.sum(d_phi * np.where(gaps == 1.0, 1.0, gaps * earlier), axis=-1)
