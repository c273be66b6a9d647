"""A task for each of many items in processes of their own, so that one that crashes or hangs does not end the rest.

In go a function and its items; out come outcomes, each a result or what went wrong with the process. What the task does
is the caller's.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Result]):
    """What became of an item: a result, or why there is none."""

    item: Item
    result: Result | None
    crashed: str = ""
    seconds: float = 0.0


def run_isolated(
    task: Callable[[Item], Result], items: Sequence[Item], *, processes: int, limit: float
) -> Iterator[Outcome[Item, Result]]:
    """Run a task for each item, a few at a time.

    Parameters
    ----------
    task : callable
        A function of a module, as it is found by name in another process.
    items : sequence
        What it is given, one at a time; must pickle, as must its results.
    processes : int
        How many run at once, each doing one item after another.
    limit : float
        Seconds for one item. A process that takes longer is ended, and a new one takes its place.

    Yields
    ------
    Outcome
        In the order in which they are done.
    """
    left = list(reversed(items))
    workers = [_Worker(task) for _ in range(min(processes, len(items)))]
    try:
        for worker in workers:
            worker.give(left.pop())
        while busy := [worker for worker in workers if worker.busy]:
            nearest = min(worker.started for worker in busy) + limit - time.monotonic()
            wait([worker.pipe for worker in busy], timeout=max(0.0, nearest))
            for worker in busy:
                outcome = worker.outcome(limit)
                if outcome is not None:
                    yield outcome
                    if left:
                        worker.give(left.pop())
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[Item, Result]):
    """A process that does one item after another."""

    def __init__(self, task: Callable[[Item], Result]) -> None:
        self.task = task
        self.busy = False
        self.started = 0.0
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        handle, name = tempfile.mkstemp(prefix="sd-covid-")
        os.close(handle)
        self.said = Path(name)
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(self.task, theirs, name), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, item: Item) -> None:
        """Begin an item."""
        if not self.process.is_alive():
            self.end()
            self._start()
        self.item, self.busy, self.started = item, True, time.monotonic()
        self.pipe.send(item)

    def outcome(self, limit: float) -> Outcome[Item, Result] | None:
        """What became of the item at hand; None while it is at work."""
        seconds = time.monotonic() - self.started
        if self.pipe.poll():
            self.busy = False
            try:
                return Outcome(self.item, self.pipe.recv(), seconds=seconds)
            except EOFError:
                self.process.join()
                return Outcome(self.item, None, self._last_words(), seconds)
        if seconds < limit:
            return None
        self.busy = False
        self.process.kill()
        self.process.join()
        return Outcome(self.item, None, f"no result within {limit:g} s", seconds)

    def _last_words(self) -> str:
        lines = self.said.read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it said nothing"
        return f"the process ended with {self.process.exitcode}: {last}"

    def end(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.said.unlink(missing_ok=True)


def _serve(task: Callable[[Item], Result], pipe: Connection, said: str) -> None:
    """The other process: results through the pipe, and what it says on standard error into a file."""
    os.dup2(os.open(said, os.O_WRONLY), 2)
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(task(item))
