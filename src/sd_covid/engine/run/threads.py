"""Threads that stay: a batch of some milliseconds must not wait for new ones to be made and to find a processor."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import Self, TypeVar

Result = TypeVar("Result")

_POOLS: dict[int, ThreadPoolExecutor] = {}


def share(count: int, work: Callable[[int], None]) -> None:
    """Do some pieces of work at once: ``work(0)`` here, each of the others in a thread of its own.

    Work must not share out in its turn: it would wait for threads that wait for it.

    Parameters
    ----------
    count : int
        Pieces.
    work : callable
        Called with 0 to ``count - 1``.
    """
    if count == 1:
        work(0)
        return
    if count not in _POOLS:
        _POOLS[count] = ThreadPoolExecutor(count - 1, thread_name_prefix="sd-covid")
    jobs = [_POOLS[count].submit(work, number) for number in range(1, count)]
    try:
        work(0)
    finally:
        failures = [job.exception() for job in jobs]  # all have ended before anybody reads what they wrote
    for failure in failures:
        if failure is not None:
            raise failure


class Beside:
    """A thread for kernels to run in while this one goes on; it is given up with the block in which it stands.

    Work that is not done by then is told so the next time it calls `go_on`.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sd-covid-beside")
        self._over = Event()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Have some work done."""
        return self._thread.submit(work)

    def go_on(self) -> None:
        """Called by the work now and then.

        Raises
        ------
        CancelledError
            When nobody waits for it any more.
        """
        if self._over.is_set():
            raise CancelledError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.shutdown(cancel_futures=True)


# the threads of a process do not live on in its children
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOLS.clear)
