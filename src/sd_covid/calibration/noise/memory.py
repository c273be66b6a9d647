"""An AR(1) taken apart into independent innovations, and derivatives put together again.

Over a gap of g months the correlation is rho^g (Hamilton, Time Series Analysis, 1994, section 5.2), so that irregular
gaps need no figures in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.calibration.types import Array


@dataclass(frozen=True, slots=True)
class Innovations:
    """What is new in each residual but the first.

    ``new`` (of unit scale), ``phi`` (correlation with the residual before) and ``root`` (scale): shape (figure - 1,).
    """

    new: Array
    phi: Array
    root: Array


def innovations(z: Array, rho: Array, gaps: Array) -> Innovations:
    """Innovations of standardised residuals."""
    phi = rho**gaps
    root = np.sqrt(1.0 - phi * phi)
    return Innovations((z[1:] - phi * z[:-1]) / root, phi, root)


def pull_back(found: Innovations, z: Array, rho: Array, gaps: Array, d_new: Array) -> tuple[Array, float]:
    """Derivatives by the residuals (but for the first one's own density) and by rho.

    ``d_new`` is that of the log density of the innovations; the density of a residual also divides by its ``root``.
    """
    d_z = np.zeros_like(z)
    d_z[1:] = d_new / found.root
    d_z[:-1] -= found.phi * d_new / found.root
    variance = found.root * found.root
    d_phi = found.phi / variance * (1.0 + d_new * found.new) - d_new * z[:-1] / found.root
    with np.errstate(all="ignore"):
        slope = np.where(gaps == 1.0, 1.0, gaps * rho ** (gaps - 1.0))
    return d_z, float(d_phi @ slope)
