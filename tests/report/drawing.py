"""What a figure draws, so that two of them can be compared."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable

from matplotlib.figure import Figure
from matplotlib.text import Text

from sd_covid.report.figures.parts import figure_of
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts

#: A point or comma within a number that the language does not put there: all but thousands are marked otherwise.
MISSPELLED = {"nl": r"\d\.(?!\d{3}\b)\d", "en": r"\d,(?!\d{3}\b)\d"}


def saved(figure: Figure) -> str:
    """A figure as text that is the same for the same figure."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def words(figure: Figure) -> list[str]:
    """Every text that is drawn."""
    figure.draw_without_rendering()
    return [item.get_text() for item in figure.findobj(Text) if item.get_visible() and item.get_text()]


def check_public(
    findings: Callable[[Texts], Iterable[Finding]], figures: Callable[[str], Iterable[Figure]]
) -> None:
    """Every figure of the findings is what a public function gives, in both languages, and no function gives another.

    Parameters
    ----------
    findings : callable
        Of texts: the findings of some results.
    figures : callable
        Of a language: the public figures of the same results, in any order.
    """
    for language, misspelled in MISSPELLED.items():
        public = list(figures(language))
        told = [figure_of(item, None) for item in findings(Texts(language)) if item.figure is not None]
        assert told
        # saved before it is drawn otherwise: each drawing moves the layout by a hair
        assert sorted(map(saved, told)) == sorted(map(saved, public))
        drawn = [text for figure in public for text in words(figure)]
        assert [text for text in drawn if re.search(misspelled, text)] == []
