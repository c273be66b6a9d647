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
    from sd_covid.report.words.wording import Numbers

_HEADS = ("series", "period", "parts", "there", "total", "country", "unassigned", "difference", "holds")


def check(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder of the study; that around you by default.")
    ] = Path(),
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the table.")] = Language.NL,
) -> int:
    """Check that figures of regions add up to the country's; exit code 1 when they do not."""
    from sd_covid.data.local.faults import word
    from sd_covid.data.local.sums import read_sums
    from sd_covid.data.registry import read_registry
    from sd_covid.report.words.wording import Numbers

    folder = study_folder(study / "study")
    inputs = read_local(folder)
    registry = read_registry(folder / "calibration" / "series")
    found = read_sums(
        inputs.folder / "sums.yaml",
        inputs.figures,
        inputs.regions,
        lambda name: {str(period): float(value) for period, value in registry.series(name).values.items()},
    )
    numbers = Numbers(language.value)
    rows = [_row(item, numbers) for item in found]
    table(
        word("sums", language),
        [word(f"sums.{name}", language) for name in _HEADS],
        rows,
        numbers=(4, 5, 6, 7),
    )
    failed = [item for item in found if not item.holds]
    say(word("sums.found", language, sums=len(found), failed=len(failed)))
    return 1 if failed else 0


def _row(item: Sum, numbers: Numbers) -> tuple[str, ...]:
    """A sum under the heads of the table."""
    from sd_covid.data.local.faults import word

    language = numbers.language
    amounts = (item.total, item.country, item.unassigned, item.difference)
    return (
        item.what,
        item.period,
        word(f"level.{item.level}", language),
        word("sums.count", language, parts=item.parts, expected=item.expected),
        *(numbers.exact(amount, 0) for amount in amounts),
        _verdict(item, language),
    )


def _verdict(item: Sum, language: str) -> str:
    """Whether a sum holds, and with what."""
    from sd_covid.data.local.faults import word

    kind = "no" if not item.holds else "only" if item.unassigned else "yes"
    said, note = word(f"sums.{kind}", language), item.note.in_language(language)
    return f"{said}; {note}" if note else said


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
