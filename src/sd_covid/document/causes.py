"""What moves the flows of a diagram, as a picture that is read from left to right: causes before their effects.

In go the causes of every variable; out comes an SVG in columns. Left stand stocks, inputs and drivers, right the flows;
what is computed between stands in the column before its first use. Long arrows keep a row of their own, so that none
runs through a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sd_covid.document.strokes import Names, Point, Shape, arrow_head, cause_shape, document, px
from sd_covid.document.structure import Anatomy
from sd_covid.model.layout.diagram import text_size

_COLUMN_GAP, _ROW_GAP = 40.0, 12.0
#: Columns of causes that fit a page at a size that can be read, and into how many a larger picture is cut.
_MOST, _COLUMNS = 5, 4
_THIN = 10.0  # row of a passing arrow
_SWEEPS = 12


@dataclass(slots=True)
class _Item:
    """A name or a passing arrow in a column."""

    name: str
    passing: bool
    width: float
    height: float
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0


def closure(found: Anatomy, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Cause and effect for all that moves behind some names, up to stocks, inputs and drivers."""
    ends = {*found.stocks, *found.counters, *found.inputs, *found.drivers}
    links: list[tuple[str, str]] = []
    seen, todo = set(targets), list(targets)
    while todo:
        name = todo.pop(0)
        for cause in found.rate_causes(name) if name in targets else found.causes[name]:
            if cause not in found.moving or cause == name:
                continue
            links.append((cause, name))
            if cause not in seen and cause not in ends:
                todo.append(cause)
            seen.add(cause)
    return links


@dataclass(frozen=True, slots=True)
class Chapter:
    """One picture of causes: what stands right, the links to it, and what the next picture goes on with."""

    targets: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    continued: frozenset[str] = frozenset()


def chapters(
    found: Anatomy, targets: Sequence[str], hidden: Collection[tuple[str, str]] = ()
) -> list[Chapter]:
    """Causes in pictures of a readable width: where one is full, its leftmost names are what the next explains.

    Parameters
    ----------
    found : Anatomy
    targets : sequence of str
    hidden : collection of (str, str)
        Links that another picture shows.
    """
    made: list[Chapter] = []
    explained: set[str] = set()
    while targets:
        links = [link for link in closure(found, targets) if link not in hidden]
        effects = [name for name in targets if any(effect == name for _, effect in links)]
        if not links or not effects:
            break
        levels = _levels(links, targets)
        deepest = _COLUMNS if max(levels.values()) > _MOST else _MOST + 1
        shown = [link for link in links if levels.get(link[1], 0) < deepest]
        near = _reaching([link for link in shown if link[1] not in explained], effects)
        causes = {effect for _, effect in links}
        inner = {effect for _, effect in near} | explained
        ahead = [name for name in dict.fromkeys(cause for cause, _ in near) if name in causes - inner]
        made.append(Chapter(tuple(effects), tuple(near), frozenset(ahead)))
        explained |= inner
        targets = ahead
    return made


def _reaching(links: Sequence[tuple[str, str]], targets: Collection[str]) -> list[tuple[str, str]]:
    """The links from which a target can be reached along links."""
    reached, new = set(targets), set(targets)
    while new:
        new = {cause for cause, effect in links if effect in new} - reached
        reached |= new
    return [link for link in links if link[1] in reached]


def draw_causes(title: str, links: Sequence[tuple[str, str]], targets: Sequence[str], names: Names) -> str:
    """The picture of links that lead to some names.

    Parameters
    ----------
    title : str
    links : sequence of (str, str)
        As `closure` gives them.
    targets : sequence of str
        What stands in the last column.
    names : Names

    Returns
    -------
    str
        A whole SVG document.
    """
    columns, edges = _columns(links, targets, names)
    _sort(columns)
    _place(columns)
    items = {name: item for column in columns for name, item in column.items()}
    parts = [_way([items[name] for name in edge], names) for edge in edges]
    for item in items.values():
        if not item.passing:
            parts += cause_shape(Shape(item.name, item.x, item.y, item.width, item.height), names)
    real = [item for item in items.values() if not item.passing]
    box = (
        min(item.x - item.width / 2 for item in real) - 12,
        min(item.y - item.height / 2 for item in items.values()) - 12,
        max(item.x + item.width / 2 for item in real) + 12,
        max(item.y + item.height / 2 for item in items.values()) + 12,
    )
    return document(parts, box, title)


def _again(links: Sequence[tuple[str, str]], targets: Collection[str]) -> set[tuple[str, str]]:
    """The links whose cause stands a second time, left of the effect: it is a target, or what it acts on acts on it.

    Without stocks between, that goes by way of a delay.
    """
    behind: dict[str, list[str]] = {}
    for cause, effect in links:
        behind.setdefault(effect, []).append(cause)
    found = {(cause, effect) for cause, effect in links if cause in targets}
    done: set[str] = set()
    for target in targets:
        way: list[str] = [target]
        todo: list[Iterator[str]] = [iter(behind.get(target, ()))]
        while todo:
            following: str | None = next(todo[-1], None)
            if following is None:
                todo.pop()
                done.add(way.pop())
                continue
            cause = following
            if cause in way:
                found.add((cause, way[-1]))
            elif cause not in done and cause not in targets:
                way.append(cause)
                todo.append(iter(behind.get(cause, ())))
    return found


def _levels(links: Sequence[tuple[str, str]], targets: Collection[str]) -> dict[str, int]:
    """The column of each item, from the right: one more than its farthest effect.

    A cause that stands a second time has its name with a blank before as its key.
    """
    again = _again(links, targets)
    levels = {name: 0 for _, name in links if name in targets}
    moved = True
    while moved:
        moved = False
        for cause, effect in links:
            source = f" {cause}" if (cause, effect) in again else cause
            wanted = levels.get(effect, 0) + 1
            if levels.get(source, 0) < wanted:
                levels[source] = wanted
                moved = True
    return levels


def _columns(
    links: Sequence[tuple[str, str]], targets: Collection[str], names: Names
) -> tuple[list[dict[str, _Item]], list[list[str]]]:
    """Items by column from the left, and for each link the items that its arrow goes through."""
    levels, again = _levels(links, targets), _again(links, targets)
    last = max(levels.values())
    columns: list[dict[str, _Item]] = [{} for _ in range(last + 1)]
    for name, level in levels.items():
        wide, high = text_size(names.spelled[name.strip()])
        columns[last - level][name] = _Item(name.strip(), False, wide + 18, high + 8)
    edges: list[list[str]] = []
    for cause, effect in links:
        source = f" {cause}" if (cause, effect) in again else cause
        way = [source]
        for column in range(last - levels[source] + 1, last - levels[effect]):
            # One row serves all arrows of a cause that pass a column.
            passing = f"{source}>{column}"
            columns[column].setdefault(passing, _Item(cause, True, 0.0, _THIN))
            way.append(passing)
        edges.append([*way, effect])
    for edge in edges:
        for first, second in pairwise(edge):
            left, right = _at(columns, first), _at(columns, second)
            if second not in left.after:
                left.after.append(second)
                right.before.append(first)
    return columns, edges


def _at(columns: Sequence[dict[str, _Item]], name: str) -> _Item:
    """The item of a name on its way."""
    return next(column[name] for column in columns if name in column)


def _sort(columns: list[dict[str, _Item]]) -> None:
    """Order each column so that arrows cross little: to the mean place of neighbours, from either side in turn."""
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        order = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
        for at in order:
            beside = {name: place for place, name in enumerate(columns[at - 1 if forward else at + 1])}
            means = {}
            for place, (name, item) in enumerate(columns[at].items()):
                near = [
                    beside[other] for other in (item.before if forward else item.after) if other in beside
                ]
                means[name] = sum(near) / len(near) if near else float(place)
            columns[at] = {name: columns[at][name] for name in sorted(means, key=means.__getitem__)}


def _place(columns: list[dict[str, _Item]]) -> None:
    """Pixels: columns as wide as their names, rows near their neighbours without overlap."""
    x = 0.0
    for column in columns:
        wide = max((item.width for item in column.values()), default=0.0)
        for item in column.values():
            item.x = x + wide / 2
        x += wide + _COLUMN_GAP
    items = {name: item for column in columns for name, item in column.items()}
    for column in columns:
        y = 0.0
        for item in column.values():
            y += item.height / 2
            item.y = y
            y += item.height / 2 + _ROW_GAP
    middle = max(sum(item.height + _ROW_GAP for item in column.values()) for column in columns) / 2
    for column in columns:
        shift = middle - sum(item.height + _ROW_GAP for item in column.values()) / 2
        for item in column.values():
            item.y += shift
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {}
            for name, item in column.items():
                near = [items[other].y for other in (*item.before, *item.after) if other in items]
                wanted[name] = sum(near) / len(near) if near else item.y
            _spread(list(column.values()), list(wanted.values()))


def _spread(column: list[_Item], wanted: list[float]) -> None:
    """Rows as near to where they are wanted as their order and heights allow (blocks that touch move together)."""
    blocks: list[tuple[float, float, int]] = []  # sum of wanted tops, weight, first item
    offset = 0.0
    offsets = []
    for item in column:
        offsets.append(offset + item.height / 2)
        offset += item.height + _ROW_GAP
    for at, (goal, off) in enumerate(zip(wanted, offsets, strict=True)):
        blocks.append((goal - off, 1.0, at))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, weight, _ = blocks.pop()
            blocks[-1] = (blocks[-1][0] + total, blocks[-1][1] + weight, blocks[-1][2])
    for place, (total, weight, first) in enumerate(blocks):
        end = blocks[place + 1][2] if place + 1 < len(blocks) else len(column)
        for at in range(first, end):
            column[at].y = total / weight + offsets[at]


def _way(items: Sequence[_Item], names: Names) -> str:
    """An arrow through items: level at each, curved between."""
    points: list[tuple[Point, Point]] = []
    for at, item in enumerate(items):
        half = 0.0 if item.passing else item.width / 2 + 3
        points.append(
            ((item.x - half, item.y), (item.x + half, item.y))
            if at
            else ((0.0, 0.0), (item.x + half, item.y))
        )
    start = points[0][1]
    path = [f"M{px(start[0])} {px(start[1])}"]
    here = start
    for position, ((enter, y), leave) in enumerate(points[1:], start=1):
        final = position == len(points) - 1
        x = enter - 5 if final else enter
        bend = (x - here[0]) / 2
        path.append(f"C{px(here[0] + bend)} {px(here[1])} {px(x - bend)} {px(y)} {px(x)} {px(y)}")
        here = leave
    tip = points[-1][0]
    colour, dashes = names.stroke(items[0].name, items[-1].name)
    line = f'<path d="{" ".join(path)}" fill="none" stroke="{colour}" stroke-width="1.2"{dashes}/>'
    return line + arrow_head(tip, (1.0, 0.0), colour)
