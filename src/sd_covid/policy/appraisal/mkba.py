"""The table of costs and benefits (MKBA) of a package: rows, balance and measures of return.

In comes an `Appraisal`; out comes a `Mkba`. Form and measures follow CPB and PBL, *Algemene leidraad voor
maatschappelijke kosten-batenanalyse* (2013): differences from one null alternative, physical and monetised effects side
by side, PM where there is no price, and a balance that says what it leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.policy.appraisal.benefits import Effect
from sd_covid.policy.appraisal.effectiveness import Ratio
from sd_covid.policy.appraisal.package import Appraisal
from sd_covid.policy.catalogue.accounts import PAYERS, Payer
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats

#: The balance is shown at the discount rate and a point to each side.
POINT = 0.01
#: Rates beyond which no internal rate of return is looked for.
_RATES = (0.0, 10.0)
#: Less than this is nil among sums of million euro.
_NIL = 1e-9


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect in the table.

    Attributes
    ----------
    effect : Effect
    physical : dict
        (first, last year) -> gain in thousand units, not discounted; only periods that the run covers.
    total : Spread
        The same over all years.
    present : Spread or None
        Present value of the gain in million euro; of a transfer 0 throughout; None where it has no value of its own.
    shifted : Spread or None
        Of a transfer: what it moves to those who gain, present value in million euro.
    cost_per_unit : Ratio or None
        Extra cost over gain, both discounted, in million euro a thousand units; None where it is not told.
    """

    effect: Effect
    physical: dict[tuple[int, int], Spread]
    total: Spread
    present: Spread | None
    shifted: Spread | None
    cost_per_unit: Ratio | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What a party pays, receives and gains, present values in million euro.

    Attributes
    ----------
    payer : Payer
    paid, received, gained, net : Spread
        `net` is received and gained less paid; over all parties it is the balance.
    """

    payer: Payer
    paid: Spread
    received: Spread
    gained: Spread
    net: Spread


@dataclass(frozen=True, slots=True)
class Mkba:
    """The table of a package.

    Attributes
    ----------
    appraisal : Appraisal
    effects : tuple of EffectRow
    accounts : tuple of AccountRow
        Parties with anything but nil, in the order of `PAYERS`.
    costs, resources, value, balance : Spread
        Present values in million euro: what is paid, what of it society gives up, what the effects are worth, and the
        last less the one before. PM is in none of them.
    balance_at : dict
        Discount rate -> balance, a point lower and higher.
    ratio : Ratio
        Value over resources; NaN where either may be nil, or they differ in sign. Of a package that saves and does
        harm it is what is lost for each euro saved.
    internal_rate : float
        Internal rate of return of the mean flow; NaN where there is none or more than one.
    positive : float
        Share of the draws whose balance is above nil.
    """

    appraisal: Appraisal
    effects: tuple[EffectRow, ...]
    accounts: tuple[AccountRow, ...]
    costs: Spread
    resources: Spread
    value: Spread
    balance: Spread
    balance_at: dict[float, Spread]
    ratio: Ratio
    internal_rate: float
    positive: float

    @property
    def horizon(self) -> int:
        """The last year that counts."""
        return self.appraisal.years[-1]

    @property
    def has_pm(self) -> bool:
        """Whether the balance leaves something out for want of a price."""
        found = self.appraisal.benefits
        return bool(
            self.appraisal.ledger.unpriced
            or found.unquantified
            or any(row.effect.pm is not None for row in self.effects)
        )


def mkba(found: Appraisal) -> Mkba:
    """The table of costs and benefits of an appraised package."""
    balance = found.present(found.balance)
    value, resources = found.present(found.value), found.present(found.resources)
    paid = found.present(found.paid.sum(axis=0))
    rate = found.ledger.prices.discount_rate
    return Mkba(
        appraisal=found,
        effects=tuple(_effect_row(found, name, paid) for name in found.gains),
        accounts=_account_rows(found),
        costs=Spread.of(paid),
        resources=Spread.of(resources),
        value=Spread.of(value),
        balance=Spread.of(balance),
        balance_at={at: Spread.of(found.present(found.balance, at)) for at in (rate - POINT, rate + POINT)},
        ratio=Ratio.of(value, resources),
        internal_rate=internal_rate(found.balance.mean(axis=0)) if balance.size else float("nan"),
        positive=float(np.mean(balance > 0)) if balance.size else float("nan"),
    )


def internal_rate(flow: Floats) -> float:
    """The discount rate at which a flow has a present value of nil.

    Parameters
    ----------
    flow : ndarray, shape (year,)
        One amount a year.

    Returns
    -------
    float
        A year; NaN unless the running sum of the flow changes sign exactly once, from below nil to above: then there is
        one rate above nil and no other (Norstrom 1972, Journal of Financial and Quantitative Analysis 7(3)).
    """
    from scipy.optimize import brentq

    running = np.cumsum(flow)
    signs = np.sign(running[np.abs(running) > _NIL * max(1.0, float(np.abs(flow).max(initial=0.0)))])
    if signs.size == 0 or signs[0] > 0 or signs[-1] < 0 or np.count_nonzero(np.diff(signs)) != 1:
        return float("nan")
    powers = -np.arange(flow.size, dtype=np.float64)

    def present(rate: float) -> float:
        return float(flow @ (1.0 + rate) ** powers)

    if present(_RATES[1]) > 0:
        return float("nan")
    return float(brentq(present, *_RATES, xtol=1e-12))


def _effect_row(found: Appraisal, name: str, paid: Floats) -> EffectRow:
    """One row."""
    effect, gain = found.benefits.effects[name], found.gains[name]
    years = np.array(found.years)
    periods = {
        (first, last): Spread.of(gain[:, (years >= first) & (years <= last)].sum(axis=1))
        for first, last in found.benefits.periods
        if first >= years[0] and last <= years[-1]
    }
    present = None if effect.value is None else found.present(found.money[name])
    transfer = effect.value is not None and effect.value.is_transfer
    return EffectRow(
        effect=effect,
        physical=periods,
        total=Spread.of(gain.sum(axis=1)),
        present=None if present is None else Spread.of(0.0 * present if transfer else present),
        shifted=Spread.of(present) if transfer and present is not None else None,
        cost_per_unit=Ratio.of(paid, found.present(gain)) if effect.costed else None,
    )


def _account_rows(found: Appraisal) -> tuple[AccountRow, ...]:
    """Who pays, receives and gains."""
    paid, received, gained = (found.present(flow) for flow in (found.paid, found.received, found.gained))
    rows = []
    for position, payer in enumerate(PAYERS):
        parts = paid[position], received[position], gained[position]
        if any(np.abs(part).max(initial=0.0) > _NIL for part in parts):
            net = received[position] + gained[position] - paid[position]
            rows.append(AccountRow(payer, *(Spread.of(part) for part in (*parts, net))))
    return tuple(rows)
