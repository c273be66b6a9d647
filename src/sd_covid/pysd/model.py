"""A model with PySD's methods: it keeps what was set, and where the last run ended."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.model.spelling import Spelling
from sd_covid.model.structure import Kind
from sd_covid.pysd.asked import columns, kept_times, refuse_unnamed, times_asked
from sd_covid.pysd.carried import carried
from sd_covid.pysd.names import Namespace
from sd_covid.pysd.replaced import Value, described, is_constant, is_series, replaced, settings
from sd_covid.pysd.tables import documentation, headings, refuse_file, series_data, to_frame, write_frame

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sd_covid.engine.run.snapshot import Snapshot

InitialCondition = str | Path | tuple[float, Mapping[str, Value]]
_BOUNDS = frozenset({"final time", "initial time", "saveper", "time step"})


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a run begins: INITIAL TIME and stocks set by hand, or the end of another run."""

    initial: float | None = None
    stocks: Mapping[str, Value] = field(default_factory=dict)
    start: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class _Past:
    """The last run: enough to make its end again."""

    simulation: Simulation
    constants: Mapping[str, float]
    start: Snapshot | None
    end: float


class Model:
    """A model as PySD offers one.

    Parameters
    ----------
    simulation : Simulation
        The model as it was read.

    Attributes
    ----------
    components : Components
        Every variable by its identifier: ``model.components.room_temperature()`` is its current value, and assigning
        sets it.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._base = simulation
        model = simulation.model
        known = sorted(model.variables.items(), key=lambda item: item[0] not in _BOUNDS)  # PySD: bounds first
        names = [variable.name for _, variable in known if not variable.local]
        in_vensim = model.path is not None and model.path.suffix.lower() == ".mdl"
        quoted = Spelling(model, for_pysd=True).name if in_vensim else str
        self._names = Namespace({name: quoted(name) for name in names})
        self._changes: dict[str, Value] = {}
        self._made: tuple[object, Simulation] | None = None
        self._origin = _Origin()
        self._past: _Past | None = None
        self.components = Components(self)

    # --- what PySD tells of a model ---------------

    @property
    def namespace(self) -> dict[str, str]:
        """Identifier of every variable, by its name."""
        return dict(self._names.by_name)

    @property
    def subscripts(self) -> dict[str, list[str]]:
        """Elements of every dimension."""
        return {item.name: list(item.elements) for item in self._base.model.dimensions.values()}

    @functools.cached_property
    def doc(self) -> pd.DataFrame:
        """A row for every variable: name, identifier, subscripts, units, limits, type and comment."""
        return documentation(self._base, self.namespace)

    def get_coords(self, param: str) -> tuple[dict[str, list[str]], list[str]] | None:
        """Elements by dimension, and the dimensions in order; None for a scalar.

        Raises
        ------
        UnknownNameError
        """
        if self._names.real(param) == "Time":
            return None
        variable = self._base.model.variables[self._key(param)]
        keys = self._base.subscripts.dimensions(variable)
        found = [self._base.model.dimensions[item] for item in keys]
        return (
            ({item.name: list(item.elements) for item in found}, [d.name for d in found]) if found else None
        )

    def get_args(self, param: str) -> list[str]:
        """``["x"]`` for a lookup, which takes an argument; nothing for other variables."""
        time = self._names.real(param) == "Time"
        return ["x"] if not time and self._kind(self._key(param)) is Kind.LOOKUP else []

    def get_series_data(self, param: str) -> xr.DataArray:
        """The points of a lookup or a data series.

        Raises
        ------
        UnknownNameError, RunError
            For another kind of variable, or one with subscripts.
        """
        return series_data(self._base, self._key(param))

    # --- setting --------------------

    def set_components(self, params: Mapping[str, Value]) -> None:
        """Set variables, for this and later runs.

        Parameters
        ----------
        params : mapping
            Number or DataArray: a constant value, also of a variable that the model calculates. Series: interpolated
            over time; of a lookup, its points.

        Raises
        ------
        UnknownNameError
            For a variable that the model does not have.
        RunError
            For a value of another kind, callables among them.
        """
        refuse_unnamed(params, "params")
        changes: dict[str, Value] = {}
        for name, value in params.items():
            found = self._key(name)
            self._refuse_value(name, value)
            changes[found] = value
        for found, value in changes.items():
            self._warn(found, value)
        made = self._changes | changes
        for found in changes:  # a dimension that does not fit is told before anything is changed
            if not is_series(made[found]) and self._kind(found) is not Kind.LOOKUP:
                settings(self._base, found, made[found])
        self._changes = made

    def set_initial_value(self, time: float, initial_value: Mapping[str, Value]) -> None:
        """Begin at a time with some stocks at given values."""
        self.set_initial_condition((time, initial_value))

    def set_initial_condition(self, initial_condition: InitialCondition) -> None:
        """Say where the next run begins.

        Parameters
        ----------
        initial_condition : str or (float, mapping)
            ``original``: as in the model; ``current``: where the last run ended; a time and the values of some stocks
            then.

        Raises
        ------
        UnknownNameError
            For what is no stock.
        RunError
            For a file: PySD's are pickles, which are programs and are not opened.
        """
        if isinstance(initial_condition, tuple):
            time, stocks = initial_condition
            refuse_unnamed(stocks, "initial_condition")
            named = {self._names.real(name): value for name, value in stocks.items()}
            self._base.free(initials=named)  # refuses what is no stock
            self._origin, self._past = _Origin(float(time), named), None
        elif str(initial_condition).lower() in ("original", "o"):
            self._origin, self._past = _Origin(), None
        elif str(initial_condition).lower() in ("current", "c"):
            self._origin, self._past = self._here(), None
        else:
            raise RunError(
                f"'{initial_condition}' is no initial condition",
                advice="give 'original', 'current', or (time, {stock: value}); pickled states are not read",
            )

    def reload(self) -> None:
        """Forget everything that was set."""
        self._changes, self._origin, self._past = {}, _Origin(), None

    def copy(self, reload: bool = False) -> Model:
        """Another model of the same file, with what was set here unless `reload`."""
        made = Model(self._base)
        if not reload:
            made._changes = dict(self._changes)
            made._origin, made._past = self._origin, self._past
        return made

    # --- running --------------------

    def run(
        self,
        params: Mapping[str, Value] | None = None,
        return_columns: Sequence[str] | str | None = None,
        return_timestamps: float | Iterable[float] | None = None,
        initial_condition: InitialCondition = "original",
        final_time: float | None = None,
        time_step: float | None = None,
        saveper: float | None = None,
        reload: bool = False,
        progress: bool = False,
        flatten_output: bool = True,
        cache_output: bool = True,
        output_file: str | Path | None = None,
    ) -> pd.DataFrame:
        """Run the model.

        Parameters
        ----------
        params : mapping, optional
            As for `set_components`; kept for later runs, as PySD keeps them.
        return_columns : sequence of str, optional
            Names or identifiers, of an array also one element ``name[A,B]``; all, if left out. ``"step"``: those that
            can change over time.
        return_timestamps : float or iterable of float, optional
            Times to return, of which the last is the final time; those that are no instant of the run are left
            out, with a warning.
        initial_condition
            As for `set_initial_condition`.
        final_time, time_step, saveper : float, optional
            Kept for later runs, as PySD keeps them.
        reload : bool
            Forget first what was set before.
        progress, cache_output : bool
            Without effect: there is nothing to wait for.
        flatten_output : bool
            An element a column; else a column of DataArrays for an array.
        output_file : path, optional
            Also write the table: ``.csv`` or ``.tab``, elements as columns, or ``.nc``.

        Returns
        -------
        DataFrame
            Index ``time``; a column for each variable, under the name asked for.

        Raises
        ------
        UnknownNameError, RunError, ModelError
            For names, values and times that the model does not have.
        """
        file = None if output_file is None else Path(output_file)
        if file is not None:
            refuse_file(file)
        if reload:
            self.reload()
        asked = times_asked(return_timestamps)
        final = final_time if final_time is not None or asked is None else max(asked, default=None)
        bounds = {"final time": final, "time step": time_step, "saveper": saveper}
        for name, value in bounds.items():
            if callable(value):
                raise RunError(f"{name.upper()} is given a function", advice="give a number", variable=name)
        self.set_components({} if params is None else params)
        self._changes |= {name: float(value) for name, value in bounds.items() if value is not None}
        self.set_initial_condition(initial_condition)
        simulation, constants = self._ready()
        wanted = columns(simulation, self._names, return_columns)
        grid, start = simulation.grid(constants), self._origin.start
        at = kept_times(asked, grid, grid.start if start is None else start.time)
        frame = simulation.table(constants, [name for name, _ in wanted], at=at, start=start)
        self._past = _Past(simulation, constants, start, grid.start + grid.length)
        if file is not None:
            write_frame(frame.set_axis(headings(simulation, wanted), axis=1), file)
        return to_frame(simulation, frame, wanted, flatten_output)

    def __getitem__(self, param: str) -> float | xr.DataArray:
        """The current value of a variable: at the end of the last run, or where the next one begins."""
        if self.get_args(param):
            raise RunError(
                f"'{param}' is a lookup", advice="model.get_series_data tells its points", variable=param
            )
        name = self._names.real(param)
        if name == "Time":
            return self.time()
        self._origin, self._past = self._here(), None
        simulation, constants = self._ready()
        now = self.time()
        found = simulation.run(constants, [name], at=[now], until=now, start=self._origin.start)[name]
        value = found.isel(time=0, drop=True)
        return value if value.ndim else float(value)

    def time(self) -> float:
        """Where the model is now."""
        if self._past is not None:
            return self._past.end
        if self._origin.start is not None:
            return self._origin.start.time
        if self._origin.initial is not None:
            return self._origin.initial
        simulation, constants = self._ready()
        return simulation.grid(constants).start

    def __getattr__(self, name: str) -> NoReturn:
        """What PySD has and this does not is named as such."""
        if name in _WITHOUT:
            raise RunError(f"model.{name} is not there", advice=_WITHOUT[name], variable=name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # --- what a request means --------------------

    def _key(self, name: str) -> str:
        found = key(self._names.real(name))
        if found not in self._base.model.variables:
            raise RunError(
                f"'{name}' is no variable of the model", advice="set initial_condition", variable=name
            )
        return found

    def _kind(self, found: str) -> Kind:
        return self._base.model.variables[found].equations[0].kind

    def _refuse_value(self, name: str, value: Value) -> None:
        if callable(value):
            raise RunError(
                f"'{name}' is given a function; a compiled model takes numbers and series",
                advice="write the equation into the model",
                variable=name,
            )

    def _warn(self, found: str, value: Value) -> None:
        """PySD warns when the kind of a variable changes, and so does this."""
        name = self._base.model.variables[found].name
        constant = self._kind(found) is not Kind.LOOKUP and is_constant(self._base, found)
        if constant and is_series(value):
            warnings.warn(f"'{name}' is a constant; it now follows a series", stacklevel=4)
        elif not constant and not is_series(value):
            told = described(self._base.model, found)
            warnings.warn(f"'{name}' is {told}; it is now held at a constant value", stacklevel=4)

    def _ready(self) -> tuple[Simulation, dict[str, float]]:
        """The simulation for what was set, and its constants."""
        simulation = self._simulation()
        constants: dict[str, float] = {}
        for name, value in self._changes.items():
            if not is_series(value) and self._kind(name) is not Kind.LOOKUP:
                constants |= settings(simulation, name, value)
        if self._origin.initial is not None:
            if not is_constant(simulation, "initial time"):
                raise RunError("INITIAL TIME is calculated in this model", advice="begin where it begins")
            constants |= settings(simulation, "initial time", self._origin.initial)
        if self._origin.stocks:
            simulation = simulation.free(initials=self._origin.stocks)
            for name, value in self._origin.stocks.items():
                values = settings(simulation, key(name), value)
                constants |= {_initial(spelled): number for spelled, number in values.items()}
        return simulation, constants

    def _simulation(self) -> Simulation:
        """Made anew only when something else than a number was set."""
        wanted = {
            name: _signature(value, self._kind(name) is Kind.LOOKUP) for name, value in self._changes.items()
        }
        if self._made is None or self._made[0] != wanted:
            self._made = (wanted, replaced(self._base, self._changes))
        return self._made[1]

    def _here(self) -> _Origin:
        """The end of the last run as the beginning of another."""
        past = self._past
        if past is None:
            return self._origin
        snapshot = past.simulation.snapshot(past.constants, at=past.end, start=past.start)
        names = tuple(state.name for state in self._simulation().program.states)
        return _Origin(self._origin.initial, {}, carried(snapshot, names))


class Components:
    """Every variable of a model by its identifier, to read or to set."""

    def __init__(self, model: Model) -> None:
        object.__setattr__(self, "_model", model)

    def __getattr__(self, name: str) -> Callable[[], float | xr.DataArray]:
        """A function that gives the current value."""
        model: Model = object.__getattribute__(self, "_model")
        if name.startswith("__"):
            raise AttributeError(name)
        real = model._names.real(name)
        return lambda: model[real]

    def __setattr__(self, name: str, value: Value) -> None:
        """Set a variable, as `Model.set_components` does."""
        object.__getattribute__(self, "_model").set_components({name: value})


#: What PySD's models can do besides, and what to do here.
_WITHOUT = {
    "set_stepper": "run on in parts with initial_condition='current'",
    "step": "run on in parts with initial_condition='current' and final_time",
    "export": "sd_covid.load(path).snapshot keeps the state of a run",
    "import_pickle": "pickles are programs and are not opened; sd_covid.load(path).snapshot keeps a state",
    "select_submodel": "set the variables at its edge with set_components, and ask for the columns you want",
    "serialize_externals": "external files are read as they are",
    "dependencies": "sd-covid document MODEL tells what depends on what",
    "get_dependencies": "sd-covid document MODEL tells what depends on what",
}


def _signature(value: Value, lookup: bool) -> object:
    """What of a value decides the form of the model: points of a series or lookup; of a number only that it is one."""
    if is_series(value):
        return tuple(value.index), tuple(np.asarray(item, dtype=float).tobytes() for item in value)
    return float(value) if lookup else None


def _initial(spelled: str) -> str:
    """The constant that holds the initial value of an element of a stock."""
    base, bracket, elements = spelled.partition("[")
    return f"INITIAL({base}){bracket}{elements}"
