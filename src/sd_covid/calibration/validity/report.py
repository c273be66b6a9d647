"""What a validation finds, as data: for the page, the command line and JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sd_covid.calibration.results import FactRow
from sd_covid.calibration.validity.checks import CheckRow


@dataclass(frozen=True, slots=True)
class Point:
    """One figure and what the posterior would have published.

    ``low_90 … high_90`` are quantiles of figures drawn from the posterior, all noise anew; unit of the series.
    """

    period: str
    end: float
    figure: float
    holdout: bool
    median: float
    low_90: float
    low_50: float
    high_50: float
    high_90: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of figures inside the central 50, 80 and 90 %."""

    central_50: float
    central_80: float
    central_90: float


@dataclass(frozen=True, slots=True)
class SeriesValidity:
    """One series.

    Attributes
    ----------
    observable, experiment, series, name, unit : str
    given : bool
        Whether it is a driver that the model was given.
    rmse, mae, bias : float
        Of model minus figure at the posterior mean of the model; bias is its mean. Unit of the series.
    theil_bias, theil_variance, theil_covariance : float
        Theil's shares of the mean square error; they add to 1.
    lag_one : float
        Correlation of each residual with the next.
    lag_one_new : float
        The same of what is new in each residual, once the noise's own memory is taken out.
    lags : int
    ljung_box : float
        Probability of such correlations over so many lags, of what is new in each residual, if there were none.
    drawn : Coverage
        By figures drawn from the posterior, all noise anew.
    left_out : Coverage
        Each figure predicted from all the others.
    crps : float
        Mean continuous ranked probability score of the figures, each predicted from all the others.
    checks : tuple of CheckRow
    points : tuple of Point
    """

    observable: str
    experiment: str
    series: str
    name: str
    unit: str
    given: bool
    rmse: float
    mae: float
    bias: float
    theil_bias: float
    theil_variance: float
    theil_covariance: float
    lag_one: float
    lag_one_new: float
    lags: int
    ljung_box: float
    drawn: Coverage
    left_out: Coverage
    crps: float
    checks: tuple[CheckRow, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ForecastErrors:
    """Root mean square errors of the model and of forecasts from a series' own past; NaN where there is none.

    Attributes
    ----------
    observable : str
    horizon : float
        Months ahead; NaN for all together.
    points : int
    errors : dict
        ``model`` or a name of `sd_covid.calibration.forecasts.benchmarks.METHODS` -> RMSE over the same figures. Unit:
        that of the series.
    """

    observable: str
    horizon: float
    points: int
    errors: dict[str, float]

    @property
    def best(self) -> str:
        """The method with the least error; empty without any."""
        known = {name: value for name, value in self.errors.items() if value == value}
        return min(known, key=lambda name: known[name]) if known else ""


@dataclass(frozen=True, slots=True)
class Taught:
    """What is known of one parameter, and from where.

    Attributes
    ----------
    parameter : str
    prior : float
        Share of the prior in what is known of it when all others are known.
    shares : dict
        Series or soft fact -> its share; zeros are left out.
    spread : float
        Posterior sd over prior sd in the stored draws.
    expected : float
        The same by the information at the best fit, others unknown.
    without : dict
        Series or soft fact -> the same, were that one not there.
    """

    parameter: str
    prior: float
    shares: dict[str, float]
    spread: float
    expected: float
    without: dict[str, float]


@dataclass(frozen=True, slots=True)
class Shift:
    """How a parameter, or the last figure that the model says of a series, moves without another series."""

    name: str
    mean: float
    sd: float
    mean_without: float
    sd_without: float

    @property
    def in_sd(self) -> float:
        """Its move in posterior sd."""
        return (self.mean_without - self.mean) / self.sd if self.sd > 0 else 0.0


@dataclass(frozen=True, slots=True)
class WithoutSeries:
    """The posterior without one series or soft fact.

    Attributes
    ----------
    left_out : str
    k : float
        Pareto shape of the weights: above 0.7 a refit is due.
    refitted : bool
        Whether the draws were moved to where they are without it, in place of being weighted.
    reliable : bool
        Whether what follows can be relied on.
    effective : float
        Effective number of draws.
    own : tuple of str
        Parameters that only it informs, kept as fitted.
    rmse, rmse_without : float
        Of its figures, as the model says them with it and without it. NaN for a soft fact.
    parameters, figures : tuple of Shift
        Those that move most, the largest first; none that moves by less than three standard errors of the weighting.
    """

    left_out: str
    k: float
    refitted: bool
    reliable: bool
    effective: float
    own: tuple[str, ...]
    rmse: float
    rmse_without: float
    parameters: tuple[Shift, ...]
    figures: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class ValidityReport:
    """Everything that a validation finds.

    Attributes
    ----------
    problem : str
    draws, failed : int
        Stored draws, and those at which the model fails.
    stale : tuple of str
        ``tables`` and ``model`` where they have changed since the draws were made.
    observed_drivers : tuple of str
        What forecasts take as observed.
    series : tuple of SeriesValidity
    holdout, rolling : tuple of ForecastErrors
        On the held-out figures, and from earlier months by horizon; the model's come from the stored fit.
    taught : tuple of Taught
    without : tuple of WithoutSeries
    facts : tuple of FactRow
    provenance : dict
    """

    problem: str
    draws: int
    failed: int
    stale: tuple[str, ...]
    observed_drivers: tuple[str, ...]
    series: tuple[SeriesValidity, ...]
    holdout: tuple[ForecastErrors, ...]
    rolling: tuple[ForecastErrors, ...]
    taught: tuple[Taught, ...]
    without: tuple[WithoutSeries, ...]
    facts: tuple[FactRow, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
