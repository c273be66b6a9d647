"""The YAML file that names sector models and their couplings, or a variant of another, read strictly.

In goes the file; out comes a `StudyFile`, each part with its line. What the sectors hold is for
`sd_covid.model.compose`, what a variant does to them for `sd_covid.model.collapse`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sd_covid.errors import ModelError, suggest
from sd_covid.model.expression import Place
from sd_covid.model.source import read_source
from sd_covid.study_folder import named_in_study
from sd_covid.yaml_nodes import YamlFault, compose

_VARIANT = ("collapse", "constants", "fixed", "without")
_KEYS = ("name", "calendar", "sectors", "couplings", "extends", *_VARIANT)
_UNITS = ("day", "week", "month", "quarter", "year")
_ORIGIN = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_MAX_DEPTH = 10
_MAX_LENGTH = 1_000_000
_MAX_EXTENDS = 10


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
class Kept:
    """The elements that a dimension keeps: as the model calls them -> as the variant does."""

    dimension: str
    elements: dict[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Setting:
    """The value that a variant gives to a constant or some elements of one, or to a variable otherwise computed."""

    name: str
    value: float
    place: Place


@dataclass(frozen=True, slots=True)
class Left:
    """A variable that a variant does without."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Variant:
    """What makes a smaller model of another; see `sd_covid.model.collapse`."""

    path: Path
    collapse: tuple[Kept, ...] = ()
    constants: tuple[Setting, ...] = ()
    fixed: tuple[Setting, ...] = ()
    without: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyFile:
    """What the file says, and what it extends; see `sd_covid.model.compose`.

    A sector's file lies beside the file that names it (``sector.place.file``). Variants are made one after another.
    """

    path: Path
    name: str
    calendar: tuple[str, str] | None
    sectors: dict[str, Sector]
    couplings: tuple[Coupling, ...]
    variants: tuple[Variant, ...] = ()


def read_study_file(path: Path) -> StudyFile:
    """Read the file.

    Raises
    ------
    ModelError
        When it is no YAML or has not the form; names line and key.
    """
    return _read(path, ())


def _read(path: Path, extending: tuple[Path, ...]) -> StudyFile:
    """Read the file; `extending`: the files that extend it, the nearest last."""
    reader = _Reader(path)
    top = reader.mapping(reader.root, "the file", _KEYS)
    if ("extends" in top) == ("sectors" in top):
        both = "'sectors' and 'extends' exclude one another" if "extends" in top else "there are no sectors"
        advice = "name the sectors, or the file that this one extends"
        raise reader.error(reader.root, both, "sectors", advice)
    name = reader.text(top["name"], "name") if "name" in top else path.stem
    if "extends" in top:
        base = _extended(reader, top["extends"], extending)
        for other, there in (("couplings", True), ("calendar", base.calendar is not None)):
            if other in top and there:
                reason = f"'{other}' stands in the file that this one extends"
                raise reader.error(top[other], reason, other, "take it out")
        calendar = _calendar(reader, top["calendar"]) if "calendar" in top else base.calendar
        base = replace(base, path=path, name=name, calendar=calendar)
    else:
        couplings = reader.sequence(top["couplings"], "couplings") if "couplings" in top else []
        calendar = _calendar(reader, top["calendar"]) if "calendar" in top else None
        coupled = tuple(_coupling(reader, node) for node in couplings)
        base = StudyFile(path, name, calendar, _sectors(reader, top["sectors"]), coupled)
    if not set(_VARIANT) & top.keys():
        return base
    return replace(base, variants=(*base.variants, _variant(reader, top)))


def _sectors(reader: _Reader, node: yaml.Node) -> dict[str, Sector]:
    sectors = reader.mapping(node, "sectors", None)
    if not sectors:
        raise reader.error(node, "there are no sectors", "sectors", "name at least one: {id: file.mdl}")
    return {name: Sector(reader.text(file, name), reader.place(file)) for name, file in sectors.items()}


def _extended(reader: _Reader, node: yaml.Node, extending: tuple[Path, ...]) -> StudyFile:
    """The file that another extends; a model of its own counts as a study of one sector."""
    named, place = reader.text(node, "extends"), reader.place(node)
    file = reader.path.parent / named
    before = (*extending, reader.path)
    if named_in_study(named, reader.path) is None:
        raise reader.error(
            node, f"'{named}' is not below the study folder", "extends", "move it into the study"
        )
    if file.suffix.lower() not in {".yaml", ".yml"}:
        return StudyFile(file, file.stem, None, {file.stem: Sector(named, place)}, ())
    if file.resolve() in {item.resolve() for item in before}:
        raise reader.error(node, f"'{named}' extends this file in its turn", "extends", "name another file")
    if len(before) > _MAX_EXTENDS:
        raise reader.error(node, f"more than {_MAX_EXTENDS} files extend one another", "extends")
    return _read(file, before)


def _variant(reader: _Reader, top: dict[str, yaml.Node]) -> Variant:
    collapse = reader.mapping(top["collapse"], "collapse", None) if "collapse" in top else {}
    without = reader.sequence(top["without"], "without") if "without" in top else []
    return Variant(
        path=reader.path,
        collapse=tuple(_kept(reader, name, node) for name, node in collapse.items()),
        constants=_settings(reader, top, "constants"),
        fixed=_settings(reader, top, "fixed"),
        without=tuple(Left(reader.text(node, "a name"), reader.place(node)) for node in without),
    )


def _settings(reader: _Reader, top: dict[str, yaml.Node], part: str) -> tuple[Setting, ...]:
    """Names and their values."""
    found = reader.mapping(top[part], part, None) if part in top else {}
    return tuple(Setting(name, reader.number(node, name), reader.place(node)) for name, node in found.items())


def _kept(reader: _Reader, dimension: str, node: yaml.Node) -> Kept:
    """``[kept, …]``, or ``{new name: kept, …}``."""
    if isinstance(node, yaml.MappingNode):
        named = {new: reader.text(item, new) for new, item in reader.mapping(node, dimension, None).items()}
    else:
        kept = [reader.text(item, dimension) for item in reader.sequence(node, dimension)]
        named = {name: name for name in kept}
    if not named:
        raise reader.error(node, f"'{dimension}' keeps no element", dimension, "name at least one")
    elements = {old: new for new, old in named.items()}
    if len(elements) < len(named) or (isinstance(node, yaml.SequenceNode) and len(node.value) > len(named)):
        raise reader.error(node, f"'{dimension}' names an element twice", dimension, "name each once")
    return Kept(dimension, elements, reader.place(node))


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
            root = compose(text, _MAX_DEPTH)
        except YamlFault as fault:
            reason, advice = f"is no YAML that can be read: {fault.reason}", "check indentation and quotes"
            raise ModelError(reason, advice=advice, file=path, line=fault.line) from fault
        if root is None:
            raise ModelError("is empty", advice="name its sectors", file=path, line=1)
        self.root: yaml.Node = root

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

    def number(self, node: yaml.Node, what: str) -> float:
        """A finite number."""
        text = self.text(node, what)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(node, f"'{text}' is not a number", what, "use a point for decimals")
        return value

    def place(self, node: yaml.Node) -> Place:
        """Where a node stands."""
        return Place(self.path, node.start_mark.line + 1, node.start_mark.column + 1)

    def error(self, node: yaml.Node, reason: str, name: str, advice: str | None = None) -> ModelError:
        """Error at a node."""
        line = node.start_mark.line + 1
        return ModelError(reason, advice=advice, file=self.path, line=line, variable=name)
