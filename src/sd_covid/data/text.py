"""A text in the two languages of the project, as its YAML files hold it: ``{nl: …, en: …}``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Dutch and in English."""

    nl: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The text in ``nl`` or ``en``."""
        return self.nl if language == "nl" else self.en
