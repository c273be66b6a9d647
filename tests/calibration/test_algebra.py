"""Linear algebra keeps to one thread while a calibration works."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from sd_covid.calibration.algebra import one_thread_of_algebra


def threads() -> set[int]:
    return {item["num_threads"] for item in threadpool_info() if item["user_api"] == "blas"}


@one_thread_of_algebra
def work(matrix: np.ndarray) -> set[int]:
    """Threads while it works."""
    assert (matrix @ matrix).shape == matrix.shape
    return threads()


def test_one_thread_within_and_as_many_as_before_without() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        assert work(np.eye(3)) == {1}
        assert threads() == before
    assert work.__doc__ == "Threads while it works."
