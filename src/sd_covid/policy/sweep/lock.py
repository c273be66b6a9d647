"""One writer at a time: a lock beside a store, which goes with the process that holds it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sd_covid.errors import RunError

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # the byte that is locked: what is locked cannot be read, and who holds it is to be read

    def _take(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a store while the block runs.

    The lock is the operating system's (``flock``; ``msvcrt.locking`` on Windows) on ``PATH.lock``, which says who holds
    it. A process that is killed lets go of it, so none is left behind.

    Parameters
    ----------
    path : Path
        The store.

    Raises
    ------
    RunError
        When another process writes to the store.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".lock")
    handle = _acquire(beside)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        _release(handle, beside)


def _acquire(beside: Path) -> int:
    """An open file with the lock on it."""
    while True:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            _take(handle)
            if beside.exists() and os.fstat(handle).st_ino == beside.stat().st_ino:
                return handle
        except (BlockingIOError, PermissionError):
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            store = beside.with_name(beside.name.removesuffix(".lock"))
            raise RunError(
                f"{holder} writes to it", advice="wait for it, or choose another name", file=store
            ) from None
        os.close(handle)  # whoever held it has taken the file away meanwhile


def _release(handle: int, beside: Path) -> None:
    """Let go of the lock and take its file away: the other way round on Windows, where an open file cannot be."""
    if sys.platform == "win32":
        os.close(handle)
        with suppress(OSError):  # another has it open already, and takes it away
            beside.unlink(missing_ok=True)
    else:
        beside.unlink(missing_ok=True)
        os.close(handle)
