"""One writer at a time: a lock beside a store, which goes with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sd_covid.errors import RunError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a store while the block runs.

    The lock is the operating system's (``flock``) on ``PATH.lock``, which says who holds it. A process that is killed
    lets go of it, so none is left behind.

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
        beside.unlink(missing_ok=True)
        os.close(handle)


def _acquire(beside: Path) -> int:
    """An open file with the lock on it."""
    while True:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if beside.exists() and os.fstat(handle).st_ino == beside.stat().st_ino:
                return handle
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            store = beside.with_name(beside.name.removesuffix(".lock"))
            raise RunError(
                f"{holder} writes to it", advice="wait for it, or choose another name", file=store
            ) from None
        os.close(handle)  # whoever held it has taken the file away meanwhile
