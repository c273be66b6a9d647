"""Cost rules and prices as a study's catalogue of levers writes them.

In goes a `Node` of ``scenarios/levers.yaml``; out come `Cost` and `Prices`. What they mean is `sd_covid.policy.costs`.
"""

from __future__ import annotations

from typing import Literal, cast

from sd_covid.data.keyed_yaml import Node
from sd_covid.policy.costs import Cost, Prices, Share, Tranche
from sd_covid.policy.reading import read_date, read_number, read_text


def read_cost(node: Node) -> Cost:
    """The cost rule of a lever.

    Raises
    ------
    DataError
        When it says something it cannot.
    """
    rule = dict(node.entries()).get("rule")
    if rule is None:
        raise node.error("the key 'rule' is missing", "add 'rule: budget', 'rule: unit' or 'rule: unpriced'")
    kind = cast("Literal['budget', 'unit', 'unpriced']", rule.choice(("budget", "unit", "unpriced")))
    told = ("rule", "source", "grade", "note")
    own = {
        "budget": ("total", "tranches"),
        "unit": ("unit_cost", "price_year", "quantity", "share", "counts"),
    }
    found = node.fields((*told, *own.get(kind, ())))
    grade = found["grade"].choice(("A", "B", "C", "D"))
    cost = Cost(kind, found["source"].text(), grade, found["note"].text())
    if kind == "budget":
        return _budget(cost, found)
    return _unit(cost, found) if kind == "unit" else cost


def _budget(cost: Cost, found: dict[str, Node]) -> Cost:
    """A budget rule: a total and its tranches."""
    tranches = tuple(_read_tranche(node) for node in found["tranches"].items())
    if sum(tranche.weight for tranche in tranches) <= 0:
        raise found["tranches"].error("the tranches have no weight", "give at least one a positive weight")
    return Cost(
        cost.rule, cost.source, cost.grade, cost.note, total=read_number(found["total"]), tranches=tranches
    )


def _unit(cost: Cost, found: dict[str, Node]) -> Cost:
    """A unit rule: a price and what it is paid for."""
    return Cost(
        cost.rule,
        cost.source,
        cost.grade,
        cost.note,
        unit_cost=read_number(found["unit_cost"], low=0.0),
        price_year=_year(found["price_year"]),
        quantity=found["quantity"].text(),
        share=cast("Share", found["share"].choice(("all", "extra"))),
        title=read_text(found["counts"]),
    )


def _read_tranche(node: Node) -> Tranche:
    """One tranche, ``{start: …, end: …, weight: …}``."""
    found = node.fields(("start", "end", "weight"))
    start, end = read_date(found["start"]), read_date(found["end"])
    if end <= start:
        raise found["end"].error(f"{end} is not after the start, {start}", "swap the two dates")
    return Tranche(start, end, read_number(found["weight"], low=0.0))


def read_prices(node: Node) -> Prices:
    """Price level, discounting and price index.

    Raises
    ------
    DataError
        When it says something it cannot.
    """
    found = node.fields(("level_year", "base_year", "discount_rate", "index", "source"))
    index = {}
    for year, value in found["index"].entries():
        if not year.isdigit():
            raise value.error(f"'{year}' is not a year", "write for example '2020: 79.94'")
        index[int(year)] = read_number(value, low=1e-9)
    return Prices(
        level_year=_year(found["level_year"]),
        base_year=_year(found["base_year"]),
        discount_rate=read_number(found["discount_rate"], low=0.0, high=0.2),
        index=index,
        source=found["source"].text(),
    )


def _year(node: Node) -> int:
    """A year of four digits."""
    year = node.whole()
    if year is None or not 1900 <= year <= 2200:
        raise node.error(f"'{node.text()}' is not a year", "write for example 2020")
    return year
