"""The passport of a model: every test made, in the order in which a reader asks.

In goes a model; out comes its `Passport`. What a model has not declared is not tested, and its row says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sd_covid.analysis.passport import links, reference_modes, rows
from sd_covid.analysis.passport.balances import balances, drifts
from sd_covid.analysis.passport.declarations import Declarations, beside, read_declarations
from sd_covid.analysis.passport.evidence import coverage
from sd_covid.analysis.passport.extremes import (
    all_at_once,
    negative_stocks,
    stocks_of,
    try_conditions,
    try_ranges,
)
from sd_covid.analysis.passport.light import Light, Passport, Row, Said, Value, grey
from sd_covid.analysis.passport.loops import LoopSearch
from sd_covid.analysis.passport.loops_file import LoopsFile, read_loops
from sd_covid.analysis.passport.reference_modes import Compared
from sd_covid.analysis.passport.structure_counts import count, read_in
from sd_covid.analysis.passport.study import calendar_of, is_coupled, outputs_of, sectors_of, titles_of
from sd_covid.analysis.verification import Verification, verify
from sd_covid.model.structure import Model
from sd_covid.policy.catalogue import evidence

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.engine.simulation import Simulation

Progress = Callable[[str], None]


def make_passport(
    simulation: Simulation,
    *,
    until: float | None = None,
    second_engine: bool = True,
    progress: Progress = lambda test: None,
) -> tuple[Verification, Passport]:
    """Make every test of the passport.

    Parameters
    ----------
    simulation : Simulation
    until : float, optional
        Run the second engine up to this model time only.
    second_engine : bool
        Whether to run PySD at all.
    progress : callable, optional
        Is told each test as it begins.

    Returns
    -------
    verification : Verification
        What the checks of units, engines and step found.
    passport : Passport

    Raises
    ------
    DataError
        When a file beside the model says something it cannot, with file and line.
    ScenarioError
        When the study's outputs.yaml cannot be used.
    """
    # What is amiss in the files is told before anything takes time.
    declared = read_declarations(simulation.model)
    loops = read_loops(simulation.model)
    sectors = sectors_of(simulation)
    _read_tables(simulation, sectors)
    progress("units, second engine, integration")
    found = verify(simulation, until=until, second_engine=second_engine)
    run = simulation.run()
    made = _of_checks(found, simulation.model)
    progress("extremes, balances")
    made += _of_limits(simulation, run, declared)
    progress("parameters, structure, behaviour")
    made += _of_sectors(simulation, sectors, declared)
    progress("loops, links")
    made += [_loops(simulation, loops), _links(simulation, sectors, declared)]
    made.append(_reproducibility(simulation, run))
    return found, Passport(simulation.model.name, tuple(made), _provenance(simulation, run))


def _of_checks(found: Verification, model: Model) -> list[Row]:
    """The rows of what verification found."""
    return [
        rows.units_row(found),
        rows.integration_row(found, titles_of(model), calendar_of(model)),
        rows.finite_row(found),
        rows.engine_row(found),
    ]


def _of_limits(simulation: Simulation, run: xr.Dataset, declared: Declarations | None) -> list[Row]:
    """The rows of what holds whatever the inputs are."""
    return [
        _extremes(simulation, declared),
        rows.conservation_row(balances(simulation, () if declared is None else declared.conserved)),
        _non_negative(simulation, run, declared),
        _equilibrium(simulation, declared),
    ]


def _of_sectors(
    simulation: Simulation, sectors: dict[str, Simulation], declared: Declarations | None
) -> list[Row]:
    """The rows of parameters, structure and behaviour, of the whole and of its sectors."""
    return [
        _parameters(simulation),
        _structure(simulation, sectors, declared),
        _behaviour(simulation, sectors),
    ]


def _provenance(simulation: Simulation, run: xr.Dataset) -> dict[str, Value]:
    """Of what, and by what, a passport was made."""
    step = simulation.model.variables["time step"].name
    return {
        "model_hash": simulation.fingerprint,
        "versions": str(run.attrs["versions"]),
        "method": str(simulation.model.settings.method),
        "step": float(run[step].values.flat[0]),
        "engine": str(run.attrs.get("engine", "")),
    }


def _read_tables(simulation: Simulation, sectors: dict[str, Simulation]) -> None:
    """Read the tables beside a model, so that a fault in one is told at once."""
    for name, read in (
        (evidence.FILE, evidence.read_evidence),
        (reference_modes.FILE, reference_modes.read_figures),
    ):
        path = beside(simulation.model, name)
        if path is not None:
            read(path)
    table = beside(simulation.model, links.FILE)
    if table is not None:
        for sector in sectors.values():
            links.read_links(table, sector.model)


def _extremes(simulation: Simulation, declared: Declarations | None) -> Row:
    exempt = {} if declared is None else declared.may_be_negative
    conditions = () if declared is None else declared.extremes
    broken = try_conditions(simulation, conditions, exempt)
    path = None if declared is None else beside(simulation.model, evidence.FILE)
    number = 0
    if path is not None:
        number, more = try_ranges(simulation, evidence.read_evidence(path), exempt)
        broken += more
    return rows.extremes_row(len(conditions), number, broken)


def _non_negative(simulation: Simulation, run: xr.Dataset, declared: Declarations | None) -> Row:
    exempt = {} if declared is None else declared.may_be_negative
    broken = negative_stocks(run, simulation, exempt)
    return rows.non_negative_row(len(stocks_of(simulation)), declared, broken)


def _equilibrium(simulation: Simulation, declared: Declarations | None) -> Row:
    if declared is None or declared.at_rest is None:
        return rows.equilibrium_row(declared, [])
    path = beside(simulation.model, evidence.FILE)
    ranges = [] if path is None else [row for row in evidence.read_evidence(path) if row.varies]
    elsewhere = list(all_at_once(simulation, ranges).values()) if ranges else []
    found = drifts(simulation, declared.at_rest, declared.accumulators, elsewhere)
    return rows.equilibrium_row(declared, found, 1 + len(elsewhere))


def _parameters(simulation: Simulation) -> Row:
    path = beside(simulation.model, evidence.FILE)
    return rows.parameters_row(None if path is None else coverage(simulation, path))


def _structure(simulation: Simulation, sectors: dict[str, Simulation], declared: Declarations | None) -> Row:
    used = set(outputs_of(simulation.model)) | set(() if declared is None else declared.unused)
    for sector in sectors.values():  # what an input is by itself has no use where the input is coupled
        used |= read_in(sector.model)
    return rows.structure_row(count(simulation, used), declared)


def _behaviour(simulation: Simulation, sectors: dict[str, Simulation]) -> Row:
    path, calendar = beside(simulation.model, reference_modes.FILE), calendar_of(simulation.model)
    if path is None:
        return grey("behaviour", "behaviour.none")
    if calendar is None:
        return grey("behaviour", "behaviour.calendar")
    figures = [figure for figure in reference_modes.read_figures(path) if figure.sector in sectors]
    compared: list[Compared] = []
    for name, sector in sectors.items():
        own = [figure for figure in figures if figure.sector == name]
        compared += reference_modes.compare(sector, own, calendar, "alone")
    if is_coupled(simulation):
        compared += reference_modes.compare(simulation, figures, calendar, "coupled")
    return rows.behaviour_row(compared)


def _loops(simulation: Simulation, file: LoopsFile | None) -> Row:
    if file is None or not file.loops:
        return rows.loops_row(None, 0.0, 0.0)
    return rows.loops_row(LoopSearch(simulation).measure(file.loops, file), file.moment, file.horizon)


def _links(simulation: Simulation, sectors: dict[str, Simulation], declared: Declarations | None) -> Row:
    path = beside(simulation.model, links.FILE)
    if path is None or declared is None or declared.links is None:
        return rows.links_row(None)
    found, tried, raised = [], list[links.Tried](), list[links.Raised]()
    for sector in sectors.values():
        own = links.read_links(path, sector.model)
        found += own
        moved, tenth = links.Trial(sector, own, *declared.links).run()
        tried += moved
        raised += tenth
    return rows.links_row(found, tried, raised, declared)


def _reproducibility(simulation: Simulation, run: xr.Dataset) -> Row:
    """Whether the model, read again from its file, runs to the same bits."""
    from sd_covid.engine.simulation import load

    path = simulation.model.path
    if path is None:
        return grey("reproducibility", "reproducibility.none")
    again = load(path)
    other = again.run()
    same = again.fingerprint == simulation.fingerprint
    different = [
        str(name)
        for name, one in run.variables.items()  # a data set makes an array of each in more time than this takes
        if name not in run.coords and one.values.tobytes() != other.variables[name].values.tobytes()
    ]
    failed = (*(() if same else ("model_hash",)), *different)
    said = Said(
        "reproducibility",
        {"hash": simulation.fingerprint, "variables": len(run.data_vars), "different": len(failed)},
    )
    light = Light.RED if failed else Light.GREEN
    return Row("reproducibility", light, (said,), (), failed)
