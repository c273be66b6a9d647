"""A process beside this one that does one task after another, while this one goes on with something else.

In go functions of modules with arguments that pickle; out come futures. Threads serve what leaves the interpreter's
lock alone, as kernels do (`threads`); this serves work in Python.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from sd_covid.errors import RunError

Result = TypeVar("Result")


class Helper:
    """A process that is started with the first task and ended with the block in which it stands, whatever it does then.

    Where this process is ended from outside, the other one ends after the task at hand: there is nobody to answer.
    """

    def __init__(self) -> None:
        # One thread hands over tasks and waits for answers; a task that it has not handed over can be cancelled.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sd-covid-helper")
        self._pipe, theirs = multiprocessing.Pipe()
        # A forked process would hold locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._theirs: Connection | None = theirs

    def submit(self, task: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Have something done; what it raises, the future raises.

        Parameters
        ----------
        task : callable
            A function of a module, as it is found by name in another process.
        *arguments
            Pickled at once: what becomes of them later changes nothing.
        """
        if self._theirs is not None:
            self._process.start()
            self._theirs.close()
            self._theirs = None
        return self._thread.submit(self._ask, pickle.dumps((task, arguments)))

    def _ask(self, asked: bytes) -> Any:
        """Hand a task over, and wait for its answer."""
        try:
            self._pipe.send_bytes(asked)
            done, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise RunError(
                "a process that helps has ended before its work was done",
                advice="free some memory, or do without it: SD_COVID_THREADS=1",
            ) from error
        if not done:
            raise answer
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._theirs is None:
            self._process.kill()
            self._process.join()
        else:
            self._theirs.close()
        self._thread.shutdown()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    """The other process: answer until there is nobody who asks."""
    # Ctrl-C reaches all processes of a terminal; what is to be done about it is for the first one to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            task, arguments = pipe.recv()
            try:
                answer = True, task(*arguments)
            except Exception as error:  # noqa: BLE001  it is raised where it was asked for
                answer = False, error
            pipe.send(answer)
    except (EOFError, OSError):
        return
