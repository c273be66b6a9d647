"""What local commands start from: regions and figures of a study, and projections from runs of its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.cli.compare_run import DRAWN_FROM, draw, outputs, read_inputs
from sd_covid.cli.console import warn
from sd_covid.cli.progress import stages
from sd_covid.errors import UnknownNameError, suggest
from sd_covid.study_folder import study_folder

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.analysis.local.indicators import Indicator
    from sd_covid.analysis.local.profile import Profiles
    from sd_covid.analysis.local.project import Local
    from sd_covid.data.local.figures import Figures
    from sd_covid.data.local.regions import Regions
    from sd_covid.policy.comparison.scenarios import Comparison

_STAGES = {"runs": "running the scenarios", "regions": "projecting municipalities"}


@dataclass(frozen=True)
class Inputs:
    """What is known of regions in a study."""

    folder: Path
    regions: Regions
    figures: Figures


def read_local(study: Path) -> Inputs:
    """Read the regions of a study and the figures of them."""
    from sd_covid.data.local.figures import read_figures
    from sd_covid.data.local.regions import local_folder, read_regions

    folder = local_folder(study)
    regions = read_regions(folder / "regions.csv")
    return Inputs(folder, regions, read_figures(folder, regions))


@dataclass(frozen=True)
class Made:
    """Projections, and what they were made from."""

    comparison: Comparison
    found: list[Local]
    drawn: pd.DataFrame
    constants: dict[str, float]
    rerun: Callable[[pd.DataFrame], Comparison]


def projected(
    inputs: Inputs,
    files: list[Path],
    names: list[str],
    draws: int,
    seed: int,
    *,
    year: int | None = None,
    language: str = "en",
) -> Made:
    """Run scenarios, and project every indicator; a name or year that cannot be is refused before anything runs."""
    from sd_covid.analysis.local.indicators import read_indicators
    from sd_covid.analysis.local.project import project as project_one
    from sd_covid.analysis.local.project import refuse_year, variables
    from sd_covid.policy import Study, read_scenario
    from sd_covid.policy.comparison.run import run_scenarios
    from sd_covid.report.local.elections import TRUST

    national = read_inputs(study_folder(files[0]))
    study = Study.beside(files[0], national.simulation)
    told = outputs(national)
    known = read_indicators(inputs.folder / "indicators.yaml", told, inputs.figures, inputs.regions)
    indicators = _chosen(known, names, language)
    if year is not None:
        refuse_year(year, study.years, language)
    scenarios = [read_scenario(file, national.simulation, study=study) for file in files]
    drawn = draw(national.posterior.constants, study, draws, seed)
    profiles = _profiles(inputs, national.simulation.constants)
    run = partial(
        run_scenarios,
        national.simulation,
        outputs=[*variables(indicators), *(item for item in told if item.name == TRUST)],
        study=study,
        drawn_from=DRAWN_FROM,
        seed=seed,
        costs=False,
    )
    with stages(_STAGES) as step:
        comparison = run(scenarios, drawn, progress=lambda done, total: step("runs", done, total))
        found = []
        for place, item in enumerate(indicators):
            found.append(project_one(comparison, item, profiles, inputs.figures, seed))
            step("regions", place + 1, len(indicators))
    if comparison.failures:
        warn(f"{len(comparison.failures)} runs are not finite; their draws are left out")
    return Made(
        comparison, found, drawn, national.simulation.constants, lambda frame: run(scenarios[:1], frame)
    )


def _profiles(inputs: Inputs, constants: dict[str, float]) -> Profiles:
    """Profiles with the vulnerable share of the model."""
    from sd_covid.analysis.local.profile import make_profiles
    from sd_covid.policy.catalogue.names import ConstantNames

    share = constants[ConstantNames(constants).elements("vulnerable share")[0]]
    return make_profiles(inputs.figures, inputs.regions, share)


def _chosen(indicators: tuple[Indicator, ...], names: list[str], language: str) -> tuple[Indicator, ...]:
    """Those that are named; all where none is."""
    from sd_covid.data.local.faults import said

    known = [item.output.name for item in indicators]
    for name in names:
        if name not in known:
            reason, advice = said("indicator", language, name=name, known=", ".join(known))
            raise UnknownNameError(reason, advice=suggest(name, known, language) or advice)
    return tuple(item for item in indicators if not names or item.output.name in names)
