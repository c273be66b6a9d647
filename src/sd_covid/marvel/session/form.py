"""The form that a participant fills in: a workbook with lists to choose from, or one table.

In go a diagram and seed questions; out come sheets. The printable form is made by `sd_covid.report.session.form`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.text import Text
from sd_covid.marvel.diagram import Diagram, Link, Range
from sd_covid.marvel.faults import fault, nearest
from sd_covid.marvel.session.answers import SeedQuestion
from sd_covid.marvel.session.words import COLUMNS, FLAT, SIGNS, class_word, classes_of, theme_word, word
from sd_covid.model.names import key
from sd_covid.policy.files.sheets import Row, Sheet, write_workbook


@dataclass(frozen=True, slots=True)
class Blank:
    """A form that is still empty.

    Attributes
    ----------
    diagram : Diagram
    links : tuple of Link
        Those that are asked about, by the theme of the effect; so they are numbered, on paper too.
    questions : tuple of SeedQuestion
    language : {'nl', 'en'}
    """

    diagram: Diagram
    links: tuple[Link, ...]
    questions: tuple[SeedQuestion, ...]
    language: str

    def asked(self, link: Link) -> str:
        """The question about a link, in a sentence."""
        labels = {key(item.id): item.label for item in self.diagram.variables}
        return word(
            "question.link",
            self.language,
            src=labels[key(link.src)].in_language(self.language),
            dst=lowered(labels[key(link.dst)], self.language),
        )

    def choices(self, column: str) -> tuple[str, ...]:
        """What can be chosen in a column."""
        if column == "sign":
            return tuple(word(f"answer.{name}", self.language) for name in SIGNS)
        found = classes_of(self.diagram.classes, column)
        return tuple(class_word(column, item, self.language) for item in found)

    def explained(self) -> list[tuple[str, str]]:
        """Topics and their explanation, for who fills it in."""
        language = self.language
        answers = self.choices("sign")
        values = {
            "session": {"diagram": self.diagram.name},
            "sign": {"answers": listed(answers, language), "unknown": answers[-1]},
            "strength": {"classes": self._classes("strength")},
            "speed": {"classes": self._classes("speed")},
            "confidence": {},
            **({"seeds": {}} if self.questions else {}),
        }
        return [
            (word(f"topic.{name}", language), word(f"topic.{name}.text", language, **told))
            for name, told in values.items()
        ]

    def _classes(self, kind: str) -> str:
        told = [
            word(
                f"class.{kind}",
                self.language,
                **{"class": class_word(kind, item, self.language), "value": self._value(kind, item)},
            )
            for item in classes_of(self.diagram.classes, kind)
        ]
        return "; ".join(told)

    def _value(self, kind: str, item: Range) -> str:
        if kind == "strength":
            return number(item.value, self.language)
        unit, value = ("years", item.value) if item.value >= 2 else ("months", 12 * item.value)
        return word(unit, self.language, value=number(value, self.language))


def blank_form(
    diagram: Diagram, questions: Sequence[SeedQuestion], language: str, themes: Collection[str] = ()
) -> Blank:
    """An empty form about a diagram.

    Parameters
    ----------
    diagram : Diagram
    questions : sequence of SeedQuestion
    language : {'nl', 'en'}
    themes : collection of str
        Only links into variables of these themes; all by default.

    Raises
    ------
    DiagramError
        A theme that the diagram does not have, with the nearest.
    """
    known = {item.theme for item in diagram.variables if item.theme}
    spelled = {key(name): theme for theme in known for name in (theme, theme_word(theme, language))}
    for theme in themes:
        if key(theme) not in spelled:
            names = sorted(theme_word(item, language) for item in known)
            raise fault("session.theme", language, {"name": theme, "advice": nearest(theme, names, language)})
    wanted = {key(spelled[key(theme)]) for theme in themes} or None
    of_variable = {key(item.id): key(item.theme) for item in diagram.variables}
    asked = [link for link in diagram.links if wanted is None or of_variable[key(link.dst)] in wanted]
    order = list(dict.fromkeys(of_variable[key(link.dst)] for link in asked))
    links = tuple(sorted(asked, key=lambda link: order.index(of_variable[key(link.dst)])))
    if not links:
        raise fault("session.empty", language, file=diagram.path)
    return Blank(diagram, links, tuple(questions), language)


def write_form(blank: Blank, path: Path) -> None:
    """Write an empty form as a workbook, or as one table in a CSV file.

    Parameters
    ----------
    blank : Blank
    path : Path
        A ``.xlsx`` or ``.csv``.
    """
    if path.suffix.lower() == ".xlsx":
        write_workbook(_sheets(blank), path)
        return
    header = [word(f"column.{name}", blank.language) for name in FLAT]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        # As a spreadsheet of the language opens it: in Dutch with semicolons.
        writer = csv.writer(file, delimiter=";" if blank.language == "nl" else ",")
        writer.writerow(header)
        writer.writerows(
            [row.get(name, "") for name in FLAT] for row in (*_link_rows(blank), *_seed_rows(blank))
        )


def _sheets(blank: Blank) -> list[Sheet]:
    language = blank.language
    rows: dict[str, list[Row]] = {
        "participant": [{"participant": None}],
        "links": _link_rows(blank),
        **({"seeds": _seed_rows(blank)} if blank.questions else {}),
    }
    explained = tuple(
        {word("column.topic", language): topic, word("column.text", language): text}
        for topic, text in blank.explained()
    )
    made = [
        Sheet(
            word("sheet.read", language),
            (word("column.topic", language), word("column.text", language)),
            explained,
        )
    ]
    for name, content in rows.items():
        titles = {column: word(f"column.{column}", language) for column in COLUMNS[name]}
        made.append(
            Sheet(
                word(f"sheet.{name}", language),
                tuple(titles.values()),
                tuple({titles[column]: value for column, value in row.items()} for row in content),
                choices={
                    titles[column]: blank.choices(column)
                    for column in ("sign", "strength", "speed", "confidence")
                    if column in titles
                },
                hidden=tuple(titles[column] for column in ("src", "dst", "seed") if column in titles),
            )
        )
    return made


def _link_rows(blank: Blank) -> list[Row]:
    return [
        {"question": f"{number}. {blank.asked(link)}", "src": link.src, "dst": link.dst}
        for number, link in enumerate(blank.links, start=1)
    ]


def _seed_rows(blank: Blank) -> list[Row]:
    return [
        {
            "question": item.text.in_language(blank.language),
            "unit": item.unit.in_language(blank.language),
            "seed": item.id,
        }
        for item in blank.questions
    ]


def lowered(label: Text, language: str) -> str:
    """A label within a sentence: its first letter small, unless it begins an abbreviation."""
    told = label.in_language(language)
    return told[:1].lower() + told[1:] if told[1:2].islower() else told


def number(value: float, language: str) -> str:
    """A number in the spelling of a language."""
    return f"{value:g}".replace(".", "," if language == "nl" else ".")


def listed(names: Sequence[str], language: str) -> str:
    """``a, b or c``, each between quotes."""
    quoted = [f"'{name}'" for name in names]
    return word("or", language).join([", ".join(quoted[:-1]), quoted[-1]])
