"""LLVM text to machine code, kept on disk by content, so that a model is compiled once on a machine."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
    return Target(
        llvm.get_host_cpu_name(),
        found.flatten(),
        width,
        wide,
        bool(found.get("fma") or found.get("neon")),
    )


def cache_folder() -> Path:
    """Where compiled code is kept: ``$XDG_CACHE_HOME/sd-covid``."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "sd-covid" / "kernels"


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
        import llvmlite
        import llvmlite.binding as llvm

        _initialise()
        cpu = target()
        identity = "\0".join([text, str(optimise), cpu.name, cpu.features, str(llvmlite.__version__)])
        path = cache_folder() / (hashlib.sha256(identity.encode()).hexdigest() + ".o")
        stored = _read(path)
        module = llvm.parse_assembly(text)
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=cpu.name, features=cpu.features, opt=optimise, jit=True
        )
        if stored is None and optimise > 0:
            _optimise(llvm, module, machine, optimise)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.set_object_cache(lambda _, code: _write(path, code), lambda _: stored)
        self._engine.finalize_object()

    def address(self, function: str) -> int:
        """The address of a function of the module."""
        return int(self._engine.get_function_address(function))


@functools.cache
def _initialise() -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def _optimise(llvm: Any, module: Any, machine: Any, level: int) -> None:
    """LLVM's passes; its vectorisers are off, since lanes are members and the text is vector code already."""
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = False
    llvm.create_pass_builder(machine, options).getModulePassManager().run(
        module, llvm.create_pass_builder(machine, options)
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write(path: Path, code: bytes) -> None:
    """Whole or not at all; a cache that cannot be written is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(code)
        Path(name).replace(path)
    except OSError:
        return
