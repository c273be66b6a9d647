"""Forms of a session that never was: twelve participants who know a truth more or less, and one of them not at all.

Eleven choose the true class of a link, or one beside it, and know by how much they may err on the seed questions. The
rogue says the opposite of every link with high confidence, and is far off on the seed questions with narrow margins.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sd_covid.marvel.diagram import Diagram, Link
from sd_covid.marvel.session.answers import Ends, SeedQuestion, ends_of
from sd_covid.marvel.session.form import blank_form, write_form
from sd_covid.marvel.session.words import class_word, classes_of, word

PARTICIPANTS = 12
ROGUE = "rogue"
_RIGHT = 0.7  # probability of the true class, the rest beside it
_SPREAD = 0.25  # standard deviation of the logarithm of an answer to a seed question


def write_forms(
    folder: Path,
    diagram: Diagram,
    questions: Sequence[SeedQuestion],
    truth: Mapping[Ends, tuple[int, str, str]],
    seed: int = 0,
    language: str = "nl",
) -> list[Path]:
    """Write twelve filled-in workbooks; the last is of the rogue.

    Parameters
    ----------
    folder : Path
        Made when missing.
    diagram : Diagram
    questions : sequence of SeedQuestion
    truth : mapping
        Ends of a link -> sign, class of strength, class of speed; other links stay open.
    seed : int
    language : {'nl', 'en'}
    """
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder, _Expert(number, diagram, questions, truth, random, language))
        for number in range(PARTICIPANTS)
    ]


class _Expert:
    """One participant."""

    def __init__(
        self,
        number: int,
        diagram: Diagram,
        questions: Sequence[SeedQuestion],
        truth: Mapping[Ends, tuple[int, str, str]],
        random: np.random.Generator,
        language: str,
    ) -> None:
        self.rogue = number == PARTICIPANTS - 1
        self.name = ROGUE if self.rogue else f"d{number + 1:02d}"
        self.blank = blank_form(diagram, questions, language)
        self._truth, self._random, self._language = truth, random, language

    def answer(self, link: Link) -> dict[str, str]:
        """What is filled in about a link."""
        if ends_of(link) not in self._truth:
            return {}
        sign, strength, speed = self._truth[ends_of(link)]
        sign = -sign if self.rogue else sign
        return {
            "sign": word("answer.more" if sign > 0 else "answer.less", self._language),
            "strength": self._near("strength", strength),
            "speed": self._near("speed", speed),
            "confidence": class_word(
                "confidence",
                self.blank.diagram.classes.confidence["high" if self.rogue else "average"],
                self._language,
            ),
        }

    def _near(self, kind: str, name: str) -> str:
        """The true class, or the one before or after it."""
        known = sorted(classes_of(self.blank.diagram.classes, kind), key=lambda item: item.value)
        place = [item.label for item in known].index(name)
        step = 0 if self._random.random() < _RIGHT else self._random.choice([-1, 1])
        return class_word(kind, known[int(np.clip(place + step, 0, len(known) - 1))], self._language)

    def quantiles(self, question: SeedQuestion) -> tuple[float, float, float]:
        """5, 50 and 95 % of the answer to a seed question."""
        error = 0.9 if self.rogue else self._random.normal(0, _SPREAD)
        known = 0.03 if self.rogue else _SPREAD
        middle = question.truth * np.exp(error)
        low, high = (middle * np.exp(side * 1.645 * known) for side in (-1, 1))
        return float(low), float(middle), float(high)


def _write(folder: Path, expert: _Expert) -> Path:
    """Fill in a blank workbook as a person would, sheet by sheet."""
    from openpyxl import load_workbook

    path = folder / f"{expert.name}.xlsx"
    write_form(expert.blank, path)
    book = load_workbook(path)
    language = expert.blank.language
    sheets = {name: book[word(f"sheet.{name}", language)] for name in ("participant", "links", "seeds")}
    sheets["participant"].cell(2, 1).value = expert.name
    links = sheets["links"]
    columns = {cell.value: cell.column for cell in links[1]}
    for row, link in enumerate(expert.blank.links, start=2):
        for name, value in expert.answer(link).items():
            links.cell(row, columns[word(f"column.{name}", language)]).value = value
    for row, question in enumerate(expert.blank.questions, start=2):
        for column, value in zip((3, 4, 5), expert.quantiles(question), strict=True):
            sheets["seeds"].cell(row, column).value = round(value, 6)
    book.save(path)
    return path


def one_table(path: Path, rows: Sequence[Mapping[str, str]], language: str = "en") -> Path:
    """Write rows of a form in one table, columns by their names in ``words.yaml``."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";" if language == "nl" else ",")
        writer.writerow([word(f"column.{name}", language) for name in names])
        writer.writerows([row.get(name, "") for name in names] for row in rows)
    return path
