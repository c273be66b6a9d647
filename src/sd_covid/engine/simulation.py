"""A model that runs: once, as a batch of members, or with its derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine import interpret
from sd_covid.engine.gradients.derivatives import Derivatives
from sd_covid.engine.graph.program import Program
from sd_covid.engine.lower.free import Free
from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.lower.steps import steps_among
from sd_covid.engine.results import attributes, dataset
from sd_covid.engine.run.ensemble import Ensemble, chosen_engine, memory_limit, refuse_too_large
from sd_covid.engine.run.kernel import Kernel, Members, side_by_side, thread_count
from sd_covid.engine.time.over_time import at_the_end, with_states
from sd_covid.engine.time.timegrid import TimeGrid, at_times
from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.expression import Number
from sd_covid.model.names import key
from sd_covid.model.structure import Method, Model

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sd_covid.engine.run.adaptive import AdaptiveKernel
    from sd_covid.engine.run.snapshot import Snapshot


def load(path: str | Path, data: Iterable[str | Path] = ()) -> Simulation:
    """Read a model and make it ready to run.

    Parameters
    ----------
    path : str or path
        A Vensim ``.mdl``, or the ``.yaml`` that couples several.
    data : iterable of path
        Files with series for the model's data variables that name no file: CSV, ``.tab``, ``.xlsx`` or ``.dat``, with
        the names of variables as headers.

    Returns
    -------
    Simulation

    Raises
    ------
    ModelError
        When the file cannot be read or does not mean a model; names file, line and variable.
    """
    from sd_covid.model import read

    return Simulation(read(path, data))


class Simulation(Derivatives):
    """A model, lowered and ready to run.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    model : Model
    constants : dict of str to float
        Every settable constant in the model's spelling, ``name`` or ``name[Element A,Element B]``, with its
        value in the file.
    """

    def __init__(self, model: Model, free: Free = Free(), tolerance: float = 1e-6) -> None:  # noqa: B008 - frozen
        super().__init__(model, free)
        self._tolerance = tolerance
        self._kernels: dict[
            tuple[tuple[str, ...], tuple[int, ...], int | None, bool], Kernel | AdaptiveKernel
        ] = {}
        self._summed: dict[tuple[tuple[int, ...], tuple[str, ...]], tuple[Program, list[int]]] = {}
        self._stepped: Simulation | None = None

    def integrated(
        self, method: Method | str, tolerance: float = 1e-6, *, step: float | None = None
    ) -> Simulation:
        """The same model under another method of integration, and with steps of another length.

        Parameters
        ----------
        method : Method or str
            ``euler``, ``midpoint``, ``rk2``, ``rk4``, or ``adaptive``, whose steps follow a tolerance; it suits stiff
            models, runs members one by one, and has no derivatives.
        tolerance : float
            Relative error of a step, for ``adaptive``.
        step : float, optional
            TIME STEP, in place of the file's.

        Returns
        -------
        Simulation
            This one, where it is integrated so already.

        Raises
        ------
        UnknownNameError
            For a method that is none of these.
        RunError
            For a tolerance that is not between 0 and 1, and a step that is not above 0.
        """
        if str(method) not in list(Method):
            known = [str(item) for item in Method]
            raise UnknownNameError(
                f"'{method}' is no method of integration", advice=suggest(str(method), known)
            )
        if not 0 < tolerance < 1:
            raise RunError(f"a tolerance of {tolerance:g} cannot be met", advice="give one such as 1e-6")
        if step is not None:
            return self._stepped_by(step).integrated(method, tolerance)
        if method == self.model.settings.method and tolerance == self._tolerance:
            return self
        chosen = replace(self.model.settings, method=Method(method))
        return Simulation(replace(self.model, settings=chosen), self._free, tolerance)

    def _stepped_by(self, step: float) -> Simulation:
        """The same model with another TIME STEP."""
        if not step > 0:
            raise RunError(f"a step of {step:g} goes nowhere", advice="give one above 0")
        own = self.model.variables["time step"]
        other = replace(own, equations=[replace(own.equations[0], expression=Number(step))])
        model = replace(self.model, variables={**self.model.variables, own.key: other})
        return Simulation(model, self._free, self._tolerance)

    def free(
        self,
        *,
        initials: Iterable[str] = (),
        lookups: Iterable[str] = (),
        data: Iterable[str] = (),
        steps: Mapping[str, int] | None = None,
    ) -> Simulation:
        """The same model with more constants to set: initial values, points of tables and of data, steps of constants.

        Parameters
        ----------
        initials : iterable of str
            Stocks; each gets a constant ``INITIAL(stock)``. NaN, its default, leaves it to the equation.
        lookups : iterable of str
            Lookups, and variables with one WITH LOOKUP; each point gets a constant such as ``table(2.5)``.
        data : iterable of str
            Data variables; each point of time gets a constant such as ``series(24)``.
        steps : mapping of str to int, optional
            Constants and data variables that change on given times, and how often at most; each step gets the constants
            of `sd_covid.engine.lower.steps`.

        Returns
        -------
        Simulation
            Its new constants are set and differentiated by as any other, by member too.

        Raises
        ------
        UnknownNameError
            For a name that is no stock, lookup, data variable or constant.
        RunError
            For ``:RAW:`` data whose points are to be set, and for steps of the bounds of time.
        """
        _refuse_steps_of_time(steps or {})
        freed = Free.of(self.model, initials, lookups, data, steps)
        return Simulation(self.model, freed, self._tolerance)

    def stepping(self, names: Iterable[str]) -> Simulation:
        """The same model, in which the steps that some constants name can be set.

        Parameters
        ----------
        names : iterable of str
            Of constants that are to be set; those that are no steps, such as ``NOW level(step 1)``, do not matter.

        Returns
        -------
        Simulation
            This one, where it has those steps already; the last one that was made from it, where that has just
            those: worlds of one study share its kernels.

        Raises
        ------
        UnknownNameError, RunError
            As for `free`.
        """
        asked, have = steps_among(names), dict(self._free.steps)
        _refuse_steps_of_time(asked)
        wanted = Free.of(self.model, steps=asked).steps
        steps = have | {name: max(count, have.get(name, 0)) for name, count in wanted.items()}
        if steps == have:
            return self
        if self._stepped is None or dict(self._stepped.opened.steps) != steps:
            self._stepped = Simulation(self.model, replace(self._free, steps=steps), self._tolerance)
        return self._stepped

    def on(self, model: Model) -> Simulation:
        """Another model, with the same constants opened: one that has all that this one has, and more.

        Raises
        ------
        UnknownNameError
            When what is opened here is not in the other.
        """
        return Simulation(model, self._free, self._tolerance)

    def run(
        self,
        parameters: Mapping[str, float] | pd.DataFrame | None = None,
        outputs: Sequence[str] | None = None,
        *,
        over_time: Sequence[str] = (),
        over_members: Sequence[float | str] = (),
        at: Sequence[float] = (),
        until: float | None = None,
        start: Snapshot | None = None,
        seed: int = 0,
        first_member: int = 0,
        threads: int | None = None,
        max_steps: float = 1e8,
        max_memory: float | None = None,
    ) -> xr.Dataset:
        """Run the model.

        Parameters
        ----------
        parameters : mapping or DataFrame, optional
            Constants that differ from the file. A DataFrame runs one member for each row.
        outputs : sequence of str, optional
            Variables to keep (``name``, or ``name[Element]``); all, for a single run.
        over_time : sequence of str, optional
            Keep what each run comes to, instead of its course: any of ``final``, ``integral``, ``mean``, ``min``,
            ``max``. Worked out at every step as the run goes. With ``at``: what it has come to by each of these times.
        over_members : sequence, optional
            Keep statistics over the members of a batch: shares between 0 and 1 for quantiles (each within a 2,000th of
            the distance between the outermost), ``mean``, ``sd``, ``min``, ``max``. Failed members are left out.
        at : sequence of float, optional
            Model times to keep; by default every SAVEPER. Only what lies between them evenly is stored meanwhile.
        until : float, optional
            Model time at which to stop; by default FINAL TIME.
        start : Snapshot, optional
            Carry on from there, instead of from INITIAL TIME.
        seed : int
            Of the random numbers.
        first_member : int
            Number of the first row, so that parts of a batch give the same as the whole.
        threads : int, optional
            By default all processors this process may use.
        max_steps : float
            A longer run is refused.
        max_memory : float, optional
            Bytes; a larger result is refused, and statistics over members keep within it. By default three quarters of
            the machine's memory.

        Returns
        -------
        Dataset
            Dimensions (member,) time, subscripts; saved every SAVEPER. ``over_time`` takes the place of ``time``, or
            comes after it where ``at`` is given; ``over_members`` takes that of ``member``.

        Raises
        ------
        UnknownNameError
            For a constant or output that the model does not have.
        RunError
            For values that are not finite numbers, times that make no run, or a result that is too large.
        """
        import pandas as pd

        batch = isinstance(parameters, pd.DataFrame)
        if outputs is None and batch:
            raise RunError("a batch must say what to keep", advice="pass outputs=[...]")
        if over_members and not batch:
            raise RunError("statistics over members need a batch", advice="pass a DataFrame")
        if outputs is not None and not len(outputs):
            raise RunError("nothing is kept: outputs is empty", advice="name at least one variable")
        if over_time and over_members and len(at):
            raise RunError("over_members looks at whole runs with over_time", advice="leave out at")
        columns = self._columns(outputs)
        nodes = [self.program.cells[cell] for cells in columns.values() for cell in cells]
        members = self._members(parameters, seed, first_member)
        grid = self._window(self._grid(members, max_steps), until, start)
        grid = at_times(at, grid) if len(at) else grid
        sums = tuple(over_time)
        ensemble = self._ensemble(
            nodes, members, grid, sums, start, None if batch else 1, by_time=bool(len(at))
        )
        limit, threads = memory_limit(max_memory), threads or thread_count()
        leading: dict[str, Any] = {}
        if over_members:
            values, bad = ensemble.statistics(over_members, threads, limit)
            leading["over_members"] = np.array([str(item) for item in over_members])
        else:
            refuse_too_large(ensemble.size, limit)
            values, failed = ensemble.run(threads)
            bad = int(failed.sum())
            if batch:
                leading["member"] = np.arange(first_member, first_member + members.count)
            else:
                values = values[:, 0]
        if not sums:
            leading["time"], values = grid.saved[grid.kept], values[..., grid.kept]
        elif len(at):
            leading["time"], values = grid.saved[grid.kept], values[..., grid.kept, :]
        if sums:
            leading["over_time"] = np.array(sums)
        attrs = attributes(
            self.model,
            self.program,
            self.fingerprint,
            seed=seed,
            failed_members=bad,
            engine="numpy" if ensemble.kernel is None else f"llvm, {ensemble.kernel.width} lanes",
        )
        return dataset(self.model, self.subscripts, columns, values, leading, attrs)

    def table(
        self,
        parameters: Mapping[str, float] | None = None,
        outputs: Sequence[str] | None = None,
        *,
        at: Sequence[float] = (),
        start: Snapshot | None = None,
        seed: int = 0,
    ) -> pd.DataFrame:
        """One run as a table: what `run` gives, without the cost of its Dataset.

        Parameters
        ----------
        parameters : mapping, optional
        outputs, at, start, seed
            As for `run`.

        Returns
        -------
        DataFrame
            Index ``time``; a column for each element of each output, in the order of `outputs`.

        Raises
        ------
        UnknownNameError, RunError
            As for `run`.
        """
        import pandas as pd

        cells = [cell for found in self._columns(outputs).values() for cell in found]
        members = self._members(parameters, seed, 0)
        grid = self._window(self._grid(members, 1e8), None, start)
        grid = at_times(at, grid) if len(at) else grid
        nodes = [self.program.cells[cell] for cell in cells]
        ensemble = self._ensemble(nodes, members, grid, (), start, 1, by_time=bool(len(at)))
        refuse_too_large(ensemble.size, memory_limit(None))
        values = ensemble.run(1)[0][:, 0]
        return pd.DataFrame(
            values[:, grid.kept].T,
            index=pd.Index(grid.saved[grid.kept], name="time"),
            columns=[self.names.spell(cell) for cell in cells],
        )

    def every_step(
        self,
        program: Program,
        nodes: list[int],
        *parameters: Mapping[str, float] | pd.DataFrame | None,
        seed: int = 0,
        threads: int | None = None,
    ) -> tuple[Members, TimeGrid, int, NDArray[np.float64]]:
        """Run another form of this model, one with the same constants, and keep every step.

        Parameters
        ----------
        program : Program
        nodes : list of int
            Of its step graph, to keep.
        *parameters : mapping or DataFrame
            As for `run`; of a program in which the model stands several times, for each time.
        seed : int
        threads : int, optional

        Returns
        -------
        Members, TimeGrid, int, ndarray of shape (node, member, step)
            The third is the number of steps in a SAVEPER.

        Raises
        ------
        UnknownNameError, RunError
            As for `run`.
        """
        several = [self._members(item, seed, 0) for item in parameters or (None,)]
        own = self._grid(several[0], 1e8)
        if any(self._grid(item, 1e8) != own for item in several):
            raise RunError("the runs are over different times", advice="leave the time bounds alone")
        members = side_by_side(several)
        grid = replace(own, every=1)
        refuse_too_large(8 * len(nodes) * members.count * (grid.steps + 1), memory_limit(None))
        if chosen_engine() == "numpy":
            return members, grid, own.every, interpret.run(program, members, nodes, grid)
        kernel = Kernel(program, nodes, 1 if members.count == 1 else None)
        members = members.for_width(kernel.width)
        values, _ = kernel.run(members, grid, threads or thread_count())
        return members, grid, own.every, values

    def snapshot(
        self,
        parameters: Mapping[str, float] | pd.DataFrame | None = None,
        *,
        at: float,
        start: Snapshot | None = None,
        seed: int = 0,
        first_member: int = 0,
        threads: int | None = None,
        max_steps: float = 1e8,
    ) -> Snapshot:
        """Run up to an instant and keep what the members remember there.

        Parameters
        ----------
        parameters : mapping or DataFrame, optional
            As for `run`.
        at : float
            Model time; an instant of the run.
        start, seed, first_member, threads, max_steps
            As for `run`.

        Returns
        -------
        Snapshot
            `run` carries on from it: with the same settings, to the same bits as a run in one go.

        Raises
        ------
        UnknownNameError, RunError
            As for `run`.
        """
        import pandas as pd

        members = self._members(parameters, seed, first_member)
        grid = self._window(self._grid(members, max_steps), at, start)
        width = None if isinstance(parameters, pd.DataFrame) else 1
        kernel = self._kernel((), [], width, all_states=True)
        if not isinstance(kernel, Kernel):
            raise RunError(
                "a snapshot needs a fixed step and compiled code",
                advice="choose euler, rk2 or rk4, and leave SD_COVID_ENGINE at llvm",
            )
        members = members.for_width(kernel.width)
        names = tuple(state.name for state in self.program.states)
        from sd_covid.engine.run.snapshot import take_snapshot

        return take_snapshot(kernel, names, members, grid, threads or thread_count(), start)

    def _ensemble(
        self,
        nodes: list[int],
        members: Members,
        grid: TimeGrid,
        over_time: tuple[str, ...],
        start: Snapshot | None,
        width: int | None,
        by_time: bool,
    ) -> Ensemble:
        if over_time and start is not None:
            raise RunError("over_time looks at whole runs", advice="leave out start")
        program, chosen = self._summed_up(tuple(nodes), over_time)
        kernel = self._kernel(over_time, nodes, width)
        members = members if kernel is None else members.for_width(kernel.width)
        grid = at_the_end(grid) if over_time and not by_time else grid
        return Ensemble(program, chosen, kernel, members, grid, over_time, start, by_time)

    def _summed_up(self, nodes: tuple[int, ...], over_time: tuple[str, ...]) -> tuple[Program, list[int]]:
        """The program, with states that sum up some outputs where that is asked for."""
        if not over_time:
            return self.program, list(nodes)
        if (nodes, over_time) not in self._summed:
            self._summed[nodes, over_time] = with_states(self.program, list(nodes), over_time)
        return self._summed[nodes, over_time]

    def _kernel(
        self, over_time: tuple[str, ...], nodes: list[int], width: int | None, all_states: bool = False
    ) -> Kernel | AdaptiveKernel | None:
        """The compiled kernel; None when the reference interpreter was asked for."""
        adaptive = self.program.method is Method.ADAPTIVE
        if chosen_engine() == "numpy":
            if adaptive:
                raise RunError("the reference engine has fixed steps only", advice="set SD_COVID_ENGINE=llvm")
            return None
        wanted = (over_time, tuple(nodes), width, all_states)
        if wanted not in self._kernels:
            program, chosen = self._summed_up(tuple(nodes), over_time)
            try:
                if adaptive:
                    from sd_covid.engine.run.adaptive import AdaptiveKernel

                    self._kernels[wanted] = AdaptiveKernel(program, chosen, self._tolerance)
                else:
                    self._kernels[wanted] = Kernel(program, chosen, width, all_states)
            except ImportError as error:
                raise RunError(
                    f"LLVM cannot be loaded ({error})",
                    advice="set SD_COVID_ENGINE=numpy for the slow reference engine",
                ) from error
        return self._kernels[wanted]


def _refuse_steps_of_time(names: Iterable[str]) -> None:
    """When the instants of a run are is known before it runs."""
    bounds = [name for name in names if key(name) in CONTROL]
    if bounds:
        raise RunError(f"{bounds[0]} cannot take steps", advice="set it once for the whole run")
