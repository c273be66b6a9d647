"""How much work the engine makes of a model, in counts that are the same on every machine; no clock is read.

    python -m tests.budget.measure     renew budget.json, after a change that is meant to cost or save what it does

* **Kernel.** Instructions of LLVM text, of machine code for named processors with 2, 4 and 8 lanes, and bytes of
  working memory of a block, whatever processor this is. For models that stand still (`benchmarks/models.py`) as they
  are; for the Dutch model for each operation of its graph, so that a larger model is no dearer code.
* **Python.** Calls of functions of this package, in reading, lowering, and running a small batch; those of libraries
  are theirs.
* **Start.** Modules that ``sd-covid --help`` loads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pandas as pd

import sd_covid
from benchmarks import models
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_run import write_kernel
from sd_covid.engine.run.compile import run_passes
from sd_covid.engine.run.kernel import ATTRIBUTES
from sd_covid.engine.simulation import Simulation, load
from sd_covid.model.vensim.reader import read_mdl

FILE = Path(__file__).with_name("budget.json")
RENEW = "python -m tests.budget.measure"
DUTCH = Path(__file__).parents[2] / "models" / "netherlands.yaml"
DUTCH_OUTPUTS = ["unemployment rate", "households in problem debt", "distress prevalence"]
#: Arrays stay loops in the code: forty ages in eight regions.
COHORTS = """{UTF-8}
age: (a1-a40) ~ ~ |
region: (r1-r8) ~ ~ |
people[age,region] = INTEG(births[age,region] - people[age,region] * death rate[age], 10) ~ ~ |
births[age,region] = fertility * people[age,region] * MAX(0.2, 1 - population[region] / room) ~ ~ |
death rate[age] = 0.01 + 0.02 * EXP(-fertility * 10) ~ ~ |
population[region] = SUM(people[age!,region]) ~ ~ |
late[region] = SMOOTH(population[region], 4) ~ ~ |
fertility = 0.03 ~ ~ |
room = 1000 ~ ~ |
""" + models.CONTROL.format(final=50, step=0.25)
#: Lanes -> a processor that has them, whether it permutes a register, and whether it has fused multiply-add.
PROCESSORS = {2: ("x86-64", False, False), 4: ("haswell", False, True), 8: ("skylake-avx512", True, True)}
#: Texts of models that stand still, and the outputs that are kept.
FIXED = {
    "sir": (models.SIR, models.SIR_OUTPUTS),
    "world": (models.world(), models.WORLD_OUTPUTS),
    "cohorts": (COHORTS, ["population", "late"]),
}
#: Calls in Python 3.11, and part of the function around them from 3.12 on.
INLINED = {"<listcomp>", "<dictcomp>", "<setcomp>"}
Counts = dict[str, float]


def measured(folder: Path) -> Counts:
    """All counts, by name.

    Parameters
    ----------
    folder : Path
        Where models may be written.
    """
    counts = _of_python(folder)
    for name, (text, outputs) in FIXED.items():
        path = folder / f"{name}.mdl"
        path.write_text(text, encoding="utf-8")
        simulation = load(path)
        for lanes in PROCESSORS:
            module = _module(simulation, outputs, lanes)
            counts[f"{name}, {lanes} lanes: instructions of LLVM text"] = _instructions(module)
            counts[f"{name}, {lanes} lanes: bytes of working memory"] = 8 * lanes * module.scratch
            if name == "world":
                counts[f"{name}, {lanes} lanes: machine instructions"] = _machine_instructions(module, lanes)
    return counts | _of_the_dutch_model() | _of_start()


def _module(simulation: Simulation, outputs: list[str], lanes: int) -> Module:
    """The kernel of a model for so many lanes."""
    nodes = [simulation.program.cells[cell] for name in outputs for cell in simulation.names.cells(name)]
    program, kept = trim(simulation.program, nodes, False)
    _, permute, fused = PROCESSORS[lanes]
    module = Module(lanes, permute, fused)
    write_kernel(module, program, kept, rising=True)
    return module


def _instructions(module: Module) -> int:
    """Lines of functions that do something: not labels, braces or blank lines."""
    lines = "\n".join(module.functions).splitlines()
    return sum(line.startswith(" ") and not line.rstrip().endswith(":") for line in lines)


def _machine_instructions(module: Module, lanes: int) -> int:
    """Instructions of the optimised machine code, for the named processor."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    found = llvm.Target.from_triple("x86_64-unknown-linux-gnu")
    machine = found.create_target_machine(cpu=PROCESSORS[lanes][0], features="", opt=2, jit=True)
    code = llvm.parse_assembly(module.text(ATTRIBUTES))
    run_passes(llvm, code, machine, 2)
    lines = machine.emit_assembly(code).splitlines()
    return sum(line.startswith("\t") and not line.startswith(("\t.", "\t#")) for line in lines)


def _of_the_dutch_model() -> Counts:
    """Instructions and memory for each operation of the graph that three outputs need, with eight lanes."""
    simulation = sd_covid.load(DUTCH)
    nodes = [
        simulation.program.cells[cell] for name in DUTCH_OUTPUTS for cell in simulation.names.cells(name)
    ]
    program, _ = trim(simulation.program, nodes, False)
    operations = len(program.step.nodes)
    module = _module(simulation, DUTCH_OUTPUTS, 8)
    return {
        "Dutch model, 8 lanes: instructions of LLVM text for an operation": _instructions(module)
        / operations,
        "Dutch model, 8 lanes: bytes of working memory for an operation": 64 * module.scratch / operations,
    }


def _of_python(folder: Path) -> Counts:
    """Calls in reading a model, lowering it, writing its kernel, and running a batch once it is compiled."""
    path = folder / "python.mdl"
    path.write_text(models.world(120), encoding="utf-8")
    simulation = load(path)
    frame = pd.DataFrame({"c0": [0.5, 0.6, 0.7], "c1": [1.0, 1.1, 1.2]})
    actions: dict[str, Callable[[], object]] = {
        "reading 120 equations": lambda: read_mdl(path),
        "lowering them": lambda: Simulation(simulation.model),
        "writing their kernel": lambda: _module(simulation, models.WORLD_OUTPUTS, 8),
        "running a batch": lambda: simulation.run(frame, models.WORLD_OUTPUTS, threads=1),
    }
    for action in actions.values():  # what is imported or made once for all models is not counted
        action()
    return {f"calls in {name}": calls(action) for name, action in actions.items()}


def calls(action: Callable[[], object]) -> int:
    """How often a function of this package is called, in this thread."""
    ours, count = str(Path(sd_covid.__file__).parent), 0

    def seen(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        code = frame.f_code
        count += event == "call" and code.co_filename.startswith(ours) and code.co_name not in INLINED

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def _of_start() -> Counts:
    """Modules of this package, and of all, that help loads."""
    program = (
        "import sys; before = set(sys.modules); from sd_covid.cli.app import execute; execute(['--help']); "
        "new = set(sys.modules) - before; print(sum(n.startswith('sd_covid') for n in new), len(new))"
    )
    # what measures coverage has loaded a part of them before
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    ours, everything = map(int, done.stdout.splitlines()[-1].split())
    return {"modules of this package for --help": ours, "modules of all packages for --help": everything}


def strays(budget: Counts, now: Counts) -> list[str]:
    """What has left its budget, by how much, with the largest first."""
    lost, new = sorted(budget.keys() - now.keys()), sorted(now.keys() - budget.keys())
    shares = {name: now[name] / budget[name] - 1 for name in budget.keys() & now.keys()}
    far = [name for name in sorted(shares, key=lambda name: -shares[name]) if abs(shares[name]) > room(name)]
    return [
        *(f"{name}: {now[name]:g}, {100 * shares[name]:+.1f} % of {budget[name]:g}" for name in far),
        *(f"{name}: no longer counted" for name in lost),
        *(f"{name}: {now[name]:g}, not in the budget yet" for name in new),
    ]


def room(name: str) -> float:
    """The share by which a count may change.

    Counts are exact, so this is no noise: it is what a change may cost without being asked why. Modules of other
    packages and of Python itself differ with their versions.
    """
    return 0.2 if "all packages" in name else 0.03


def main() -> None:
    """Renew the budget, and say what changed."""
    import tempfile

    before: Counts = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        now = {name: round(value, 3) for name, value in measured(Path(folder)).items()}
    FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    for name, value in now.items():
        was = before.get(name)
        sys.stdout.write(f"{name}: {value:g}" + ("" if was in (None, value) else f" (was {was:g})") + "\n")


if __name__ == "__main__":
    main()
