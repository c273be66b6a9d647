"""What people read: pages in Dutch or English, tables, figures, and the offline simulator, with words chosen by rule.

`write_report` is the door to the report of a comparison.
"""

from sd_covid.report.comparison.inputs import Background
from sd_covid.report.comparison.page import write_report
from sd_covid.report.drawing.observed import ObservedSeries, observed_series
from sd_covid.report.words.glossary import Glossary, read_glossary
from sd_covid.report.words.texts import LANGUAGES

__all__ = [
    "LANGUAGES",
    "Background",
    "Glossary",
    "ObservedSeries",
    "observed_series",
    "read_glossary",
    "write_report",
]
