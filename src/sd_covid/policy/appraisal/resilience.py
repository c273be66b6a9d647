"""Resilience: how deep a loss went, how long recovery takes, and how much was lost in all, by phase of the crisis.

In come a `Comparison` and the `Phases` of the crisis; out comes a `Resilience` for an outcome and a scenario. Loss is
the distance from the path without the crisis, or from the level before it where no such path was run; it is positive
where people are worse off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import Reference, references_beside
from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import QUANTILES, Spread
from sd_covid.policy.reading import read_cited, read_date, read_number, read_text, scenario_faults
from sd_covid.policy.saved_points import index_of
from sd_covid.policy.types import Floats
from sd_covid.study_folder import study_folder

FILE = "phases.yaml"


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the crisis, from `start` until the next one."""

    id: str
    title: Text
    start: date
    source: Text


@dataclass(frozen=True, slots=True)
class Phases:
    """The phases of the crisis, in order.

    Attributes
    ----------
    path : str
        Id of the scenario without the crisis.
    recovered : float
        Part of the deepest loss below which an outcome counts as recovered.
    phases : tuple of Phase
    """

    path: str
    recovered: float
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Time from the deepest loss until the outcome has recovered, in years.

    Attributes
    ----------
    quantiles : tuple of float
        At `QUANTILES`; infinite where that part of the draws has not recovered at the horizon.
    share : float
        Share of the draws that have recovered at the horizon.
    """

    quantiles: tuple[float, ...]
    share: float

    @classmethod
    def of(cls, times: Floats) -> Recovery:
        """Summarise times of shape (member,), infinite where censored."""
        if times.size == 0:
            return cls((float("nan"),) * len(QUANTILES), float("nan"))
        # An order statistic: no mean is taken of a finite and an infinite time.
        ordered = np.quantile(times, QUANTILES, method="inverted_cdf")
        return cls(tuple(ordered.tolist()), float(np.mean(np.isfinite(times))))


@dataclass(frozen=True, slots=True)
class Resilience:
    """The loss of an outcome in a scenario.

    Attributes
    ----------
    output : Output
    scenario : str
    against : str
        Id of the scenario without the crisis; empty where loss is counted from the level before it.
    depth : Spread
        Deepest loss, in the output's unit; nil where there was none.
    deepest : Recovery
        Years from the start of the first phase to the deepest loss.
    recovery : Recovery
    area : Spread
        Loss added up over years until the horizon, in the output's unit times years.
    area_difference : Spread
        Paired difference of that area from the null alternative.
    phase_depth, phase_area : dict
        Phase id -> the same within each phase; areas add up to `area`.
    horizon : date
        The last day of the run.
    """

    output: Output
    scenario: str
    against: str
    depth: Spread
    deepest: Recovery
    recovery: Recovery
    area: Spread
    area_difference: Spread
    phase_depth: dict[str, Spread] = field(default_factory=dict)
    phase_area: dict[str, Spread] = field(default_factory=dict)
    horizon: date = date.max


def read_phases(path: str | Path) -> Phases:
    """Read the phases of the crisis.

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot.
    """
    with scenario_faults():
        top = read_yaml(Path(path)).fields(("path", "recovered", "phases"))
        known = references_beside(study_folder(path) / "models" / "evidence.csv")
        phases = [_read_phase(name, node, known) for name, node in top["phases"].entries()]
        for (earlier, _), (later, node) in pairwise(phases):
            if later.start <= earlier.start:
                raise node.error(f"{later.start} is not after {earlier.start}", "put phases in order of time")
        return Phases(
            path=top["path"].text(),
            recovered=read_number(top["recovered"], 0.001, 0.999),
            phases=tuple(phase for phase, _ in phases),
        )


def _read_phase(name: str, node: Node, known: dict[str, Reference]) -> tuple[Phase, Node]:
    """One phase, with the place of its start."""
    found = node.fields(("title", "start", "source"), ("references",))
    start = read_date(found["start"])
    if start.day != 1:
        raise found["start"].error(f"{start} is not the first day of a month", "write for example 2020-03")
    return Phase(name, read_text(found["title"]), start, read_cited(found, known)), found["start"]


def resilience(comparison: Comparison, output: str, scenario: str, phases: Phases) -> Resilience:
    """Depth, recovery and area of the loss of an outcome.

    Parameters
    ----------
    comparison : Comparison
    output : str
        Of which less or more is better; one that is neutral has no loss.
    scenario : str
    phases : Phases

    Returns
    -------
    Resilience
        Over draws that are sound in the scenario, the null alternative and the path without the crisis.

    Raises
    ------
    UnknownNameError, RunError
        When output or scenario was not run, the output is neutral, or a phase starts outside the saved points.
    """
    item = comparison.output(output)
    if item.better == "neutral":
        raise RunError(f"'{output}' is neither good nor bad", advice="choose an outcome with a direction")
    ids = [entry.id for entry in comparison.scenarios]
    against = phases.path if phases.path in ids else ""
    starts = [index_of(comparison.date, np.datetime64(phase.start)) for phase in phases.phases]
    loss, theirs = _losses(comparison, item, scenario, against, starts[0])
    days = comparison.date.astype("datetime64[D]")
    years = days.astype(np.float64)[starts[0] :] / 365.25
    ends = [start - starts[0] for start in starts[1:]] + [years.size - 1]
    parts = {
        phase.id: slice(start - starts[0], end + 1)
        for phase, start, end in zip(phases.phases, starts, ends, strict=True)
    }
    deepest = loss.argmax(axis=1) if loss.size else np.zeros(0, dtype=np.int64)
    depths, lost = depth(loss), areas(years, loss)
    whole = lost.sum(axis=1)
    return Resilience(
        output=item,
        scenario=scenario,
        against=against,
        depth=Spread.of(depths),
        deepest=Recovery.of(np.where(depths > 0, years[deepest] - years[0], np.inf)),
        recovery=Recovery.of(recovery(years, loss, phases.recovered)),
        area=Spread.of(whole),
        area_difference=Spread.of(whole - area(years, theirs)),
        phase_depth={name: Spread.of(depth(loss[:, part])) for name, part in parts.items()},
        phase_area={
            name: Spread.of(lost[:, part.start : part.stop - 1].sum(axis=1)) for name, part in parts.items()
        },
        horizon=date.fromisoformat(str(days[-1] - 1)),  # the run ends at the start of a day
    )


def _losses(
    comparison: Comparison, output: Output, scenario: str, against: str, start: int
) -> tuple[Floats, Floats]:
    """Losses in a scenario and in the null alternative from a saved point on, each of shape (member, time)."""
    null = comparison.reference
    sound = comparison.sound(scenario, null, against or null)

    def path(name: str) -> Floats:
        found, kept = comparison.trajectories(output.name, name), sound[comparison.sound(name)]
        return found[:, start:] if kept.all() else found[kept, start:]

    base = path(against) if against else path(null)[:, :1]

    def loss(name: str) -> Floats:
        return path(name) - base if output.better == "lower" else base - path(name)

    return loss(scenario), loss(null)


def depth(loss: Floats) -> Floats:
    """The deepest loss, shape (member,), of paths of shape (member, time); nil where there was none."""
    return np.asarray(np.maximum(loss.max(axis=1, initial=0.0), 0.0), dtype=np.float64)


def area(time: Floats, loss: Floats) -> Floats:
    """The area between a loss and nil, shape (member,), where people are worse off: all of `areas`."""
    return np.asarray(areas(time, loss).sum(axis=1), dtype=np.float64)


def areas(time: Floats, loss: Floats) -> Floats:
    """The area between a loss and nil within each interval, shape (member, time - 1), where people are worse off.

    Parameters
    ----------
    time : ndarray, shape (time,)
    loss : ndarray, shape (member, time)
        Straight between its points; where it passes nil within an interval, only the part above nil counts.
    """
    above, hurt = np.maximum(loss, 0.0), loss > 0
    found = above[:, :-1] + above[:, 1:]
    found *= np.diff(time) / 2
    rows, at = np.nonzero(hurt[:, :-1] != hurt[:, 1:])
    start, end = loss[rows, at], loss[rows, at + 1]
    found[rows, at] *= np.maximum(start, end) / np.abs(start - end)
    return found


def recovery(time: Floats, loss: Floats, fraction: float) -> Floats:
    """Time from the deepest loss until the loss is a fraction of it, shape (member,), straight between points.

    Parameters
    ----------
    time : ndarray, shape (time,)
    loss : ndarray, shape (member, time)
    fraction : float
        Above 0 and below 1.

    Returns
    -------
    ndarray, shape (member,)
        In the unit of `time`; 0 where there was no loss, infinite where the loss is still larger at the last point.
    """
    members = np.arange(loss.shape[0])
    found = np.zeros(loss.shape[0])
    if not loss.size:
        return found
    lowest = loss.argmax(axis=1)
    deepest = loss[members, lowest]
    bound = fraction * deepest
    after = np.arange(loss.shape[1]) >= lowest[:, None]
    below = after & (loss <= bound[:, None])
    back, hurt = below.any(axis=1), deepest > 0
    found[hurt & ~back] = np.inf
    (rows,) = np.nonzero(hurt & back)
    at, start = below[rows].argmax(axis=1), lowest[rows]
    before, then = loss[rows, at - 1], loss[rows, at]
    part = (before - bound[rows]) / (before - then)
    found[rows] = time[at - 1] + part * (time[at] - time[at - 1]) - time[start]
    return found
