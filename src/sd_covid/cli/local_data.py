"""``sd-covid local check`` and ``add``: whether regions add up, and monitors of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import say, table
from sd_covid.cli.language import Language
from sd_covid.cli.local_runs import read_local
from sd_covid.study_folder import study_folder

if TYPE_CHECKING:
    from sd_covid.data.local.sums import Sum


def check(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder of the study; that around you by default.")
    ] = Path(),
) -> int:
    """Check that figures of regions add up to the country's; exit code 1 when they do not."""
    from sd_covid.data.local.sums import read_sums
    from sd_covid.data.registry import read_registry

    folder = study_folder(study / "study")
    inputs = read_local(folder)
    registry = read_registry(folder / "calibration" / "series")
    found = read_sums(
        inputs.folder / "sums.yaml",
        inputs.figures,
        inputs.regions,
        lambda name: {str(period): float(value) for period, value in registry.series(name).values.items()},
    )
    heads = ("series", "period", "parts", "there", "sum", "country", "in no region", "difference", "adds up")
    rows = [
        (
            item.what,
            item.period,
            item.level,
            f"{item.parts} of {item.expected}",
            f"{item.total:,.0f}",
            f"{item.country:,.0f}",
            f"{item.unassigned:,.0f}",
            f"{item.difference:,.0f}",
            _verdict(item),
        )
        for item in found
    ]
    table("sums of regions", heads, rows, numbers=(4, 5, 6, 7))
    failed = [item for item in found if not item.holds]
    say(f"{len(found)} sums, {len(failed)} that do not add up")
    return 1 if failed else 0


def _verdict(item: Sum) -> str:
    """Whether a sum holds, and with what."""
    only = "only with those in no region" if item.unassigned else "yes"
    said = only if item.holds else "NO"
    return f"{said}; {item.note.en}" if item.note.en else said


def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV: region,series,period,value,unit,method,quality,source,definition_note.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; write nothing.")] = False,
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the messages.")] = Language.NL,
) -> None:
    """Add figures of a local monitor, to be shown beside the projections; they do not set them."""
    from sd_covid.data.keyed_yaml import read_yaml
    from sd_covid.data.local.faults import word
    from sd_covid.data.local.monitor import prepare
    from sd_covid.whole_files import write_whole

    inputs = read_local(study_folder(Path("study")))
    named = [name for name, _ in read_yaml(inputs.folder / "indicators.yaml").entries()]
    shown = list(dict.fromkeys([*named, *inputs.figures.series]))
    addition = prepare(file, inputs.folder, inputs.regions, inputs.figures, shown, language)
    for item in addition.figures:
        say(
            f"{item.region.name}: {item.definition.series} {item.period} {item.value:g} {item.definition.unit}"
        )
    if dry_run:
        say(word("nothing", language))
        return
    write_whole(addition.file, addition.text)
    say(word("added", language, count=len(addition.figures), file=addition.file))
