"""Many stocks and flows laid out so that no pipe runs through a box: stocks in a row, each flow in a lane of its own.

In go stocks and flows; out comes a `sd_covid.model.layout.diagram.View`. Flows to the right and from outside have lanes
above the row, flows to the left and to the outside below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from sd_covid.model.layout.diagram import CLOUD, LINE, Node, PipeLine, View, text_size
from sd_covid.model.layout.parts import Flow

_PORT = 26.0  # between pipes at a box
_BETWEEN = 60.0  # boxes
_HIGH = 58.0  # of a box
_CLEAR = 16.0  # between a box and the nearest lane
_LANE = 38.0  # from lane to lane, where names take one line
_OUTSIDE = 80.0  # from a port to its cloud
_MARGIN = 40.0
_TRIED = 7  # stocks up to which every order is looked at
_BOLD = 1.12  # how much wider bold letters are


@dataclass(slots=True)
class _Lane:
    """A flow's lane: above (-1) or below (+1) the row, its ends in pixels, and which lane from the row it has."""

    flow: Flow
    side: int
    source: float
    target: float
    text: tuple[float, float]
    row: int = 0

    @property
    def span(self) -> tuple[float, float]:
        """The pixels that it takes, with its name, which may be wider."""
        middle, half = (self.source + self.target) / 2, self.text[0] / 2
        return min(self.source, self.target, middle - half), max(self.source, self.target, middle + half)

    @property
    def ports(self) -> list[float]:
        """Where it meets boxes."""
        ends = ((self.flow.source, self.source), (self.flow.target, self.target))
        return [x for stock, x in ends if stock is not None]


def in_lanes(title: str, stocks: Sequence[str], flows: Sequence[Flow], spelled: Mapping[str, str]) -> View:
    """Lay out.

    Parameters
    ----------
    title : str
    stocks : sequence of str
    flows : sequence of Flow
        An end that is not among the stocks is outside.
    spelled : mapping
        Key -> name as spelled.
    """
    known = set(stocks)
    inside = [
        Flow(
            flow.name,
            flow.source if flow.source in known else None,
            flow.target if flow.target in known else None,
        )
        for flow in flows
    ]
    order = _order(stocks, inside)
    ports = _Ports(order, inside, spelled)
    lanes = [_lane(flow, ports, spelled) for flow in inside]
    heights = {side: _stack([lane for lane in lanes if lane.side == side]) for side in (-1, 1)}
    return _drawn(title, ports, lanes, heights)


def _order(stocks: Sequence[str], flows: Sequence[Flow]) -> list[str]:
    """Stocks from left to right so that lanes are short; of equals, the one with most flows to the right."""
    pairs = [(flow.source, flow.target) for flow in flows if flow.source and flow.target]

    def cost(order: Iterable[str]) -> tuple[int, int]:
        place = {name: at for at, name in enumerate(order)}
        steps = [place[target] - place[source] for source, target in pairs]
        return sum(abs(step) for step in steps), -sum(step > 0 for step in steps)

    if len(stocks) <= _TRIED:
        return list(min(permutations(stocks), key=cost))
    order = list(stocks)
    while True:
        swaps = [
            [*order[:at], order[to], *order[at + 1 : to], order[at], *order[to + 1 :]]
            for at in range(len(order))
            for to in range(at + 1, len(order))
        ]
        best = min(swaps, key=cost)
        if cost(best) >= cost(order):
            return order
        order = best


class _Ports:
    """Where flows meet the boxes of a row of stocks."""

    def __init__(self, order: Sequence[str], flows: Sequence[Flow], spelled: Mapping[str, str]) -> None:
        self.order = order
        self.place = {name: at for at, name in enumerate(order)}
        self.flows = flows
        self.meeting = {(name, side): self._meeting(name, side) for name in order for side in (-1, 1)}
        self.boxes: dict[str, tuple[float, float]] = {}
        x = _MARGIN
        for name in order:
            most = max(len(self.meeting[name, -1]), len(self.meeting[name, 1]))
            wide = max(110.0, _BOLD * text_size(spelled[name])[0] + 16, _PORT * (most + 0.4))
            self.boxes[name] = (x, x + wide)
            x += wide + _BETWEEN

    def side(self, flow: Flow) -> int:
        """Above for flows to the right and from outside, below for the others."""
        if flow.source is None or flow.target is None:
            return -1 if flow.source is None else 1
        return -1 if self.place[flow.target] > self.place[flow.source] else 1

    def _meeting(self, stock: str, side: int) -> list[tuple[str, str]]:
        """What meets a stock, from left to right, as flow and the end that it is.

        What comes from the left stands left, the farthest outermost, so that pipes of one box do not cross; what comes
        from outside stands between.
        """
        found = []
        for flow in self.flows:
            if self.side(flow) != side:
                continue
            for end, mine, other in (
                ("source", flow.source, flow.target),
                ("target", flow.target, flow.source),
            ):
                if mine == stock:
                    away = 0 if other is None else self.place[other] - self.place[stock]
                    # The nearest from the left stands leftmost: longer lanes arch over shorter ones.
                    rank = (0, 0) if away == 0 else (1, -away) if away > 0 else (-1, -away)
                    found.append((rank, flow.name, end))
        return [(name, end) for _, name, end in sorted(found)]

    def at(self, flow: Flow, end: str) -> float:
        """Where an end of a flow meets its stock."""
        stock = str(flow.source if end == "source" else flow.target)
        meeting = self.meeting[stock, self.side(flow)]
        left, right = self.boxes[stock]
        return (left + right) / 2 + _PORT * (meeting.index((flow.name, end)) - (len(meeting) - 1) / 2)

    def outside(self, flow: Flow, port: float) -> float:
        """Where the cloud of a flow stands: on the side of its port with the fewest other pipes."""
        stock = str(flow.source or flow.target)
        count = len(self.meeting[stock, self.side(flow)])
        at = self.meeting[stock, self.side(flow)].index((flow.name, "source" if flow.source else "target"))
        return port + (_OUTSIDE if at >= count - 1 - at else -_OUTSIDE)


def _lane(flow: Flow, ports: _Ports, spelled: Mapping[str, str]) -> _Lane:
    """A flow between its ports, or between a port and a cloud beside it."""
    source = 0.0 if flow.source is None else ports.at(flow, "source")
    target = 0.0 if flow.target is None else ports.at(flow, "target")
    if flow.source is None:
        source = ports.outside(flow, target)
    if flow.target is None:
        target = ports.outside(flow, source)
    return _Lane(flow, ports.side(flow), source, target, text_size(spelled[flow.name]))


def _stack(lanes: list[_Lane]) -> list[float]:
    """Give lanes rows from the row of stocks outwards, the shortest first; the height of each row."""
    rows: list[list[_Lane]] = []
    for lane in sorted(lanes, key=lambda item: (item.span[1] - item.span[0], item.flow.name)):
        low, high = lane.span
        least = 0
        for at, row in enumerate(rows):
            if any(other.span[0] - 10 < high and low < other.span[1] + 10 for other in row):
                least = at + 1
        if least == len(rows):
            rows.append([])
        rows[least].append(lane)
        lane.row = least
    return [_LANE + max(lane.text[1] for lane in row) - LINE for row in rows]


def _valve(lane: _Lane, lanes: Sequence[_Lane]) -> float:
    """Where along its lane a valve stands: where the fewest pipes of other lanes run through its name."""
    crossing = [x for other in lanes if other.side == lane.side and other.row > lane.row for x in other.ports]
    crossing += lane.ports
    low, high = sorted((lane.source, lane.target))
    middle, half = (low + high) / 2, lane.text[0] / 2 + 5
    room = max(0.0, (high - low) / 2 - 24)
    tried = [
        middle + room * step / 12 for step in (0, *(sign * at for at in range(1, 13) for sign in (1, -1)))
    ]
    return min(
        tried, key=lambda x: (sum(abs(other - x) < half for other in crossing), round(abs(x - middle), 3))
    )


def _drawn(title: str, ports: _Ports, lanes: Sequence[_Lane], heights: Mapping[int, list[float]]) -> View:
    """The view in pixels."""
    view = View(title)
    middle = _MARGIN + sum(heights[-1]) + _CLEAR + _HIGH / 2
    places: dict[str, int] = {}
    for name in ports.order:
        left, right = ports.boxes[name]
        places[name] = len(view.nodes)
        view.nodes.append(Node("stock", name, (left + right) / 2, middle, right - left, _HIGH))
    for lane in lanes:
        edge = middle + lane.side * _HIGH / 2
        before = sum(heights[lane.side][: lane.row])
        # Names stand below valves, so above the row a lane has its room below its line, as it has below the row.
        up = edge - _CLEAR - before - heights[lane.side][lane.row] + 12
        y = up if lane.side < 0 else edge + _CLEAR + before + 12
        _draw_lane(view, lane, _valve(lane, lanes), y, edge, places)
    return view


def _draw_lane(view: View, lane: _Lane, x: float, y: float, edge: float, places: Mapping[str, int]) -> None:
    """The valve, name, cloud and pipe of one flow."""
    ends: list[int] = []
    ways: list[tuple[tuple[float, float], ...]] = []
    for stock, own, other in (
        (lane.flow.source, lane.source, lane.target),
        (lane.flow.target, lane.target, lane.source),
    ):
        if stock is None:
            ends.append(len(view.nodes))
            view.nodes.append(Node("cloud", lane.flow.name, own, y, 2 * CLOUD, 2 * CLOUD))
            ways.append(((own + (CLOUD - 3 if other > own else 3 - CLOUD), y),))
        else:
            ends.append(places[stock])
            ways.append(((own, y), (own, edge)))
    valve = len(view.nodes)
    view.nodes.append(Node("flow", lane.flow.name, x, y, *lane.text))
    view.pipes.append(PipeLine(valve, ends[0], ends[1], ways[0], ways[1]))
