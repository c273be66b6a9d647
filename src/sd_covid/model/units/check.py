"""Whether the units of a model agree: every equation's two sides, sums, comparisons, arguments, lookups' axes.

In goes a model; out comes a `UnitsReport`. Units that are not stated are solved from the equations where these give
them. What functions do to units is a table, `sd_covid.model.units.rules`; docs/units.md says it for modellers.
"""

from __future__ import annotations

from pint.util import UnitsContainer

from sd_covid.errors import ModelError
from sd_covid.model.expression import Call, Expression, Number, Reference, Table, Unary, walk
from sd_covid.model.functions import FUNCTIONS
from sd_covid.model.names import key
from sd_covid.model.spelling import Spelling
from sd_covid.model.structure import Equation, Model, Variable
from sd_covid.model.symbols import TIME
from sd_covid.model.units.advice import advice
from sd_covid.model.units.expression import Units, Value
from sd_covid.model.units.report import Fault, Finding, Severity, UnitsReport
from sd_covid.model.units.solve import is_known, unknowns
from sd_covid.model.units.text import ONE, factors, power, without_comments
from sd_covid.model.units.words import TIME_BOUNDS, StatedUnits, spell

_SHOWN = 48  # characters of an expression quoted in a message
_BARE_ADVICE = "give the number a name and units"


def check_units(model: Model) -> UnitsReport:
    """Check the units of a model.

    Parameters
    ----------
    model : Model
        As read: macros and modules expanded.

    Returns
    -------
    UnitsReport
        Errors are contradictions between stated units. What rests on units that are not stated is a warning.
    """
    return _Check(model).report()


class _Check:
    """One pass over the equations of a model: first those whose units are all stated, then the others."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.stated = StatedUnits(model)
        self.words = self.stated.words
        self.units = Units(model, self.stated.units, self.stated.time, self.tell)
        self.spelling = Spelling(model, for_pysd=False)
        self.findings = list(self.stated.findings)
        self.equations = 0
        self.variable: Variable
        self.equation: Equation

    def report(self) -> UnitsReport:
        """Check every equation."""
        pairs = [
            (variable, equation, equation.expression)
            for variable in self.model.variables.values()
            for equation in variable.equations
            if equation.expression is not None and not isinstance(equation.expression, Table)
        ]
        pairs.sort(key=lambda pair: not self._is_stated(pair[0].key, pair[2]))
        for self.variable, self.equation, expression in pairs:
            self._check(expression)
        inferred, unknown = self._inferred()
        order = {variable.name: position for position, variable in enumerate(self.model.variables.values())}
        findings = sorted(
            self._distinct(),
            key=lambda item: (
                item.severity is not Severity.ERROR,
                order.get(item.variable, -1),
                item.line or 0,
            ),
        )
        return UnitsReport(
            time="" if self.stated.time is None else self.words.format(self.stated.time),
            equations=self.equations,
            stated=len(self.stated.units),
            findings=tuple(findings),
            inferred=inferred,
            unknown=tuple(unknown),
            unchecked=tuple(self.units.unchecked),
        )

    def _check(self, expression: Expression) -> None:
        """Check one equation."""
        self.equations += 1
        target = self.units.variable(self.variable.key)
        value = self.units.of(expression, target)
        if value.bare:
            self._check_number(expression, value, target)
        elif not self.units.solver.agree(value.units, target):
            self.tell(Fault.MISMATCH, expression, value.units, target, "computes")

    def _check_number(self, expression: Expression, value: Value, target: UnitsContainer) -> None:
        """An equation without units: a constant has the units that it states, a formula made of numbers has none."""
        units = self.units.solver.resolve(target)
        if value.zero or units == ONE or not is_known(units):
            return
        if any(isinstance(node, Reference | Call) for node in walk(expression)):
            self.tell(Fault.BARE_NUMBER, expression, ONE, units, "computes")

    def _is_stated(self, name: str, expression: Expression) -> bool:
        """Whether all variables in an equation state their units."""
        return name in self.stated.units and not self._unstated(expression)

    def _unstated(self, expression: Expression) -> list[str]:
        """Keys of the variables in an expression that state no units, and of Time where that has none."""
        used = self._used(expression)
        found = [name for name in used if name in self.model.variables and name not in self.stated.units]
        timed = TIME in used or any(name in FUNCTIONS for name in used)
        return found + ([TIME] if timed and self.stated.time is None else [])

    def _used(self, expression: Expression) -> dict[str, None]:
        """Keys of the variables, functions and other names in an expression, each once, in order."""
        return dict.fromkeys(
            key(node.name) if isinstance(node, Reference) else key(node.function)
            for node in walk(expression)
            if isinstance(node, Reference | Call)
        )

    def tell(
        self, fault: Fault, node: Expression, found: UnitsContainer, needed: UnitsContainer, what: str
    ) -> None:
        """Take a fault in the equation at hand, unless none of its variables states units."""
        if not self._is_judged():
            return
        found, needed = (self.units.solver.resolve(units) for units in (found, needed))
        computed, expected = self._text_of(found), self._text_of(needed)
        if what == "computes" and self.variable.key in self.stated.units and needed != ONE:
            expected = without_comments(self.variable.units)
        unstated = self._unstated(node)
        if what == "computes" and self.variable.key not in self.stated.units:
            unstated.append(self.variable.key)
        severity = Severity.WARNING if unstated or fault is Fault.BARE_NUMBER else Severity.ERROR
        reason = self._reason(fault, node, computed, expected, what)
        todo = _BARE_ADVICE if fault is Fault.BARE_NUMBER else self._advice(fault, found, needed)
        if unstated and fault is not Fault.BARE_NUMBER:
            todo = "; ".join(part for part in (self._unstated_text(unstated), todo) if part)
        place = node.place if node.place.line is not None else self.equation.place
        if place.line is None:
            place = self.variable.place
        self.findings.append(
            Finding(
                severity,
                fault,
                self.variable.name,
                reason,
                todo,
                place.file or self.model.path,
                place.line,
                computed,
                expected,
            )
        )

    def _is_judged(self) -> bool:
        """Whether a variable of the equation at hand states units, or all that it names do."""
        assert self.equation.expression is not None
        used = {name for name in self._used(self.equation.expression) if name in self.model.variables}
        names = (used | {self.variable.key}) - set(TIME_BOUNDS)
        return not names or any(name in self.stated.units for name in names)

    def _reason(self, fault: Fault, node: Expression, computed: str, expected: str, what: str) -> str:
        """What is wrong, as a sentence whose subject is the variable."""
        match fault:
            case Fault.MISMATCH if what == "computes":
                return f"computes {computed}, {self._left()} {expected}"
            case Fault.MISMATCH if what.startswith("argument 1 of INTEG"):
                stock = self._text_of(self.units.solver.resolve(self.units.variable(self.variable.key)))
                return f"is a stock in {stock}, so its rate must be {expected}, not {computed}"
            case Fault.MISMATCH if what:
                return f"has {self._quote(node)} in {computed} as {what}, which must be {expected}"
            case Fault.MISMATCH:
                return f"joins {expected} and {computed} in {self._quote(node)}"
            case Fault.POWER:
                return f"raises {self._quote(node)} in {computed} to a power that is no number"
            case Fault.AXIS:
                return f"applies lookup '{what}' to {computed}, but elsewhere it is applied to {expected}"
            case _ if what == "computes":
                return f"is a bare number by its equation, {self._left()} {expected}"
            case _:
                return f"has the bare number {self._quote(node)} where {expected} is needed"

    def _left(self) -> str:
        return "declared" if self.variable.key in self.stated.units else "though its uses make it"

    def _advice(self, fault: Fault, found: UnitsContainer, needed: UnitsContainer) -> str:
        if fault is Fault.POWER:
            return "divide by a reference value first, so that the base is dimensionless"
        if not is_known(found) or not is_known(needed):
            return ""
        return advice(self.words, found, needed, self.stated.time or ONE)

    def _unstated_text(self, names: list[str]) -> str:
        """Which units were not stated but worked out."""
        parts = []
        for name in dict.fromkeys(names):
            units = self.units.time if name == TIME else self.units.variable(name)
            spelled = "Time" if name == TIME else f"'{self.model.variables[name].name}'"
            parts.append(f"{spelled} states no units, other equations make it {self._resolved(units)}")
        return "; ".join(parts[:2])

    def _resolved(self, units: UnitsContainer) -> str:
        resolved = self.units.solver.resolve(units)
        return spell(self.words, resolved) if is_known(resolved) else "nothing certain"

    def _text_of(self, units: UnitsContainer) -> str:
        """Units for a message; unknowns in them are named."""
        if is_known(units):
            return spell(self.words, units)
        known = ONE
        for word, exponent in factors(units).items():
            if not word.startswith("\0"):
                known = known * power(self.words.word(word, note=False), exponent)
        named = [self.model.variables[name].name for name in unknowns(units) if name in self.model.variables]
        times = " and ".join(f"'{name}'" for name in named) or "something unknown"
        return f"the units of {times}" + ("" if known == ONE else f" with {spell(self.words, known)}")

    def _quote(self, node: Expression) -> str:
        """The text of a part of an equation, shortened."""
        if isinstance(node, Number) or (isinstance(node, Unary) and isinstance(node.operand, Number)):
            return self._text(node)
        return f"'{self._text(node)}'"

    def _text(self, node: Expression) -> str:
        try:
            text = self.spelling.expression(node)
        except ModelError:  # a name that an .mdl cannot hold
            return "a part of its equation"
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def _inferred(self) -> tuple[dict[str, str], list[str]]:
        """Units of the variables that state none, where they are known, and the others."""
        inferred, unknown = {}, []
        for name, variable in self.model.variables.items():
            if name in self.stated.units:
                continue
            units = self.units.solver.resolve(self.units.variable(name))
            if is_known(units):
                inferred[variable.name] = self.words.format(units)
            else:
                unknown.append(variable.name)
        return inferred, unknown

    def _distinct(self) -> list[Finding]:
        """The findings without repetitions, as equations of one variable for several elements may give."""
        return list(dict.fromkeys(self.findings))
