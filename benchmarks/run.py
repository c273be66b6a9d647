"""Speed beside other engines, in one process and in turns; prints three Markdown tables.

    python benchmarks/run.py [--rounds 7] [--members 10240] [--world3 FILE] [--write]

``--write`` puts them in benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import warnings
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import single
import startup
import throughput
from cases import CASES, Case, world3
from paired import table

from sd_covid.engine.kernel import thread_count

README = Path(__file__).parent / "README.md"
MARK = "<!-- tables -->"


def _machine(members: int, rounds: int) -> str:
    names, found = ("sd-covid", "llvmlite", "numpy", "xarray", "pysimlin", "pysd"), []
    for name in names:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return (
        f"{members:,} members; medians and ranges of {rounds} rounds. {platform.machine()}, {thread_count()} threads, "
        f"Python {platform.python_version()}, {', '.join(found)}."
    )


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description="Speed beside C, pysimlin and PySD.")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--members", type=int, default=10_240)
    options.add_argument("--world3", type=Path, help="a World3-03 .mdl, timed beside the other models")
    options.add_argument("--write", action="store_true", help="put the tables in benchmarks/README.md")
    chosen = options.parse_args()
    cases = [*CASES, *([world3(chosen.world3)] if chosen.world3 else [])]
    many, one = [], []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            path = _written(case, Path(folder))
            many.append(throughput.measure(case, path, chosen.members, chosen.rounds))
            if not case.arrays:
                one.append(single.measure(case, path, 3 * chosen.rounds))
    start = [startup.measure(equations, chosen.rounds) for equations in (300, 10_000)]
    text = "\n\n".join([*map(table, (many, one, start)), _machine(chosen.members, chosen.rounds)]) + "\n"
    print(text)
    if chosen.write:
        before = README.read_text(encoding="utf-8").split(MARK)[0]
        README.write_text(f"{before}{MARK}\n\n{text}", encoding="utf-8")


def _written(case: Case, folder: Path) -> Path:
    path = folder / f"{case.name.split(',')[0]}.mdl"
    path.write_text(case.text, encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
