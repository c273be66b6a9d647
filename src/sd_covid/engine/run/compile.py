"""LLVM text to machine code, kept on disk by content, so that a model is compiled once on a machine.

Code that takes long to optimise is run as it comes at first, while a process beside this one optimises it and leaves it
in the cache. Both forms give the same bits: what is rounded, and how, is written in the text.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_covid.cache_files import cache_folder, keep, recall

MOST = 1_000  # codes kept; when there are more, a tenth goes, of those that were not used for longest
LONG = 8_000  # lines of text from which on optimising takes about a second or more


@dataclass(frozen=True, slots=True)
class Target:
    """The processor that code is made for.

    Attributes
    ----------
    name : str
    features : str
    width : int
        Doubles in a vector register: 8 with AVX-512, 4 with AVX2, else 2.
    permute : bool
        Whether a register of doubles can be permuted by an index for each lane in one instruction.
    fused : bool
        Whether there is fused multiply-add.
    """

    name: str
    features: str
    width: int
    permute: bool
    fused: bool


@functools.cache
def target() -> Target:
    """The processor of this machine."""
    import llvmlite.binding as llvm

    found = llvm.get_host_cpu_features()
    wide = bool(found.get("avx512f"))
    width = 8 if wide else 4 if found.get("avx2") else 2
    # Every 64-bit Arm processor has it, whether or not LLVM can ask the system what the processor has.
    arm = llvm.get_default_triple().partition("-")[0] in ("aarch64", "arm64")
    return Target(llvm.get_host_cpu_name(), found.flatten(), width, wide, arm or bool(found.get("fma")))


class Code:
    """Machine code, held in memory as long as this object lives.

    Parameters
    ----------
    text : str
        An LLVM module.
    optimise : int
        0 to 3.
    """

    def __init__(self, text: str, optimise: int = 2) -> None:
        import llvmlite.binding as llvm

        _initialise()
        cpu = target()
        path = _path(text, optimise)
        stored = _read(path)
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=cpu.name, features=cpu.features, opt=optimise, jit=True
        )
        module = llvm.parse_assembly(text if stored is None else "")
        if stored is None and optimise > 0:
            run_passes(llvm, module, machine, optimise)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        if stored is None:
            self._engine.set_object_cache(lambda _, code: _write(path, code), lambda _: None)
        else:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(stored))
        self._engine.finalize_object()

    def address(self, function: str) -> int:
        """The address of a function of the module."""
        return int(self._engine.get_function_address(function))


class Tiered:
    """Code that may be used at once, and gets quicker when its optimised form is there.

    Parameters
    ----------
    text : str
        An LLVM module.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._beside: threading.Thread | None = None
        if text.count("\n") > LONG and not _path(text, 2).exists():
            self._beside = _optimise_beside(text)
        self._codes = [Code(text, 0 if self._beside else 2)]  # the first may be running while a second comes

    def address(self, function: str) -> int:
        """The address of a function of the module, in the quickest form there is."""
        return self._codes[-1].address(function)

    def renew(self, wait: bool = False) -> bool:
        """Take up the optimised form if it has come since; whether it has.

        Parameters
        ----------
        wait : bool
            Wait for it.
        """
        if self._beside is None or (self._beside.is_alive() and not wait):
            return False
        self._beside.join()
        self._beside = None
        self._codes.append(Code(self._text, 2))  # from the cache; made here, should it not have got there
        return True

    @property
    def final(self) -> bool:
        """Whether no quicker form is to come."""
        return self._beside is None


def _optimise_beside(text: str) -> threading.Thread | None:
    """A process that optimises and stores code, and a thread that ends with it; None where nothing can be stored."""
    folder = cache_folder("kernels")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    package = str(Path(__file__).parents[3])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    child = subprocess.Popen(  # no part of a model is among these words: the text goes through a pipe
        [sys.executable, "-P", "-m", "sd_covid.engine.run.compile"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    thread = threading.Thread(target=child.communicate, args=(text.encode(),), daemon=True)
    thread.start()
    return thread


def main() -> None:
    """Optimise and store the code whose text comes in: what the process beside runs, out of the way of others."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    Code(sys.stdin.buffer.read().decode(), 2)


def _path(text: str, optimise: int) -> Path:
    """Where the machine code of a text is kept."""
    import llvmlite

    cpu = target()
    identity = "\0".join([text, str(optimise), cpu.name, cpu.features, str(llvmlite.__version__)])
    return cache_folder("kernels") / (hashlib.sha256(identity.encode()).hexdigest() + ".o")


@functools.cache
def _initialise() -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def run_passes(llvm: Any, module: Any, machine: Any, level: int) -> None:
    """LLVM's passes; its vectorisers are off, since lanes are members and the text is vector code already."""
    from llvmlite.binding.newpassmanagers import NewPassManager

    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = False
    passes = llvm.create_pass_builder(machine, options).getModulePassManager()
    passes.run(module, llvm.create_pass_builder(machine, options))
    # Of the two bases of a pass manager the first, whose disposal does nothing, hides that of the second: without this
    # line every module that is compiled leaves its passes behind.
    NewPassManager._dispose(passes)
    passes.detach()


def _read(path: Path) -> bytes | None:
    """Stored code; None where there is none, or where it is not what was stored."""
    try:
        return recall(path)
    except OSError:
        return None


def _write(path: Path, code: bytes) -> None:
    """Whole or not at all; a cache that cannot be written is no reason to fail."""
    with contextlib.suppress(OSError):
        keep(path, code, MOST)


if __name__ == "__main__":
    main()
