"""Between whom the money of a lever goes: who pays, and who receives.

In comes the key ``accounts`` of a lever; out come shares of payers. Adding up is `sd_covid.policy.appraisal.ledger`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from sd_covid.data.keyed_yaml import Node
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.policy.reading import read_number, read_source

Payer = Literal["national", "municipal", "insurers", "households", "business", "unassigned"]
#: Every account of a ledger; the last holds what a study assigns to nobody.
PAYERS: tuple[Payer, ...] = get_args(Payer)
UNASSIGNED: Payer = "unassigned"

#: Shares are written with few decimals: a third as 0.333.
_SUM_TOLERANCE = 2e-3


@dataclass(frozen=True, slots=True)
class Accounts:
    """Between whom the money of a lever goes.

    Attributes
    ----------
    paid_by : dict
        Payer -> share of the cost; the shares add up to 1.
    received_by : dict
        Payer -> share of the cost that arrives as money, such as a wage subsidy; the rest is spent on staff and goods.
    basis : Text
        On what the shares rest.
    """

    paid_by: dict[Payer, float] = field(default_factory=lambda: {UNASSIGNED: 1.0})
    received_by: dict[Payer, float] = field(default_factory=dict)
    basis: Text = field(default_factory=Text)


def read_accounts(node: Node) -> Accounts:
    """The accounts of a lever, ``{paid_by: {national: 1}, received_by: {business: 1}, basis: …}``.

    Raises
    ------
    DataError
        A payer that there is not, a share outside 0 to 1, shares of payers that do not add up to 1, receivers that
        receive more than is paid, or shares without a basis where they are split.
    """
    found = node.fields(("paid_by",), ("received_by", "basis"))
    paid = read_shares(found["paid_by"])
    if not adds_up(paid, 1.0):
        total = sum(paid.values())
        raise found["paid_by"].error(f"the shares add up to {total:g}, not to 1", "let them add up to 1")
    received = read_shares(found["received_by"]) if "received_by" in found else {}
    if sum(received.values()) > 1.0 + _SUM_TOLERANCE:
        raise found["received_by"].error(
            "more is received than is paid", "let the shares add up to 1 at most"
        )
    if "basis" not in found and (len(paid) > 1 or received):
        raise node.error(
            "the key 'basis' is missing", "say on what the shares rest, or that they are assumed"
        )
    return Accounts(
        _to_one(paid),
        _to_one(received) if adds_up(received, 1.0) else received,
        read_source(found["basis"]) if "basis" in found else Text(),
    )


def _to_one(shares: Mapping[Payer, float]) -> dict[Payer, float]:
    """Shares that add up to 1 as far as they are written, adding up to 1."""
    total = sum(shares.values())
    return {payer: share / total for payer, share in shares.items()}


def read_shares(node: Node, known: Sequence[Payer] = PAYERS[:-1], low: float = 0.0) -> dict[Payer, float]:
    """Shares by payer, from `low` to 1.

    Raises
    ------
    DataError
        A payer that is not `known`, or a share that is no number from `low` to 1.
    """
    shares: dict[Payer, float] = {}
    for name, entry in node.entries():
        payer = next((payer for payer in known if payer == name), None)
        if payer is None:
            advice = suggest(name, known) or f"use {', '.join(known)}"
            raise entry.error(f"there is no payer '{name}'", advice)
        shares[payer] = read_number(entry, low, 1.0)
    if not shares:
        raise node.error("no payer is named", f"use {', '.join(known)}")
    return shares


def adds_up(shares: Mapping[Payer, float], total: float) -> bool:
    """Whether shares add up to a total, as far as they are written."""
    return math.isclose(sum(shares.values()), total, abs_tol=_SUM_TOLERANCE)
