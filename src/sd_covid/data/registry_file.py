"""``registry.yaml``: the titles, units, methods and breaks of the series, before their figures are read.

In goes the file; out come the series, still without figures, and the units, methods and licences that they refer to.
Every key is checked against what is known, and a fault is shown at its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pandas as pd

from sd_covid.data.connectors.settings import read_refresh
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.periods import FREQUENCIES, Frequency, parse_period
from sd_covid.data.registry import KINDS, TIERS, Break, Kind, Licence, Series, Tier
from sd_covid.data.text import Text
from sd_covid.errors import DataError

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


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything that the registry file holds.

    Attributes
    ----------
    definitions, units, licences : dict
        As in `Registry`.
    series : dict
        Series id -> the series, without its figures; its ``file`` is the registry's.
    lines : dict
        Series id -> the line on which the registry describes it.
    """

    definitions: dict[str, str] = field(default_factory=dict)
    units: dict[str, Text] = field(default_factory=dict)
    licences: dict[str, Licence] = field(default_factory=dict)
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
    top = read_yaml(file).fields(("licences", "units", "definitions", "series"))
    entries = Entries()
    for name, node in top["licences"].entries():
        terms = node.fields(("terms",), ("url",))
        url = terms["url"].raw.value if "url" in terms else ""
        entries.licences[name] = Licence(terms["terms"].text(), str(url))
    for name, node in top["units"].entries():
        entries.units[name] = _text(node)
    for name, node in top["definitions"].entries():
        entries.definitions[name] = node.text()
    for name, node in top["series"].entries():
        entries.series[name] = _series(name, node, entries)
        entries.lines[name] = node.line
    return entries


def _series(name: str, node: Node, entries: Entries) -> Series:
    """One series, without its figures."""
    keys = node.fields(_REQUIRED, ("breaks", "note", "refresh"))
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
        refresh=read_refresh(keys["refresh"], frequency) if "refresh" in keys else None,
    )


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
