"""Persons and households with none, one, two … problems at once, from a run of a model.

In goes a run with shares by group, a `Definition` and odds ratios; out comes a `Stacking`: for each unit, moment and
group a table of all combinations. The odds ratios are those of the whole population at the start of the run. Part of
them the groups explain, as one group has more of every problem; the rest is a ratio within groups, alike in all, solved
for at the start and kept from then on. Odds ratios and conversions are also drawn from their ranges, which gives bands;
the run itself is not varied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.analysis.stacking.association import by_number, independent, pairs, tables, within_ratios
from sd_covid.analysis.stacking.definition import Association, Definition, Problem, Reading
from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.model.names import key
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.draws import sample_ranges

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """Associations of one unit in place of those for all, and the model time at which they hold."""

    associations: tuple[Association, ...]
    time: float


@dataclass(frozen=True, slots=True)
class UnitStacking:
    """Combinations of problems of one unit.

    Attributes
    ----------
    unit : str
    problems : tuple of str
        Bit i of a cell is problem i.
    groups : tuple of str
    time : ndarray, shape (time,)
    thousands : ndarray, shape (time, group)
        How many there are.
    table : ndarray, shape (time, group, cell)
        Shares of the group, odds ratios and conversions at their central values.
    drawn : ndarray, shape (draw, time, group, cell)
        With odds ratios and conversions drawn.
    national : ndarray, shape (pair,)
        Odds ratios of the whole population at the start (or at the time of a `Given`), as given.
    within : ndarray, shape (pair,)
        Odds ratios within a group, given the other problems.
    assumed : tuple of Text
        What it uses and is an assumption: associations, conversions, and what of the groups is one.
    """

    unit: str
    problems: tuple[str, ...]
    groups: tuple[str, ...]
    time: Floats
    thousands: Floats
    table: Floats
    drawn: Floats
    national: Floats
    within: Floats
    assumed: tuple[Text, ...]

    @property
    def weights(self) -> Floats:
        """Share of each group at each moment, shape (time, group)."""
        found: Floats = self.thousands / self.thousands.sum(axis=-1, keepdims=True)
        return found

    def whole(self, table: Floats) -> Floats:
        """Tables of the groups as one of all, shape (..., time, cell)."""
        found: Floats = np.einsum("tg,...tgc->...tc", self.weights, table)
        return found

    def shares(self, table: Floats) -> Floats:
        """Shares with each problem from tables, shape (..., problem)."""
        cells = np.arange(table.shape[-1])
        return np.stack(
            [table[..., (cells >> at & 1).astype(bool)].sum(axis=-1) for at in range(len(self.problems))],
            axis=-1,
        )

    def index(self) -> Floats:
        """Two or more problems at once, over what there would be if none went with another, shape (time,)."""
        table = self.whole(self.table)
        apart = independent(self.shares(table))
        found: Floats = by_number(table, 2)[..., 2] / by_number(apart, 2)[..., 2]
        return found


@dataclass(frozen=True, slots=True)
class Stacking:
    """What `count` makes of a run.

    Attributes
    ----------
    definition : Definition
        With the problems that were counted.
    associations : tuple of Association
    units : dict of str to UnitStacking
    left_out : tuple of str
        Problems of which the run has no variable.
    """

    definition: Definition
    associations: tuple[Association, ...]
    units: dict[str, UnitStacking]
    left_out: tuple[str, ...]


def variables(definition: Definition, known: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """The variables to keep of a run, and the problems that the model cannot count.

    Parameters
    ----------
    definition : Definition
    known : mapping
        Variables of the model by `sd_covid.model.names.key`.

    Raises
    ------
    RunError
        When fewer than two problems can be counted, or a unit cannot be.
    """
    missing = {
        problem.name: [name for name in _named(problem) if key(name) not in known]
        for problem in definition.problems.values()
    }
    left_out = [name for name, lacking in missing.items() if lacking]
    if len(missing) - len(left_out) < 2:
        lacking = ", ".join(name for names in missing.values() for name in names)
        reason = f"fewer than two problems can be counted: the model has no {lacking}"
        raise RunError(reason, advice="give the coupled model", file=definition.file)
    wanted = [unit.weight for unit in definition.units.values()]
    for name in wanted:
        if key(name) not in known:
            raise RunError(
                f"the model has no '{name}', by which units are counted",
                advice="give the coupled model",
                file=definition.file,
                variable=name,
            )
    for problem in definition.problems.values():
        if problem.name not in left_out:
            wanted += _named(problem)
    return list(dict.fromkeys(wanted)), left_out


def count(
    run: xr.Dataset,
    definition: Definition,
    associations: Sequence[Association],
    *,
    draws: int = 200,
    seed: int = 1,
    given: Mapping[str, Given] | None = None,
) -> Stacking:
    """Count combinations of problems.

    Parameters
    ----------
    run : Dataset
        With the variables that `variables` names, over time; problems whose variables it lacks are left out.
    definition : Definition
    associations : sequence of Association
        One for each pair of problems.
    draws : int
        How often odds ratios and conversions are drawn; 0 for no bands.
    seed : int
        Of the draws.
    given : mapping of str to Given, optional
        By unit, associations in place of those for all; the odds ratios of that unit then hold at that time and not at
        the start.

    Raises
    ------
    RunError
        When the run lacks a variable or group, shares are no shares, or odds ratios contradict one another.
    """
    known = {key(str(name)): name for name in run.data_vars}
    _, left_out = variables(definition, known)
    problems = {name: item for name, item in definition.problems.items() if name not in left_out}
    kept = replace(definition, problems=problems)
    sample = _sample(kept, associations, draws, seed)
    units = {}
    for name in definition.units:
        of_unit = {pair: item for item in associations if (pair := frozenset((item.first, item.second)))}
        there = (given or {}).get(name)
        for item in there.associations if there else ():
            of_unit[frozenset((item.first, item.second))] = item
        when = 0 if there is None else int(np.abs(run["time"].to_numpy() - there.time).argmin())
        units[name] = _unit(run, kept, name, of_unit, sample, when)
    return Stacking(kept, tuple(associations), units, tuple(left_out))


def _named(problem: Problem) -> list[str]:
    return [problem.share, *([problem.of] if isinstance(problem.of, str) else [])]


def _unit(
    run: xr.Dataset,
    definition: Definition,
    unit: str,
    associations: Mapping[frozenset[str], Association],
    sample: pd.DataFrame,
    when: int,
) -> UnitStacking:
    """The combinations of one unit; at the moment `when` the whole population has the given odds ratios."""
    problems = [item for item in definition.problems.values() if unit in item.units]
    names = [item.name for item in problems]
    thousands, groups = _by_group(run, definition.units[unit].weight, definition)
    raw = np.stack([_share(run, item, definition) for item in problems], axis=-1)
    readings = [item.units[unit] for item in problems]
    pair = [associations[frozenset((names[i], names[j]))] for i, j in pairs(len(names))]
    ratios = np.array([item.ratio for item in pair])
    central = {name: item.value for name, item in definition.conversions.items()}
    weights = thousands[when] / thousands[when].sum()
    table, within = _joint(_converted(raw, readings, central), weights, ratios, when)
    drawn = np.empty((0, *table.shape))
    if len(sample):
        rows = [dict(zip(sample.columns, row, strict=True)) for row in sample.to_numpy().tolist()]
        shares = np.stack([_converted(raw, readings, row) for row in rows])
        varied = [
            [row.get(_pair_name(item), item.ratio) if item.low < item.high else item.ratio for item in pair]
            for row in rows
        ]
        drawn = _joint(shares, weights, np.array(varied), when)[0]
    return UnitStacking(
        unit=unit,
        problems=tuple(names),
        groups=groups,
        time=run["time"].to_numpy().astype(np.float64),
        thousands=thousands * definition.units[unit].thousands,
        table=table,
        drawn=drawn,
        national=ratios,
        within=np.exp(within),
        assumed=_assumed(definition, readings, pair, len(groups) > 1),
    )


def _assumed(
    definition: Definition, readings: Sequence[Reading], pair: Sequence[Association], several: bool
) -> tuple[Text, ...]:
    """What is used and an assumption, in words; `several`: whether there are groups."""
    titles = {name: item.title for name, item in definition.problems.items()}
    found = [
        Text(
            f"{titles[item.first].nl} – {titles[item.second].nl}",
            f"{titles[item.first].en} – {titles[item.second].en}",
        )
        for item in pair
        if item.assumed
    ]
    used = {name for item in readings for name in (item.times, item.members) if name}
    conversions = (item for name, item in definition.conversions.items() if name in used)
    found += [item.title for item in conversions if item.grade == "D"]
    return (*found, definition.assumed) if several and definition.assumed.en else tuple(found)


def _joint(shares: Floats, weights: Floats, ratios: Floats, when: int) -> tuple[Floats, Floats]:
    """Tables over time, and the log ratios within groups that give the national ones at the moment `when`.

    `shares` has shape (..., time, group, problem), `ratios` (..., pair).
    """
    within = within_ratios(weights, shares[..., when, :, :], ratios)
    return tables(shares, within[..., None, None, :]), within


def _by_group(run: xr.Dataset, name: str, definition: Definition) -> tuple[Floats, tuple[str, ...]]:
    """A variable summed over all but time and group, shape (time, group), and the groups.

    Raises
    ------
    RunError
        When it is not there or not by group.
    """
    found = run[{key(str(item)): str(item) for item in run.data_vars}[key(name)]]
    dims = {key(str(dim)): str(dim) for dim in found.dims}
    group = dims.get(key(definition.dimension))
    if group is None:
        raise RunError(
            f"'{name}' is not by {definition.dimension}", advice="name another variable", file=definition.file
        )
    found = found.sum([dim for dim in found.dims if dim not in ("time", group)])
    if "time" not in found.dims:
        found = found.expand_dims(time=run["time"])
    groups = tuple(str(item) for item in found[group].to_numpy())
    return found.transpose("time", group).to_numpy().astype(np.float64), groups


def _share(run: xr.Dataset, problem: Problem, definition: Definition) -> Floats:
    """The share of a problem as the model has it, shape (time, group)."""
    share, _ = _by_group(run, problem.share, definition)
    return share / (
        problem.of if isinstance(problem.of, float) else _by_group(run, problem.of, definition)[0]
    )


def _converted(raw: Floats, readings: Sequence[Reading], conversions: Mapping[str, float]) -> Floats:
    """Shares of the unit, shape (time, group, problem), from those of the model."""
    found = raw.copy()
    for at, reading in enumerate(readings):
        if reading.times:
            found[..., at] *= conversions[reading.times]
        if reading.members:
            found[..., at] = 1 - (1 - found[..., at]) ** conversions[reading.members]
    if not ((found >= 0) & (found <= 1)).all():
        raise RunError("a share of persons is not between 0 and 1", advice="check the run and 'of'")
    return found


def _pair_name(item: Association) -> str:
    return f"{item.first} – {item.second}"


def _sample(
    definition: Definition, associations: Sequence[Association], draws: int, seed: int
) -> pd.DataFrame:
    """A Latin hypercube: ratios triangular on the scale of their logarithm, conversions triangular."""
    ranges = {
        name: Range(item.low, item.high, item.value, "triangular")
        for name, item in definition.conversions.items()
    }
    logs = {
        _pair_name(item): Range(log(item.low), log(item.high), log(item.ratio), "triangular")
        for item in associations
    }
    varied = {name: item for name, item in (ranges | logs).items() if item.low < item.high}
    sample = sample_ranges(varied, draws, seed)
    for name in set(logs) & set(varied):
        sample[name] = np.exp(sample[name])
    for name, item in ranges.items():
        if name not in varied:
            sample[name] = item.central
    return sample
