"""What came of an update, as data: for the command line and the page to show."""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.samplers.moved import Fault, Spent
from sd_covid.calibration.stored.store import Posterior


@dataclass(frozen=True, slots=True)
class Interval:
    """Median, 5 % and 95 % quantile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ParameterShift:
    """One parameter before and after.

    Attributes
    ----------
    id, unit : str
    before, after : Interval
    sd : float
        Standard deviation before.
    shift : float
        Change of the median, in standard deviations before.
    spread : float
        Standard deviation after over that before.
    r_hat : float
        Of the chains after.
    """

    id: str
    unit: str
    before: Interval
    after: Interval
    sd: float
    shift: float
    spread: float
    r_hat: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A figure that the draws had not seen, beside what they said of it.

    Attributes
    ----------
    observable, experiment, series, name, period, unit : str
    earlier : float
        The value that it replaces; NaN where it is new.
    figure : float
    predicted : Interval
        Of the published figure, by the draws before and the figures they had seen of its series but the one replaced.
    percentile : float
        Share of the prediction below the figure, 0 to 1.
    crps : float
        Continuous ranked probability score of the prediction, in the unit.
    """

    observable: str
    experiment: str
    series: str
    name: str
    period: str
    unit: str
    earlier: float
    figure: float
    predicted: Interval
    percentile: float
    crps: float

    @property
    def inside(self) -> bool:
        """Whether it lies within the central 90 %."""
        return self.predicted.low <= self.figure <= self.predicted.high


@dataclass(frozen=True, slots=True)
class Update:
    """Draws that have seen all figures, and what moved.

    Attributes
    ----------
    problem : Problem
        With the figures that the draws have seen now.
    posterior : Posterior
    parameters : tuple of ParameterShift
        In the order of the table.
    arrivals : tuple of Arrival
    removed : tuple of (str, str)
        Observable and period of figures that are not there any more.
    spent : Spent
    faults : tuple of Fault
        Empty when the draws can be trusted.
    """

    problem: Problem
    posterior: Posterior
    parameters: tuple[ParameterShift, ...]
    arrivals: tuple[Arrival, ...]
    removed: tuple[tuple[str, str], ...]
    spent: Spent
    faults: tuple[Fault, ...]
