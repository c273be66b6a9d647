"""Who gains: every effect by group, per person and in total, and the gap between groups before and after.

In come a `Comparison` and its `Benefits`; out come a `GroupTable` for each effect and partition. A group that the model
does not separate is told as not modelled, never left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.model.names import key
from sd_covid.policy.appraisal.benefits import Benefits, Effect, Partition
from sd_covid.policy.appraisal.effectiveness import Ratio
from sd_covid.policy.appraisal.package import Labels, amounts, population, summed
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of an effect.

    Attributes
    ----------
    element : str
        As the model spells it.
    before, after : Spread or None
        Per thousand persons of the group in the year told, in the null alternative and with the package; None where
        it is not known of how many.
    total : Spread
        Gain over all years, thousand units, not discounted.
    per_person : Spread or None
        The same per thousand persons of the group, at its mean size.
    """

    element: str
    before: Spread | None
    after: Spread | None
    total: Spread
    per_person: Spread | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Between the target group and the others, per thousand persons in the year told.

    Attributes
    ----------
    before, after, change : Spread
        Target less others in the null alternative, with the package, and their paired difference.
    ratio_before, ratio_after : Spread
        Target over others.
    share : Ratio
        Part of the gain that reaches the target group; NaN where the gain may be nil.
    """

    before: Spread
    after: Spread
    change: Spread
    ratio_before: Spread
    ratio_after: Spread
    share: Ratio


@dataclass(frozen=True, slots=True)
class GroupTable:
    """An effect along a partition.

    Attributes
    ----------
    effect : Effect
    partition : Partition
    year : int
        Of which levels and gaps are told.
    rows : tuple of GroupRow
        Empty: the model does not separate these groups.
    gap : Gap or None
        None without a target group or without a population.
    """

    effect: Effect
    partition: Partition
    year: int
    rows: tuple[GroupRow, ...]
    gap: Gap | None

    @property
    def modelled(self) -> bool:
        """Whether the model tells these groups apart."""
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class _Group:
    """Amounts and persons of a group by year, shape (member, year): reference, scenario, and those among whom."""

    theirs: Floats
    mine: Floats
    among: Floats | None


def distribution(
    comparison: Comparison, benefits: Benefits, scenario: str, year: int
) -> tuple[GroupTable, ...]:
    """Every effect along every partition.

    Parameters
    ----------
    comparison : Comparison
    benefits : Benefits
        Effects that the model has.
    scenario : str
    year : int
        Of which levels and gaps are told; a year that the run covers.

    Returns
    -------
    tuple of GroupTable
        Effects in the order of the catalogue, each along every partition: also along those that its variable lacks.

    Raises
    ------
    UnknownNameError, RunError
        When the scenario, a variable or the year was not run.
    """
    pair = (scenario, comparison.reference), (comparison.reference, scenario)
    tables = []
    for effect in benefits.effects.values():
        mine, theirs = (amounts(comparison, effect, one, other) for one, other in pair)
        tables += [
            _table(comparison, effect, partition, scenario, year, (mine, theirs))
            for partition in benefits.partitions.values()
        ]
    return tuple(tables)


def _table(
    comparison: Comparison,
    effect: Effect,
    partition: Partition,
    scenario: str,
    year: int,
    counted: tuple[dict[Labels, Floats], dict[Labels, Floats]],
) -> GroupTable:
    """One effect along one partition, of its amounts by element in the scenario and in the reference."""
    mine, theirs = counted
    found = {}
    for element in partition.elements:
        label = frozenset({key(element)})
        if any(label <= labels for labels in mine):
            among = (
                population(comparison, effect, label, scenario, comparison.reference) if effect.of else None
            )
            found[element] = _Group(_of(theirs, label), _of(mine, label), among)
    at = comparison.years.index(year)
    sign = 1.0 if effect.better == "higher" else -1.0
    rows = tuple(_row(element, group, sign, at) for element, group in found.items())
    targeted = (
        partition.target in found
        and len(found) > 1
        and all(group.among is not None for group in found.values())
    )
    gap = _gap(found, partition.target, sign, at) if targeted else None
    return GroupTable(effect, partition, year, rows, gap)


def _of(parts: dict[Labels, Floats], label: Labels) -> Floats:
    """The sum over elements with a label, shape (member, year)."""
    return summed({labels: path for labels, path in parts.items() if label <= labels})


def _row(element: str, group: _Group, sign: float, at: int) -> GroupRow:
    """One group."""
    gain = sign * (group.mine - group.theirs).sum(axis=1)
    if group.among is None:
        return GroupRow(element, None, None, Spread.of(gain), None)
    return GroupRow(
        element=element,
        before=Spread.of(_rate(group.theirs, group.among, at)),
        after=Spread.of(_rate(group.mine, group.among, at)),
        total=Spread.of(gain),
        per_person=Spread.of(1000.0 * gain / group.among.mean(axis=1)),
    )


def _rate(amount: Floats, among: Floats, at: int) -> Floats:
    """Units per thousand persons in a year, shape (member,)."""
    return np.asarray(1000.0 * amount[:, at] / among[:, at], dtype=np.float64)


def _gap(found: dict[str, _Group], target: str, sign: float, at: int) -> Gap:
    """The target group against all others together."""
    aimed = found[target]
    others = [group for element, group in found.items() if element != target]
    rest = _Group(
        np.sum([group.theirs for group in others], axis=0),
        np.sum([group.mine for group in others], axis=0),
        np.sum([group.among for group in others if group.among is not None], axis=0),
    )
    rates = {}
    for name, group in (("aimed", aimed), ("rest", rest)):
        among = group.among if group.among is not None else np.ones_like(group.mine)
        rates[name] = _rate(group.theirs, among, at), _rate(group.mine, among, at)
    before, after = (rates["aimed"][when] - rates["rest"][when] for when in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody in the other group: the ratio has no value
        ratios = [Spread.of(rates["aimed"][when] / rates["rest"][when]) for when in (0, 1)]
    gains = [sign * (group.mine - group.theirs).sum(axis=1) for group in (aimed, rest)]
    return Gap(
        before=Spread.of(before),
        after=Spread.of(after),
        change=Spread.of(after - before),
        ratio_before=ratios[0],
        ratio_after=ratios[1],
        share=Ratio.of(gains[0], gains[0] + gains[1]),
    )
