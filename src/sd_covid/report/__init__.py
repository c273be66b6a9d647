"""The report that a ministry reads: one HTML file in Dutch or English, with charts, tables and words chosen by rule."""

from sd_covid.report.glossary import Glossary, read_glossary
from sd_covid.report.inputs import Background
from sd_covid.report.observed import ObservedSeries, observed_series
from sd_covid.report.page import write_report
from sd_covid.report.texts import LANGUAGES

__all__ = [
    "LANGUAGES",
    "Background",
    "Glossary",
    "ObservedSeries",
    "observed_series",
    "read_glossary",
    "write_report",
]
