"""The texts of report, passport, validation and updates, in Dutch and English, from the files of `FILES`.

In goes a key and what fills its braces; out comes a sentence in one language. No text stands in a template or in code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

from sd_covid.data.text import Text, texts_in
from sd_covid.errors import UnknownNameError, suggest

Language = Literal["nl", "en"]
FILES = (
    "words/texts.yaml",
    "comparison/value.yaml",
    "finding/texts.yaml",
    "sensitivity/texts.yaml",
    "robust/texts.yaml",
    "optimised/texts.yaml",
    "passport/texts.yaml",
    "validity/texts.yaml",
    "update/texts.yaml",
    "loops/texts.yaml",
    "marvel/texts.yaml",
    "dashboard/texts.yaml",
    "words/figures.yaml",
    "local/texts.yaml",
    "session/texts.yaml",
    "beside/texts.yaml",
)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def all_texts() -> dict[str, Text]:
    """Every text of report and passport, by its key."""
    return texts_in("sd_covid.report", *FILES)


class Texts:
    """The texts in one language.

    Parameters
    ----------
    language : {'nl', 'en'}
    texts : mapping, optional
        By key; those of report and passport by default.

    Raises
    ------
    UnknownNameError
        Another language.
    """

    def __init__(self, language: str, texts: Mapping[str, Text] | None = None) -> None:
        if language not in LANGUAGES:
            raise UnknownNameError(f"no report in '{language}'", advice="use nl or en", variable="language")
        self.language = language
        self._texts = all_texts() if texts is None else texts

    def __call__(self, name: str, /, **values: str | int) -> str:
        """The text under a key, its braces filled.

        Raises
        ------
        UnknownNameError
            A key that there is not.
        """
        if name not in self._texts:
            raise UnknownNameError(f"no text '{name}'", advice=suggest(name, self._texts), variable=name)
        return self._texts[name].in_language(self.language).format_map(values)

    def has(self, name: str) -> bool:
        """Whether there is a text under a key."""
        return name in self._texts

    def under(self, prefix: str) -> dict[str, str]:
        """The texts whose keys begin with a prefix, by the rest of their keys; braces are left to who fills them."""
        found = {name: text for name, text in self._texts.items() if name.startswith(prefix)}
        return {name.removeprefix(prefix): self.of(text) for name, text in found.items()}

    def of(self, text: Text) -> str:
        """A bilingual text of the study in this language."""
        return text.in_language(self.language)

    def unit(self, unit: str) -> str:
        """A unit of the model in words where there are any: ``1/Month`` is ``per month``, ``Dmnl`` is nothing."""
        folded = unit.strip().casefold()
        return "" if folded in ("", "dmnl", "-", "1") else self.known("modelunit", unit)

    def known(self, kind: str, name: str) -> str:
        """A name of the study in words where there are any, under ``<kind>.<name>``; else as it stands."""
        entry = f"{kind}.{name.strip().casefold()}"
        return self(entry) if entry in self._texts else name

    def inside(self, text: Text) -> str:
        """A bilingual title within a sentence: its first letter small, unless it begins an abbreviation or a name."""
        title = self.of(text)
        if title.partition(" ")[0] in self("word.names").split():
            return title
        return title[:1].lower() + title[1:] if title[1:2].islower() else title

    def month(self, day: date) -> str:
        """The month of a day: ``maart 2020``."""
        return f"{self('date.months').split()[day.month - 1]} {day.year}"

    def day(self, day: date) -> str:
        """A day: ``3 maart 2020``."""
        month = self("date.months").split()[day.month - 1]
        return self("date.day", day=day.day, month=month, year=day.year)

    def listed(self, names: list[str]) -> str:
        """Names as a list in a sentence: ``a, b and c``."""
        if len(names) < 2:
            return "".join(names)
        return f"{', '.join(names[:-1])} {self('word.and')} {names[-1]}"
