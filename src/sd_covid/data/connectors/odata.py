"""CBS StatLine over OData: version 4, where a row is one cell, and version 3, where a row has all topics of a table.

Both give long tables in pages, each with the address of the next. Whether a period is provisional stands in the table
of its periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from sd_covid.data.connectors.client import Client, is_address
from sd_covid.data.connectors.documents import read_json
from sd_covid.data.connectors.rows import PROVISIONAL, Row
from sd_covid.data.connectors.settings import Refresh
from sd_covid.errors import SourceError

# Key and title of a period, the address of the next page, and the tables of figures and of periods.
_NAMES = {
    "cbs-odata4": ("Identifier", "@odata.nextLink", "Observations", "{period}Codes"),
    "cbs-odata3": ("Key", "odata.nextLink", "TypedDataSet", "{period}"),
}


def rows(settings: Refresh, client: Client) -> tuple[list[Row], str]:
    """Rows of a table, and the address they come from.

    Raises
    ------
    SourceError
        When a page is missing, is not OData, or leads elsewhere.
    """
    key, _, figures, periods = _NAMES[settings.connector]
    table = f"{settings.address}/{settings.table}"
    status = {
        str(entry.get(key, "")).strip(): str(entry.get("Status") or "")
        for entry in _entries(f"{table}/{periods.format(period=settings.period)}", {}, settings, client)
    }
    address = f"{table}/{figures}"
    found = [
        Row(entry, _marks(status.get(str(entry.get(settings.period, "")).strip(), "")))
        for entry in _entries(address, _query(settings), settings, client)
    ]
    return found, address


def _query(settings: Refresh) -> dict[str, str]:
    """The filters in OData's words; a quote within a code is doubled."""
    conditions = [
        "{} eq '{}'".format(name, code.replace("'", "''")) for name, code in settings.filters.items()
    ]
    return {"$filter": " and ".join(conditions)} if conditions else {}


def _entries(
    address: str, query: Mapping[str, str], settings: Refresh, client: Client
) -> Iterator[Mapping[str, object]]:
    """Entries of a table, over its pages."""
    link = _NAMES[settings.connector][1]
    asked = dict(query) | ({"$format": "json"} if settings.connector == "cbs-odata3" else {})
    seen: set[str] = set()
    here, size = address, 0
    while True:
        answer = client.get(here, "json", asked)
        size += len(answer.content)
        document = read_json(answer)
        entries = document.get("value")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise SourceError(f"{address}: not OData: it has no list 'value'", advice="compare the table id")
        yield from entries
        there = document.get(link)
        if there is None:
            return
        seen.add(here)
        here, asked = _next(str(there), here, seen), {}
        if len(seen) >= client.limits.pages or size > client.limits.size:
            raise SourceError(f"{address}: does not end after {len(seen)} pages", advice="name more filters")


def _next(there: str, here: str, seen: set[str]) -> str:
    """The address of the next page: on the same host, and not one that was read."""
    same = urlsplit(there)[:2] == urlsplit(here)[:2] and is_address(there)
    if not same or there in seen:
        where = (
            "a page that was read already" if same else f"{urlsplit(there).hostname or there}, another host"
        )
        raise SourceError(f"{here.partition('?')[0]}: its next page is {where}")
    return there


def _marks(status: str) -> frozenset[str]:
    """CBS has final, provisional and revised provisional periods, in Dutch or English."""
    provisional = any(word in status.casefold() for word in ("voorlopig", "provisional"))
    return frozenset({PROVISIONAL} if provisional else ())
