"""The published figures of a study: a registry of series, each with its unit, method, breaks and source.

Figures come in from ``calibration/series``; calibration, the report and ``sd-covid data status`` take series by id.
"""

from sd_covid.data.coverage import Coverage, StatusRow, Use, coverage, following, release_day, status
from sd_covid.data.description import Break, Comparison, Kind, Licence, Publisher
from sd_covid.data.monitor import Addition, prepare
from sd_covid.data.periods import (
    FREQUENCIES,
    ORIGIN,
    Frequency,
    format_period,
    last_month,
    model_time,
    parse_period,
    periods_between,
)
from sd_covid.data.registry import Registry, Series, read_registry
from sd_covid.data.text import Text

__all__ = [
    "FREQUENCIES",
    "ORIGIN",
    "Addition",
    "Break",
    "Comparison",
    "Coverage",
    "Frequency",
    "Kind",
    "Licence",
    "Publisher",
    "Registry",
    "Series",
    "StatusRow",
    "Text",
    "Use",
    "coverage",
    "following",
    "format_period",
    "last_month",
    "model_time",
    "parse_period",
    "periods_between",
    "prepare",
    "read_registry",
    "release_day",
    "status",
]
