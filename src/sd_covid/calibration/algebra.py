"""One thread of linear algebra: matrices are small in a calibration, and the engine has threads of its own.

More threads of the algebra than one wait in loops for one another, and take several times as long on a busy machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def one_thread_of_algebra(work: Callable[P, R]) -> Callable[P, R]:
    """A function during whose calls the linear algebra of numpy and scipy keeps to one thread."""

    @wraps(work)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited
