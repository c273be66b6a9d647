"""``sd-covid run``: one run of a model, or one for each scenario."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.errors import RunError, ScenarioError
from sd_covid.model.names import key

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.engine import Simulation

MAX_STEPS = 100_000_000

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .mdl file, or a .yaml that couples several.")]
Scenarios = Annotated[
    list[Path] | None,
    typer.Option("--scenario", "-s", metavar="SCENARIO", help="A scenario file; may be repeated."),
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
Out = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="A .csv, .nc, .zarr or .parquet; a folder for several csv. Without it: csv on standard output.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns", metavar="NAME,…", help="The variables to keep, separated by commas; may be repeated."
    ),
]
MaxSteps = Annotated[
    int, typer.Option("--max-steps", min=1, help="Refuse to start a run of more steps than this.")
]


def command(
    model: Model,
    scenario: Scenarios = None,
    parameter: Parameters = None,
    output: Out = None,
    columns: Columns = None,
    max_steps: MaxSteps = MAX_STEPS,
) -> None:
    """Run a model once, or once for each scenario, and write every variable at every SAVEPER."""
    from sd_covid.cli import results

    scenarios = scenario or []
    form = results.form_of(output, several=len(scenarios) > 1)
    overrides = parse_parameters(parameter or [])
    import sd_covid

    simulation = sd_covid.load(model)
    settings = read_settings(simulation, scenarios)
    outputs = choose_columns(simulation, columns)
    for name, values in settings.items():
        refuse_long_run(simulation, values | overrides, max_steps, name)
    runs = {name: simulation.run(values | overrides, outputs=outputs) for name, values in settings.items()}
    for name, run in runs.items():
        run.attrs["scenario"] = name
        run.attrs["parameters"] = settings[name] | overrides
        warn_non_finite(run, name)
    results.write(runs, output, form)


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
        When a text has no ``=``, its value is not a finite number, or a name is given twice.
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
        if not math.isfinite(value):
            raise RunError(f"-p {text}: the value must be finite", variable=name)
        if any(key(name) == key(known) for known in values):
            raise RunError(f"-p sets '{name}' twice", variable=name, advice="keep one of the two")
        values[name] = value
    return values


def read_settings(simulation: Simulation, paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """What each scenario sets, by scenario name; the model's own constants alone under ``""`` when there is none.

    Raises
    ------
    ScenarioError
        When a file cannot be used, or two have the same name.
    """
    if not paths:
        return {"": {}}
    from sd_covid.policy import read_scenario

    settings: dict[str, dict[str, float]] = {}
    for path in paths:
        if path.stem in settings:
            raise ScenarioError(
                f"a second scenario called '{path.stem}'", file=path, advice="give them different names"
            )
        settings[path.stem] = dict(read_scenario(path, simulation).settings)
    return settings


def choose_columns(simulation: Simulation, texts: Sequence[str] | None) -> list[str] | None:
    """Names of variables from ``--columns``, each text one name or several separated by commas outside brackets.

    Returns
    -------
    list of str or None
        None when everything is to be kept.

    Raises
    ------
    UnknownNameError
        When the model has no such variable.
    """
    if texts is None:
        return None
    names = [name for text in texts for name in split_names(text)]
    if not names:
        raise RunError("--columns names nothing", advice="leave it out to keep every variable")
    for name in names:
        simulation.model.variable(name.partition("[")[0])
    return names


def split_names(text: str) -> list[str]:
    """Split at the commas that stand outside square brackets and double quotes.

    Examples
    --------
    >>> split_names("jobs, rate[youth,regular]")
    ['jobs', 'rate[youth,regular]']
    """
    names, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "[") - (character == "]")
        if character == "," and depth == 0 and not quoted:
            names.append("")
        else:
            names[-1] += character
    return [name.strip() for name in names if name.strip()]


def refuse_long_run(simulation: Simulation, values: dict[str, float], most: int, scenario: str = "") -> None:
    """Stop a run that would take more than `most` steps before it starts.

    Raises
    ------
    RunError
        When it would, or when its time bounds make no run at all.
    """
    bounds = {key(name): value for name, value in (simulation.constants | values).items()}
    try:
        start, end, step = (bounds[key(name)] for name in ("INITIAL TIME", "FINAL TIME", "TIME STEP"))
    except KeyError:
        return  # a bound that is computed: the engine checks it when it has its value
    bounds |= {key(name): value for name, value in values.items()}
    where = f" in scenario '{scenario}'" if scenario else ""
    if not step > 0:
        raise RunError(f"TIME STEP must be above 0, not {step:g}{where}", variable="TIME STEP")
    if (end - start) / step > most:
        raise RunError(
            f"the run would take {(end - start) / step:.3g} steps{where}, more than {most:g}",
            advice="a larger TIME STEP or an earlier FINAL TIME, or a higher --max-steps",
        )


def warn_non_finite(run: xr.Dataset, scenario: str = "") -> None:
    """Say on standard error which variable is the first to be NaN or infinite, and how many are."""
    import numpy as np

    first: dict[str, float] = {}
    for name, variable in run.data_vars.items():
        bad = ~np.isfinite(variable.to_numpy())
        if bad.any():
            when = bad.reshape(bad.shape[0], -1).any(axis=1).argmax() if "time" in variable.dims else 0
            first[str(name)] = float(run["time"][int(when)])
    if first:
        name = min(first, key=first.__getitem__)
        where = f"{scenario}: " if scenario else ""
        others = f", and {len(first) - 1} other variables" if len(first) > 1 else ""
        sys.stderr.write(f"warning: {where}'{name}' is not finite from Time {first[name]:g}{others}\n")
