"""The diagram of a model as Vensim's sketch, which follows the equations in an ``.mdl``.

In go the views of `sd_covid.model.layout.diagram`; out come the lines of the sketch. The form is that of Vensim's
reference manual, "Sketch Format" (vensim.com/documentation/ref_sketch_format.html).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sd_covid.model.layout.diagram import NAME_BELOW, Node, PipeLine, View

START = (
    r"\\\---/// Sketch information - do not modify anything except names",
    "V300  Do not put anything below this section - it will be ignored",
)
END = "///---\\\\\\"
#: Colours and font of a view, with the resolution that its coordinates are in.
_VIEW = "$192-192-192,0,Arial|10||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0"
_SHADOW = "8,2,0,3,-1,0,0,0,128-128-128,0-0-0,|10||128-128-128"

Point = tuple[float, float]


def sketch(views: Sequence[View], spell: Callable[[str], str]) -> list[str]:
    """The lines of a sketch.

    Parameters
    ----------
    views : sequence of View
        None for an empty sketch, which Vensim needs as well.
    spell : callable
        The key of a variable to its name as equations write it.

    Returns
    -------
    list of str
    """
    lines = list(START)
    for view in views or [View("View 1")]:
        title = " ".join(view.title.replace("*", " ").split())
        lines += [f"*{title or 'View 1'}", _VIEW, *_Page(view, spell).lines]
    return [*lines, END]


class _Page:
    """The objects of one view, numbered from 1."""

    def __init__(self, view: View, spell: Callable[[str], str]) -> None:
        self.lines: list[str] = []
        self.view, self.spell = view, spell
        self.number: dict[int, int] = {}  # place in the view -> the number that arrows lead to
        self.name: dict[int, int] = {}  # the same, that arrows come from
        for place, node in enumerate(view.nodes):
            if node.role in ("stock", "cloud"):
                self._node(place, node)
        for pipe in view.pipes:
            self._pipe(pipe)
        for place, node in enumerate(view.nodes):
            if node.role in ("auxiliary", "shadow"):
                self._node(place, node)
        for connector in view.connectors:
            shape, middle = ("0", (0.0, 0.0)) if connector.middle is None else ("1", connector.middle)
            ends = f"{self.name[connector.cause]},{self.number[connector.effect]}"
            self._add(f"1,{{}},{ends},{shape},0,0,0,0,64,0,-1--1--1,,1|{_at([middle])}")

    def _add(self, line: str) -> int:
        number = len(self.lines) + 1
        self.lines.append(line.format(number))
        return number

    def _node(self, place: int, node: Node) -> None:
        at = f"{round(node.x)},{round(node.y)}"
        size = f"{round(node.width / 2)},{round(node.height / 2)}"
        form = {
            "stock": f"10,{{}},{self._spelled(node)},{at},{size},3,3,0,0,0,0,0,0",
            "cloud": f"12,{{}},48,{at},10,8,0,3,0,0,-1,0,0,0",
            "auxiliary": f"10,{{}},{self._spelled(node)},{at},{size},8,3,0,0,0,0,0,0",
            "shadow": f"10,{{}},{self._spelled(node)},{at},{size},{_SHADOW}",
        }[node.role]
        self.number[place] = self.name[place] = self._add(form)

    def _pipe(self, pipe: PipeLine) -> None:
        """Both halves of a pipe, then its valve, then its name: the valve's number is known beforehand."""
        node = self.view.nodes[pipe.valve]
        valve = len(self.lines) + 3
        for end, way, shape in ((pipe.target, pipe.to_target, 4), (pipe.source, pipe.to_source, 100)):
            self._add(
                f"1,{{}},{valve},{self.number[end]},{shape},0,0,22,0,0,0,-1--1--1,,{_bends((node.x, node.y), way)}"
            )
        self.number[pipe.valve] = self._add(
            f"11,{{}},48,{round(node.x)},{round(node.y)},6,8,34,3,0,0,1,0,0,0"
        )
        below = round(node.y + NAME_BELOW + node.height / 2)
        size = f"{round(node.width / 2)},{round(node.height / 2)}"
        self.name[pipe.valve] = self._add(
            f"10,{{}},{self._spelled(node)},{round(node.x)},{below},{size},40,3,0,0,-1,0,0,0"
        )

    def _spelled(self, node: Node) -> str:
        """The name of a node; braces doubled, as the line is still to get its number."""
        return self.spell(node.name).replace("{", "{{").replace("}", "}}") if node.role != "cloud" else ""


def _bends(valve: Point, way: Sequence[Point]) -> str:
    """The corners of a pipe, or its middle when it is straight."""
    corners = list(way[:-1]) or [((valve[0] + way[-1][0]) / 2, (valve[1] + way[-1][1]) / 2)]
    return f"{len(corners)}|{_at(corners)}"


def _at(points: Sequence[Point]) -> str:
    return "".join(f"({round(x)},{round(y)})|" for x, y in points)
