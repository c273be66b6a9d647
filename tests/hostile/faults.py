"""A full disk and a kill, made on purpose.

A limit on the size of files stands for a full disk. A kill comes in a copy of this process, at the interpreter's audit
event of opening a file for writing or of renaming one: just before each change on the disk.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir")


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file becomes larger than this."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Work in a copy of this process that is killed at a change on the disk; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = number

        def count(event: str, given: tuple[Any, ...]) -> None:
            nonlocal left
            opened = (
                event == "open"
                and isinstance(given[2], int)
                and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if opened or event in _CHANGES:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.addaudithook(count)
        code = 99
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or 0 == os.WEXITSTATUS(status)
    return os.WIFSIGNALED(status)
