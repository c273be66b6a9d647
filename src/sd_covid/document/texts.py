"""The words of the pages that are not the model's own, in Dutch and English, from ``texts.yaml`` beside this file."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.data.text import Text
from sd_covid.document.readable import Words
from sd_covid.errors import UnknownNameError, suggest

LANGUAGES = ("nl", "en")


@lru_cache(maxsize=1)
def _all() -> dict[str, Text]:
    with resources.as_file(resources.files("sd_covid.document") / "texts.yaml") as file:
        found = {}
        for name, node in read_yaml(Path(file)).entries():
            parts = node.fields(LANGUAGES)
            found[name] = Text(parts["nl"].text(), parts["en"].text())
    return found


class Texts:
    """The texts in one language.

    Parameters
    ----------
    language : {'nl', 'en'}

    Raises
    ------
    UnknownNameError
        Another language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UnknownNameError(f"no pages in '{language}'", advice="use nl or en", variable="language")
        self.language = language
        self._texts = _all()

    def __call__(self, name: str, /, **values: str | int) -> str:
        """The text under a key, its braces filled."""
        if name not in self._texts:
            raise UnknownNameError(f"no text '{name}'", advice=suggest(name, self._texts), variable=name)
        return self._texts[name].in_language(self.language).format_map(values)

    def of(self, text: Text) -> str:
        """A text of the study in this language."""
        return text.in_language(self.language)

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
