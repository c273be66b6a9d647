"""The command line, ``sd-covid``: reads arguments, calls the library, prints. One file per command.

Imports everything and is imported by nothing. A command imports what it uses when it runs, so that ``--help`` and a
typing mistake answer at once.
"""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command in ``sys.argv`` and leave with its exit code."""
    import io
    import os
    import sys

    # Arrow's own allocator reserves a gibibyte of address space at once: half of what a process may have here.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # Matrices are small here, and the engine has threads of its own: more threads of the linear algebra than one wait
    # in loops for one another, and take several times as long on a busy machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Where Dask is installed, xarray loads it to look whether an array is one of its own, which takes a third of a
    # second. None are here; a sweep on workers takes the bar away.
    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]
    # Where output is no UTF-8, as in a pipe on Windows, a sign that it lacks is written as its number, as Python does
    # on standard error.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    from sd_covid.cli.app import execute

    sys.exit(execute(sys.argv[1:]))
