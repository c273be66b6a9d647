"""The objectives of a search as a file writes them: cost, or an outcome with measure, years and statistic.

In comes a `Node`; out come `Objective`s.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast, get_args

from sd_covid.analysis.optimisation.outcomes import Objective, Statistic
from sd_covid.data.keyed_yaml import Node
from sd_covid.data.text import Text
from sd_covid.policy.catalogue.outputs import Output, named_output
from sd_covid.policy.comparison.measures import Measure
from sd_covid.policy.reading import read_measured, read_number, read_text
from sd_covid.policy.study import Study

_COST = Text("Kosten", "Cost")
_MILLION = Text("miljoen euro, netto contante waarde", "million euro, present value")


def read_objectives(node: Node, outputs: Iterable[Output], study: Study) -> list[Objective]:
    """The objectives of a search.

    Parameters
    ----------
    node : Node
    outputs : iterable of Output
        Of the study.
    study : Study

    Raises
    ------
    DataError
        An output that is not known, with the nearest one; one objective alone, or cost twice; an outcome that is
        neither good nor bad; years that the run does not cover.
    """
    known = tuple(outputs)
    found = [_objective(name, entry, known, study) for name, entry in node.entries()]
    if len(found) < 2:
        raise node.error("one objective has no trade-off", "name two or more; cost may be one of them")
    if sum(item.output is None for item in found) > 1:
        raise node.error("cost is an objective twice", "leave one of the two out")
    return found


def _objective(name: str, node: Node, known: tuple[Output, ...], study: Study) -> Objective:
    if node.is_value:
        node.choice(("cost",))
        return Objective(name, _COST, _MILLION, lower=True)
    found = node.fields(("output", "years"), ("title", "minus", "measure", "statistic", "better", "matters"))
    output = named_output(found["output"], known)
    minus = named_output(found["minus"], known) if "minus" in found else None
    better = found["better"].choice(("lower", "higher")) if "better" in found else output.better
    if better == "neutral":
        raise node.error(
            f"neither more nor less of '{output.name}' is better by itself", "add 'better: lower' or 'higher'"
        )
    measures = sorted(get_args(Measure), key=lambda name: name != "mean")  # the mean where nothing is said
    measure, years = read_measured(found, (study.first, study.last), measures)
    statistic = _statistic(found["statistic"]) if "statistic" in found else Statistic()
    matters = output.relevance if statistic.kind != "share" and measure in ("mean", "year", "peak") else 0.0
    return Objective(
        id=name,
        title=read_text(found["title"]) if "title" in found else output.title,
        unit=output.unit_title,
        lower=better == "lower",
        output=output,
        minus=minus,
        measure=cast("Measure", measure),
        years=years,
        per_year=measure == "mean",
        statistic=statistic,
        matters=read_number(found["matters"], low=0.0) if "matters" in found else matters,
    )


def _statistic(node: Node) -> Statistic:
    """``mean``, ``{quantile: 0.9}``, or ``{share: -5}``."""
    if node.is_value:
        node.choice(("mean",))
        return Statistic()
    found = node.fields((), ("quantile", "share"))
    if len(found) != 1:
        raise node.error("one statistic is expected", "write 'mean', '{quantile: 0.9}' or '{share: -5}'")
    if "quantile" in found:
        return Statistic("quantile", read_number(found["quantile"], 0.0, 1.0))
    return Statistic("share", read_number(found["share"]))
