"""Which stocks can name their flows in XMILE, and which get a flow of their own, their net change.

In go a model and its arrays; out come the inflows and outflows of each stock, in order.
"""

from __future__ import annotations

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Expression, Number, Reference
from sd_covid.model.layout.parts import CONTROL, INTEGRALS, is_stock, terms
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Model, Variable
from sd_covid.model.write.xmile_arrays import Arrays

Ends = list[tuple[str, str]]  # ("inflow" or "outflow", key of the flow)


class Flows:
    """The flows of a model. Each leaves one stock and enters one, as the standard has it.

    Parameters
    ----------
    model : Model
    arrays : Arrays

    Attributes
    ----------
    names : dict of str to None
        Keys of the variables that are flows.
    of_stock : dict
        For each stock, by key, its flows in order; None when its rate is not their sum, inflows first.

    Raises
    ------
    ModelError
        For a variable that is a stock for some of its elements only.
    """

    def __init__(self, model: Model, arrays: Arrays) -> None:
        self.model, self.arrays = model, arrays
        self.names: dict[str, None] = {}
        self.of_stock: dict[str, Ends | None] = {}
        used: set[tuple[str, str]] = set()  # (flow, end)
        for variable in model.variables.values():
            if not is_stock(variable):
                continue
            found = self._flows_of(variable)
            ends = [(name, end) for end, name in found or ()]
            if found is not None and (used & set(ends) or len(set(ends)) < len(ends)):
                found = None
            self.of_stock[variable.key] = found
            if found is not None:
                used |= set(ends)
                self.names |= dict.fromkeys(name for _, name in found)

    def _flows_of(self, variable: Variable) -> Ends | None:
        """The inflows and outflows of a stock, in order; None when its rate is not their sum, inflows first."""
        calls = [equation.expression for equation in variable.equations]
        rates = [
            call.arguments[0] for call in calls if isinstance(call, Call) and key(call.function) in INTEGRALS
        ]
        if len(rates) < len(calls):
            raise ModelError(
                f"'{variable.name}' is a stock for some of its elements only, which XMILE cannot say",
                advice="make the others stocks too",
                file=variable.place.file,
                line=variable.place.line,
                variable=variable.name,
            )
        pairs = zip(variable.equations, rates, strict=True)
        first, *others = [self._of_rate(variable, equation, rate) for equation, rate in pairs]
        return first if all(other == first for other in others) else None

    def _of_rate(self, stock: Variable, equation: Equation, rate: Expression) -> Ends | None:
        if rate == Number(0.0):
            return []
        found: list[tuple[str, str]] = []
        left = [key(name) for name in equation.subscripts]
        for sign, term in terms(rate):
            if not isinstance(term, Reference) or key(term.name) not in self.model.variables:
                return None
            flow = self.model.variables[key(term.name)]
            alike = [key(item.name) for item in term.subscripts] == left and not any(
                item.reduced for item in term.subscripts
            )
            same = self.arrays.axes[flow.key] == self.arrays.axes[stock.key]
            ordered = sign == "-" or all(end == "inflow" for end, _ in found)
            if is_stock(flow) or flow.key in CONTROL or not (alike and same and ordered):
                return None
            found.append(("inflow" if sign == "+" else "outflow", flow.key))
        return found
