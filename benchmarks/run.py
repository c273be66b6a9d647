"""Speed, memory and accuracy beside other engines; prints Markdown tables, which stand in docs/benchmarks.md.

    python benchmarks/run.py [--rounds 7] [--members 10240] [--world3 FILE] [--only speed|memory|accuracy] [--write]

``--write`` puts them in the page, each in the place of its last.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import accuracy
import memory
import single
import startup
import throughput
from cases import CASES, Case, dutch, world3
from paired import table

from sd_covid.engine.run.compile import target
from sd_covid.engine.run.kernel import thread_count

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PARTS = ("speed", "memory", "accuracy")


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description="Speed, memory and accuracy beside C, pysimlin and PySD.")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--members", type=int, default=10_240)
    options.add_argument("--world3", type=Path, help="a World3-03 .mdl, measured beside the other models")
    options.add_argument("--only", choices=PARTS, action="append", help="a part; give it twice for two")
    options.add_argument("--write", action="store_true", help="put the tables in docs/benchmarks.md")
    chosen = options.parse_args()
    cases = [*CASES, dutch(), *([world3(chosen.world3)] if chosen.world3 else [])]
    with tempfile.TemporaryDirectory() as folder:
        files = [case.file(Path(folder)) for case in cases]
        for part in chosen.only or PARTS:
            for name, text in _measured(part, cases, files, chosen.members, chosen.rounds):
                print(f"{name}\n\n{text}\n", flush=True)
                if chosen.write:
                    _write(name, text)


def _measured(
    part: str, cases: Sequence[Case], files: Sequence[Path], members: int, rounds: int
) -> list[tuple[str, str]]:
    """The tables of a part, each with its name and what it was measured on."""
    on = _machine(members, rounds)

    def rows(measure: Callable[[Case, Path], dict[str, str]], *, arrays: bool = True) -> str:
        pairs = zip(cases, files, strict=True)
        return f"{table([measure(case, path) for case, path in pairs if arrays or not case.arrays])}\n\n{on}"

    if part == "speed":
        start = table([startup.measure(equations, rounds) for equations in (300, 10_000)])
        return [
            ("throughput", rows(lambda case, path: throughput.measure(case, path, members, rounds))),
            ("single", rows(lambda case, path: single.measure(case, path, 3 * rounds), arrays=False)),
            ("start", f"{start}\n\n{on}"),
        ]
    if part == "memory":
        few = max(1, rounds // 3)  # the peak of a process hardly varies
        return [("memory", rows(lambda case, path: memory.measure(case, path, members, few)))]
    others = rows(accuracy.measure)
    return [("accuracy", others), ("known", table(accuracy.known(files[0].parent)))]


def _machine(members: int, rounds: int) -> str:
    names, found = ("sd-covid", "llvmlite", "numpy", "xarray", "pysimlin", "pysd"), []
    for name in names:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return (
        f"{members:,} members, {rounds} rounds. {platform.machine()}, {target().width} doubles in "
        f"a register, {thread_count()} threads, load {os.getloadavg()[1]:.1f}, Python {platform.python_version()}, "
        f"{', '.join(found)}."
    )


def _write(name: str, text: str) -> None:
    """Put a table between its marks in the page."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise SystemExit(
            f"{PAGE} has no place for '{name}': write the lines {begin} and {end} where it should be"
        )
    whole = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    PAGE.write_text(whole.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page), encoding="utf-8")


if __name__ == "__main__":
    main()
