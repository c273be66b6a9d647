"""The YAML file that names sector models and their couplings, read strictly.

In goes the file; out comes a `StudyFile`, each part with its line. What the sectors hold is for
`sd_covid.model.compose`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Place
from sd_covid.model.source import read_source

_KEYS = ("name", "calendar", "sectors", "couplings")
_UNITS = ("day", "week", "month", "quarter", "year")
_ORIGIN = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_MAX_DEPTH = 10
_MAX_LENGTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector's file, as named, and where that stands."""

    file: str
    place: Place


@dataclass(frozen=True, slots=True)
class Coupling:
    """An input, and the variable of a sector that it is to be."""

    input: str
    sector: str
    source: str
    note: str
    place: Place


@dataclass(frozen=True, slots=True)
class StudyFile:
    """What the file says; see `sd_covid.model.compose`."""

    path: Path
    name: str
    calendar: tuple[str, str] | None
    sectors: dict[str, Sector]
    couplings: tuple[Coupling, ...]


def read_study_file(path: Path) -> StudyFile:
    """Read the file.

    Raises
    ------
    ModelError
        When it is no YAML or has not the form; names line and key.
    """
    reader = _Reader(path)
    top = reader.mapping(reader.root, "the file", _KEYS, needed=("sectors",))
    sectors = reader.mapping(top["sectors"], "sectors", None)
    if not sectors:
        raise reader.error(
            top["sectors"], "there are no sectors", "sectors", "name at least one: {id: file.mdl}"
        )
    named = {name: Sector(reader.text(node, name), reader.place(node)) for name, node in sectors.items()}
    couplings = reader.sequence(top["couplings"], "couplings") if "couplings" in top else []
    name = reader.text(top["name"], "name") if "name" in top else path.stem
    calendar = _calendar(reader, top["calendar"]) if "calendar" in top else None
    return StudyFile(path, name, calendar, named, tuple(_coupling(reader, node) for node in couplings))


def _calendar(reader: _Reader, node: yaml.Node) -> tuple[str, str]:
    found = reader.mapping(node, "calendar", ("origin", "unit"), needed=("origin", "unit"))
    origin, unit = reader.text(found["origin"], "origin"), reader.text(found["unit"], "unit")
    if not _ORIGIN.fullmatch(origin):
        reason = f"'{origin}' is no date"
        raise reader.error(found["origin"], reason, "origin", "write 2015-01, or 2015-01-31")
    if unit not in _UNITS:
        advice = "write one of " + ", ".join(_UNITS)
        raise reader.error(found["unit"], f"'{unit}' is no unit of a calendar", "unit", advice)
    return origin, unit


def _coupling(reader: _Reader, node: yaml.Node) -> Coupling:
    needed = ("input", "from", "source")
    found = reader.mapping(node, "a coupling", (*needed, "note"), needed=needed)
    values = {name: reader.text(item, name) for name, item in found.items()}
    return Coupling(
        values["input"], values["from"], values["source"], values.get("note", ""), reader.place(node)
    )


class _Reader:
    """The nodes of a YAML file. Scalars stay text, so that ``2015-01`` is what was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_source(path).text
        if len(text) > _MAX_LENGTH:
            raise ModelError(f"is longer than {_MAX_LENGTH} characters", file=path)
        try:
            self._refuse_depth(text)
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = None if mark is None else mark.line + 1
            reason = f"is no YAML: {error.problem}"
            raise ModelError(reason, advice="check indentation and quotes", file=path, line=line) from error
        except yaml.YAMLError as error:
            raise ModelError(f"is no YAML: {error}", file=path) from error
        if root is None:
            raise ModelError("is empty", advice="name its sectors", file=path, line=1)
        self.root: yaml.Node = root

    def _refuse_depth(self, text: str) -> None:
        """Composing is recursive, so what is nested without reason is refused before it."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:
                mark = event.start_mark
                line = None if mark is None else mark.line + 1
                raise ModelError(f"is nested more than {_MAX_DEPTH} deep", file=self.path, line=line)

    def mapping(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None, needed: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """A mapping with known keys, each once (`known` None: any)."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what} should be a mapping", what, "write 'key: value' lines")
        found: dict[str, yaml.Node] = {}
        for name_node, value in node.value:
            name = self.text(name_node, "a key")
            if name in found:
                raise self.error(name_node, f"key '{name}' is there twice", name, "take one of the two out")
            if known is not None and name not in known:
                advice = suggest(name, known) or "the keys are " + ", ".join(known)
                raise self.error(name_node, f"unknown key '{name}' in {what}", name, advice)
            found[name] = value
        for name in needed:
            if name not in found:
                raise self.error(node, f"key '{name}' is missing in {what}", name, "add it")
        return found

    def sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """A list; nothing at all counts as an empty one."""
        if isinstance(node, yaml.ScalarNode) and not node.value:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{what} should be a list", what, "begin each with '-'")
        return list(node.value)

    def text(self, node: yaml.Node, what: str) -> str:
        """A scalar with something in it."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.error(node, f"{what} should be a text", what)
        return str(node.value)

    def place(self, node: yaml.Node) -> Place:
        """Where a node stands."""
        return Place(self.path, node.start_mark.line + 1, node.start_mark.column + 1)

    def error(self, node: yaml.Node, reason: str, name: str, advice: str | None = None) -> ModelError:
        """Error at a node."""
        line = node.start_mark.line + 1
        return ModelError(reason, advice=advice, file=self.path, line=line, variable=name)
