"""A text in the two languages of the project, as its YAML files hold it: ``{nl: …, en: …}``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Dutch and in English."""

    nl: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The text in ``nl`` or ``en``."""
        return self.nl if language == "nl" else self.en


def told(package: str, file: str, name: str, language: str, /, **values: object) -> str:
    """A text of a package's file in one language, its braces filled."""
    return texts_in(package, file)[name].in_language(language).format_map(values)


@cache
def texts_in(package: str, *names: str) -> dict[str, Text]:
    """Every text of some files of a package, by its key."""
    from sd_covid.data.keyed_yaml import read_yaml

    found: dict[str, Text] = {}
    for name in names:
        with resources.as_file(resources.files(package) / name) as file:
            for entry, node in read_yaml(Path(file)).entries():
                parts = node.fields(("nl", "en"))
                found[entry] = Text(parts["nl"].text(), parts["en"].text())
    return found
