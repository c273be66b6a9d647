"""``sd-covid conformance``: every model of a test-models checkout against its reference output."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sd_covid.cli.console import say, table
from sd_covid.cli.progress import progress
from sd_covid.errors import RunError
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.analysis.conformance import Result

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="A checkout of SDXorg/test-models, or the folder of one model."),
]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="SUFFIX", help="mdl, xmile or stmx; may be repeated. Default: all."),
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write every result here.")]
Limit = Annotated[float, typer.Option("--limit", min=1.0, help="Seconds for one model, before it is ended.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Models at once. Default: the processors.")
]


def command(
    folder: Folder,
    format: Formats = None,
    json_file: Json = None,
    limit: Limit = 120.0,
    jobs: Jobs = None,
) -> int:
    """Run models beside which a reference output lies, and compare. Exit code 1 when one that runs does not give it."""
    from sd_covid.analysis.conformance import FORMATS, compare_all, find_cases
    from sd_covid.engine.run.kernel import thread_count

    wanted = [name.lower().removeprefix(".") for name in format or FORMATS]
    for name in wanted:
        if name not in FORMATS:
            raise RunError(f"--format {name} is no format", advice=f"use one of {', '.join(FORMATS)}")
    cases = find_cases(folder, wanted)
    results = []
    with progress("running the models") as step:
        for result in compare_all(cases, processes=jobs or thread_count(), limit=limit):
            results.append(result)
            step(len(results), len(cases))
    results.sort(key=lambda result: str(result.case.model))
    _show(folder, results)
    if json_file is not None:
        _write(json_file, folder, results)
    return 1 if any(result.status == "failed" for result in results) else 0


def _name(folder: Path, result: Result) -> str:
    return str(result.case.model.relative_to(folder)) if folder.is_dir() else result.case.model.name


def _show(folder: Path, results: Sequence[Result]) -> None:
    """The table of models, and the counts by format."""
    files = Counter(result.case.model.name for result in results)
    rows = [
        (
            # The folder only where the file's name does not tell: there are long ones.
            result.case.model.name if files[result.case.model.name] == 1 else _name(folder, result),
            str(result.status),
            str(result.compared or ""),
            f"{result.largest:.1g}" if result.compared else "",
            result.reason.removeprefix(f"{result.case.model}:").strip(),
        )
        for result in results
    ]
    table(
        f"{len(results)} models in {folder}",
        ("model", "result", "columns", "largest difference", "why"),
        rows,
        numbers=(2, 3),
    )
    for suffix in dict.fromkeys(result.case.format for result in results):
        counts = Counter(str(result.status) for result in results if result.case.format == suffix)
        compared = sum(counts.values()) - counts["no reference"]
        others = [f"{counts[status]} {status}" for status in ("failed", "refused", "no reference")]
        say(f".{suffix}: {counts['passed']} of {compared} passed, " + ", ".join(others))


def _write(path: Path, folder: Path, results: Sequence[Result]) -> None:
    """The results for a program: numbers that are not finite as text, as JSON has none."""
    content = {
        "directory": str(folder),
        "models": [_as_dict(_name(folder, result), result) for result in results],
    }
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def _as_dict(name: str, result: Result) -> dict[str, Any]:
    return {
        "model": name,
        "format": result.case.format,
        "status": str(result.status),
        "reason": result.reason,
        "tolerance": result.case.tolerance,
        "columns_compared": result.compared,
        "columns_not_in_model": list(result.not_in_model),
        "largest_difference": _number(result.largest),
        "seconds": round(result.seconds, 3),
        "differences": [
            {
                "column": one.column,
                "time": one.time,
                "ours": _number(one.ours),
                "reference": _number(one.reference),
            }
            for one in result.differences
        ],
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
