"""Cost rules and prices as a study's catalogue of levers writes them.

In goes a `Node` of ``scenarios/levers.yaml``; out come `Cost` and `Prices`. What they mean is
`sd_covid.policy.catalogue.costs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

from sd_covid.data.keyed_yaml import Node
from sd_covid.data.references import Reference
from sd_covid.policy.catalogue.costs import Cost, Prices, Tranche
from sd_covid.policy.reading import read_cited, read_date, read_number, read_source

#: Keys of its own that a rule needs.
_OWN: dict[str, tuple[str, ...]] = {"budget": ("total", "tranches"), "spent": ("spending",), "unpriced": ()}


def read_cost(node: Node, known: Mapping[str, Reference]) -> Cost:
    """The cost rule of a lever; `known`: the references that a study lists.

    Raises
    ------
    DataError
        When it says something it cannot.
    """
    rule = dict(node.entries()).get("rule")
    if rule is None:
        raise node.error("the key 'rule' is missing", "add 'rule: budget', 'spent' or 'unpriced'")
    kind = cast("Literal['budget', 'spent', 'unpriced']", rule.choice(tuple(_OWN)))
    found = node.fields(("rule", "source", "grade", "note", *_OWN[kind]), ("references",))
    grade = found["grade"].choice(("A", "B", "C", "D"))
    cost = Cost(kind, read_cited(found, known), grade, read_source(found["note"]))
    if kind == "budget":
        return _budget(cost, found)
    return replace(cost, spending=found["spending"].text()) if kind == "spent" else cost


def _budget(cost: Cost, found: dict[str, Node]) -> Cost:
    """A budget rule: a total and its tranches."""
    tranches = tuple(_read_tranche(node) for node in found["tranches"].items())
    if sum(tranche.weight for tranche in tranches) <= 0:
        raise found["tranches"].error("the tranches have no weight", "give at least one a positive weight")
    return replace(cost, total=read_number(found["total"], low=1e-9), tranches=tranches)


def _read_tranche(node: Node) -> Tranche:
    """One tranche, ``{start: …, end: …, weight: …}``."""
    found = node.fields(("start", "end", "weight"))
    start, end = read_date(found["start"]), read_date(found["end"])
    if end <= start:
        raise found["end"].error(f"{end} is not after the start, {start}", "swap the two dates")
    return Tranche(start, end, read_number(found["weight"], low=0.0))


def read_prices(node: Node, known: Mapping[str, Reference]) -> Prices:
    """Price level, discounting and price index; `known`: the references that a study lists.

    Raises
    ------
    DataError
        When it says something it cannot.
    """
    found = node.fields(("level_year", "base_year", "discount_rate", "index", "source"), ("references",))
    index = {}
    for year, value in found["index"].entries():
        if not (year.isdecimal() and len(year) == 4):
            raise value.error(f"'{year}' is not a year", "write for example '2020: 79.94'")
        index[int(year)] = read_number(value, low=1e-9)
    return Prices(
        level_year=_year(found["level_year"]),
        base_year=_year(found["base_year"]),
        discount_rate=read_number(found["discount_rate"], low=0.0, high=0.2),
        index=index,
        source=read_cited(found, known),
    )


def _year(node: Node) -> int:
    """A year of four digits."""
    year = node.whole()
    if year is None or not 1900 <= year <= 2200:
        raise node.error(f"'{node.text()}' is not a year", "write for example 2020")
    return year
