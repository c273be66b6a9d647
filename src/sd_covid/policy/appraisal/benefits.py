"""What effects are worth: the catalogue of physical effects, their unit values, and what has no price.

In comes ``scenarios/benefits.yaml`` (read by `sd_covid.policy.appraisal.benefits_file`); here is what it means. Every
effect is monetised in one row at most: by a value of its own, within another row, or not at all (PM, which is not
zero).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.catalogue.accounts import Payer
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.draws import sample_ranges


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A number with its range.

    Attributes
    ----------
    central : float
    spread : Range or None
        None where it does not vary.
    """

    central: float
    spread: Range | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """The part of an effect that the value of another row holds already.

    Attributes
    ----------
    effect : str
        Id of the other effect, which has a value.
    factor : Uncertain
        Units of this effect that come with one unit of the other, at most.
    source : Text
    """

    effect: str
    factor: Uncertain
    source: Text


@dataclass(frozen=True, slots=True)
class UnitValue:
    """What one unit of an effect is worth.

    Attributes
    ----------
    amount : Uncertain
        Thousand euro a unit; of an effect counted in thousands: million euro.
    prices : int
        Year of whose prices it is.
    gains : dict
        Payer -> share of the value that it gains when the effect improves. Shares add up to 1, or to 0 for a transfer,
        of which one party gains what another loses.
    path : Text
        Through which path the effect is monetised.
    source : Text
    grade : str
        Evidence grade A–D.
    overlap : Overlap or None
        What is taken off because another row holds it.
    """

    amount: Uncertain
    prices: int
    gains: dict[Payer, float]
    path: Text
    source: Text
    grade: str
    overlap: Overlap | None = None

    @property
    def is_transfer(self) -> bool:
        """Whether it only shifts money between parties."""
        return any(share < 0 for share in self.gains.values())


@dataclass(frozen=True, slots=True)
class Within:
    """That an effect is monetised in the row of another.

    Attributes
    ----------
    effect : str
        Id of the other effect, which has a value.
    path : Text
        How it comes to count there.
    """

    effect: str
    path: Text


@dataclass(frozen=True, slots=True)
class Effect:
    """A physical effect of a package.

    Attributes
    ----------
    id : str
    title : Text
    unit : Text
        Of the amount added up over years, such as household-years.
    variable : str
        A variable of the model, in thousands; a stock is added up in units times years, a yearly rate in units.
    of : str
        The variable that counts those among whom it happens; empty where there is none.
    better : {'lower', 'higher'}
    costed : bool
        Whether the cost of a unit gained is told.
    value : UnitValue or None
    within : Within or None
    pm : Text or None
        Why it has no price. Exactly one of the three is not None.
    """

    id: str
    title: Text
    unit: Text
    variable: str
    of: str
    better: Literal["lower", "higher"]
    costed: bool = False
    value: UnitValue | None = None
    within: Within | None = None
    pm: Text | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the model from which it is counted."""
        return (self.variable, self.of) if self.of else (self.variable,)


@dataclass(frozen=True, slots=True)
class Partition:
    """A dimension of the model along which effects are told apart.

    Attributes
    ----------
    title : Text
    elements : dict
        Element -> title.
    target : str
        The element that policy aims at; empty where there is none.
    """

    title: Text
    elements: dict[str, Text]
    target: str = ""


@dataclass(frozen=True, slots=True)
class Unquantified:
    """Something that neither model nor prices count.

    Attributes
    ----------
    sign : {'+PM', '−PM', 'PM'}
        Whether it would add to the balance, take from it, or either.
    text : Text
    """

    sign: Literal["+PM", "−PM", "PM"]
    text: Text


@dataclass(frozen=True, slots=True)
class Benefits:
    """The catalogue of effects of a study.

    Attributes
    ----------
    effects : dict
        Id -> `Effect`, in the order of the file.
    partitions : dict
        Dimension of the model -> `Partition`.
    periods : tuple of (int, int)
        First and last year of the periods by which physical effects are told.
    unquantified : tuple of Unquantified
    end_value : Text
        What is counted after the horizon.
    """

    effects: dict[str, Effect] = field(default_factory=dict)
    partitions: dict[str, Partition] = field(default_factory=dict)
    periods: tuple[tuple[int, int], ...] = ()
    unquantified: tuple[Unquantified, ...] = ()
    end_value: Text = field(default_factory=Text)

    def in_model(self, variables: Container[str]) -> Benefits:
        """Those effects whose variables a model has; a sector that is run alone lacks those of the others.

        An effect that counts within another row, or overlaps with it, stays as it is where that row is gone.

        Parameters
        ----------
        variables : container of str
            Canonical names of the model's variables (`sd_covid.model.names.key`).
        """
        kept = {
            name: effect
            for name, effect in self.effects.items()
            if all(key(variable) in variables for variable in effect.variables)
        }
        return Benefits(kept, self.partitions, self.periods, self.unquantified, self.end_value)

    def outputs(self) -> tuple[Output, ...]:
        """What a run has to keep for them: whole arrays, told element by element nowhere."""
        counted = {key(name): name for effect in self.effects.values() for name in effect.variables}
        return tuple(Output(name, Text(name, name), told=False) for name in counted.values())

    def sample(self, size: int, seed: int) -> pd.DataFrame:
        """Unit values and overlaps, the same for every scenario, so that differences stay paired.

        Parameters
        ----------
        size : int
            Number of members.
        seed : int

        Returns
        -------
        DataFrame, shape (size, value)
            A Latin hypercube: columns ``<id>`` in thousand euro a unit in prices of its year, and ``<id> overlap``.
        """
        numbers: dict[str, Uncertain] = {}
        for name, effect in self.effects.items():
            if effect.value is not None:
                numbers[name] = effect.value.amount
                if effect.value.overlap is not None:
                    numbers[f"{name} overlap"] = effect.value.overlap.factor
        varied = {name: item.spread for name, item in numbers.items() if item.spread is not None}
        drawn = sample_ranges(varied, size, seed)
        columns = {name: drawn.get(name, item.central) for name, item in numbers.items()}
        return pd.DataFrame(columns, index=range(size))
