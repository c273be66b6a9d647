"""``sd-covid run``: one run of a model, or one for each scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.columns import Columns, choose_columns
from sd_covid.cli.console import note, warn
from sd_covid.errors import RunError, ScenarioError
from sd_covid.model.names import key

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.engine.simulation import Simulation
    from sd_covid.policy import Scenario, Study

MAX_STEPS = 100_000_000

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .mdl file, or a .yaml that couples several.")]
Scenarios = Annotated[
    list[Path] | None,
    typer.Option(
        "--scenario",
        "-s",
        metavar="SCENARIO",
        help="A scenario file, or a filled-in .xlsx or folder of CSV files; may be repeated.",
    ),
]
Assumed = Annotated[
    Path | None,
    typer.Option(
        "--path",
        metavar="PATH",
        help="A path of assumptions to put on top of every scenario: a file, or the name of one, as new-wave-2027.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        "-p",
        metavar="NAME=VALUE",
        help="A constant to set, after the scenario; may be repeated.",
    ),
]
Changes = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE.cin",
        help="Vensim's changes to constants, after the scenario and before -p; may be repeated.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="A .csv, .nc, .zarr or .parquet; a folder for several csv. Without it: csv on standard output.",
    ),
]
Drawn = Annotated[
    Path | None,
    typer.Option(
        "--figure",
        metavar="OUT.png",
        help="Draw the one variable of --columns: a .png, .svg or .pdf. Without -o nothing is printed then.",
    ),
]
MaxSteps = Annotated[
    int, typer.Option("--max-steps", min=1, help="Refuse to start a run of more steps than this.")
]


def command(
    model: Model,
    scenario: Scenarios = None,
    path: Assumed = None,
    parameter: Parameters = None,
    changes: Changes = None,
    output: Out = None,
    columns: Columns = None,
    figure: Drawn = None,
    max_steps: MaxSteps = MAX_STEPS,
) -> None:
    """Run a model once, or once for each scenario, and write every variable at every SAVEPER."""
    from sd_covid.cli import results

    scenarios = scenario or []
    form = results.form_of(output, several=len(scenarios) > 1)
    results.refuse_figure(figure)
    overrides = parse_parameters(parameter or [])
    import sd_covid

    simulation = sd_covid.load(model)
    if path is not None:
        from sd_covid.policy.paths import chosen_path

        path = chosen_path(path, scenarios[0] if scenarios else model)
    overrides = override(read_changes(changes or [], simulation), overrides)
    study, chosen = read_scenarios(simulation, scenarios, path)
    place = scenarios[0] if scenarios else path
    settings = {name: override(item.settings, overrides) for name, item in chosen.items()} or {"": overrides}
    simulation = with_triggers(simulation, study, chosen)
    simulation = simulation.stepping(constant for values in settings.values() for constant in values)
    outputs = choose_columns(simulation, columns, flat=form not in ("nc", "zarr"))
    drawn = "" if figure is None else _one(outputs or [], settings)
    runs = {
        name: simulation.run(values, outputs, max_steps=max_steps).assign_attrs(
            scenario=name, parameters=values
        )
        for name, values in settings.items()
    }
    if study is not None and place is not None:
        from sd_covid.cli.long_run import tell

        told = [replace(chosen[name], settings=values) for name, values in settings.items()]
        about = tell(simulation, study, told, place)
        runs = {name: run.assign_attrs(about) for name, run in runs.items()}
        note("one run, at the constants as they stand: levels are not the medians over draws of a comparison")
    for name, run in runs.items():
        warn_non_finite(run, name)
    if figure is not None:
        _draw(
            next(iter(runs.values())),
            drawn,
            figure,
            [title for item in chosen.values() for title in _titles(item)],
        )
    if figure is None or output is not None:
        results.write(runs, output, form)


def _one(outputs: Sequence[str], runs: Mapping[str, object]) -> str:
    """The variable that is drawn, of the one run."""
    if len(outputs) != 1 or len(runs) != 1:
        found = f"{len(outputs)} variables of {len(runs)} runs" if outputs else "all of them"
        advice = "name one with --columns, and one scenario"
        raise RunError(f"--figure draws one variable of one run, not {found}", advice=advice)
    return outputs[0]


def _titles(scenario: Scenario) -> list[str]:
    """Of a scenario, and of the path on top of it."""
    titles = [scenario.title.en, *([] if scenario.path is None else [scenario.path.title.en])]
    return list(dict.fromkeys(titles))  # a path by itself is its own scenario


def _draw(run: xr.Dataset, variable: str, file: Path, titles: Sequence[str]) -> None:
    """Draw a variable over time, under its name and what it is a run of."""
    from sd_covid.figures import fan
    from sd_covid.whole_files import replacing

    with replacing(file) as temporary:
        fan(run, variable, title=": ".join([*titles, variable])).savefig(temporary, dpi=120)
    note(f"wrote {file}")


def with_triggers(simulation: Simulation, study: Study | None, chosen: Mapping[str, Scenario]) -> Simulation:
    """The model in which the triggers of scenarios act; both as `read_scenarios` gives them."""
    if study is None:
        return simulation
    from sd_covid.policy.comparison.adaptive import adaptive

    return adaptive(simulation, chosen.values(), study.catalogue.levers)


def parse_parameters(texts: Sequence[str]) -> dict[str, float]:
    """Constants and values from ``NAME=VALUE``.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    dict
        Name as spelled -> value.

    Raises
    ------
    RunError
        When a text has no ``=``, its value is not a number, or a name is given twice.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        name = name.strip()
        if not (equals and name):
            raise RunError(f"-p {text}: expected NAME=VALUE", advice="write for example -p 'NOW level=0'")
        try:
            value = float(number)
        except ValueError:
            raise RunError(
                f"-p {text}: '{number}' is not a number", variable=name, advice="use a point for decimals"
            ) from None
        if any(key(name) == key(known) for known in values):
            raise RunError(f"-p sets '{name}' twice", variable=name, advice="keep one of the two")
        values[name] = value
    return values


def read_changes(files: Sequence[Path], simulation: Simulation) -> dict[str, float]:
    """What Vensim's changes files set in a model; the last counts.

    Raises
    ------
    ProblemError
    """
    if not files:
        return {}
    from sd_covid.calibration.vensim_setup import changes

    return changes.settings([item for file in files for item in changes.read_changes(file)], simulation)


def read_scenarios(
    simulation: Simulation, files: Sequence[Path], assume: Path | None = None
) -> tuple[Study | None, dict[str, Scenario]]:
    """The study to which scenarios belong, and each scenario by name; without any the study is None.

    Parameters
    ----------
    simulation : Simulation
    files : sequence of Path
        Scenario files.
    assume : Path, optional
        A path of assumptions to put on top of each; by itself it is run on top of the model as it stands.

    Raises
    ------
    ScenarioError
        When a file cannot be used, or two have the same name.
    """
    if not files and assume is None:
        return None, {}
    from sd_covid.policy import Scenario, Study, read_scenario
    from sd_covid.policy.paths import read_path
    from sd_covid.policy.scenario import under

    study = Study.beside(files[0] if files else assume or Path(), simulation)
    assumed = None if assume is None else read_path(assume, study)
    if assumed is not None and not (assumed.assumptions or assumed.constants):
        warn(f"the path '{assumed.id}' changes nothing in this model")
    if assumed is not None and not files:
        bare = Scenario(assumed.id, assumed.title, assumed.rationale, assumed.file)
        return study, {assumed.id: under(bare, assumed, study)}
    found: dict[str, Scenario] = {}
    for file in files:
        if file.stem in found:
            raise ScenarioError(
                f"a second scenario called '{file.stem}'", file=file, advice="give them different names"
            )
        same = file.resolve().parent == files[0].resolve().parent
        found[file.stem] = read_scenario(file, simulation, study=study if same else None, assume=assumed)
    return study, found


def override(settings: Mapping[str, float], overrides: Mapping[str, float]) -> dict[str, float]:
    """What a scenario sets, with what the user sets in its place; the user's come last, as the last counts."""
    taken = {key(name) for name in overrides}
    return {name: value for name, value in settings.items() if key(name) not in taken} | dict(overrides)


def warn_non_finite(run: xr.Dataset, scenario: str = "") -> None:
    """Say on standard error which variable is the first to be NaN or infinite, and how many are."""
    if not run.attrs["failed_members"]:
        return
    from sd_covid.engine.results import failed

    rows = failed(run).sort_values("time", kind="stable")
    where = f"{scenario}: " if scenario else ""
    others = f", and {len(rows) - 1} other variables" if len(rows) > 1 else ""
    warn(f"{where}'{rows['variable'].iloc[0]}' is not finite from Time {rows['time'].iloc[0]:g}{others}")
