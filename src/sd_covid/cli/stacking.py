"""``sd-covid stacking``: persons and households with several problems at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import warn
from sd_covid.cli.language import Language
from sd_covid.cli.results import NUMBER, refuse_figure, refuse_suffix
from sd_covid.cli.run import Model, Parameters
from sd_covid.errors import RunError
from sd_covid.study_folder import study_folder
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import xarray as xr

    from sd_covid.analysis.stacking.count import Stacking
    from sd_covid.analysis.stacking.definition import Association, Definition
    from sd_covid.analysis.stacking.published import PublishedTable
    from sd_covid.policy.calendar import Calendar


def command(
    model: Model,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", "-s", metavar="SCENARIO", help="A scenario file.")
    ] = None,
    parameter: Parameters = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT.csv", help="Also write every year and combination."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="OUT.png", help="Also draw it: .png, .svg or .pdf.")
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", "-l", help="Of tables and figure.")
    ] = Language.NL,
    year: Annotated[list[int] | None, typer.Option("--year", help="A year to show; may be repeated.")] = None,
    published: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE.csv", help="A published table to set beside it."),
    ] = None,
    from_table: Annotated[
        bool, typer.Option("--ratios-from-table", help="Take odds ratios from that table.")
    ] = False,
    draws: Annotated[
        int, typer.Option("--draws", min=0, max=10_000, help="Draws of associations and conversions.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 1,
) -> None:
    """Count persons and households with none, one, two, three or more problems at once."""
    _refuse(output, figure, published, from_table=from_table)
    from sd_covid.analysis.stacking.count import count
    from sd_covid.analysis.stacking.published import ratios_of
    from sd_covid.cli.stacking_shown import show

    inputs = _read(model, scenario, parameter or [], published)
    given = (
        ratios_of(inputs.table, inputs.definition, inputs.calendar) if from_table and inputs.table else None
    )
    found = count(inputs.run, inputs.definition, inputs.associations, draws=draws, seed=seed, given=given)
    if found.left_out:
        warn(f"not counted, as the model has no variable for it: {', '.join(found.left_out)}")
    show(found, inputs, language.value, year)
    _write(found, inputs.calendar, output, figure, language.value)


def _refuse(output: Path | None, figure: Path | None, published: Path | None, *, from_table: bool) -> None:
    """Refuse files of another format, and ratios from no table, before anything takes time."""
    refuse_suffix(output, ".csv")
    refuse_figure(figure)
    if from_table and published is None:
        raise RunError("--ratios-from-table needs a table", advice="give one with --table")


def _write(
    found: Stacking, calendar: Calendar, output: Path | None, figure: Path | None, language: str
) -> None:
    """Write the table and the picture that were asked for."""
    if output is not None:
        from sd_covid.analysis.stacking.present import frame

        with replacing(output) as temporary:
            frame(found, calendar).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
    if figure is not None:
        from sd_covid.report.drawing.stacking import stacking_chart
        from sd_covid.report.words.texts import Texts

        with replacing(figure) as temporary:
            stacking_chart(found, calendar, Texts(language)).savefig(temporary, dpi=120)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that stacking starts from."""

    run: xr.Dataset
    calendar: Calendar
    definition: Definition
    associations: list[Association]
    figures: Path
    table: PublishedTable | None


def _read(model: Path, scenario: Path | None, parameter: list[str], published: Path | None) -> Inputs:
    """Read the tables of the study, and run the model."""
    import sd_covid
    from sd_covid.analysis.stacking.count import variables
    from sd_covid.analysis.stacking.definition import read_associations, read_definition
    from sd_covid.analysis.stacking.published import read_published
    from sd_covid.cli.run import override, parse_parameters, read_scenarios, warn_non_finite, with_triggers
    from sd_covid.policy.calendar import Calendar

    overrides = parse_parameters(parameter)
    folder = study_folder(model)
    definition = read_definition(folder / "scenarios" / "stacking.yaml")
    associations = read_associations(folder / "models" / "associations.csv", definition.problems)
    table = None if published is None else read_published(published, definition)
    simulation = sd_covid.load(model)
    calendar = Calendar.of(simulation.model)
    wanted, _ = variables(definition, simulation.model.variables)
    study, chosen = read_scenarios(simulation, [] if scenario is None else [scenario])
    settings = [item.settings for item in chosen.values()] or [{}]
    values = override(settings[0], overrides)
    simulation = with_triggers(simulation, study, chosen)
    run = simulation.stepping(values).run(values, wanted)
    warn_non_finite(run)
    return Inputs(run, calendar, definition, associations, folder / "models" / "stacking_figures.csv", table)
