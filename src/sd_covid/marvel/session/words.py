"""The words of a form in both languages, and what an answer in either of them means."""

from __future__ import annotations

from collections.abc import Mapping

from sd_covid.data.text import Text, texts_in
from sd_covid.marvel.diagram import Classes, Range
from sd_covid.model.names import key

LANGUAGES = ("nl", "en")
SHEETS = ("participant", "links", "seeds")
#: Sheet -> its columns, by their names in ``words.yaml``.
COLUMNS = {
    "participant": ("participant", "expertise", "comment"),
    "links": ("question", "sign", "strength", "speed", "confidence", "comment", "src", "dst"),
    "seeds": ("question", "unit", "q05", "q50", "q95", "comment", "seed"),
}
#: Of a form in one table, in which each row says whose it is.
FLAT = (
    *("participant", "question", "sign", "strength", "speed", "confidence", "unit", "q05", "q50", "q95"),
    *("comment", "src", "dst", "seed"),
)
#: What is answered about a direction -> its sign; None for who does not know.
SIGNS: Mapping[str, int | None] = {"more": 1, "less": -1, "none": 0, "unknown": None}
_SHORT: Mapping[str, int | None] = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1, "0": 0, "?": None}


def words() -> dict[str, Text]:
    """Every text of a form, by its key."""
    return texts_in("sd_covid.marvel.session", "words.yaml")


def word(name: str, language: str, **values: str) -> str:
    """A text of a form in a language, its braces filled."""
    return words()[name].in_language(language).format_map(values)


def class_word(kind: str, item: Range, language: str) -> str:
    """What a form calls a class: in words where it is one of the usual ones, else as the diagram does."""
    entry = f"{kind}.{key(item.label)}"
    return word(entry, language) if entry in words() else item.label


def theme_word(theme: str, language: str) -> str:
    """What a form calls a theme: in words where it is one of the starter diagram, else as the diagram does."""
    entry = f"theme.{key(theme)}"
    return word(entry, language) if entry in words() else theme


def classes_of(classes: Classes, kind: str) -> tuple[Range, ...]:
    """The classes of a kind that a form offers, without that of no effect."""
    known: Mapping[str, Range] = getattr(classes, kind)
    return tuple(item for item in known.values() if item.value > 0)


def class_named(classes: Classes, kind: str, text: str) -> Range | None:
    """The class that an answer means, in either language or as the diagram calls it; None when there is none."""
    for item in classes_of(classes, kind):
        named = {item.label, *(class_word(kind, item, language) for language in LANGUAGES)}
        if key(text) in map(key, named):
            return item
    return None


def sign_meant(text: str) -> tuple[bool, int | None]:
    """Whether an answer about a direction is one, and its sign; None of who does not know."""
    if text in _SHORT:
        return True, _SHORT[text]
    for name, sign in SIGNS.items():
        spelled = {key(word(f"answer.{name}", language)) for language in LANGUAGES}
        if key(text) in spelled:
            return True, sign
    return False, None
