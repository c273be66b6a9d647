"""The ledger of a package: what it costs more than the null alternative, by lever, payer and year, adding up both ways.

In come a `Comparison` and the accounts of its levers; out comes a `Ledger`. Money that one party pays and another
receives is a transfer: it shifts between accounts and is no cost to society.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sd_covid.policy.catalogue.accounts import PAYERS, Payer
from sd_covid.policy.catalogue.costs import Prices
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a package costs more than the null alternative, by lever and payer.

    Attributes
    ----------
    levers : tuple of str
        Ids of the priced levers.
    years : tuple of int
    nominal : ndarray, shape (lever, member, year)
        Extra cost of every sound pair of draws, million euro in prices of each year.
    paid, received : ndarray, shape (lever, payer)
        Shares in the order of `PAYERS`; each row of `paid` adds up to 1.
    unpriced : tuple of str
        Levers without a price whose setting differs from the null alternative: PM, never zero.
    prices : Prices
        How nominal amounts become present values.
    """

    levers: tuple[str, ...]
    years: tuple[int, ...]
    nominal: Floats
    paid: Floats
    received: Floats
    unpriced: tuple[str, ...]
    prices: Prices

    @property
    def real(self) -> Floats:
        """Extra cost in prices of the level year, shape (lever, member, year), million euro."""
        deflators = np.array([self.prices.deflator(year) for year in self.years])
        return np.asarray(self.nominal * deflators, dtype=np.float64)

    @property
    def present(self) -> Floats:
        """Present value of the extra cost, shape (lever, member), million euro."""
        return np.asarray(self.real @ self.prices.discount_factors(self.years), dtype=np.float64)

    def paid_present(self) -> Floats:
        """Present value of what each pays more, shape (lever, payer, member), million euro."""
        return np.asarray(self.paid[:, :, None] * self.present[:, None, :], dtype=np.float64)

    def received_present(self) -> Floats:
        """Present value of what each receives more, shape (lever, payer, member), million euro."""
        return np.asarray(self.received[:, :, None] * self.present[:, None, :], dtype=np.float64)

    def resources(self) -> Floats:
        """Real cost less what others receive as money, shape (member, year): what society gives up, million euro."""
        kept = 1.0 - self.received.sum(axis=1)
        return np.asarray(np.einsum("l,lmy->my", kept, self.real), dtype=np.float64)


def ledger(comparison: Comparison, scenario: str) -> Ledger:
    """The ledger of a package against the reference of a comparison.

    Parameters
    ----------
    comparison : Comparison
    scenario : str

    Returns
    -------
    Ledger
        Levers whose catalogue entry has no accounts are paid by ``unassigned``.

    Raises
    ------
    UnknownNameError
        When the scenario was not run.
    """
    sound = comparison.sound(scenario, comparison.reference)
    null = {line.lever: line for line in comparison.costs if line.scenario == comparison.reference}
    lines = [line for line in comparison.costs if line.scenario == scenario]
    mine, theirs = (comparison.scenario(name).levers for name in (scenario, comparison.reference))
    priced = [line for line in lines if line.priced]
    years = lines[0].years if lines else ()
    nominal = np.zeros((len(priced), int(sound.sum()), len(years)))
    for row, line in enumerate(priced):
        nominal[row] = line.of_members(sound) - null[line.lever].of_members(sound)
    accounts = [comparison.levers[line.lever].accounts for line in priced]
    return Ledger(
        levers=tuple(line.lever for line in priced),
        years=years,
        nominal=nominal,
        paid=share_table([item.paid_by for item in accounts]),
        received=share_table([item.received_by for item in accounts]),
        unpriced=tuple(
            line.lever
            for line in lines
            if not line.priced and mine[line.lever].differs(theirs.get(line.lever))
        ),
        prices=comparison.prices,
    )


def share_table(rows: Sequence[Mapping[Payer, float]]) -> Floats:
    """Shares as an array, shape (row, payer)."""
    return np.array([[row.get(payer, 0.0) for payer in PAYERS] for row in rows]).reshape(-1, len(PAYERS))
