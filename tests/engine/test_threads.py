"""Work shared out among threads that stay."""

from __future__ import annotations

import os
import threading
from concurrent.futures import CancelledError

import pytest

from sd_covid.engine.run.threads import Beside, share


def test_every_piece_is_done_once_and_at_the_same_time() -> None:
    meet = threading.Barrier(3, timeout=20)
    done: list[int] = []

    def work(number: int) -> None:
        meet.wait()  # passes only when all three are at work
        done.append(number)

    for _ in range(5):
        done.clear()
        share(3, work)
        assert sorted(done) == [0, 1, 2]


def test_threads_stay() -> None:
    names: set[str] = set()
    for _ in range(10):
        share(2, lambda number: names.add(threading.current_thread().name))
    assert len(names) == 2


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failure_is_raised_when_all_have_ended(failing: int) -> None:
    ended = threading.Event()

    def work(number: int) -> None:
        if number == failing:
            raise ValueError(f"piece {number}")
        ended.set()

    with pytest.raises(ValueError, match=f"piece {failing}"):
        share(2, work)
    assert ended.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_has_threads_of_its_own() -> None:
    share(2, lambda number: None)
    child = os.fork()
    if child == 0:
        done: list[int] = []
        share(2, done.append)
        os._exit(0 if sorted(done) == [0, 1] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_work_beside_is_done_while_this_goes_on() -> None:
    here, told = threading.Event(), threading.Event()

    def work() -> str:
        told.set()
        assert here.wait(timeout=20)  # comes only when the block below runs on
        return threading.current_thread().name

    with Beside() as beside:
        done = beside.submit(work)
        assert told.wait(timeout=20)
        here.set()
        assert done.result().startswith("sd-covid-beside")


def test_work_beside_is_given_up_when_the_block_ends_in_an_error() -> None:
    beside, begun, jobs = Beside(), threading.Event(), []

    def endless() -> None:
        while True:
            begun.set()
            beside.go_on()

    def interrupted() -> None:
        with beside:
            jobs.extend(beside.submit(endless) for _ in range(2))
            assert begun.wait(timeout=20)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert isinstance(jobs[0].exception(), CancelledError)
    assert jobs[1].cancelled()
