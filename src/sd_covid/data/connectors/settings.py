"""The key ``refresh:`` of a series in the registry: where its figures are published, and how to read them there.

In goes the YAML node; out comes a `Refresh`, or a fault with its line. Nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

import pandas as pd

from sd_covid.data.connectors.spelling import SPELLINGS, Spelling
from sd_covid.data.keyed_yaml import Node
from sd_covid.data.periods import Frequency, parse_period
from sd_covid.errors import DataError

Connector = Literal["cbs-odata4", "cbs-odata3", "eurostat", "csv", "xlsx", "oxcgrt"]
CONNECTORS: tuple[Connector, ...] = get_args(Connector)

# The keys that each connector asks for, and those it may have, beside the ones of all.
_OWN: dict[Connector, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cbs-odata4": (("table", "filters"), ("address", "period")),
    "cbs-odata3": (("table", "filters", "value"), ("address", "period")),
    "eurostat": (("table", "filters"), ("address",)),
    "csv": (("address", "period", "value"), ("filters", "periods", "separator", "decimal_comma")),
    "xlsx": (("address", "sheet", "period", "value"), ("filters", "periods", "header")),
    "oxcgrt": (("address", "filters", "decimals"), ()),
}
_REQUIRED = ("connector", "largest_revision")
_OPTIONAL = ("scale", "decimals", "since")

_ADDRESS: dict[Connector, str] = {
    "cbs-odata4": "https://datasets.cbs.nl/odata/v1/CBS",
    # The feed gives long tables in pages; its neighbour ODataApi refuses them.
    "cbs-odata3": "https://opendata.cbs.nl/ODataFeed/odata",
    "eurostat": "https://ec.europa.eu/eurostat/api/dissemination/statistics/1.0/data",
}
_VALUE: dict[Connector, str] = {"cbs-odata4": "Value", "eurostat": "value", "oxcgrt": "mean"}
_PERIOD: dict[Connector, str] = {
    "cbs-odata4": "Perioden",
    "cbs-odata3": "Perioden",
    "eurostat": "time",
    "oxcgrt": "month",
}
_SPELLING: dict[Connector, Spelling] = {
    "cbs-odata4": "cbs",
    "cbs-odata3": "cbs",
    "eurostat": "eurostat",
    "oxcgrt": "series",
}
_MOST_DECIMALS = 9
_LARGEST_POWER = 18  # of ten: no published unit is further from another
_FILES: tuple[Connector, ...] = ("csv", "xlsx", "oxcgrt")


@dataclass(frozen=True, slots=True)
class Refresh:
    """Where the figures of a series are published, and how they are read there.

    Attributes
    ----------
    connector : str
        One of `CONNECTORS`.
    address : str
        Of the service, without the table; of the file itself for ``csv``, ``xlsx`` and ``oxcgrt``: an address, or a
        path from the folder of the registry.
    table : str
        Id of the table at the service; name of the sheet in a workbook.
    filters : dict
        Column or dimension -> the code that a row must have.
    period, value : str
        Columns of the period and of the figure.
    spelling : {'cbs', 'eurostat', 'series'}
        How the source spells periods.
    periods : dict
        Spelling at the source -> period, where no rule gives it.
    scale : decimal.Decimal
        What a figure of the source is multiplied by to be in the unit of the series.
    decimals : int or None
        To which figures are rounded after scaling; None leaves them as printed.
    largest_revision : decimal.Decimal
        Largest change of a stored figure that is written without being accepted; in the unit of the series.
    since : pandas.Period or None
        First period that is taken.
    separator : str
        Between the columns of a CSV file.
    decimal_comma : bool
    header : int
        Row of a workbook that holds the names of the columns, from 1.
    """

    connector: Connector
    address: str
    largest_revision: Decimal
    table: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    period: str = ""
    value: str = ""
    spelling: Spelling = "series"
    periods: Mapping[str, pd.Period] = field(default_factory=dict)
    scale: Decimal = Decimal(1)
    decimals: int | None = None
    since: pd.Period | None = None
    separator: str = ","
    decimal_comma: bool = False
    header: int = 1

    @property
    def is_file(self) -> bool:
        """Whether the address is that of one file."""
        return self.connector in _FILES

    @property
    def title(self) -> str:
        """Publisher and table, or the name of the file."""
        if self.is_file:
            return self.address.rstrip("/").rpartition("/")[2]
        if self.address == _ADDRESS[self.connector]:
            return f"{'Eurostat' if self.connector == 'eurostat' else 'CBS StatLine'} {self.table}"
        return f"{urlsplit(self.address).hostname or Path(self.address).name} {self.table}"


def read_refresh(node: Node, frequency: Frequency) -> Refresh:
    """Read the settings of one series.

    Parameters
    ----------
    node : Node
        The value of ``refresh:``.
    frequency : str
        Of the series.

    Returns
    -------
    Refresh

    Raises
    ------
    DataError
        An unknown or missing key, connector or spelling; an address that is not ``https``; a number that is none.
    """
    found = dict(node.entries())
    if "connector" not in found:
        raise node.error(
            "the key 'connector' is missing", f"add 'connector:', one of {', '.join(CONNECTORS)}"
        )
    connector = cast(Connector, found["connector"].choice(CONNECTORS))
    keys = _known(node, connector, frequency)
    spelling, periods = _periods(keys, frequency, _SPELLING.get(connector, "series"))
    return Refresh(
        connector=connector,
        address=_address(keys, connector),
        largest_revision=_number(keys["largest_revision"], least=Decimal(0)),
        table=_optional(keys, "sheet" if connector == "xlsx" else "table"),
        filters=_filters(keys["filters"]) if "filters" in keys else {},
        period=_optional(keys, "period", _PERIOD.get(connector, "")),
        value=_optional(keys, "value", _VALUE.get(connector, "")),
        spelling=spelling,
        periods=periods,
        scale=_scale(keys),
        decimals=_decimals(keys),
        since=_period(keys["since"], frequency) if "since" in keys else None,
        separator=_separator(keys),
        decimal_comma="decimal_comma" in keys and keys["decimal_comma"].flag(),
        header=_header(keys),
    )


def _known(node: Node, connector: Connector, frequency: Frequency) -> dict[str, Node]:
    """The keys, all of which the connector knows."""
    required, optional = _OWN[connector]
    others = [name for name in (*optional, *_OPTIONAL) if name not in required]
    keys = node.fields([*_REQUIRED, *required], others)
    if connector == "oxcgrt" and frequency != "month":
        reason = f"'oxcgrt' gives means of months, the series is by {frequency}"
        raise keys["connector"].error(reason, "use 'csv' for another file")
    return keys


def _optional(keys: Mapping[str, Node], name: str, default: str = "") -> str:
    return keys[name].text() if name in keys else default


def _address(keys: Mapping[str, Node], connector: Connector) -> str:
    """The address, which is safe to open, or a path."""
    if "address" not in keys:
        return _ADDRESS[connector]
    address = keys["address"].text().rstrip("/")
    scheme = urlsplit(address).scheme
    if scheme == "https" or (scheme == "" and connector in _FILES):
        return address
    advice = "write an address that begins with https://"
    raise keys["address"].error(
        f"'{address}' is not an https address", advice + (", or a path" if connector in _FILES else "")
    )


def _filters(node: Node) -> dict[str, str]:
    """Codes as they are written: OData 3 of CBS asks for the blanks with which it pads them."""
    return {name: value.text() for name, value in node.entries()}


def _periods(
    keys: Mapping[str, Node], frequency: Frequency, default: Spelling
) -> tuple[Spelling, dict[str, pd.Period]]:
    """How periods are spelled: a known way, or each by itself."""
    if "periods" not in keys:
        return default, {}
    node = keys["periods"]
    if node.is_mapping:
        return default, {name: _period(value, frequency) for name, value in node.entries()}
    return cast(Spelling, node.choice(SPELLINGS)), {}


def _period(node: Node, frequency: Frequency) -> pd.Period:
    try:
        return parse_period(node.text(), frequency)
    except DataError as error:
        raise node.error(error.reason, error.advice or "") from error


def _scale(keys: Mapping[str, Node]) -> Decimal:
    if "scale" not in keys:
        return Decimal(1)
    scale = _number(keys["scale"])
    if scale == 0:
        raise keys["scale"].error("a scale of 0 makes every figure 0", "write what a figure is multiplied by")
    return scale


def _decimals(keys: Mapping[str, Node]) -> int | None:
    decimals = keys["decimals"].whole() if "decimals" in keys else None
    if decimals is not None and decimals > _MOST_DECIMALS:
        raise keys["decimals"].error(f"{decimals} decimals are too many", f"write {_MOST_DECIMALS} or less")
    return decimals


def _number(node: Node, least: Decimal | None = None) -> Decimal:
    """A decimal number, exactly as written."""
    text = node.text()
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > _LARGEST_POWER or "_" in text or not text.isascii():
        raise node.error(f"'{text}' is not a number", "write a number such as 0.001")
    if least is not None and value < least:
        raise node.error(f"{text} is less than {least}", f"write {least} or more")
    return value


def _separator(keys: Mapping[str, Node]) -> str:
    if "separator" not in keys:
        return ","
    names = {"comma": ",", "semicolon": ";", "tab": "\t"}
    return names[keys["separator"].choice(names)]


def _header(keys: Mapping[str, Node]) -> int:
    row = keys["header"].whole() if "header" in keys else 1
    if not row:
        raise keys["header"].error("rows are counted from 1", "write the row with the names of the columns")
    return row
