"""The form of a session on paper: a page to print, with boxes to tick."""

from __future__ import annotations

from sd_covid.marvel.session.form import Blank
from sd_covid.marvel.session.words import theme_word, word
from sd_covid.model.names import key
from sd_covid.report.markup import render
from sd_covid.report.words.texts import Texts

_COLUMNS = ("sign", "strength", "speed", "confidence")


def printable(blank: Blank) -> str:
    """A form as a page that needs nothing else, on A4 in landscape, its questions by theme of the effect.

    Parameters
    ----------
    blank : Blank

    Returns
    -------
    str
    """
    language = blank.language
    themes: dict[str, list[tuple[int, str]]] = {}
    of_variable = {key(item.id): item.theme for item in blank.diagram.variables}
    for number, link in enumerate(blank.links, start=1):
        themes.setdefault(of_variable[key(link.dst)], []).append((number, blank.asked(link)))
    content = {
        "language": language,
        "title": word("title", language),
        "w": lambda name: word(name, language),
        "explained": blank.explained(),
        "columns": [(name, blank.choices(name)) for name in _COLUMNS],
        "themes": [(theme_word(name, language), rows) for name, rows in themes.items()],
        "seeds": [
            {"question": item.text.in_language(language), "unit": item.unit.in_language(language)}
            for item in blank.questions
        ],
    }
    return render("session/form.html.j2", ("session/form.css",), Texts(language), content)
