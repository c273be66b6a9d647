"""Model to program: every equation becomes operations, and everything that remembers becomes states.

Lowering happens in two contexts. In ``init`` a stock means its initial value; in ``step`` it means its state. An
operation whose arguments depend on constants alone is moved to the init graph as it is made, so that it runs once
for each member.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sd_covid.collection import uncollected
from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.operations import NOT_AVAILABLE, TRUTHS
from sd_covid.engine.graph.program import Clock, ClockDriver, Driver, Parameter, Program, Row, State, Update
from sd_covid.engine.graph.reach import reached
from sd_covid.engine.graph.subscripts import Cell, Definition, Subscripts
from sd_covid.engine.lower.bounds import bounds_move
from sd_covid.engine.lower.context import Context
from sd_covid.engine.lower.free import Free, initial_value, series_value, table_value
from sd_covid.engine.lower.steps import stepped
from sd_covid.errors import MissingDataError, ModelError
from sd_covid.model.expression import (
    Call,
    Expression,
    Number,
    Reference,
    Unary,
)
from sd_covid.model.names import key
from sd_covid.model.structure import DataMode, Equation, Kind, Model, Variable

CONTROL = ("initial time", "final time", "time step", "saveper")

_SOLVED = frozenset({"simultaneous", "find zero"})

MAX_CELLS = 2_000_000  # an array of more cells than this is a mistake, or an attack


def lower(model: Model, free: Free = Free()) -> Program:  # noqa: B008 - frozen and empty
    """Lower a model.

    Parameters
    ----------
    model : Model
        As read; all names resolved by the reader.
    free : Free
        Parts to be made settable.

    Returns
    -------
    Program

    Raises
    ------
    ModelError
        For simultaneous equations, a subscript out of place, or dimensions whose product is absurd; names the
        variable and line.
    """
    with deep_recursion(), uncollected():
        return Lowering(model, free).program()


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Chains of equations may be as long as the model; Python frames of 3.11 and later need no C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 200_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


class Lowering:
    """The work of lowering one model; `lower` is the way in."""

    def __init__(self, model: Model, free: Free) -> None:
        self.model, self.free = model, free
        self.subscripts = Subscripts(model)
        self.out = Program(method=model.settings.method)
        self.out.step.tables = self.out.init.tables  # one list of tables serves both graphs
        self.found: dict[tuple[Cell, bool], int] = {}  # the node of each cell in each context
        self._open: dict[
            tuple[Cell, bool], None
        ] = {}  # being lowered now, in order: a repeat is a simultaneous equation
        self._pending: list[Callable[[], None]] = []
        self.parameters: dict[Cell, int] = {}
        self._driver_numbers: dict[Driver, int] = {}
        self._missing: dict[int, MissingDataError] = {}  # number of the driver that stands for the series
        self._named: set[int] = set()  # those of them whose file the model names
        self._lacking: set[int] = set()  # those of them that an initial value depends on
        self._slot: dict[int, int] = {}  # init node -> number of the member constant that holds it
        self._twin: dict[int, int] = {}  # step node that depends on constants alone -> its init node
        self.shared: dict[
            tuple[object, ...], list[int]
        ] = {}  # what several elements take from one computation
        self.solved: dict[bool, dict[int, int]] = {
            True: {},
            False: {},
        }  # unknowns of each graph: their solutions
        self.shifts: dict[Cell, int] = {}  # what SHIFT IF TRUE adds to the flow of a stock

    def program(self) -> Program:
        """Lower everything."""
        self._declare()
        if bounds_move(self.model):
            self._wind_clock()
        for cell in self._solved_for():  # before all that stands in a loop with them
            self.cell(cell, False)
            self.cell(cell, True)
        for variable in self.model.variables.values():
            if variable.equations[0].kind is Kind.LOOKUP:
                continue
            for elements in self.subscripts.definitions(variable):
                cell = Cell(variable.key, elements)
                node = self.cell(cell, True)
                if self.out.step.is_truth(node):
                    node = self.add(
                        True, "select", node, self.out.step.number(1.0), self.out.step.number(0.0)
                    )
                self.out.cells[cell] = node
        while self._pending:
            self._pending.pop(0)()
        self._without_data()
        if self.out.clock is not None:  # the kernel's own step is then 1
            for state in self.out.states:
                if state.update is Update.FLOW:
                    state.next = self.add(True, "mul", state.next, self.time_step(True))
        if any(self.solved.values()):
            from sd_covid.engine.functions.simultaneous import substitute

            substitute(self)
        from sd_covid.engine.graph.trim import quicken

        return quicken(self.out)

    def _declare(self) -> None:
        """The constants that can be set, and the bounds of time."""
        self._refuse_absurd_size()
        self._declare_parameters()
        for name in CONTROL:
            source = name if name in self.model.variables else "time step"
            self.out.control[name] = self.cell(Cell(source), False)

    def _solved_for(self) -> list[Cell]:
        """The cells that are solved for at every instant."""
        return [
            Cell(variable.key, elements)
            for variable in self.model.variables.values()
            if any(_function(equation) in _SOLVED for equation in variable.equations)
            for elements, definition in self.subscripts.definitions(variable).items()
            if _function(definition.equation) in _SOLVED
        ]

    def known(self, cell: Cell, step: bool, node: int) -> None:
        """Say what a cell is before its equation is lowered: that is what closes a loop."""
        self.found[cell, step] = node

    def _wind_clock(self) -> None:
        """Time and TIME STEP as the instants of a run give them; see `sd_covid.engine.run.clock`."""
        graph = self.out.step
        self.out.drivers += [ClockDriver(f"clock {row}", row) for row in (Row.TIME, Row.FOLLOWING)]
        self.out.states.append(
            State(
                Update.ASSIGN, self.out.control["time step"], graph.leaf("driver", 1), name="clock TIME STEP"
            )
        )
        self.out.clock = Clock(0, {})
        step = Cell("time step")
        self.found[step, True] = graph.leaf("state", 0)  # what it is held at, within its own equation too
        self._open[step, True] = None
        variable = self.model.variables[step.variable]
        definition = self.subscripts.definitions(variable)[()]
        self.out.clock.bounds["time step"] = self._define(variable, step, definition, True)
        del self._open[step, True]
        for name in ("final time", "saveper"):
            self.out.clock.bounds[name] = self.cell(Cell(name), True)

    def graph(self, step: bool) -> Graph:
        """The graph of a context."""
        return self.out.step if step else self.out.init

    # --- nodes --------------------

    def add(self, step: bool, operation: str, *arguments: int) -> int:
        """An operation in a context; see `Context.add`."""
        if not step:
            return self.out.init.add(operation, *arguments)
        graph, twin, held = self.out.step, self._twin, False
        for argument in arguments:
            if argument in twin:
                held = True
            elif graph.nodes[argument][0] != "number":
                return graph.add(operation, *arguments)
        if not held:  # literals: folded where they are
            return graph.add(operation, *arguments)
        found = self.out.init.add(operation, *(self._as_init(a) for a in arguments))
        return self._held_truth(found) if operation in TRUTHS else self.held(found)

    def look_up(self, step: bool, table: LookupTable, x: int, owner: Cell | None = None) -> int:
        """A lookup in a context; ``owner`` is the cell in whose equation the table stands."""
        if owner is not None and owner.variable in self.free.lookups:
            return table_value(self, step, owner, table, x)
        graph = self.graph(step)
        if step and x in self._twin:
            return self.held(self.out.init.lookup("lookup", self.out.init.table(table), self._twin[x]))
        return graph.lookup("lookup", graph.table(table), x)

    def time(self, step: bool) -> int:
        """Model time: in the init graph, the initial time; 0 where that itself depends on Time."""
        if step:
            return self.out.step.leaf("time") if self.out.clock is None else self.out.step.leaf("driver", 0)
        if (Cell("initial time"), False) in self._open:
            return self.out.init.number(0.0)
        return self.cell(Cell("initial time"), False)

    def time_step(self, step: bool) -> int:
        """TIME STEP; in the init graph, that of the first step."""
        if step and self.out.clock is not None:
            return self.out.step.leaf("state", self.out.clock.state)
        first = self.out.control["time step"]
        return self.held(first) if step else first

    def held(self, init_node: int) -> int:
        """A node of the init graph, read in the step graph."""
        kind, *payload = self.out.init.nodes[init_node]
        if kind == "number":
            return self.out.step.number(float(payload[0]))
        if self.out.init.is_truth(init_node):
            return self._held_truth(init_node)
        if init_node not in self._slot:
            self._slot[init_node] = len(self.out.constants)
            self.out.constants.append(init_node)
        leaf = self.out.step.leaf("constant", self._slot[init_node])
        self._twin[leaf] = init_node
        return leaf

    def _held_truth(self, init_node: int) -> int:
        """A truth value that depends on constants alone: held as 1 or 0, compared where it is used."""
        init = self.out.init
        number = self.held(init.add("select", init_node, init.number(1.0), init.number(0.0)))
        node = self.out.step.add("ne", number, self.out.step.number(0.0))
        self._twin[node] = init_node
        return node

    def _as_init(self, node: int) -> int:
        """The node of the init graph that is a literal, or that a constant of the step graph holds."""
        twin = self._twin.get(node)
        return self.out.init.number(self.out.step.nodes[node][1]) if twin is None else twin

    # --- cells --------------------

    def cell(self, cell: Cell, step: bool) -> int:
        """The node of a cell in a context."""
        known = self.found.get((cell, step))
        if known is not None:
            return known
        variable = self.model.variables[cell.variable]
        if (cell, step) in self._open:
            raise self._simultaneous((cell, step))
        self._open[cell, step] = None
        definition = self.subscripts.definitions(variable)[cell.elements]
        node = self._define(variable, cell, definition, step)
        del self._open[cell, step]
        self.found.setdefault((cell, step), node)
        return node

    @property
    def opened(self) -> Cell | None:
        """The cell whose value is being lowered; None in the net flow of a stock, which comes after all values."""
        return next((cell for cell, _ in reversed(self._open)), None)

    def _define(self, variable: Variable, cell: Cell, definition: Definition, step: bool) -> int:
        equation, context = definition.equation, Context(self, step, variable, definition.binding)
        if cell in self.parameters:
            leaf = self.out.init.leaf("parameter", self.parameters[cell])
            return stepped(self, step, cell, self.held(leaf) if step else leaf)
        if equation.values:
            return context.number(equation.values[definition.rank])
        if equation.kind is Kind.DATA:
            source = self._source(cell, equation, definition)
            if source is not None:
                return stepped(self, step, cell, self._data(source, equation, context))
        expression = equation.expression
        if expression is None:
            raise context.error("has no equation", equation.place)
        if step and isinstance(expression, Call) and _function(equation) == "integ":
            return self._stock(cell, context, expression)
        if _function(equation) in _SOLVED and isinstance(expression, Call):
            from sd_covid.engine.functions.simultaneous import solve_for

            return solve_for(context, cell, expression)
        node = context.lower(expression)
        if not step and variable.key in self.free.initials:
            return initial_value(self, cell, node)
        return node

    def _stock(self, cell: Cell, context: Context, integ: Call) -> int:
        """A stock is known before its flow is lowered: that is what closes feedback loops."""
        initial = self.cell(cell, False)
        return context.remember(Update.FLOW, initial, lambda here, _: self._flow(cell, here, integ))

    def _flow(self, cell: Cell, here: Context, integ: Call) -> int:
        """The net flow of a stock, and what SHIFT IF TRUE moves."""
        flow, shift = here.value(integ.arguments[0]), self.shifts.get(cell)
        return flow if shift is None else here.add("add", flow, shift)

    def remember(
        self,
        context: Context,
        update: Update,
        initial: int,
        following: Callable[[Context, int], int],
        steps: int,
        name: str,
    ) -> int:
        """See `Context.remember`."""
        state = State(update, initial=initial, steps=steps, name=name)
        leaf = self.out.step.leaf("state", len(self.out.states))
        self.out.states.append(state)

        def finish() -> None:
            state.next = following(context, leaf)

        self._pending.append(finish)
        return leaf

    def _source(self, cell: Cell, equation: Equation, definition: Definition) -> Cell | None:
        """Whose series a data equation reads: its own, or that of the data variable which it names with a mode."""
        seen = {cell}
        while not (equation.expression is None or _is_external(equation.expression)):
            named = equation.expression
            variable = self.model.variables.get(key(named.name)) if isinstance(named, Reference) else None
            if equation.mode is None or variable is None or not isinstance(named, Reference):
                return None
            elements = self.subscripts.resolve(named.subscripts, definition.binding, named.place)
            found = self.subscripts.definitions(variable).get(elements)
            cell = Cell(variable.key, elements)
            if found is None or found.equation.kind is not Kind.DATA or cell in seen:
                return None
            seen.add(cell)
            definition = found
            equation = replace(found.equation, mode=found.equation.mode or DataMode.INTERPOLATE)
        return cell

    def series(self, cell: Cell) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Times and values of a data variable's element.

        Raises
        ------
        ModelError, DataError
            When it has none, or its file cannot be read.
        """
        variable = self.model.variables[cell.variable]
        definition = self.subscripts.definitions(variable)[cell.elements]
        equation = definition.equation
        if equation.expression is not None:
            from sd_covid.model.external.figures import read_series

            times, values = read_series(self.model, variable, equation, rank=definition.rank)
            return tuple(times), tuple(values)
        given = self.model.series.get((cell.variable, *cell.elements))
        if given is None or not given[0]:
            names = ",".join(self.subscripts.spelling.get(item, item) for item in cell.elements)
            raise MissingDataError(
                f"'{variable.name}{f'[{names}]' if names else ''}' is a data variable without data",
                advice="give the file that holds it with the model (data=[...]), or write GET DIRECT DATA",
                file=equation.place.file,
                line=equation.place.line,
                variable=variable.name,
            )
        return given

    def _data(self, source: Cell, equation: Equation, context: Context) -> int:
        try:
            times, values = self.series(source)
        except MissingDataError as error:
            return self._missing_data(source, context, error)
        name = self.model.variables[source.variable].name
        driver = Driver(name, times, values, equation.mode or DataMode.INTERPOLATE)
        if source.variable in self.free.data:
            return series_value(self, context.step, source, driver)
        if not context.step:
            return self._driver_at_start(driver)
        return self.out.step.leaf("driver", self._driver(driver))

    def _driver(self, driver: Driver) -> int:
        """The number of a driver among those of the program."""
        number = self._driver_numbers.setdefault(driver, len(self.out.drivers))
        if number == len(self.out.drivers):
            self.out.drivers.append(driver)
        return number

    def _missing_data(self, source: Cell, context: Context, error: MissingDataError) -> int:
        """A series that is not there; what it is in a run is for `_without_data`."""
        spelled = ",".join((self.model.variables[source.variable].name, *source.elements))
        driver = Driver(spelled, (0.0,), (NOT_AVAILABLE,), DataMode.RAW)
        number = self._driver(driver)
        self._missing.setdefault(number, error)
        variable = self.model.variables[source.variable]
        if self.subscripts.definitions(variable)[source.elements].equation.expression is not None:
            self._named.add(number)
        if not context.step:  # for an initial value
            self._lacking.add(number)
            return self.out.init.number(math.nan)
        return self.out.step.leaf("driver", number)

    def _without_data(self) -> None:
        """Say which series are not there, and let no number depend on them.

        A series that is only compared with is ``:NA:``, as in Vensim. One that a stock depends on is NaN, and so is all
        that depends on it; when that is most of the model, and the model names the file, it is an error.
        """
        needed = self.out.step.order(state.next for state in self.out.states) if self._missing else []
        used = self._lacking | {
            int(self.out.step.nodes[n][1]) for n in needed if self.out.step.nodes[n][0] == "driver"
        }
        for number in sorted(used & self._named):
            if self._reach(number) > len(self.out.states) / 2:
                raise self._missing[number]
        for number in used & self._missing.keys():
            name = self.out.drivers[number].name
            self.out.drivers[number] = Driver(name, (0.0,), (math.nan,), DataMode.HOLD_BACKWARD)
        names = dict.fromkeys(error.variable or "" for error in self._missing.values())
        if names:
            first = next(iter(self._missing.values()))
            warnings.warn(f"no data for {', '.join(names)}: {first}", stacklevel=2)

    def _reach(self, driver: int) -> int:
        """The number of states that a driver reaches, directly or through others."""
        _, states = reached(self.out.step, self.out.states, lambda node: node == ("driver", driver))
        return len(states)

    def _driver_at_start(self, driver: Driver) -> int:
        graph, start = self.out.init, self.time(False)
        if driver.mode is DataMode.INTERPOLATE:
            return graph.lookup("lookup", graph.table(LookupTable(driver.times, driver.values)), start)
        near = 1e-6 * max(1.0, *map(abs, driver.times))  # as `Driver.sample`
        points = list(zip(driver.times, driver.values, strict=True))
        if driver.mode is DataMode.HOLD_BACKWARD:
            held = graph.number(points[0][1])
            for time, value in points[1:]:
                after = graph.add("ge", start, graph.number(time - near))
                held = graph.add("select", after, graph.number(value), held)
            return held
        raw = driver.mode is DataMode.RAW
        held = graph.number(NOT_AVAILABLE if raw else points[-1][1])
        for time, value in reversed(points):
            here = graph.add("le", start, graph.number(time + near))
            if raw:
                here = graph.add("and", here, graph.add("ge", start, graph.number(time - near)))
            held = graph.add("select", here, graph.number(value), held)
        return held

    def _declare_parameters(self) -> None:
        for variable in self.model.variables.values():
            for elements, definition in self.subscripts.definitions(variable).items():
                default = _literal(definition)
                if default is not None:
                    cell = Cell(variable.key, elements)
                    self.parameters[cell] = len(self.out.parameters)
                    self.out.parameters.append(Parameter(cell, default))

    def _simultaneous(self, again: tuple[Cell, bool]) -> ModelError:
        chain = list(self._open)
        loop = [self.model.variables[cell.variable].name for cell, _ in chain[chain.index(again) :]]
        variable = self.model.variables[again[0].variable]
        return ModelError(
            "simultaneous equations: " + " -> ".join([*loop, loop[0]]),
            advice="put a stock or a delay in this loop",
            file=variable.place.file,
            line=variable.place.line,
            variable=variable.name,
        )

    def _refuse_absurd_size(self) -> None:
        for variable in self.model.variables.values():
            for equation in variable.equations:
                cells = 1
                for name in equation.subscripts:
                    cells *= len(self.subscripts.elements.get(key(name), (name,)))
                if cells > MAX_CELLS:
                    raise ModelError(
                        f"has {cells} elements, more than the {MAX_CELLS} that can be run",
                        file=variable.place.file,
                        line=variable.place.line,
                        variable=variable.name,
                    )


def _literal(definition: Definition) -> float | None:
    """The value of an equation that is a plain number, which makes it a settable constant."""
    equation = definition.equation
    if equation.kind is Kind.ARRAY:
        return equation.values[definition.rank]
    if equation.kind is not Kind.EQUATION:
        return None
    match equation.expression:
        case Number(value=value) | Unary(operator="+", operand=Number(value=value)):
            return value
        case Unary(operator="-", operand=Number(value=value)):
            return -value
        case _:
            return None


def _function(equation: Equation) -> str:
    """The key of the function that an equation is a call of, if it is one."""
    return key(equation.expression.function) if isinstance(equation.expression, Call) else ""


def _is_external(expression: Expression) -> bool:
    return isinstance(expression, Call) and key(expression.function) in {"get direct data", "get xls data"}
