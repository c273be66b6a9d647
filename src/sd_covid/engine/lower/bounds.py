"""Whether the time bounds of a model move during a run, by its equations."""

from __future__ import annotations

from sd_covid.engine.functions.elementary import FUNCTIONS as ELEMENTARY
from sd_covid.model.expression import Call, Expression, Reference, children
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model

BOUNDS = ("time step", "final time", "saveper")
_AT_START = frozenset({"initial", "reinitial"})
_WITHOUT_TIME = frozenset(ELEMENTARY) | {
    "elmcount",
    "sum",
    "prod",
    "vmin",
    "vmax",
    "with lookup",
    "get direct constants",
    "get xls constants",
}


def bounds_move(model: Model) -> bool:
    """Whether TIME STEP, FINAL TIME or SAVEPER may change during a run.

    Parameters
    ----------
    model : Model

    Returns
    -------
    bool
        True where one depends on Time, on data, or on anything that remembers or is drawn. INITIAL TIME counts at the
        start only.
    """
    fixed = {"initial time": True}
    return not all(_is_fixed(model, name, fixed) for name in BOUNDS)


def _is_fixed(model: Model, name: str, known: dict[str, bool]) -> bool:
    if name not in known:
        known[name] = True  # a name that comes back to itself is refused where it is lowered
        variable = model.variables.get(name)
        known[name] = variable is None or all(
            equation.kind is not Kind.DATA
            and (equation.expression is None or _stays(model, equation.expression, known))
            for equation in variable.equations
        )
    return known[name]


def _stays(model: Model, expression: Expression, known: dict[str, bool]) -> bool:
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            function = key(node.function)
            if function in _AT_START:
                continue
            if function not in _WITHOUT_TIME and function not in model.variables:
                return False
        if isinstance(node, Reference) and (
            key(node.name) == "time" or not _is_fixed(model, key(node.name), known)
        ):
            return False
        waiting += children(node)
    return True
