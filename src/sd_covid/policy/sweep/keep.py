"""What a sweep keeps of each run: its course, or what it comes to over the run or some years.

In goes the list under ``keep:``; out come `Kept` objects, the model times at which a run must be looked at, and, of the
result of the engine, the arrays that are stored. Sums are those of the engine, worked out at every step: an integral
from one time to another is the difference of the integrals up to each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from sd_covid.data.keyed_yaml import Node
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.reading import read_number

if TYPE_CHECKING:
    import xarray as xr

Sum = Literal["final", "integral", "mean", "min", "max"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept of every output of every run.

    Attributes
    ----------
    sum : {'final', 'integral', 'mean', 'min', 'max'} or None
        What a run is summed up in; None: its course, the value at every saved time.
    label : str
        As the variable in the store is called after the output: ``unemployment rate (mean 2021-2024)``.
    span : tuple of float or None
        Model times from which to which; None: the whole run.
    """

    sum: Sum | None
    label: str = ""
    span: tuple[float, float] | None = None

    def name(self, output: str) -> str:
        """The variable in the store."""
        return f"{output} ({self.label})" if self.label else output

    def difference(self, output: str) -> str:
        """The variable of its paired difference from the reference scenario."""
        return f"{output} ({self.label}, difference)" if self.label else f"{output} (difference)"

    def units(self, units: str, unit_of_time: str) -> str:
        """The unit of what is kept of an output in some unit."""
        if self.sum != "integral" or not units:
            return units
        return f"({units})*{unit_of_time}" if unit_of_time else f"({units})*time"


COURSE = Kept(None)


def read_keep(
    node: Node | None, calendar: Calendar | None, run: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[Kept, ...]:
    """The list of what is kept; the course alone where there is none.

    Parameters
    ----------
    node : Node or None
        Items are ``course``, a sum over the run such as ``final``, or a sum over a span, ``mean: [2021, 2024]``:
        the first and the last of some calendar years, or, in a model without calendar, two model times.
    calendar : Calendar or None
    run : tuple of float
        Model times of its first and last moment.

    Returns
    -------
    tuple of Kept

    Raises
    ------
    DataError
        When an item is neither, comes twice, or spans more than the run.
    """
    if node is None:
        return (COURSE,)
    found: list[Kept] = []
    for item in node.items():
        kept = _read_kept(item, calendar)
        if kept.span is not None and not (run[0] <= kept.span[0] and kept.span[1] <= run[1]):
            first, last = kept.span
            raise item.error(
                f"the span from {first:g} to {last:g} lies outside the run, which goes from {run[0]:g} to {run[1]:g}",
                "choose years or times within it",
            )
        if kept in found:
            raise item.error("this is kept already", "leave one of the two out")
        found.append(kept)
    if not found:
        raise node.error("nothing is kept", "write course, or what each run comes to, such as final")
    return tuple(found)


def _read_kept(item: Node, calendar: Calendar | None) -> Kept:
    """One item of the list."""
    if not item.is_mapping:
        name = item.choice(("course", *get_args(Sum)))
        return COURSE if name == "course" else Kept(cast(Sum, name), name)
    entries = list(item.entries())
    if len(entries) != 1 or entries[0][0] not in ("mean", "integral"):
        raise item.error("'mean' or 'integral' over a span is expected here", "write 'mean: [2021, 2024]'")
    name, node = entries[0]
    bounds = (
        () if calendar is None else (1000, 9998)
    )  # years that a date can have, the day after the last too
    ends = [read_number(end, *bounds) for end in node.items()]
    if len(ends) != 2 or (calendar is not None and any(end != int(end) for end in ends)):
        what = "two model times" if calendar is None else "a first and a last year"
        raise node.error(f"{what} are expected", f"write '{name}: [2021, 2024]'")
    first, last = ends
    label = f"{name} {first:g}-{last:g}"
    if calendar is not None:
        first, last = (calendar.time(date(int(year), 1, 1)) for year in (first, last + 1))
    if not first < last:
        raise node.error("the span ends before it begins", "mend one of the two")
    return Kept(cast(Sum, name), label, (first, last))


def times_of(keep: Sequence[Kept], saved: NDArray[np.float64]) -> NDArray[np.float64]:
    """The model times at which runs are looked at, in order.

    Parameters
    ----------
    keep : sequence of Kept
    saved : ndarray, shape (time,)
        What a course keeps.
    """
    wanted: list[float] = [] if COURSE not in keep else saved.tolist()
    for item in keep:
        if item != COURSE:
            wanted += item.span or (float(saved[0]), float(saved[-1]))
    return np.unique(wanted)


def sums_of(keep: Sequence[Kept]) -> tuple[str, ...]:
    """What the engine must sum runs up in; nothing where courses alone are kept."""
    found = {_of_engine(item) for item in keep}
    return () if found == {"final"} else tuple(sorted(found))


def _of_engine(item: Kept) -> str:
    """The sum of the engine that something kept is made of."""
    return "integral" if item.sum == "mean" else item.sum or "final"


def arrays(
    run: xr.Dataset, outputs: Sequence[str], keep: Sequence[Kept], saved: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """What is stored of the runs of a block.

    Parameters
    ----------
    run : Dataset
        Dimensions member, time, over_time where runs are summed up, subscripts.
    outputs : sequence of str
    keep : sequence of Kept
    saved : ndarray, shape (time,)
        Model times of a course.

    Returns
    -------
    dict
        Name in the store -> values, shape (member, time, subscripts…) of a course, (member, subscripts…) of a sum.
    """
    time = np.asarray(run["time"])
    sums = [str(item) for item in np.asarray(run["over_time"])] if "over_time" in run.dims else None
    found: dict[str, Any] = {}
    for output in outputs:
        values = np.asarray(run[output])
        for item in keep:
            courses = values if sums is None else values[:, :, sums.index(_of_engine(item))]
            found[item.name(output)] = _of_course(courses, item, time, saved)
    return found


def _of_course(
    courses: NDArray[np.float64], item: Kept, time: NDArray[np.float64], saved: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What is kept, of values that runs have come to by each time, shape (member, time, subscripts…)."""
    if item == COURSE:
        return courses if len(time) == len(saved) else courses[:, np.searchsorted(time, saved)]
    if item.sum not in ("mean", "integral"):
        return courses[:, -1]
    begin, end = item.span or (time[0], time[-1])
    first, last = np.abs(time - begin).argmin(), np.abs(time - end).argmin()
    total: NDArray[np.float64] = courses[:, last] - courses[:, first]
    return total / (time[last] - time[first]) if item.sum == "mean" else total
