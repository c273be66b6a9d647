"""``sd-covid ranks``: whether scenarios keep their order under other paths of assumptions."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sd_covid.cli.calibrate import Seed
from sd_covid.cli.compare import Scenarios
from sd_covid.cli.compare_run import Inputs, Tell, draw, outputs, read_inputs
from sd_covid.cli.console import note, table
from sd_covid.cli.progress import stages
from sd_covid.errors import RunError
from sd_covid.study_folder import study_folder
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.policy.comparison.ranking import RankStability
    from sd_covid.policy.comparison.scenarios import Comparison

BASE = "base"  # the path that holds when none is named: others are held against it


def command(
    scenarios: Scenarios,
    path: Annotated[
        list[Path],
        typer.Option(
            "--path", metavar="PATH", help="A path of assumptions, a file or its name; several times."
        ),
    ],
    year: Annotated[int, typer.Option("--year", help="Of the differences.")] = 2030,
    until: Annotated[
        int | None, typer.Option("--until", help="Add outcomes up from --year to this year.")
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=2, help="Runs of each scenario under each path.")
    ] = 200,
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything found to this file.")
    ] = None,
    seed: Seed = 1,
) -> None:
    """Rank scenarios by every headline outcome under the base path and others, on the same draws."""
    from sd_covid.policy.comparison.ranking import rank_stability

    if len(scenarios) < 3:
        raise RunError("a ranking needs two scenarios beside the null alternative", advice="name more")
    if until is not None and until < year:
        raise RunError(
            f"--until {until} comes before --year {year}", advice="give the first year, then the last"
        )
    files = _files(path, scenarios[0])
    inputs = read_inputs(study_folder(scenarios[0]))
    with stages({"paths": "running under each path"}) as step:
        found = _under_paths(inputs, scenarios, files, draws, seed, partial(step, "paths"))
    headlines = [item for item in outputs(inputs) if item.headline and item.better != "neutral"]
    rankings = [rank_stability(found, item.name, year, until) for item in headlines]
    for item in rankings:
        _show(item)
    if out is not None:
        told = [_plain(item) for item in rankings]
        write_whole(out, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        note(f"wrote {out}")


def _files(paths: list[Path], near: Path) -> list[Path]:
    """The files of paths that are given as files or by name, each once."""
    from sd_covid.policy.paths import chosen_path

    files = [chosen_path(item, near) for item in paths]
    ids = [BASE, *(file.stem for file in files)]
    for name in ids:
        if ids.count(name) > 1:
            reason = "is run anyway" if name == BASE else "is named twice"
            raise RunError(f"the path '{name}' {reason}", advice="leave it out once")
    return files


def _under_paths(
    inputs: Inputs, scenarios: list[Path], paths: list[Path], draws: int, seed: int, tell: Tell
) -> dict[str, Comparison]:
    """The scenarios under the base path and each of the others, on the same draws."""
    from sd_covid.policy import Study, read_scenario
    from sd_covid.policy.comparison.run import run_scenarios
    from sd_covid.policy.paths import read_path

    study = Study.beside(scenarios[0], inputs.simulation)
    chosen = [read_path(item, study) for item in paths]
    kept, drawn = outputs(inputs), draw(inputs.posterior.constants, study, draws, seed)
    size, total = len(scenarios) * draws, len(scenarios) * draws * (len(chosen) + 1)
    found: dict[str, Comparison] = {}
    for assumed in (None, *chosen):

        def report(done: int, _all: int, before: int = len(found) * size) -> None:
            tell(before + done, total)

        read = [read_scenario(item, inputs.simulation, study=study, assume=assumed) for item in scenarios]
        found[BASE if assumed is None else assumed.id] = run_scenarios(
            inputs.simulation,
            read,
            drawn,
            [item for item in kept if item.headline],
            study=study,
            seed=seed,
            progress=report,
        )
    return found


def _show(found: RankStability) -> None:
    """Print ranks under every path, with the mean difference, and how often two scenarios change places."""
    rows = [
        (
            scenario,
            *(f"{found.ranks[k, place]:g} ({found.mean[k, place]:+.3g})" for k in range(len(found.paths))),
        )
        for place, scenario in enumerate(found.scenarios)
    ]
    rows.append(("changed places", "", *(_share(value) for value in found.reversed[1:].tolist())))
    first, last = found.years
    span = str(first) if first == last else f"{first} to {last}"
    title = f"{found.output.title.en}, {span}: rank (mean difference, {found.output.units})"
    table(f"{title}; Kendall's W {found.concordance:.2f}", ("scenario", *found.paths), rows)


def _share(value: float) -> str:
    return "no pair differs" if value != value else f"{value:.1%} of pairs"


def _plain(found: RankStability) -> dict[str, Any]:
    """As JSON holds it; NaN becomes null."""
    numbers = {name: getattr(found, name).tolist() for name in ("mean", "ranks", "reversed")}
    numbers["reversed"] = [None if value != value else value for value in numbers["reversed"]]
    plain = {"output": found.output.name, "unit": found.output.units}
    rest = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    kept = {key: rest[key] for key in ("years", "paths", "scenarios")}
    w = found.concordance
    return plain | kept | numbers | {"concordance": None if w != w else w}
