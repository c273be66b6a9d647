"""The figures of a series at its source, by whatever protocol that speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sd_covid.data.connectors import jsonstat, odata, tables
from sd_covid.data.connectors.client import Client
from sd_covid.data.connectors.rows import Observation, Row, observations
from sd_covid.data.connectors.settings import Connector, Refresh
from sd_covid.data.periods import Frequency

_READERS: dict[Connector, Callable[[Refresh, Client], tuple[list[Row], str]]] = {
    "cbs-odata4": odata.rows,
    "cbs-odata3": odata.rows,
    "eurostat": jsonstat.rows,
    "csv": tables.csv_rows,
    "xlsx": tables.sheet_rows,
    "oxcgrt": tables.day_rows,
}


def observe(settings: Refresh, frequency: Frequency, client: Client) -> tuple[list[Observation], str]:
    """Figures of a series at its source, in order of time, and the address they come from.

    Parameters
    ----------
    settings : Refresh
    frequency : str
        Of the series.
    client : Client

    Raises
    ------
    SourceError
        When the source is out of reach, or gives something else than these settings describe.
    """
    rows, address = _READERS[settings.connector](settings, client)
    return observations(rows, settings, frequency, address.partition("?")[0]), address


def at(settings: Refresh, place: str) -> Refresh:
    """Settings with a copy in place of the source.

    Parameters
    ----------
    settings : Refresh
    place : str
        Address or folder: of the service, in which a table has its name (``PLACE/une_rt_m``; of a folder,
        ``PLACE/une_rt_m.json``), or with a file under its own name.
    """
    place = place.rstrip("/")
    if settings.is_file:
        return replace(settings, address=f"{place}/{settings.address.rpartition('/')[2]}")
    return replace(settings, address=place)
