"""Who gains, ready to be set: effects by group, the gap before and after, and the part that reaches the target group.

In goes an `Assessment`; out comes, for each package, a table along the partition that policy aims at, and smaller ones
along the others. What the model does not separate is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.appraisal.benefits import Partition
from sd_covid.policy.appraisal.distribution import Gap, GroupTable
from sd_covid.report.comparison.amounts import TENS, Amount, AmountRow, amount, gained, share, thousand
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


@dataclass(frozen=True, slots=True)
class GroupView:
    """A table of groups: rows without cells are not modelled."""

    scenario: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[AmountRow, ...]
    absent: str


@dataclass(frozen=True, slots=True)
class GroupsView:
    """The section on who gains: main tables first, then those along other partitions."""

    lead: str
    tables: tuple[GroupView, ...]
    others: tuple[GroupView, ...]


def groups_view(found: Assessment, texts: Texts) -> GroupsView:
    """The section on who gains."""
    partitions = found.catalogues.benefits.partitions.values()
    aimed = [item for item in partitions if item.target]
    rest = [item for item in partitions if not item.target]
    return GroupsView(
        lead=texts("groups.lead", year=found.year),
        tables=tuple(_aimed(found, name, item, texts) for name in found.groups for item in aimed),
        others=tuple(_plain(found, name, item, texts) for name in found.groups for item in rest),
    )


def _along(found: Assessment, scenario: str, partition: Partition) -> list[GroupTable]:
    """The tables of a package along a partition."""
    return [table for table in found.groups[scenario] if table.partition is partition]


def _caption(found: Assessment, scenario: str, partition: Partition, texts: Texts) -> str:
    """What a table is about."""
    package, reference = (
        quoted(found.comparison, name, texts) for name in (scenario, found.comparison.reference)
    )
    title = texts.inside(partition.title)
    return texts("groups.caption", package=package, reference=reference, partition=title)


def _absent(tables: list[GroupTable], texts: Texts) -> str:
    """Effects of which the model does not separate these groups."""
    names = [texts.inside(table.effect.title) for table in tables if not table.modelled]
    return texts("groups.absent", names=texts.listed(names)) if names else ""


def _aimed(found: Assessment, scenario: str, partition: Partition, texts: Texts) -> GroupView:
    """Along the partition that policy aims at: per person, gap, ratio, and what reaches the target group."""
    tables = _along(found, scenario, partition)
    others = [element for element in partition.elements if element != partition.target]
    order = [partition.target, *others]
    columns = tuple(
        texts("groups.per_person", group=texts.of(partition.elements[element])) for element in order
    )
    rows = []
    for table in tables:
        if not table.modelled:
            continue
        by_name = {row.element: row.per_person for row in table.rows}
        spreads = [by_name.get(element) for element in order]
        cells = [
            Amount("–", "", 0.0) if item is None else amount(item, texts, finest=TENS, toned=True)
            for item in spreads
        ]
        rows.append(_group_row(table, (*cells, *_gap_cells(table.gap, texts)), texts))
    return GroupView(
        scenario=scenario,
        caption=_caption(found, scenario, partition, texts),
        columns=(
            *columns,
            texts("groups.gap", group=texts.of(partition.elements[partition.target]), year=found.year),
            texts("groups.ratio", year=found.year),
            texts("groups.share", group=texts.of(partition.elements[partition.target])),
        ),
        rows=tuple(rows),
        absent=_absent(tables, texts),
    )


def _gap_cells(gap: Gap | None, texts: Texts) -> tuple[Amount, ...]:
    """Gap before and after with its change, ratio before and after, share of the target group."""
    if gap is None:
        return (Amount("–", "", float("nan")),) * 3
    numbers, change = Numbers(texts.language), amount(gap.change, texts, finest=TENS)
    before, after, first, second = (
        numbers.significant(item.mean, 3)
        for item in (gap.before, gap.after, gap.ratio_before, gap.ratio_after)
    )
    told = texts("groups.change", change=f"{change.mean} {change.interval}".strip())
    reach = share(gap.share, texts)
    percent = (
        Amount(f"{reach.mean} %", reach.interval, reach.number)
        if gap.share.value == gap.share.value
        else reach
    )
    return (
        Amount(texts("groups.before_after", before=before, after=after), told, change.number),
        Amount(texts("groups.before_after", before=first, after=second), "", gap.ratio_after.mean),
        percent,
    )


def _plain(found: Assessment, scenario: str, partition: Partition, texts: Texts) -> GroupView:
    """Along another partition: totals by element."""
    tables = _along(found, scenario, partition)
    rows = []
    for table in tables:
        if table.modelled:
            by_name = {row.element: row.total for row in table.rows}
            cells = [
                amount(by_name[element], texts, finest=TENS, toned=True) for element in partition.elements
            ]
            rows.append(_group_row(table, tuple(cells), texts, total=True))
    return GroupView(
        scenario=scenario,
        caption=_caption(found, scenario, partition, texts),
        columns=tuple(map(texts.of, partition.elements.values())),
        rows=tuple(rows),
        absent=_absent(tables, texts),
    )


def _group_row(
    table: GroupTable, cells: tuple[Amount, ...], texts: Texts, *, total: bool = False
) -> AmountRow:
    """One effect, as something avoided or gained."""
    effect = table.effect
    unit = thousand(effect, texts) if total else texts.of(effect.unit)
    return AmountRow(gained(effect, texts), unit, "", cells)
