"""The words of the pages that are not the model's own, in Dutch and English, from ``texts.yaml`` beside this file."""

from __future__ import annotations

from sd_covid.data.text import texts_in
from sd_covid.document.readable import Words
from sd_covid.report.words import texts as report_texts
from sd_covid.report.words.texts import LANGUAGES

__all__ = ["LANGUAGES", "Texts", "plain_number"]


class Texts(report_texts.Texts):
    """The texts of the pages in one language.

    Parameters
    ----------
    language : {'nl', 'en'}

    Raises
    ------
    UnknownNameError
        Another language.
    """

    def __init__(self, language: str) -> None:
        super().__init__(language, texts_in("sd_covid.document", "texts.yaml"))

    def words(self) -> Words:
        """The words of equations."""
        return Words(
            if_=self("equation.if"),
            otherwise=self("equation.otherwise"),
            and_=self("equation.and"),
            or_=self("equation.or"),
            not_=self("equation.not"),
            start=self("equation.start"),
            own=self("equation.own", name="{name}"),
            column=self("equation.column", column="{column}", file="{file}"),
            missing=self("equation.missing"),
        )


def plain_number(value: float) -> str:
    """A number of four digits, without a power of ten where it can do without."""
    if value == 0 or not abs(value) < float("inf"):
        return f"{value + 0.0:g}"
    if 1e-4 <= abs(value) < 1e7:
        text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")
