"""What a calibration leaves behind, as data: for the report, the command line and the notebook to show.

Everything here can be written to and read from JSON by `to_json` and `from_json` below; draws are in parquet
(`sd_covid.calibration.stored`).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sd_covid.errors import DataError
from sd_covid.files import json_of
from sd_covid.whole_files import write_whole

REACHED = 0.1  # of a log posterior; where two values differ by so little the figures prefer neither


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One estimated parameter.

    Attributes
    ----------
    id, name, unit, constant : str
        ``constant`` is the model constant it sets, empty for a parameter of the observation model.
    prior_median, prior_sd : float
    best, mean, sd, low, high : float
        Best fit; posterior mean, standard deviation, 5 % and 95 % quantile. Unit: that of the parameter.
    shrinkage : float
        Posterior sd over prior sd: 1 means that the figures say nothing about it.
    identified : bool
        ``shrinkage`` below 0.9.
    r_hat, ess_bulk, ess_tail : float
        Rank-normalised split R-hat and effective sample sizes (Vehtari et al. 2021).
    """

    id: str
    name: str
    unit: str
    constant: str
    prior_median: float
    prior_sd: float
    best: float
    mean: float
    sd: float
    low: float
    high: float
    shrinkage: float
    identified: bool
    r_hat: float
    ess_bulk: float
    ess_tail: float


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """How one series is fitted, and how well it is forecast.

    Attributes
    ----------
    observable, series, name, unit : str
    points, holdout_points : int
        Figures in all, and of these held out.
    rmse : float
        Root mean square of figure minus model median (posterior mean of it, all figures). Unit of the series.
    rmse_share : float
        ``rmse`` over the standard deviation of the figures.
    coverage_50, coverage_90 : float
        Share of figures inside their posterior predictive interval, each figure predicted from all the others.
    theil_bias, theil_variance, theil_covariance : float
        Theil's shares of the mean square error (Sterman 2000, section 21.4.3); they add to 1.
    autocorrelation : float
        Lag-one correlation of the residuals; NaN below 4 figures.
    holdout_rmse, holdout_naive, holdout_seasonal : float
        On the held-out figures, refitted without them: error of the forecast (model path with AR(1) continued), of the
        last value before them, and of the same season a year before (NaN for yearly series or without a year of
        figures). NaN without held-out figures.
    """

    observable: str
    series: str
    name: str
    unit: str
    points: int
    holdout_points: int
    rmse: float
    rmse_share: float
    coverage_50: float
    coverage_90: float
    theil_bias: float
    theil_variance: float
    theil_covariance: float
    autocorrelation: float
    holdout_rmse: float
    holdout_naive: float
    holdout_seasonal: float

    @property
    def given(self) -> bool:
        """Whether it is a driver that the model was given: what differs is the rounding of the computer."""
        return self.rmse_share < 1e-9

    @property
    def holdout_skill(self) -> float:
        """1 minus the ratio to the last value's error: above 0 beats it."""
        return 1.0 - self.holdout_rmse / self.holdout_naive if self.holdout_naive > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class OriginRow:
    """One 12-month forecast: refitted on the figures up to ``origin``, scored on the months after it.

    ``points`` lists (period, figure, forecast, last value), in the unit of the series.
    """

    observable: str
    origin: str
    rmse: float
    naive_rmse: float
    points: tuple[tuple[str, float, float, float], ...]

    @property
    def skill(self) -> float:
        """1 minus the ratio to the last value's error: above 0 beats it."""
        return 1.0 - self.rmse / self.naive_rmse if self.naive_rmse > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class RollingForecast:
    """All rolling origins of one observable, pooled over their points."""

    observable: str
    origins: tuple[OriginRow, ...]
    pooled_rmse: float
    pooled_naive_rmse: float
    observed_drivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A soft fact about the model as it stands, and the posterior of its quantity; holdout: kept apart in validation.

    ``said`` are the 5 %, 50 % and 95 % quantiles of the fact's own distribution, ``found`` those of the posterior, in
    ``unit``.
    """

    id: str
    unit: str
    holdout: bool
    said_low: float
    said_median: float
    said_high: float
    found_low: float
    found_median: float
    found_high: float


@dataclass(frozen=True, slots=True)
class StartRow:
    """One start of the multi-start fit: log posterior reached, gradient evaluations, and whether it converged."""

    log_posterior: float
    evaluations: int
    converged: bool


@dataclass(frozen=True, slots=True)
class InformationRow:
    """What the figures say of one parameter.

    Attributes
    ----------
    id : str
    expected : float
        Contraction by the Gaussian approximation at the best fit: 1 minus posterior over prior variance, in the
        coordinate in which the prior is a unit normal. 0: nothing; 1: all.
    contraction : float
        The same from the posterior draws, in natural values; NaN without draws.
    """

    id: str
    expected: float
    contraction: float


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction in which the figures say less than the priors.

    Attributes
    ----------
    information : float
        Eigenvalue of the prior-whitened Fisher information: what the figures say, in units of the prior.
    carriers : tuple of (str, float)
        The parameters that make up most of it, each with its component, the largest first.
    """

    information: float
    carriers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parameters that the figures hardly tell apart: their posterior correlation, and what to do about it."""

    first: str
    second: str
    correlation: float
    advice: str


@dataclass(frozen=True, slots=True)
class Identifiability:
    """What the figures can tell of the parameters, at the best fit.

    Attributes
    ----------
    log_evidence : float
        Logarithm of the probability of the figures under the model, by Laplace's approximation; NaN where the
        point is no maximum.
    spectrum : tuple of float
        Eigenvalues of the prior-whitened Fisher information, largest first, without the uninformed parameters.
    effective_parameters : float
        The trace of H (H + I)^-1: how many parameters the figures determine.
    uninformed : tuple of str
        Parameters that no figure depends on.
    sloppy : tuple of Direction
        Directions with an eigenvalue below 1, the flattest first.
    pairs : tuple of Pair
        Correlations above 0.9 in size.
    parameters : tuple of InformationRow
    """

    log_evidence: float
    spectrum: tuple[float, ...]
    effective_parameters: float
    uninformed: tuple[str, ...]
    sloppy: tuple[Direction, ...]
    pairs: tuple[Pair, ...]
    parameters: tuple[InformationRow, ...]


@dataclass(frozen=True, slots=True)
class FitReport:
    """Everything about a fit that a reader may ask for.

    Attributes
    ----------
    converged : bool
        R-hat at most 1.01 and bulk ESS at least 400 for every parameter.
    parameters : tuple of ParameterRow
    series : tuple of SeriesRow
    rolling : tuple of RollingForecast
    starts : tuple of StartRow
        Best first: the waterfall.
    not_identified, not_converged : tuple of str
        Parameter ids.
    divergences : int
        Divergent transitions of the sampler after warm-up.
    draws, chains : int
        Kept draws in all, and chains.
    provenance : dict
        model_hash, data_hash, seed, versions.
    facts : tuple of FactRow
    identifiability : Identifiability or None
        None in reports made before it was looked for.
    """

    converged: bool
    parameters: tuple[ParameterRow, ...]
    series: tuple[SeriesRow, ...]
    rolling: tuple[RollingForecast, ...]
    starts: tuple[StartRow, ...]
    not_identified: tuple[str, ...]
    not_converged: tuple[str, ...]
    divergences: int
    draws: int
    chains: int
    provenance: dict[str, Any] = field(default_factory=dict)
    facts: tuple[FactRow, ...] = ()
    identifiability: Identifiability | None = None

    @property
    def reached(self) -> int:
        """Starts that ended within `REACHED` of the best one's log posterior."""
        best = max((item.log_posterior for item in self.starts), default=0.0)
        return sum(best - item.log_posterior <= REACHED for item in self.starts)


@dataclass(frozen=True, slots=True)
class StoredFitCheck:
    """Whether the stored posterior still belongs to these tables and this model.

    Attributes
    ----------
    matches : bool
        All of what follows agrees.
    tables_match, model_matches : bool
        Hashes of the tables and of the model are those the draws were made with.
    draws_checked : int
    largest_difference : float
        Largest absolute difference between the stored log posterior of a draw and the one recomputed now.
    reason : str
        What does not agree, in words; empty when all does.
    """

    matches: bool
    tables_match: bool
    model_matches: bool
    draws_checked: int
    largest_difference: float
    reason: str


_NESTED = {
    "parameters": ParameterRow,
    "series": SeriesRow,
    "rolling": RollingForecast,
    "starts": StartRow,
    "origins": OriginRow,
    "facts": FactRow,
    "sloppy": Direction,
    "pairs": Pair,
}


def write_report(report: FitReport, file: Path) -> None:
    """Write a report as JSON, whole or not at all; NaN is written as null."""
    text = json.dumps(plain(dataclasses.asdict(report)), indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(file, text + "\n")


def read_report(file: Path) -> FitReport:
    """Read a report written by `write_report`.

    Raises
    ------
    DataError
        When it cannot be read, or is no such report.
    """
    advice = "run sd-covid calibrate to make it anew"
    data = json_of(file, advice)
    try:
        found = data.pop("identifiability", None)
        report: FitReport = _build(FitReport, data)
        if found is None:
            return report
        rows = tuple(_build(InformationRow, item) for item in found.pop("parameters"))
        known: Identifiability = _build(Identifiability, {**found, "parameters": rows})
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError("is no report of a fit", advice=advice, file=file) from error
    return dataclasses.replace(report, identifiability=known)


def plain(item: Any) -> Any:
    """Data in types that JSON knows; NaN becomes None."""
    if isinstance(item, dict):
        return {key: plain(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [plain(value) for value in item]
    if isinstance(item, float) and item != item:
        return None
    return item


def _build(kind: Any, data: dict[str, Any]) -> Any:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in _NESTED and isinstance(value, list):
            found[name] = tuple(_build(_NESTED[name], item) for item in value)
        elif isinstance(value, list):
            found[name] = tuple(tuple(item) if isinstance(item, list) else item for item in value)
        else:
            found[name] = float("nan") if value is None else value
    return kind(**found)
