"""The model passport in words: a page in Dutch or English, data for programs, and one line a test for a terminal.

In goes a `Passport`; out come texts. What the lights mean is decided in `sd_covid.analysis.passport`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sd_covid.analysis.passport.light import Light, Passport, Row, Said, Table, Value, plain
from sd_covid.data.text import Text
from sd_covid.report.markup import write_page
from sd_covid.report.words.texts import LANGUAGES, Texts
from sd_covid.report.words.wording import Numbers

_NAMED = 5  # of what failed, in a sentence
_OPEN = 25  # rows of a table that is shown without asking
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def write_passport(passport: Passport, path: str | Path, language: str, command: str = "") -> Path:
    """Write a passport as one HTML file that needs nothing else.

    Parameters
    ----------
    passport : Passport
    path : path
    language : {'nl', 'en'}
    command : str
        How to make it again.

    Returns
    -------
    Path

    Raises
    ------
    UnknownNameError
        Another language.
    """
    words = Words(Texts(language))
    styles = ("report.css", "lights.css", "passport/page.css")
    return write_page(path, "passport/page.html.j2", styles, words.texts, _content(passport, words, command))


def passport_data(passport: Passport) -> dict[str, Any]:
    """A passport in types that JSON knows, its sentences in both languages."""
    words = {language: Words(Texts(language)) for language in LANGUAGES}
    return {
        "model": passport.model,
        "provenance": {name: plain(value) for name, value in passport.provenance.items()},
        "lights": dict(Counter(str(row.light) for row in passport.rows)),
        "tests": [
            {
                "test": row.test,
                "light": str(row.light),
                "failed": list(row.failed),
                "said": {language: those.sentences(row) for language, those in words.items()},
                "values": [{"key": s.key, **{n: plain(v) for n, v in s.values.items()}} for s in row.said],
                "tables": {
                    table.key: [
                        {c: plain(v) for c, v in zip(table.columns, line, strict=True)} for line in table.rows
                    ]
                    for table in row.tables
                },
            }
            for row in passport.rows
        ],
    }


def lines(passport: Passport, language: str = "en") -> list[tuple[str, str, str]]:
    """For each test its light, its name and what was found, for a terminal."""
    words = Words(Texts(language))
    return [
        (words.texts(f"light.{row.light}"), words.texts(f"test.{row.test}"), " ".join(words.sentences(row)))
        for row in passport.rows
    ]


def table_texts(table: Table, language: str = "en") -> tuple[str, list[str], list[list[str]]]:
    """The caption, headers and cells of a table, for a terminal."""
    words = Words(Texts(language))
    headers = [words.column(name) for name in table.columns]
    cells = [
        [words.value(value, name) for name, value in zip(table.columns, line, strict=True)]
        for line in table.rows
    ]
    return words.texts(f"table.{table.key}"), headers, cells


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a passport, in one language.

    Attributes
    ----------
    texts : Texts
    """

    texts: Texts

    def sentences(self, row: Row) -> list[str]:
        """What was found by a test."""
        return [self.sentence(said) for said in row.said]

    def sentence(self, said: Said) -> str:
        """One sentence, its braces filled."""
        return self.texts(
            f"said.{said.key}", **{name: self.value(value, name) for name, value in said.values.items()}
        )

    def value(self, value: Value, name: str = "") -> str:
        """A value as it is read: a share in percent where it says so, a small number by its power of ten."""
        if value is None:
            return "–"
        if isinstance(value, Text):
            return self.texts.of(value)
        if isinstance(value, date):
            return self.texts("when.month", time=self.texts.month(value))
        if name == "when":
            return self.texts("when.time", time=self.number(float(value)))
        if isinstance(value, str):
            entry = f"cell.{value}"
            return self.texts(entry) if self.texts.has(entry) else value
        if isinstance(value, bool | int):
            return str(int(value))
        if name == "share" and math.isfinite(value) and abs(value) >= 1e-4:
            return Numbers(self.texts.language).plain(100 * value, 2) + " %"
        return self.number(value)

    def number(self, value: float) -> str:
        """A number to three digits; as a power of ten where zeros would hide it."""
        numbers = Numbers(self.texts.language)
        if value == 0 or not math.isfinite(value) or abs(value) >= 1e-3:
            return numbers.plain(value, 3) if abs(value) < 1000 else numbers.exact(value, 0)
        exponent = math.floor(math.log10(abs(value)))
        return f"{numbers.plain(value / 10**exponent, 2)}·10{str(exponent).translate(_SUPERSCRIPT)}"

    def failed(self, row: Row) -> str:
        """What failed, by name; nothing where nothing did."""
        if not row.failed:
            return ""
        names = [self.value(name) for name in row.failed[:_NAMED]]
        if len(row.failed) > _NAMED:
            names.append(self.texts("passport.more", count=len(row.failed) - _NAMED))
        return self.texts("passport.failed", names=", ".join(names))

    def column(self, key: str) -> str:
        """The header of a column."""
        if key.startswith("gain of "):
            return self.texts("column.gain of", group=self.texts.known("group", key.removeprefix("gain of ")))
        return self.texts(f"column.{key}")


def _content(passport: Passport, words: Words, command: str) -> dict[str, Any]:
    lights = Counter(row.light for row in passport.rows)
    texts = words.texts
    return {
        "language": texts.language,
        "model": passport.model,
        "counts": texts(
            "passport.counts", tests=len(passport.rows), **{str(light): lights[light] for light in Light}
        ),
        "rows": [_row(row, words) for row in passport.rows],
        "made": [
            (texts(f"passport.{name}"), words.value(value)) for name, value in passport.provenance.items()
        ],
        "command": command,
    }


def _row(row: Row, words: Words) -> dict[str, Any]:
    return {
        "id": row.test.replace(" ", "-"),
        "light": str(row.light),
        "word": words.texts(f"light.{row.light}"),
        "title": words.texts(f"test.{row.test}"),
        "about": words.texts(f"about.{row.test}"),
        "said": words.sentences(row),
        "failed": words.failed(row),
        "tables": [_table(table, words) for table in row.tables],
    }


def _table(table: Table, words: Words) -> dict[str, Any]:
    numeric = [
        any(isinstance(line[k], int | float) for line in table.rows) for k in range(len(table.columns))
    ]
    cells = [
        [
            {
                "text": words.value(value, name),
                "kind": "path" if name == "path" else "number" if number else "",
            }
            for name, value, number in zip(table.columns, line, numeric, strict=True)
        ]
        for line in table.rows
    ]
    return {
        "caption": words.texts(f"table.{table.key}"),
        "columns": [
            {"title": words.column(name), "number": number}
            for name, number in zip(table.columns, numeric, strict=True)
        ],
        "rows": cells,
        "open": len(cells) <= _OPEN,
    }
