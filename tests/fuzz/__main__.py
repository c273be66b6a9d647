"""``python -m tests.fuzz --inputs 100000``: try many mutated inputs on every reader, and say what they break.

Inputs are spread over the readers in turn, each from a seed of its own, so that a run can be repeated. A finding is
printed once for each place, and its input kept in the folder named by ``--keep``. Exit code 1 when there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import Fuzzer
from tests.fuzz.targets import targets
from tests.fuzz.watch import Watch

MEMORY = 4 << 30  # bytes of address space: an input that asks for more gets a MemoryError, which is a finding
ROUND = 50


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="in all, over the readers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of the processor, that one input may take"
    )
    parser.add_argument("--only", default="", help="readers whose name holds this")
    parser.add_argument("--keep", type=Path, help="folder for inputs that were found")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "studies", Path(folder) / "file" / "cache"
        root.mkdir()
        cache.parent.touch()  # so that nothing can be cached: every input is read anew
        os.environ["XDG_CACHE_HOME"] = str(cache)
        watch = Watch(root, cache, chosen.seconds)
        return _run(chosen, root, watch)


def _run(chosen: argparse.Namespace, root: Path, watch: Watch) -> int:
    fuzzers = [
        Fuzzer(target, watch, random.Random(f"{chosen.seed} {target.name}"))
        for target in targets(root)
        if chosen.only in target.name
    ]
    told: dict[str, int] = {}
    began = time.monotonic()

    def tell(fuzzer: Fuzzer, inputs: int) -> None:
        for finding in fuzzer.round(inputs) if inputs else fuzzer.sound():
            place = finding.target + " " + finding.said.split(": ")[0]
            told[place] = told.get(place, 0) + 1
            if told[place] > 1:
                continue
            say(f"FOUND {finding.target}: {finding.said}\n{finding.trace}")
            if chosen.keep is not None:
                chosen.keep.mkdir(parents=True, exist_ok=True)
                (chosen.keep / f"{finding.name}{fuzzer.target.path.suffix}").write_bytes(finding.content)
                say(f"  kept as {finding.name}{fuzzer.target.path.suffix}")

    for fuzzer in fuzzers:
        tell(fuzzer, 0)
    tried = 0
    while tried < chosen.inputs:
        for fuzzer in fuzzers:
            tell(fuzzer, min(ROUND, chosen.inputs - tried))
            tried += min(ROUND, chosen.inputs - tried)
        say(f"{tried} inputs, {time.monotonic() - began:.0f} s, {len(told)} findings")
    for fuzzer in fuzzers:
        lines, kept = len(fuzzer.lines.reached), len(fuzzer.corpus) - len(fuzzer.target.sound)
        told_of = f"{fuzzer.tried:7} tried {fuzzer.refused:7} refused {lines:6} lines {kept:5} kept"
        say(f"{fuzzer.target.name:40} {told_of}")
    for place, count in sorted(told.items()):
        say(f"{count:7} times {place}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
