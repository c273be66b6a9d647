"""What a package costs and yields, draw by draw and year by year: physical effects, their value, and the ledger.

In come a `Comparison` and a catalogue of `Benefits`; out comes an `Appraisal`, from which the table of costs and
benefits (`sd_covid.policy.appraisal.mkba`) and who gains (`sd_covid.policy.appraisal.distribution`) are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import Benefits, Effect, UnitValue
from sd_covid.policy.appraisal.ledger import Ledger, ledger, share_table
from sd_covid.policy.catalogue.accounts import PAYERS
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.types import Floats

#: The labels of an element of an array, without case and blanks.
Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A package against the null alternative, in units and in euro.

    Attributes
    ----------
    scenario, reference : str
    benefits : Benefits
    ledger : Ledger
        Costs and transfers of the levers.
    years : tuple of int
        Years of the flows: those of the ledger and of the effects.
    gains : dict
        Effect id -> gain in thousand units (people better off, positive), shape (member, year), not discounted.
    money : dict
        Effect id -> value of that gain in million euro in prices of the level year, shape (member, year); only effects
        with a value. That of a transfer is what the one party gains.
    """

    scenario: str
    reference: str
    benefits: Benefits
    ledger: Ledger
    years: tuple[int, ...]
    gains: dict[str, Floats]
    money: dict[str, Floats]

    @property
    def gained(self) -> Floats:
        """Value of effects by payer, shape (payer, member, year), million euro; transfers add up to nil over payers."""
        total = np.zeros((len(PAYERS), self.ledger.nominal.shape[1], len(self.years)))
        for name, flow in self.money.items():
            value = self.benefits.effects[name].value
            if value is not None:
                total += share_table([value.gains])[0][:, None, None] * flow
        return total

    @property
    def paid(self) -> Floats:
        """Extra cost by payer, shape (payer, member, year), million euro in prices of the level year."""
        return self._by_payer(self.ledger.paid)

    @property
    def received(self) -> Floats:
        """Extra money received by payer, shape (payer, member, year), million euro in prices of the level year."""
        return self._by_payer(self.ledger.received)

    @property
    def value(self) -> Floats:
        """Value of the effects to society, shape (member, year), million euro: transfers drop out."""
        return np.asarray(self.gained.sum(axis=0), dtype=np.float64)

    @property
    def resources(self) -> Floats:
        """Costs less what others receive as money, shape (member, year): what society gives up, million euro."""
        return np.asarray(self.paid.sum(axis=0) - self.received.sum(axis=0), dtype=np.float64)

    @property
    def balance(self) -> Floats:
        """Value of the effects less what society gives up, shape (member, year), million euro, PM not counted."""
        return self.value - self.resources

    def present(self, flow: Floats, rate: float | None = None) -> Floats:
        """Present value of a flow whose last axis is `years`, in prices of the level year.

        Parameters
        ----------
        flow : ndarray, shape (..., year)
        rate : float, optional
            Real discount rate a year; that of the comparison by default.

        Returns
        -------
        ndarray, shape (...)
        """
        prices = self.ledger.prices
        used = prices.discount_rate if rate is None else rate
        weights = (1.0 + used) ** (prices.base_year - np.array(self.years, dtype=np.float64))
        return np.asarray(flow @ weights, dtype=np.float64)

    def _by_payer(self, shares: Floats) -> Floats:
        """The ledger's cost by payer over the years of the appraisal."""
        whole = np.einsum("lp,lmy->pmy", shares, self.ledger.real)
        return _placed(whole, self.ledger.years, self.years)


def appraise(comparison: Comparison, benefits: Benefits, scenario: str) -> Appraisal:
    """Appraise a package.

    Parameters
    ----------
    comparison : Comparison
        That kept the variables of the effects (`Benefits.outputs`).
    benefits : Benefits
        Effects that the model has (`Benefits.in_model`).
    scenario : str
        Set against ``comparison.reference``.

    Returns
    -------
    Appraisal

    Raises
    ------
    UnknownNameError, RunError
        When the scenario or a variable was not run, the price index does not reach back, or nothing counts of whom a
        percentage is.
    """
    book = ledger(comparison, scenario)
    years = tuple(sorted({*book.years, *comparison.years}))
    sound = comparison.sound(scenario, comparison.reference)
    sample = benefits.sample(comparison.member.size, comparison.provenance.seed)
    drawn = {str(name): sample[name].to_numpy(dtype=np.float64)[sound, None] for name in sample}
    gains = {
        name: _placed(_gain(comparison, effect, scenario), comparison.years, years)
        for name, effect in benefits.effects.items()
    }
    money = {}
    for name, effect in benefits.effects.items():
        if effect.value is not None:
            price = drawn[name] * comparison.prices.deflator(effect.value.prices)
            money[name] = price * (gains[name] - _held_elsewhere(name, effect.value, gains, drawn))
    return Appraisal(scenario, comparison.reference, benefits, book, years, gains, money)


def overlap(gain: Floats, other: Floats, factor: Floats) -> Floats:
    """The part of a gain that another explains: `factor` times the other, but no more than the gain and of its sign.

    Parameters
    ----------
    gain, other : ndarray, shape (member, year)
    factor : ndarray, shape (member, 1)
        Units of `gain` that come with one of `other`.

    Returns
    -------
    ndarray, shape (member, year)
    """
    return np.clip(factor * other, np.minimum(gain, 0.0), np.maximum(gain, 0.0))


def _held_elsewhere(
    name: str, value: UnitValue, gains: Mapping[str, Floats], drawn: Mapping[str, Floats]
) -> Floats:
    """What of a gain the value of another effect holds already, shape (member, year)."""
    if value.overlap is None or value.overlap.effect not in gains:
        return np.zeros_like(gains[name])
    return overlap(gains[name], gains[value.overlap.effect], drawn[f"{name} overlap"])


def _gain(comparison: Comparison, effect: Effect, scenario: str) -> Floats:
    """How much better a scenario does than the reference, shape (member, year), thousand units."""
    pair = (scenario, comparison.reference), (comparison.reference, scenario)
    mine, theirs = (summed(amounts(comparison, effect, one, other)) for one, other in pair)
    return mine - theirs if effect.better == "higher" else theirs - mine


def amounts(comparison: Comparison, effect: Effect, scenario: str, paired_with: str) -> dict[Labels, Floats]:
    """Amounts of an effect by element, each of shape (member, year), in thousands, of members sound in both.

    A percentage becomes a number by way of `Effect.of`, element by element.
    """
    found = by_element(comparison, effect.variable, scenario, paired_with)
    if not _is_percentage(comparison, effect.variable):
        return found
    counted = {}
    for labels, share in found.items():
        among = population(comparison, effect, labels, scenario, paired_with)
        if among is None:
            raise RunError(
                f"'{effect.variable}' is a percentage, and nothing counts of whom",
                advice=f"let 'of' of '{effect.id}' name a variable with the same groups",
            )
        counted[labels] = share / 100.0 * among
    return counted


def population(
    comparison: Comparison, effect: Effect, labels: Labels, scenario: str, paired_with: str
) -> Floats | None:
    """Those among whom an effect happens who have all these labels, shape (member, year), in thousands.

    None where the catalogue does not say among whom, or the model does not tell them apart by these labels.
    """
    among = by_element(comparison, effect.of, scenario, paired_with) if effect.of else {}
    having = {other: path for other, path in among.items() if labels <= other}
    return summed(having) if having else None


def by_element(
    comparison: Comparison, variable: str, scenario: str, paired_with: str
) -> dict[Labels, Floats]:
    """Yearly means of a variable by the labels of its elements, each of shape (member, year)."""
    found = {}
    for output in comparison.outputs:
        base, _, element = output.name.partition("[")
        if key(base) == key(variable) and not (output.told and element):
            labels = frozenset(key(part) for part in element.rstrip("] ").split(",") if part)
            found[labels] = comparison.by_year(
                output.name, scenario, comparison.years, paired_with=paired_with
            )
    if not found:
        comparison.output(variable)  # says that it was not kept, and what is near
    return found


def summed(parts: Mapping[Labels, Floats]) -> Floats:
    """The sum over elements, shape (member, year)."""
    return np.asarray(sum(parts.values()), dtype=np.float64)


def _is_percentage(comparison: Comparison, variable: str) -> bool:
    """Whether a variable is in per cent."""
    return any(
        key(output.name.partition("[")[0]) == key(variable) and output.units.casefold() in ("percent", "%")
        for output in comparison.outputs
    )


def _placed(flow: Floats, years: tuple[int, ...], among: tuple[int, ...]) -> Floats:
    """A flow whose last axis is `years` over more years, nil in the others."""
    placed = np.zeros((*flow.shape[:-1], len(among)))
    placed[..., [among.index(year) for year in years]] = flow
    return placed
