"""Our extension of PEtab, ``extensions: {sd_covid: ...}`` of the problem file.

It says what PEtab has no words for: over which period an output is aggregated before it is compared with a figure,
what noise and seasons a series has, that two series carry the same figures, what a series follows that no output of the
model expresses, and soft facts. It changes what the problem means, so it is marked ``required: true``.
`sd_covid.calibration.problem.extension` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from sd_covid.calibration.facts.setting import SoftFact
from sd_covid.calibration.season import Seasonal
from sd_covid.data import model_time
from sd_covid.data.periods import Frequency

AGGREGATIONS = ("end", "start", "mean", "change", "sum")
FREQUENCIES = (1, 3, 6, 12)
NOISES = ("student-t", "binomial", "beta-binomial", "poisson", "negative-binomial")
SCALES = ("identity", "log", "logit")


@dataclass(frozen=True, slots=True)
class SurveySetting:
    """A survey behind a series.

    Attributes
    ----------
    size : float
        Persons asked, for figures whose row has no ``sample_size`` of its own.
    design_effect : float
        By what factor the way of asking makes the variance larger than that of a simple random sample.
    per : float
        The figure if everybody said yes: 100 for a percentage.
    spread : float or None
        For a mean instead of a share: the standard deviation between persons, in the unit of the series.
    """

    size: float
    design_effect: float = 1.0
    per: float = 100.0
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class ObservationSetting:
    """How an observable is taken from the model's outputs.

    Attributes
    ----------
    aggregation : str or dict
        One of ``end`` (value at the period's end), ``start`` (at its start), ``mean`` (over the period, trapezoid rule
        on the saved points), ``sum`` (integral of a flow over the period, by the same rule), ``change`` (end minus
        start, for a flow by its cumulative stock); or one for each output, so that a rate is a ratio of sums or means.
    period : int
        Length of the period in months: 1, 3, 6 or 12.
    autocorrelation : str or None
        Id of the parameter that is the correlation of the noise one month apart; None for independent noise.
    equivalent_to : str or None
        Observable whose figures this one repeats; it is then predicted but not fitted.
    difference_sd : float
        Standard deviation of the difference to that observable's figures (rounding, later vintages), in its unit.
    by_definition : dict of str to str
        Override of the observable's one placeholder for each definition of the series: a parameter id or a number.
    noise : str or None
        A family that the observable table has no word for, one of `NOISES`.
    freedom : str, float or None
        Degrees of freedom of ``student-t`` noise: a parameter id or a number.
    survey : SurveySetting or None
        The survey whose error adds to the noise, or whose persons the binomial families count.
    each : float
        For the noise of counts: how many events a figure of 1 stands for.
    seasonal : Seasonal or None
        Seasonal terms, added to the formula, or to its logarithm where the noise is that of logarithms or counts.
    starts_in : int or None
        First month (1 to 12) of a year that is no calendar year: 10 for October to September.
    independent : bool
        Whether only those figures are compared that the series which its series is equivalent to in the registry do
        not tell already, so that none counts twice.
    """

    aggregation: str | Mapping[str, str] = "mean"
    period: int = 1
    autocorrelation: str | None = None
    equivalent_to: str | None = None
    difference_sd: float = 0.0
    by_definition: Mapping[str, str | float] = field(default_factory=dict)
    noise: str | None = None
    freedom: str | float | None = None
    survey: SurveySetting | None = None
    each: float = 1.0
    seasonal: Seasonal | None = None
    starts_in: int | None = None
    independent: bool = False

    def of_output(self, name: str) -> str:
        """Aggregation of one output of the formula."""
        return self.aggregation if isinstance(self.aggregation, str) else self.aggregation.get(name, "mean")

    def span(self, period: pd.Period, frequency: Frequency) -> tuple[float, float]:
        """First and last moment of a period of the series, in model time; see `sd_covid.data.model_time`."""
        if self.starts_in is None:
            return model_time(period, frequency)
        return model_time(period, frequency, school_year_starts=self.starts_in)

    @property
    def parameters(self) -> list[str]:
        """Ids of the parameters that the noise and the seasons use."""
        own = [self.autocorrelation, self.freedom if isinstance(self.freedom, str) else None]
        seasonal = [] if self.seasonal is None else self.seasonal.parameters
        return [name for name in own if name is not None] + seasonal

    def content(self) -> dict[str, Any]:
        """What the posterior rests on. Settings that came later count where they are used: older draws stay valid."""
        plain = ObservationSetting()
        return {
            name: value
            for name, value in asdict(self).items()
            if name in _ALWAYS or getattr(self, name) != getattr(plain, name)
        }


_ALWAYS = {
    "aggregation",
    "period",
    "autocorrelation",
    "equivalent_to",
    "difference_sd",
    "by_definition",
}


@dataclass(frozen=True, slots=True)
class ProcessSetting:
    """From what a series is predicted that no output of the model expresses.

    `sd_covid.calibration.density.process` says how.

    Attributes
    ----------
    series : str
        The registry's series, whose own history says how it moves.
    scale : str or None
        ``identity``, ``log`` or ``logit`` (of a percentage): on which scale it moves. None: the one that suits what its
        unit measures (`sd_covid.calibration.density.process.scale_of`).
    leader : str or None
        Another predicted series (observable or process) that this one may follow, averaged over this series' period:
        wholly, by half or not at all, as its history says.
    returns : bool
        Whether it is known to return to its mean, as a rate of growth does, so that no growth of its own goes on.
    """

    series: str
    scale: str | None = None
    leader: str | None = None
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Extension:
    """The whole block.

    Attributes
    ----------
    observations : dict
        `ObservationSetting` by observable id; an observable not named has the defaults.
    processes : dict
        `ProcessSetting` by the id under which it is predicted.
    facts : dict
        `SoftFact` by id.
    origins : tuple of str
        Months (``2020-03``) after which a 12-month forecast is made for the rolling validation.
    scored : tuple of str
        Observables scored there.
    observed_drivers : tuple of str
        What those forecasts take as observed, in words for the reader of the report.
    additive : tuple of str
        Parameters with a log-normal prior whose effects add up: the sampler moves them on their own scale.
    """

    observations: Mapping[str, ObservationSetting] = field(default_factory=dict)
    processes: Mapping[str, ProcessSetting] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    observed_drivers: tuple[str, ...] = ()
    facts: Mapping[str, SoftFact] = field(default_factory=dict)
    additive: tuple[str, ...] = ()

    def observation(self, observable: str) -> ObservationSetting:
        """Setting of an observable."""
        return self.observations.get(observable, ObservationSetting())
