"""What may be decided: for each lever a few values of level, start, length, budget, delivery, target and trigger.

In comes what a study file allows; out comes a `Space`, in which a point is a row of positions, one for each open
decision, and stands for one package. Values are what can be decided, in steps: half a level, a half year, ten
million. So a package is readable, two candidates are the same or not, and a small space can be enumerated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sd_covid.policy.catalogue.levers import Delivery, LeverSetting
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.files.dates import Shift
from sd_covid.policy.scenario import Scenario

Value = float | str | date | None
Points = NDArray[np.int64]
#: What may be decided of a lever, in the order of a point; the last three are of its trigger.
PARTS = ("level", "start", "months", "budget", "delivery", "target", "above", "below", "wait", "lasts")


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be decided of one lever.

    Attributes
    ----------
    lever : str
    parts : dict
        Some of `PARTS` -> the values that it may take, in order; one value is no decision. ``months`` is how long it
        is in force; of a lever with a trigger, how long it is in reach of it. ``wait`` and ``lasts`` are months.
    further : bool
        Whether it comes as a further period after the one of the base, in place of changing that one.
    indicator : str
        The variable of the model that its trigger watches; empty without a trigger.
    """

    lever: str
    parts: Mapping[str, tuple[Value, ...]]
    further: bool = False
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Space:
    """All packages that may be decided, on top of a base.

    Attributes
    ----------
    base : Scenario
    decisions : tuple of Decision
    last : date
        The end of the run, beyond which no lever is in force.
    """

    base: Scenario
    decisions: tuple[Decision, ...]
    last: date

    @property
    def open(self) -> tuple[tuple[str, str], ...]:
        """Lever and part of each decision, in the order of a point."""
        return tuple((item.lever, part) for item in self.decisions for part in _open(item))

    @property
    def sizes(self) -> Points:
        """How many values each decision has, shape (decision,)."""
        return np.array(
            [len(item.parts[part]) for item in self.decisions for part in _open(item)], dtype=np.int64
        )

    @property
    def count(self) -> int:
        """How many points there are."""
        return int(np.prod(self.sizes.astype(object)))

    def everything(self) -> Points:
        """Every point, shape (count, decision)."""
        return np.array(list(product(*map(range, self.sizes))), dtype=np.int64).reshape(-1, len(self.sizes))

    def package(self, point: Sequence[int] | Points) -> dict[str, LeverSetting]:
        """The levers that a point sets otherwise than the base.

        Parameters
        ----------
        point : sequence of int, shape (decision,)
            Positions among the values.

        Returns
        -------
        dict
            Lever -> setting. A lever whose level is that of the base, which is set as in the base, or which comes as a
            further period without level or budget, is not in it: packages that differ in the dates of what they do not
            do are the same.
        """
        found, place = {}, 0
        for item in self.decisions:
            here = slice(place, place := place + len(_open(item)))
            setting = self._setting(item, _chosen(item, point[here]))
            if setting is not None:
                found[item.lever] = setting
        return found

    def canonical(self, points: Points) -> Points:
        """Points that mean the same packages, of those that mean the same always the same one.

        Parameters
        ----------
        points : ndarray of int, shape (point, decision)
        """
        found = np.array(points, dtype=np.int64)
        place = 0
        for item in self.decisions:
            here = slice(place, place := place + len(_open(item)))
            idle: tuple[int, ...] | None = None
            for row in found:
                if self._setting(item, _chosen(item, row[here])) is None:
                    idle = idle or self._first_idle(item)
                    row[here] = idle
        return found

    def _first_idle(self, item: Decision) -> tuple[int, ...]:
        """The first positions of a decision at which its lever is left as it is in the base; there are some."""
        every = product(*(range(len(item.parts[part])) for part in _open(item)))
        return next(at for at in every if self._setting(item, _chosen(item, at)) is None)

    def nearest(self, package: Mapping[str, LeverSetting]) -> Points:
        """The point that is nearest to a package, decision by decision, shape (decision,).

        A lever that the package leaves as it is in the base gets the level of the base, or none.
        """
        point = []
        for item in self.decisions:
            wanted = self._wanted(item, package.get(item.lever))
            point += [_nearest(item.parts[part], wanted.get(part)) for part in _open(item)]
        return np.array(point, dtype=np.int64)

    def outside(self, package: Mapping[str, LeverSetting]) -> tuple[str, ...]:
        """The levers of a package that the nearest point sets otherwise, in order."""
        near = self.package(self.nearest(package))
        return tuple(name for name in package if near.get(name) != package[name])

    def _setting(self, item: Decision, chosen: Mapping[str, Value]) -> LeverSetting | None:
        base = self.base.levers[item.lever]
        level = cast("float", chosen.get("level", base.level))
        budget = cast("float | None", chosen.get("budget", base.budget))
        off = budget == 0 or (level == 0 if item.further else "level" in chosen and level == base.level)
        if off and not (budget == 0 and base.pulled and not item.further):
            return None
        start = cast("date", chosen.get("start", base.start))
        months = cast("float | None", chosen.get("months"))
        setting = LeverSetting(
            level=level,
            start=start,
            end=base.end if months is None else min(self.last, Shift(int(months))(start)),
            budget=budget,
            delivery=cast("Delivery | None", chosen.get("delivery", base.delivery)),
            target=cast("str | None", chosen.get("target", base.target)),
            trigger=_trigger(item, chosen) or (None if item.further else base.trigger),
        )
        if item.further:
            return replace(base, later=(*base.later, setting))
        return None if setting == base else setting

    def _wanted(self, item: Decision, setting: LeverSetting | None) -> dict[str, Value]:
        """What a point would have to say for a lever to be set so."""
        base = self.base.levers[item.lever]
        if setting is None or (item.further and len(setting.all_periods) == len(base.all_periods)):
            if item.further:
                return {"level": 0.0, "budget": 0.0}
            setting = base
        own = setting.all_periods[-1] if item.further else setting
        months = 12 * (own.end.year - own.start.year) + own.end.month - own.start.month
        wanted: dict[str, Value] = {"level": own.level, "start": own.start, "months": float(months)}
        wanted |= {"budget": own.budget, "delivery": own.delivery, "target": own.target}
        if own.trigger is not None:
            side = "above" if own.trigger.above else "below"
            wanted |= {side: own.trigger.threshold, "wait": own.trigger.wait, "lasts": own.trigger.lasts}
        return wanted


def _open(item: Decision) -> tuple[str, ...]:
    """The parts of which there is more than one value."""
    return tuple(part for part in PARTS if len(item.parts.get(part, ())) > 1)


def _chosen(item: Decision, positions: Sequence[int] | Points) -> dict[str, Value]:
    """The value of every part of a decision, of the open ones at some positions."""
    chosen = {part: values[0] for part, values in item.parts.items()}
    for part, position in zip(_open(item), positions, strict=True):
        chosen[part] = item.parts[part][int(position)]
    return chosen


def _trigger(item: Decision, chosen: Mapping[str, Value]) -> Trigger | None:
    if not item.indicator:
        return None
    above = "above" in chosen
    numbers = (cast("float", chosen[part]) for part in ("above" if above else "below", "wait", "lasts"))
    threshold, wait, lasts = numbers
    return Trigger(item.indicator, threshold, wait, lasts, above=above)


def _nearest(values: tuple[Value, ...], wanted: Value) -> int:
    """Position of the value that is nearest; the first, where none is nearer than another."""
    numbers = list(_as_numbers((*values, wanted)))
    if wanted in values or numbers[-1] is None:
        return values.index(wanted) if wanted in values else 0
    away = [abs(number - numbers[-1]) if number is not None else np.inf for number in numbers[:-1]]
    return int(np.argmin(away))


def _as_numbers(values: Sequence[Value]) -> Iterator[float | None]:
    for value in values:
        if isinstance(value, date):
            yield float(value.toordinal())
        else:
            yield None if isinstance(value, str) or value is None else float(value)
