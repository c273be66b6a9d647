"""``registry.yaml``: the titles, units, methods and breaks of the series, before their figures are read.

In goes the file; out come the series, still without figures, and the units, methods and licences that they refer to.
Every key is checked against what is known, and a fault is shown at its line.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pandas as pd

from sd_covid.data.connectors.settings import read_refresh
from sd_covid.data.description import (
    KINDS,
    MEASURES,
    REVISIONS,
    SENSITIVE,
    TIERS,
    Break,
    Comparison,
    Kind,
    Licence,
    Measure,
    Publisher,
    Revision,
    Sensitive,
    Tier,
)
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.periods import FREQUENCIES, Frequency, parse_period
from sd_covid.data.registry import Series
from sd_covid.data.text import Text
from sd_covid.errors import DataError, suggest

_REQUIRED = (
    "title",
    "theme",
    "unit",
    "frequency",
    "kind",
    "definition",
    "seasonally_adjusted",
    "tier",
    "release_lag",
    "licence",
    "source",
)
# What 'refresh' holds is for the connectors to read.
_OPTIONAL = (
    "breaks",
    "note",
    "refresh",
    "publisher",
    "group",
    "sample_size",
    "revision",
    "observable",
    "equivalent_to",
    "sensitive",
)
SECTIONS = ("licences", "units", "definitions", "series")
OPTIONAL_SECTIONS = ("publishers", "headings", "themes")


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything that the registry file holds.

    Attributes
    ----------
    definitions, units, licences, measures, publishers, headings, heading_of : dict
        As in `Registry`.
    series : dict
        Series id -> the series, without its figures; its ``file`` is the registry's.
    lines : dict
        Series id -> the line on which the registry describes it.
    """

    definitions: dict[str, str] = field(default_factory=dict)
    units: dict[str, Text] = field(default_factory=dict)
    licences: dict[str, Licence] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    publishers: dict[str, Publisher] = field(default_factory=dict)
    headings: dict[str, Text] = field(default_factory=dict)
    heading_of: dict[str, str] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_entries(file: Path) -> Entries:
    """Read the registry file.

    Parameters
    ----------
    file : Path

    Raises
    ------
    DataError
        An unknown or missing key; a unit, definition, licence, frequency, kind or tier that is not known; a
        break out of order, or in a period of another frequency.
    """
    top = read_yaml(file).fields(SECTIONS, OPTIONAL_SECTIONS)
    entries = Entries()
    add_entries(entries, top)
    return entries


def add_entries(entries: Entries, sections: Mapping[str, Node]) -> None:
    """Add what these sections of a registry file hold.

    Parameters
    ----------
    entries : Entries
        What is known already; a name may not be in it yet.
    sections : mapping of str to Node
        Some of `SECTIONS` and `OPTIONAL_SECTIONS`.

    Raises
    ------
    DataError
        As `read_entries`; also a name that is known already.
    """
    for name, node in _fresh(sections, "licences", entries.licences):
        terms = node.fields(("terms",), ("url",))
        url = terms["url"].raw.value if "url" in terms else ""
        entries.licences[name] = Licence(terms["terms"].text(), str(url))
    for name, node in _fresh(sections, "publishers", entries.publishers):
        keys = node.fields(("name",), ("url", "lag_source"))
        parts = [keys[key].text() if key in keys else "" for key in ("url", "lag_source")]
        entries.publishers[name] = Publisher(keys["name"].text(), *parts)
    for name, node in _fresh(sections, "headings", entries.headings):
        entries.headings[name] = _text(node)
    for name, node in _fresh(sections, "themes", entries.heading_of):
        entries.heading_of[name] = node.choice(entries.headings)
    for name, node in _fresh(sections, "units", entries.units):
        keys = node.fields(("nl", "en"), ("measure",))
        entries.units[name] = Text(keys["nl"].text(), keys["en"].text())
        if "measure" in keys:
            entries.measures[name] = cast(Measure, keys["measure"].choice(MEASURES))
    for name, node in _fresh(sections, "definitions", entries.definitions):
        entries.definitions[name] = node.text()
    for name, node in _fresh(sections, "series", entries.series):
        entries.series[name] = _series(name, node, entries)
        entries.lines[name] = node.line
    _check_equivalents(sections, entries)


def _fresh(sections: Mapping[str, Node], section: str, known: Collection[str]) -> Iterator[tuple[str, Node]]:
    """Names of a section with what they hold, each refused when it is known already."""
    before = set(known)
    for name, node in sections[section].entries() if section in sections else ():
        if name in before:
            advice = "use that one, or choose another name"
            raise node.error(f"the registry has '{name}' among its {section} already", advice)
        yield name, node


def _check_equivalents(sections: Mapping[str, Node], entries: Entries) -> None:
    """Refuse a series that is equivalent to none of the registry, or in the end to itself: neither would count."""
    for name, node in sections["series"].entries() if "series" in sections else ():
        if not entries.series[name].equivalent_to:
            continue
        place = dict(node.entries())["equivalent_to"]
        for other in entries.series[name].equivalent_to:
            if other not in entries.series:
                advice = suggest(other, set(entries.series) - {name}) or "name a series of the registry"
                raise place.error(f"'{other}' is not a series", advice)
        if name in _equals(entries.series, name):
            reason = f"'{name}' is equivalent to itself, in the end"
            raise place.error(reason, "name the series whose figures count, and none in return")


def _equals(series: Mapping[str, Series], name: str) -> set[str]:
    """Every series to which one is equivalent, directly or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = series.get(waiting.pop())
        fresh = set(one.equivalent_to) - found if one is not None else set()
        found |= fresh
        waiting += fresh
    return found


def _series(name: str, node: Node, entries: Entries) -> Series:
    """One series, without its figures."""
    keys = node.fields(_REQUIRED, _OPTIONAL)
    frequency = cast(Frequency, keys["frequency"].choice(FREQUENCIES))
    theme = keys["theme"].text()
    if not theme.isidentifier():
        raise keys["theme"].error(
            f"'{theme}' is not the stem of a file beside the registry", "write one plain word"
        )
    return Series(
        id=name,
        title=_text(keys["title"]),
        theme=theme,
        unit=keys["unit"].choice(entries.units),
        frequency=frequency,
        kind=cast(Kind, keys["kind"].choice(KINDS)),
        definition=keys["definition"].choice(entries.definitions),
        breaks=_breaks(keys["breaks"], frequency, entries) if "breaks" in keys else (),
        seasonally_adjusted=keys["seasonally_adjusted"].flag(),
        tier=cast(Tier, keys["tier"].choice(TIERS)),
        release_lag=keys["release_lag"].whole(),
        licence=keys["licence"].choice(entries.licences),
        source=keys["source"].text(),
        note=keys["note"].text() if "note" in keys else "",
        file=node.file,
        rows=pd.DataFrame(),
        publisher=keys["publisher"].choice(entries.publishers) if "publisher" in keys else "",
        group={name: value.text() for name, value in keys["group"].entries()} if "group" in keys else {},
        sample_size=keys["sample_size"].whole() if "sample_size" in keys else None,
        revision=cast(Revision, keys["revision"].choice(REVISIONS)) if "revision" in keys else "open",
        comparison=_comparison(keys["observable"]) if "observable" in keys else None,
        equivalent_to=_names(keys["equivalent_to"]) if "equivalent_to" in keys else (),
        sensitive=cast(Sensitive, keys["sensitive"].choice(SENSITIVE)) if "sensitive" in keys else None,
        refresh=read_refresh(keys["refresh"], frequency) if "refresh" in keys else None,
    )


def _names(node: Node) -> tuple[str, ...]:
    """One name, or a list of them."""
    return tuple(item.text() for item in node.items()) if node.is_list else (node.text(),)


def _comparison(node: Node) -> Comparison:
    """The model output that a series can be compared with."""
    keys = node.fields(("output",), ("scale", "offset"))
    scale = 1.0
    if "scale" in keys:
        try:
            scale = float(keys["scale"].text())
        except ValueError:
            scale = math.nan
        if not math.isfinite(scale) or scale == 0:
            reason = f"'{keys['scale'].text()}' is no scale"
            raise keys["scale"].error(reason, "write a number other than 0, such as 0.001")
    return Comparison(keys["output"].text(), scale, keys["offset"].flag() if "offset" in keys else False)


def _text(node: Node) -> Text:
    """A text in two languages."""
    keys = node.fields(("nl", "en"))
    return Text(keys["nl"].text(), keys["en"].text())


def _breaks(node: Node, frequency: Frequency, entries: Entries) -> tuple[Break, ...]:
    """Breaks in a series, in order of time."""
    found: list[Break] = []
    for item in node.items():
        keys = item.fields(("period", "what"), ("definition",))
        definition = keys["definition"].choice(entries.definitions) if "definition" in keys else None
        try:
            period = parse_period(keys["period"].text(), frequency)
        except DataError as error:
            raise keys["period"].error(error.reason, error.advice or "") from error
        if found and period <= found[-1].period:
            raise keys["period"].error("a break lies before the one above it", "put breaks in order of time")
        found.append(Break(period, definition, keys["what"].text()))
    return tuple(found)
