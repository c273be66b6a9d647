"""The catalogue of levers: what a government can set, what the actual package was, what it costs and who pays.

In comes ``scenarios/levers.yaml``; out comes a `Catalogue`. What nobody knows stands in another file
(`sd_covid.policy.catalogue.assumptions`); how a cost follows a setting is `sd_covid.policy.catalogue.costs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal, cast, get_args

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import Reference, references_beside
from sd_covid.data.text import Text
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.catalogue.accounts import Accounts, read_accounts
from sd_covid.policy.catalogue.cost_rules import read_cost, read_prices
from sd_covid.policy.catalogue.costs import Cost, Prices
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.reading import read_cited, read_date, read_number, read_text, scenario_faults
from sd_covid.study_folder import study_folder

Delivery = Literal["national", "municipal"]
Purpose = Literal["business", "social"]
#: The groups of every sector of the models.
Group = Literal["vulnerable", "regular"]

_REQUIRED = (
    "title",
    "meaning",
    "constants",
    "actual",
    "range",
    "purpose",
    "target",
    "payer",
    "delivery",
    "cost",
)
_EVIDENCE = ("source", "grade")
_OPTIONAL = ("references", "accounts", "targets")
#: What a model must have of a lever for it to work there, and what it may have.
WORKS_BY = ("level", "start", "end")
_MAY_HAVE = ("budget", "municipal")


@dataclass(frozen=True, slots=True)
class Step:
    """A change on a day: from the start of `day` something has another value.

    Attributes
    ----------
    day : date
    value : float or None
        None: its own, that of the model or of a draw.
    factor : float
        By which that is multiplied.
    """

    day: date
    value: float | None = None
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """A time, from the start of `start` to the start of `end`, in which a lever is held at one level.

    `budget` and `target` are those of the whole period of the lever in which this lies.
    """

    start: date
    end: date
    level: float
    budget: float | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class LeverSetting:
    """How strongly a lever is pulled, and when: in force from the start of `start` to the start of `end`.

    Attributes
    ----------
    level : float
        In the lever's own measure, from `start` on; 0 is not at all.
    start, end : date
    budget : float or None
        Million euro over the whole period, which limits how many are reached; None where the lever has none.
    delivery : {'national', 'municipal'} or None
        Who delivers it; None where the model makes no difference between the two.
    then : tuple of Step
        Later levels, by day, between `start` and `end`.
    later : tuple of LeverSetting
        Later periods in which it is in force, one after another, each with a budget of its own.
    target : str or None
        The one group that it reaches; None where it reaches whom it reached, or would reach.
    trigger : Trigger or None
        What switches it on between start and end; without one it is in force from start to end.
    """

    level: float
    start: date
    end: date
    budget: float | None = None
    delivery: Delivery | None = None
    then: tuple[Step, ...] = ()
    later: tuple[LeverSetting, ...] = ()
    target: str | None = None
    trigger: Trigger | None = None

    @property
    def all_periods(self) -> tuple[LeverSetting, ...]:
        """The first period, which stands here, and the later ones."""
        return (self, *self.later)

    @property
    def total(self) -> float | None:
        """The budgets of all periods; None where the lever has none."""
        return None if self.budget is None else sum(item.budget or 0.0 for item in self.all_periods)

    @property
    def held(self) -> tuple[Held, ...]:
        """The levels one after another, in all periods."""
        return tuple(held for item in self.all_periods for held in item._levels())

    def _levels(self) -> Iterator[Held]:
        days = [self.start, *(step.day for step in self.then), self.end]
        levels = [self.level, *(step.value or 0.0 for step in self.then)]
        for start, end, level in zip(days, days[1:], levels, strict=False):
            yield Held(start, end, level, self.budget, self.target)

    @property
    def pulled(self) -> bool:
        """Whether it is ever at another level than 0."""
        return any(held.level for held in self.held)

    def differs(self, other: LeverSetting | None) -> bool:
        """Whether it does something else than another: not where neither is ever pulled, whatever their dates."""
        return self != other and (self.pulled or (other is not None and other.pulled))


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that a government sets.

    Attributes
    ----------
    id : str
    title, meaning : Text
        `meaning` says what a level of 1 is.
    constants : dict
        ``level``, ``start``, ``end`` and, for a lever that has them, ``budget`` and ``municipal`` (1 for municipal
        delivery) -> name of the model's constant.
    actual : LeverSetting
        As it was, or is decided.
    low, high : float
        The levels that make sense.
    purpose : {'business', 'social'}
        Support of business (which reaches households through jobs and earnings) or of households directly.
    target, payer : Text
        Target group; on whose budget.
    delivery : {'national', 'municipal'}
        As it was.
    cost : Cost
    source : Text
        With the references that it rests on, in full.
    grade : str
        Of the actual setting; evidence grade A–D.
    accounts : Accounts
        Between whom the money goes.
    targets : dict
        Group -> what the model's constants are when the lever reaches that group alone.
    """

    id: str
    title: Text
    meaning: Text
    constants: dict[str, str]
    actual: LeverSetting
    low: float
    high: float
    purpose: Purpose
    target: Text
    payer: Text
    delivery: Delivery
    cost: Cost
    source: Text
    grade: str
    accounts: Accounts = field(default_factory=Accounts)
    targets: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The levers of a study.

    Attributes
    ----------
    levers : dict
        Lever id -> `Lever`.
    prices : Prices
        Price level and discounting of their costs.
    calendar : Calendar or None
        That of the study's models, for a sector that is run alone and has none of its own.
    """

    levers: dict[str, Lever] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    calendar: Calendar | None = None


def read_levers(path: str | Path) -> Catalogue:
    """Read a catalogue of levers.

    Parameters
    ----------
    path : path
        A YAML file with ``prices``, ``levers`` and, optionally, ``calendar``. Its ``references`` are keys of
        ``models/references.csv`` of the study.

    Returns
    -------
    Catalogue

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot.
    """
    with scenario_faults():
        top = read_yaml(Path(path)).fields(("prices", "levers"), ("calendar",))
        known = references_beside(study_folder(path) / "models" / "evidence.csv")
        levers = {name: _read_lever(name, node, known) for name, node in top["levers"].entries()}
        calendar = _read_calendar(top["calendar"]) if "calendar" in top else None
        return Catalogue(levers, read_prices(top["prices"], known), calendar)


def _read_calendar(node: Node) -> Calendar:
    """The calendar of the study, ``{origin: 2015-01, unit: month}``."""
    found = node.fields(("origin", "unit"))
    found["unit"].choice(("month",))
    origin = read_date(found["origin"])
    if origin.day != 1:
        raise found["origin"].error(f"{origin} is not the first day of a month", "write for example 2015-01")
    return Calendar(origin)


def _read_lever(name: str, node: Node, known: Mapping[str, Reference]) -> Lever:
    """One entry of the catalogue."""
    found = node.fields((*_REQUIRED, *_EVIDENCE), _OPTIONAL)
    constants = found["constants"].fields(WORKS_BY, _MAY_HAVE)
    low, high = (read_number(bound) for bound in _pair(found["range"]))
    delivery = cast("Delivery", found["delivery"].choice(get_args(Delivery)))
    actual = _read_actual(found["actual"], low, high, budgeted="budget" in constants)
    if "municipal" in constants:
        actual = replace(actual, delivery=delivery)
    return Lever(
        id=name,
        title=read_text(found["title"]),
        meaning=read_text(found["meaning"]),
        constants={part: constant.text() for part, constant in constants.items()},
        actual=actual,
        low=low,
        high=high,
        purpose=cast("Purpose", found["purpose"].choice(("business", "social"))),
        target=read_text(found["target"]),
        payer=read_text(found["payer"]),
        delivery=delivery,
        cost=read_cost(found["cost"], known),
        source=read_cited(found, known),
        grade=found["grade"].choice(("A", "B", "C", "D")),
        accounts=read_accounts(found["accounts"]) if "accounts" in found else Accounts(),
        targets=_read_targets(found["targets"]) if "targets" in found else {},
    )


def _read_targets(node: Node) -> dict[str, dict[str, float]]:
    """The groups that a lever can be kept for, and the constants of the model that do so."""
    return {
        group: {name: read_number(value) for name, value in constants.entries()}
        for group, constants in node.fields((), get_args(Group)).items()
    }


def _pair(node: Node) -> list[Node]:
    """A list of two values, low and high."""
    bounds = list(node.items())
    if len(bounds) != 2:
        raise node.error("a lowest and a highest level are expected", "write '[0, 1]'")
    return bounds


def _read_actual(node: Node, low: float, high: float, *, budgeted: bool) -> LeverSetting:
    """The actual package's setting of a lever."""
    found = node.fields((*WORKS_BY, "budget") if budgeted else WORKS_BY)
    setting = LeverSetting(
        read_number(found["level"], low, high),
        read_date(found["start"]),
        read_date(found["end"]),
        read_number(found["budget"], low=0.0) if budgeted else None,
    )
    if setting.end <= setting.start:
        raise found["end"].error(
            f"{setting.end} is not after the start, {setting.start}", "swap the two dates"
        )
    return setting
