"""``python -m tests.mutation --sample 400``: change the engine in small ways; which do its tests not notice?

Prints the score with its 95 % interval (Wilson 1927) and the changes that survived, and writes every outcome to a
table. Each change is tried by the tests near that execute its line, at most so many seconds of them, so that the score
is a lower bound. ``--resume`` keeps what the table tells was noticed, and tries the rest.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import CodeType

from scipy.stats import binomtest

from tests.mutation import suite
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import Mutant, mutants

TABLE = Path(__file__).parent / "results.csv"
# The graph, what its operations mean, their derivatives and their code, and the way to them from a model.
FILES = (
    "graph/operations.py",
    "graph/graph.py",
    "graph/derivative.py",
    "llvm/elementary.py",
    "functions/elementary.py",
    "lower/context.py",
    "lower/model.py",
)
TESTS = (
    "tests/engine/test_operations.py",
    "tests/engine/test_elementary.py",
    "tests/engine/test_graph.py",
    "tests/engine/test_pull_back.py",
    "tests/engine/test_lower.py",
    "tests/engine/test_functions.py",
    "tests/engine/test_derivatives.py",
    "tests/engine/test_analytic.py",
    "tests/engine/test_simultaneous.py",
    "tests/engine/test_free.py",
    "tests/engine/test_clock.py",
    "tests/engine/test_functions_checked.py",
    "tests/engine/test_steps.py",
    "tests/engine/test_random.py",
    "tests/model/test_small_models.py",
    "tests/model/test_errors.py",
    "tests/model/test_external.py",
    "tests/model/test_subscripts.py",
)


def folder() -> Path:
    """Where the engine stands."""
    spec = importlib.util.find_spec("sd_covid")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "engine"


def every() -> list[tuple[Path, Mutant]]:
    """All mutants, file by file."""
    files = [folder() / name for name in FILES]
    return [(file, m) for file in files for m in mutants(file.read_text(encoding="utf-8"), label(file))]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run; the exit code: 1 where the score is below what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="how many, drawn by the seed; all when 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=float, default=8.0, help="seconds of tests that a mutant may cost")
    parser.add_argument("--least", type=float, default=0.9, help="score below which the exit code is 1")
    parser.add_argument("--resume", action="store_true", help="keep what the table tells was noticed")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument(
        "--reach", type=Path, help="file that keeps which test executes what, to be used again"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="start no mutant after so many")
    chosen = parser.parse_args()
    pool = every()
    outcomes: dict[str, str] = {}
    order = random.Random(chosen.seed).sample(pool, min(chosen.sample or len(pool), len(pool)))
    if chosen.resume:
        with chosen.table.open(encoding="utf-8", newline="") as stream:
            known = {row["change"]: row["outcome"] for row in csv.DictReader(stream)}
        outcomes = {m.key: known[m.key] for _, m in order if known.get(m.key, suite.PASSED) != suite.PASSED}
        order = [pair for pair in order if pair[1].key not in outcomes]
    with tempfile.TemporaryDirectory() as room:
        os.environ["XDG_CACHE_HOME"] = (
            room  # code is kept by its text there, so that no mutant can spoil another's
        )
        _run(chosen, order, outcomes, Path(room))
    return _tell(chosen, pool, outcomes)


def _run(
    chosen: argparse.Namespace, order: list[tuple[Path, Mutant]], outcomes: dict[str, str], room: Path
) -> None:
    began = time.monotonic()
    suite.prepare()
    tests = [test for test in TESTS if Path(test).exists()]
    if chosen.reach is not None and chosen.reach.exists():
        reach = suite.Reach.read(chosen.reach)
    else:
        reach = suite.baseline({folder() / name: name for name in FILES}, tests, room)
        if chosen.reach is not None:
            reach.write(chosen.reach)
    say(f"{len(reach.cost)} tests, {sum(reach.cost.values()):.0f} s of the processor, watched")
    plain = {file: compiled(file) for file, _ in order}
    trials = []
    for file, mutant in order:
        if mutant.key in EQUIVALENT:
            outcomes[mutant.key] = "equivalent"
            continue
        near = reach.tests(label(file), mutant.lines, mutant.statement, chosen.most)
        limit = 3 * sum(reach.cost[test] for test in near) + 20
        trials.append(suite.Trial(mutant.key, file, plain[file], mutant.code(str(file)), near, limit))
    _control(reach, chosen.most, room)
    stop = began + 60 * chosen.minutes
    quick = suite.tried_together(trials, [module_of(folder() / name) for name in FILES], tests, room, stop)
    for trial in trials:
        if trial.key not in quick and time.monotonic() > stop:
            continue
        outcome = quick.get(trial.key) or suite.tried(module_of(trial.file), trial, room)
        outcomes[trial.key] = outcome
        if outcome == suite.PASSED:
            say(f"survived {len(trial.tests)} tests: {trial.key}")


def compiled(file: Path) -> CodeType:
    """The code as it stands."""
    return compile(file.read_text(encoding="utf-8"), str(file), "exec", dont_inherit=True)


def label(file: Path) -> str:
    """How a file is called in the table: from the engine's folder on."""
    return file.relative_to(folder()).as_posix()


def module_of(file: Path) -> str:
    """What the engine's file is imported as."""
    return "sd_covid.engine." + label(file).removesuffix(".py").replace("/", ".")


def _control(reach: suite.Reach, most: float, room: Path) -> None:
    """A change that is none must survive."""
    file = folder() / FILES[0]
    code = compiled(file)
    near = reach.tests(label(file), range(1, 10_000), range(0), most)
    none = suite.Trial("", file, code, code, near, 3 * most + 20)
    if suite.tried(module_of(file), none, room) != suite.PASSED:
        raise RuntimeError("tests that pass together fail when they are chosen: the harness is at fault")


def _tell(chosen: argparse.Namespace, pool: list[tuple[Path, Mutant]], outcomes: dict[str, str]) -> int:
    tried = [(label(file), m) for file, m in pool if m.key in outcomes]
    with chosen.table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "operator", "change", "outcome"])
        writer.writerows([name, m.operator, m.key, outcomes[m.key]] for name, m in tried)
    of_file = Counter(label(file) for file, _ in pool)
    say("| file | mutants | tried | equivalent | noticed | survived | score |\n|---|--:|--:|--:|--:|--:|--:|")
    score = 0.0
    for name in (*FILES, "all"):
        found = Counter(outcomes[m.key] for file, m in tried if name in (file, "all"))
        survived, equivalent = found[suite.PASSED], found["equivalent"]
        real = found.total() - equivalent
        score = (real - survived) / real if real else 1.0
        there = len(pool) if name == "all" else of_file[name]
        counts = f"{there} | {found.total()} | {equivalent} | {real - survived} | {survived}"
        say(f"| {name} | {counts} | {f'{100 * score:.1f} %' if real else 'none tried'} |")
    if real:
        sure = binomtest(real - survived, real).proportion_ci(method="wilson")
        say(f"score {100 * score:.1f} %, 95 % interval {100 * sure.low:.1f} to {100 * sure.high:.1f} %")
    return int(score < chosen.least)


if __name__ == "__main__":
    sys.exit(main())
