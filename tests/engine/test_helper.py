"""A helper does in another process what this one would do, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import operator
import os
import time

import pytest

from sd_covid.engine.run.helper import Helper
from sd_covid.errors import RunError, UnknownNameError
from sd_covid.report.comparison.sections import refuse_level


def test_answers_and_errors_come_back_from_another_process() -> None:
    with Helper() as helper:
        root, place = helper.submit(math.sqrt, 16.0), helper.submit(os.getpid)
        refused, wrong = helper.submit(refuse_level, "king"), helper.submit(operator.truediv, 1, 0)
        assert root.result() == 4.0
        assert place.result() != os.getpid()
        with pytest.raises(UnknownNameError) as caught:
            refused.result()
        with pytest.raises(ZeroDivisionError):
            wrong.result()
    # with all its fields, as if it had been raised here
    assert str(caught.value) == "'level': no report for a 'king'; use minister, adviser, modeller"


def test_the_process_ends_with_its_block_whatever_it_does() -> None:
    with contextlib.suppress(KeyboardInterrupt), Helper() as helper:
        place = helper.submit(os.getpid).result()
        busy, waiting = helper.submit(time.sleep, 600), helper.submit(os.getpid)
        while not busy.running():
            time.sleep(0.01)
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(place, 0)
    assert waiting.cancelled()
    with pytest.raises(RunError, match="ended before its work was done"):
        busy.result()


def test_a_process_that_dies_is_told_of() -> None:
    with Helper() as helper, pytest.raises(RunError, match="ended before its work was done"):
        helper.submit(os._exit, 3).result()


def test_without_a_task_there_is_no_process() -> None:
    with Helper():
        assert multiprocessing.active_children() == []
