"""SHIFT IF TRUE: what stocks of an array hold moves on by one element."""

from __future__ import annotations

from sd_covid.engine.functions.elementary import Lower
from sd_covid.engine.functions.slots import counted
from sd_covid.engine.functions.time import time_step
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.vectors import array_of, at_cell, from_element
from sd_covid.model.expression import Call
from sd_covid.model.names import key
from sd_covid.model.structure import Method

MAX_CELLS = 100_000  # more are a mistake


def _shift_if_true(here: Context, call: Call) -> int:
    """SHIFT IF TRUE(stock[first], condition, size, accumulate, what comes in): what leaves the last element.

    Where the condition holds each element gets in the next step what the one before it has now, besides its own flows;
    the first gets what comes in. The last keeps what it has where it accumulates, so that nothing leaves.
    """
    named, condition, size, accumulate, coming = call.arguments
    count = counted(here, call, here.at_start().value(size), MAX_CELLS, "elements")
    cells = from_element(here, call, named, count)
    holds, gathers = here.truth(condition), here.truth(accumulate)
    contents = [at_cell(here, cell, call) for cell in cells]
    leaves = here.add("select", gathers, here.number(0.0), contents[-1])
    if here.step:
        _refuse_other_than_stocks(here, call)
        arriving = [here.value(coming), *contents[:-1]]
        for k, (cell, before, own) in enumerate(zip(cells, arriving, contents, strict=True)):
            goes = leaves if k == len(cells) - 1 else own
            change = here.add("div", here.add("sub", before, goes), time_step(here))
            rate = here.add("select", holds, change, here.number(0.0))
            if cell in here.lowering.shifts:
                raise here.error(f"'{cell.variable}' is shifted twice", call.place, "shift it once")
            here.lowering.shifts[cell] = rate
    return here.add("select", holds, leaves, here.number(0.0))


def _refuse_other_than_stocks(here: Context, call: Call) -> None:
    """Only what is integrated can be moved, and only in whole steps."""
    if here.lowering.out.method is not Method.EULER:
        raise here.error(
            f"{call.function} moves what stocks hold by whole steps", call.place, "choose Euler's method"
        )
    variable, _ = array_of(here, call, call.arguments[0])
    for equation in variable.equations:
        found = equation.expression
        if not isinstance(found, Call) or key(found.function) != "integ":
            raise here.error(
                f"{call.function} moves what stocks hold, and '{variable.name}' is none", call.place
            )


FUNCTIONS: dict[str, Lower] = {"shift if true": _shift_if_true}
