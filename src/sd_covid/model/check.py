"""Whether a model as read means something: control variables, definitions and uses.

In goes a model; it comes out with SAVEPER filled in where the file leaves it to TIME STEP, or there is an error.
"""

from __future__ import annotations

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Reference
from sd_covid.model.left_sides import check_left_sides
from sd_covid.model.names import key
from sd_covid.model.right_sides import check_right_sides
from sd_covid.model.structure import Equation, Kind, Model, Variable
from sd_covid.model.symbols import Symbols

_CONTROL = ("INITIAL TIME", "FINAL TIME", "TIME STEP")


def check(model: Model, *, elements_apart: bool = False) -> None:
    """Resolve every name of a model.

    Parameters
    ----------
    model : Model
        SAVEPER is added to it when it is not defined: Vensim then saves every TIME STEP.
    elements_apart : bool
        Whether an element may have the name of a variable, as in XMILE, where elements stand in brackets only.

    Raises
    ------
    ModelError
        At the first fault; names file, line and variable, and what to do.
    """
    _check_control(model)
    symbols = Symbols(model)
    check_left_sides(symbols, elements_apart)
    check_right_sides(symbols)


def _check_control(model: Model) -> None:
    for name in _CONTROL:
        if key(name) not in model.variables:
            near = suggest(name, [variable.name for variable in model.variables.values()])
            advice = near or f"add an equation for {name}"
            raise ModelError(f"'{name}' is not defined", advice=advice, file=model.path, variable=name)
    step = model.variables[key("TIME STEP")]
    if "saveper" not in model.variables:
        saved = Equation(Kind.EQUATION, expression=Reference(step.name, place=step.place), place=step.place)
        model.variables["saveper"] = Variable(
            "SAVEPER", [saved], units=step.units, group=step.group, place=step.place
        )
    for name in (*_CONTROL, "SAVEPER"):
        variable = model.variables[key(name)]
        if variable.equations[0].subscripts:
            place = variable.place
            reason = f"'{name}' takes no subscripts"
            raise ModelError(reason, file=place.file, line=place.line, variable=name)
