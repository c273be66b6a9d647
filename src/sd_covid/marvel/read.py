"""A diagram from tables: the sheets of a workbook or the CSV files of a folder.

In come ``variables``, ``links``, ``interventions`` and ``classes`` (the last two may be left out); out comes a
`Diagram` that hangs together. Faults are told in the language of the session, at the row where they stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path

from sd_covid.data.text import Text
from sd_covid.errors import DiagramError, ScenarioError
from sd_covid.marvel.columns import CLASSES, INTERVENTIONS, LINKS, VARIABLES
from sd_covid.marvel.diagram import (
    KINDS,
    LONGEST,
    ROLES,
    SHORTEST,
    Classes,
    Diagram,
    Intervention,
    Link,
    Range,
    Variable,
    spread,
)
from sd_covid.marvel.exchange import tables_of
from sd_covid.marvel.faults import fault, nearest
from sd_covid.model.names import key
from sd_covid.policy.files.tables import Cell, Tables, read_tables

_ID = re.compile(r"[^\W\d_][\w \-]*")
_TAKEN = frozenset({"time", "initial time", "final time", "time step", "saveper"})
_SIGNS = {"+": 1, "+1": 1, "1": 1, "-": -1, "-1": -1, "\N{MINUS SIGN}": -1}
_STAGES = 20


def read_diagram(path: str | Path, language: str = "en") -> Diagram:
    """Read a diagram.

    Parameters
    ----------
    path : path
        A ``.xlsx``, a folder of CSV files, or a file of another program; see `sd_covid.marvel.exchange`.
    language : {'nl', 'en'}
        Of what is said when something is wrong.

    Returns
    -------
    Diagram

    Raises
    ------
    DiagramError
        Contradictory signs, unknown variables (with the nearest), a strength or speed that is missing, a name twice.
    ScenarioError
        A file that cannot be read, or columns that are unknown.
    """
    path = Path(path)
    tables = tables_of(path, language)
    read = _Reader(tables, language)
    classes = read.classes()
    variables = read.variables()
    known = {key(item.id): item.id for item in variables}
    name = path.stem if path.suffix else path.name
    return Diagram(name, variables, read.links(known, classes), read.interventions(known), classes, path=path)


def default_classes() -> Classes:
    """The classes where a diagram has none of its own: strengths and delays as published with the method's example."""
    with resources.as_file(resources.files("sd_covid.marvel") / "classes.csv") as file:
        return _Reader(read_tables(file.parent, ("classes",), "a diagram"), "en").classes()


class _Reader:
    """The sheets of one diagram."""

    def __init__(self, tables: Tables, language: str) -> None:
        self._tables, self._language = tables, language

    def classes(self) -> Classes:
        found: dict[str, list[tuple[str, float, float | None, float | None]]] = {
            kind: [] for kind in ("strength", "speed", "confidence")
        }
        for row in self._tables.rows("classes", CLASSES):
            kind = self._choice(row["kind"], found)
            low = SHORTEST if kind == "speed" else 0.0
            top = LONGEST if kind == "speed" else math.inf
            value = self._number(row["value"], low, top)
            lowest, highest = (
                None if row[name].empty else self._number(row[name], low, top) for name in ("low", "high")
            )
            found[kind].append((self._filled(row["class"]), value, lowest, highest))
            self._between(row["value"], spread(found[kind])[key(row["class"].text)])
        made = {kind: spread(values) for kind, values in found.items()}
        if all(made.values()):
            return Classes(**made)
        standard = default_classes()
        return Classes(**{kind: ranges or getattr(standard, kind) for kind, ranges in made.items()})

    def variables(self) -> tuple[Variable, ...]:
        found: dict[str, Variable] = {}
        for row in self._tables.rows("variables", VARIABLES):
            name = self._new(row["id"], found)
            low, high = self._given(row["lo"], 0.0), self._given(row["hi"], 1.0)
            start = self._given(row["x0"], (low + high) / 2)
            self._between(row["x0"], Range(start, low, high))
            found[key(name)] = Variable(
                name,
                self._label(row, name),
                row["theme"].text,
                start,
                low,
                high,
                "normal" if row["role"].empty else ROLES[self._place(row["role"], ROLES)],
                1 if row["desired"].empty else self._sign(row["desired"]),
                self._given(row["weight"], 1.0, 0.0),
            )
        if not found:
            raise self._none("variables")
        return tuple(found.values())

    def links(self, known: dict[str, str], classes: Classes) -> tuple[Link, ...]:
        found: dict[tuple[str, str], tuple[Link, int]] = {}
        for row in self._tables.rows("links", LINKS):
            src, dst = (self._variable(row[name], known) for name in ("src", "dst"))
            sign = self._sign(row["sign"])
            if src == dst:
                raise fault("itself", self._language, {"name": src}, at=row["dst"])
            if (src, dst) in found:
                earlier, line = found[src, dst]
                signs = {"sign": "+-"[sign < 0], "opposite": "+-"[earlier.sign < 0]}
                kind = "signs" if earlier.sign != sign else "again"
                raise fault(
                    kind, self._language, {"src": src, "dst": dst, "other": line, **signs}, at=row["sign"]
                )
            order = 1 if row["order"].empty else round(self._number(row["order"], 1, _STAGES))
            ends = {"src": src, "dst": dst}
            strength = self._range(row, "strength", "strength", classes.strength, (0.0, math.inf), ends)
            delay = self._range(row, "speed", "delay", classes.speed, (SHORTEST, LONGEST), ends)
            confidence = row["confidence"]
            if not confidence.empty:
                self._choice(confidence, [item.label for item in classes.confidence.values()])
            link = Link(src, dst, sign, strength, delay, order, confidence.text, row["source"].text)
            found[src, dst] = link, row["src"].row
        if not found:
            raise self._none("links")
        return tuple(link for link, _ in found.values())

    def interventions(self, known: dict[str, str]) -> tuple[Intervention, ...]:
        found: dict[str, Intervention] = {}
        for row in self._tables.rows("interventions", INTERVENTIONS):
            name = self._new(row["id"], found)
            start = self._given(row["start"], 0.0, 0.0)
            found[key(name)] = Intervention(
                name,
                self._label(row, name),
                self._variable(row["variable"], known),
                KINDS[self._place(row["type"], KINDS)],
                self._number(row["level"]),
                start,
                self._given(row["end"], math.inf, start),
                self._given(row["ramp"], 0.0, 0.0),
                self._given(row["adjustment"], 1.0, SHORTEST),
                None if row["cost"].empty else self._number(row["cost"], 0.0),
            )
        return tuple(found.values())

    def _range(
        self,
        row: dict[str, Cell],
        column: str,
        stem: str,
        classes: Mapping[str, Range],
        limits: tuple[float, float],
        ends: dict[str, str],
    ) -> Range:
        """A class, or a number with its bounds; bounds of a link go before those of its class."""
        cell = row[column]
        if cell.empty:
            names = ", ".join(item.label for item in classes.values())
            raise fault(column, self._language, {"classes": names, **ends}, at=cell)
        given = classes.get(key(cell.text))
        if given is None:
            try:
                cell.number()
            except ScenarioError:
                labels = [item.label for item in classes.values()]
                advice = nearest(cell.text, labels, self._language)
                raise fault(
                    "choice", self._language, {"found": cell.text, "advice": advice}, at=cell
                ) from None
            value = self._number(cell, *limits)
            given = Range(value, value, value)
        low = self._given(row[f"{stem}_low"], given.low, *limits)
        high = self._given(row[f"{stem}_high"], given.high, *limits)
        made = Range(given.value, low, high, given.label)
        self._between(cell, made)
        return made

    def _none(self, sheet: str) -> DiagramError:
        return fault("none", self._language, {"what": sheet, "sheet": sheet}, file=self._tables.path)

    def _new(self, cell: Cell, found: Container[str]) -> str:
        name = self._filled(cell)
        if not _ID.fullmatch(name) or key(name) in _TAKEN:
            raise fault("name", self._language, {"name": name}, at=cell)
        if key(name) in found:
            raise fault("twice", self._language, {"name": name}, at=cell)
        return name

    def _variable(self, cell: Cell, known: dict[str, str]) -> str:
        name = self._filled(cell)
        if key(name) not in known:
            advice = nearest(name, known.values(), self._language)
            raise fault("unknown", self._language, {"name": name, "advice": advice}, at=cell)
        return known[key(name)]

    def _label(self, row: dict[str, Cell], name: str) -> Text:
        plain = name.replace("_", " ")
        return Text(row["label_nl"].text or plain, row["label_en"].text or plain)

    def _filled(self, cell: Cell) -> str:
        if cell.empty:
            raise fault("empty", self._language, at=cell)
        return cell.text

    def _choice(self, cell: Cell, known: Iterable[str]) -> str:
        names = list(known)
        return names[self._place(cell, names)]

    def _place(self, cell: Cell, known: Sequence[str]) -> int:
        names = [key(item) for item in known]
        if key(self._filled(cell)) not in names:
            advice = nearest(cell.text, known, self._language)
            raise fault("choice", self._language, {"found": cell.text, "advice": advice}, at=cell)
        return names.index(key(cell.text))

    def _sign(self, cell: Cell) -> int:
        if cell.text not in _SIGNS:
            advice = nearest(cell.text, ("+", "-"), self._language)
            raise fault("choice", self._language, {"found": cell.text, "advice": advice}, at=cell)
        return _SIGNS[cell.text]

    def _number(self, cell: Cell, low: float = -math.inf, high: float = math.inf) -> float:
        try:
            return cell.number(low, high)
        except ScenarioError:
            bounds = {"low": f"{low:.3g}", "high": f"{high:.3g}"}
            raise fault("number", self._language, {"found": cell.text, **bounds}, at=cell) from None

    def _given(self, cell: Cell, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        return default if cell.empty else self._number(cell, low, high)

    def _between(self, cell: Cell, found: Range) -> None:
        if not found.low <= found.value <= found.high:
            told = {"value": f"{found.value:g}", "low": f"{found.low:g}", "high": f"{found.high:g}"}
            raise fault("bounds", self._language, told, at=cell)
