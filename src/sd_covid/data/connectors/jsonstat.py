"""Eurostat's statistics service: a table as a cube in JSON-stat 2.0.

The cube lists the codes of every dimension and the figures in row-major order: as a list with nulls, or as a mapping of
positions to figures without the empty ones.

References
----------
JSON-stat 2.0, https://json-stat.org/full/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product

from sd_covid.data.connectors.client import Client
from sd_covid.data.connectors.documents import read_json
from sd_covid.data.connectors.http import said
from sd_covid.data.connectors.rows import BREAK, ESTIMATED, PROVISIONAL, Row
from sd_covid.data.connectors.settings import Refresh
from sd_covid.errors import SourceError

# Observation flags of Eurostat; those not named here say nothing on whether a figure may be taken.
_FLAGS = {"p": PROVISIONAL, "e": ESTIMATED, "b": BREAK}
_MOST_CELLS = 1_000_000


def rows(settings: Refresh, client: Client) -> tuple[list[Row], str]:
    """Cells of a table, and the address they come from.

    Raises
    ------
    SourceError
        When the answer is an error of the service, or not a cube whose parts agree.
    """
    address = f"{settings.address}/{settings.table}"
    answer = client.get(address, "json", {"format": "JSON", "lang": "EN", **settings.filters})
    document = read_json(answer)
    if "value" not in document:
        told = said({key: document.get(key) for key in ("error", "warning")})
        reason = f"{address}: {told}" if told else f"{address}: not JSON-stat: it has no 'value'"
        raise SourceError(reason, advice="compare table and filters with the codes of the table")
    return list(_cells(document, settings, address)), answer.address


def _cells(document: Mapping[str, object], settings: Refresh, place: str) -> Iterator[Row]:
    """Every cell with a figure or a flag, as a row of its codes."""
    names = document.get("id")
    sizes = document.get("size")
    if not isinstance(names, list) or not isinstance(sizes, list):
        raise SourceError(f"{place}: not JSON-stat: 'id' and 'size' are expected")
    codes = [_codes(document, str(name), place) for name in names]
    if [len(each) for each in codes] != sizes:
        raise SourceError(f"{place}: not JSON-stat: 'size' is not that of its dimensions")
    cells = math.prod(len(each) for each in codes)
    if cells > _MOST_CELLS:
        raise SourceError(f"{place}: {cells} cells", advice="name more filters")
    values = _by_position(document["value"], cells, place)
    flags = _by_position(document.get("status", {}), cells, place)
    for position, combination in enumerate(product(*codes)):
        if position in values or position in flags:
            flag = str(flags.get(position) or "")
            columns: dict[str, object] = dict(zip(map(str, names), combination, strict=True))
            columns[settings.value] = values.get(position)
            yield Row(columns, frozenset(_FLAGS[letter] for letter in flag if letter in _FLAGS))


def _codes(document: Mapping[str, object], name: str, place: str) -> list[str]:
    """Codes of a dimension, in order: a list, or each with its place; a single one may stand in the labels only."""
    dimensions = document.get("dimension")
    dimension = dimensions.get(name) if isinstance(dimensions, dict) else None
    category = dimension.get("category") if isinstance(dimension, dict) else None
    index = category.get("index", category.get("label")) if isinstance(category, dict) else None
    if isinstance(index, dict) and isinstance(category, dict):
        if "index" not in category and len(index) == 1:
            return [str(code) for code in index]
        if sorted(map(str, index.values())) == sorted(map(str, range(len(index)))):
            return sorted(map(str, index), key=lambda code: int(index[code]))
    if isinstance(index, list):
        return [str(code) for code in index]
    raise SourceError(f"{place}: not JSON-stat: the dimension '{name}' has no codes")


def _by_position(raw: object, cells: int, place: str) -> dict[int, object]:
    """A list, a mapping of positions, or one value for every cell, by position."""
    if isinstance(raw, str):
        return dict.fromkeys(range(cells), raw)
    if isinstance(raw, list) and len(raw) == cells:
        return dict(enumerate(raw))
    if isinstance(raw, dict) and all(key.isascii() and key.isdigit() and int(key) < cells for key in raw):
        return {int(key): value for key, value in raw.items()}
    raise SourceError(f"{place}: not JSON-stat: its values do not fit its dimensions")
