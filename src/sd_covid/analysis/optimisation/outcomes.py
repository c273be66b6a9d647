"""What a package is judged by: outcomes over worlds, what it costs, and what it may not exceed.

A world is a draw under a path of assumptions; every package sees the same worlds, and every outcome is a paired
difference from the base in each of them. How worlds become one number is the objective's statistic: the mean, a
quantile on the bad side, or the share of worlds in which a target is met (Starr's domain criterion).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.data.text import Text
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.measures import Measure
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class Statistic:
    """How a difference in many worlds becomes one number.

    Attributes
    ----------
    kind : {'mean', 'quantile', 'share'}
    level : float
        Of a quantile: the share of worlds that are better, so that 0.9 looks at the bad side. Of a share: the
        difference that must be reached or bettered, in the objective's unit.
    """

    kind: Literal["mean", "quantile", "share"] = "mean"
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class Objective:
    """Something that is to become better.

    Attributes
    ----------
    id : str
    title, unit : Text
    lower : bool
        Whether less of it is better.
    output : Output or None
        None for what the package costs: present value, million euro.
    minus : Output or None
        What is taken off, for a gap between two groups.
    measure : Measure
    years : tuple of int
        First and last.
    per_year : bool
        Whether a total is divided by its number of years.
    statistic : Statistic
    matters : float
        The smallest difference that matters, in the unit of what is told; 0 where every one does.
    """

    id: str
    title: Text
    unit: Text
    lower: bool
    output: Output | None = None
    minus: Output | None = None
    measure: Measure = "total"
    years: tuple[int, int] = (0, 0)
    per_year: bool = True
    statistic: Statistic = field(default_factory=Statistic)
    matters: float = 0.0

    @property
    def sign(self) -> float:
        """By which a difference becomes a loss."""
        return 1.0 if self.lower else -1.0

    def told(self, differences: Floats) -> Floats:
        """The number that a reader is told, over worlds on the last axis: a difference, or the share of worlds."""
        if self.statistic.kind == "share":
            reached: NDArray[np.bool_] = self.sign * differences <= self.sign * self.statistic.level
            return np.asarray(reached.mean(axis=-1), dtype=np.float64)
        if self.statistic.kind == "quantile":
            losses = np.quantile(self.sign * differences, self.statistic.level, axis=-1)
            return np.asarray(self.sign * losses, dtype=np.float64)
        return np.asarray(differences.mean(axis=-1), dtype=np.float64)

    def loss(self, differences: Floats) -> Floats:
        """The number that is made small, over worlds on the last axis."""
        return self.as_loss(self.told(differences))

    def as_loss(self, told: Floats) -> Floats:
        """What is told as something of which less is better."""
        return -told if self.statistic.kind == "share" else self.sign * told


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may not exceed; None and missing are no limit.

    Attributes
    ----------
    spent : float or None
        Million euro of extra spending, present value, mean over worlds.
    yearly : float or None
        Million euro of extra spending in any one year, nominal, mean over worlds.
    set_aside : float or None
        Million euro of the budgets of its levers together, beyond those of the base.
    monthly : dict
        Lever -> million euro a month that its budget may come to: what can be delivered.
    """

    spent: float | None = None
    yearly: float | None = None
    set_aside: float | None = None
    monthly: Mapping[str, float] = field(default_factory=dict)

    def before(self, package: Mapping[str, LeverSetting], base: Mapping[str, LeverSetting]) -> Floats:
        """By how much a package exceeds what can be seen without a run, relative; shape (limit,)."""
        found = []
        if self.set_aside is not None:
            extra = sum(_extra(setting, base[name]) for name, setting in package.items())
            found.append(_over(extra, self.set_aside))
        for name, limit in self.monthly.items():
            rates = [_a_month(item) for item in _own(package[name], base[name])] if name in package else []
            found.append(_over(max(rates, default=0.0), limit))
        return np.array(found, dtype=np.float64)

    def after(self, spent: float, by_year: Floats) -> Floats:
        """By how much a package exceeds what a run shows, relative; shape (limit,)."""
        found = [] if self.spent is None else [_over(spent, self.spent)]
        if self.yearly is not None:
            found.append(_over(float(by_year.max()), self.yearly))
        return np.array(found, dtype=np.float64)


def _over(value: float, limit: float) -> float:
    """Excess over a limit, as a share of it; a hair is none, for sums of money are rounded."""
    return (value - limit) / max(1.0, abs(limit)) - 1e-9


def _own(setting: LeverSetting, base: LeverSetting) -> Sequence[LeverSetting]:
    """The periods of a setting that are not the base's."""
    return [item for item in setting.all_periods if item not in base.all_periods]


def _extra(setting: LeverSetting, base: LeverSetting) -> float:
    """What a setting sets aside beyond the base; a base that is not pulled sets nothing aside."""
    return (setting.total or 0.0) - ((base.total or 0.0) if base.pulled else 0.0)


def _a_month(period: LeverSetting) -> float:
    """The budget of a period, a month; with a trigger, of the months that it then lasts."""
    if period.trigger is not None:
        months = period.trigger.lasts
    else:
        months = 12 * (period.end.year - period.start.year) + period.end.month - period.start.month
        months += (period.end.day - period.start.day) / 30
    return (period.budget or 0.0) / max(months, 1.0)
