"""Kernels for processors and systems other than this one: LLVM makes their machine code here.

What that code leaves to others must be what every system has: functions of C's mathematical library (C17, 7.12), and
moves of memory. What only such a machine can show, that the code runs there, is not shown here.
"""

from dataclasses import dataclass

import llvmlite.binding as llvm
import pytest
from llvmlite.binding.targets import FeatureMap

from sd_covid.engine.graph.trim import trim
from sd_covid.engine.llvm.text import Module
from sd_covid.engine.llvm.write_run import write_kernel
from sd_covid.engine.run.compile import run_passes, target
from sd_covid.engine.run.kernel import ATTRIBUTES
from sd_covid.engine.simulation import Simulation, load
from tests.engine.conftest import CONTROL
from tests.engine.object_files import ObjectFile, read_object


@dataclass(frozen=True)
class Machine:
    """A processor and a system, with what `sd_covid.engine.run.compile.target` would say of it.

    ``llvmlite`` asks for ELF on Windows too, since its just-in-time compiler reads nothing else there.
    """

    kind: str
    triple: str
    processor: str
    width: int
    fused: bool
    permute: bool = False


MACHINES = [
    Machine("ELF", "x86_64-unknown-linux-gnu", "x86-64", 2, fused=False),
    Machine("ELF", "x86_64-unknown-linux-gnu", "x86-64-v4", 8, fused=True, permute=True),
    Machine("ELF", "aarch64-unknown-linux-gnu", "neoverse-n1", 2, fused=True),
    Machine("ELF", "x86_64-pc-windows-msvc-elf", "x86-64-v3", 4, fused=True),
    Machine("Mach-O", "x86_64-apple-macosx11.0.0", "x86-64-v3", 4, fused=True),
    Machine("Mach-O", "arm64-apple-macosx11.0.0", "apple-m1", 2, fused=True),
]
#: What kernels take from C's library. Others, such as exp and log, they hold themselves.
MATHEMATICS = {"acos", "asin", "atan", "cos", "pow", "sin", "sinh", "tan", "tanh"}
ROUNDING = {
    "rint",
    "trunc",
    "floor",
    "ceil",
}  # instructions of every processor but those of x86-64 before 2008
MOVES = {"memcpy", "memmove", "memset"}
STACK = {"__chkstk"}  # Windows, before a function takes more than a page of stack

#: Every elementary function, memory of each kind, random numbers, a table and a loop over subscripts.
EVERYTHING = """
place: (p1-p40) ~~|
noise = RANDOM NORMAL(0.5, 1.5, 1, 0.2, 7) + RANDOM POISSON(0, 9, 3, 0, 1, 4) ~~|
level = INTEG(noise * rate - level / delay + SIN(Time) * level ^ 0.7 - LOG(1 + level, 3), 2) ~~|
late = DELAY FIXED(level, delay, 1) + DELAY3(level * rate, delay) + SMOOTH(level, 3) ~~|
table = WITH LOOKUP(level, ((0,0),(0.3,2),(0.6,1),(0.9,3),(1.2,0),(4,9))) ~~|
waves = COS(level) + TAN(rate) + ARCTAN(level) + ARCSIN(rate) + ARCCOS(rate) + SINH(rate) + TANH(level) ~~|
powers = EXP(-level) + LN(1 + level) + SQRT(level) + GAMMA LN(1 + level) + ABS(level) ^ rate ~~|
whole = INTEGER(level) + MODULO(level, rate) + QUANTUM(level, rate) + MAX(level, MIN(rate, 1)) ~~|
chosen = IF THEN ELSE(level > rate :AND: Time < 5, PULSE(2, 3), STEP(1, 4) + RAMP(1, 2, 6)) ~~|
here[place] = INTEG(rate - here[place] / delay, 1) ~~|
all = SUM(here[place!]) + VMAX(here[place!]) ~~|
rate = 0.4 ~~|
delay = 3 ~~|
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Simulation:
    """One model with all of it."""
    path = tmp_path_factory.mktemp("targets") / "model.mdl"
    path.write_text("{UTF-8}\n" + EVERYTHING + CONTROL.format(final=20, step=0.25), encoding="utf-8")
    return load(path)


def compiled(text: str, machine: Machine) -> ObjectFile:
    """What LLVM makes of a text for a machine, as the compiler of kernels asks it."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    made = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.processor, opt=2, jit=True
    )
    code = llvm.parse_assembly(f'target triple = "{machine.triple}"\n{text}')
    run_passes(llvm, code, made, 2)
    return read_object(made.emit_object(code))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda item: f"{item.triple}-{item.width}")
def test_a_kernel_is_code_that_needs_little_of_any_system(model: Simulation, machine: Machine) -> None:
    program, outputs = trim(model.program, list(model.program.cells.values()))
    module = Module(machine.width, machine.permute, machine.fused)
    write_kernel(module, program, outputs)
    found = compiled(module.text(ATTRIBUTES), machine)
    assert (machine.kind, machine.triple.partition("-")[0]) == (found.kind, found.processor)
    every = MOVES | (ROUNDING if machine.processor == "x86-64" else set())
    assert MATHEMATICS == found.undefined - every - (STACK if "windows" in machine.triple else set())


@pytest.mark.parametrize("machine", MACHINES, ids=lambda item: f"{item.triple}-{item.width}")
def test_what_an_object_file_leaves_to_others_is_read(machine: Machine) -> None:
    text = "declare double @a_name_of_more_than_eight(double)\ndeclare double @tgamma(double)\n"
    text += "define double @f(double %x) {\n%y = call double @tgamma(double %x)\n"
    text += "%z = call double @a_name_of_more_than_eight(double %y)\nret double %z\n}\n"
    assert {"tgamma", "a_name_of_more_than_eight"} == compiled(text, machine).undefined


@pytest.mark.parametrize(
    ("triple", "features", "width", "fused"),
    [
        ("arm64-apple-darwin23.6.0", {}, 2, True),
        ("aarch64-unknown-linux-gnu", {"neon": True}, 2, True),
        ("x86_64-pc-windows-msvc", {"avx2": True, "fma": True}, 4, True),
        ("x86_64-unknown-linux-gnu", {"sse2": True, "avx2": False, "fma": False}, 2, False),
        ("x86_64-unknown-linux-gnu", {"avx512f": True, "avx2": True, "fma": True}, 8, True),
    ],
)
def test_a_kernel_is_as_wide_as_the_processor_and_fuses_where_it_can(
    monkeypatch: pytest.MonkeyPatch, triple: str, features: dict[str, bool], width: int, fused: bool
) -> None:
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: FeatureMap(features))
    monkeypatch.setattr(llvm, "get_default_triple", lambda: triple)
    found = target.__wrapped__()
    assert (width, fused) == (found.width, found.fused)
