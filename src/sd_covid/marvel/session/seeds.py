"""Seed questions of a diagram: ``seeds.csv`` beside its tables, for the leader of the session only."""

from __future__ import annotations

from pathlib import Path

from sd_covid.data.text import Text
from sd_covid.marvel.faults import fault
from sd_covid.marvel.session.answers import SeedQuestion
from sd_covid.model.names import key
from sd_covid.policy.files.tables import read_csv
from sd_covid.study_folder import is_there

FILE = "seeds.csv"
COLUMNS = ("id", "question_nl", "question_en", "unit_nl", "unit_en", "truth", "scale", "source")
SCALES = ("uniform", "log")


def seeds_beside(diagram: Path) -> Path | None:
    """The seed questions of a diagram in a folder; None when it has none."""
    file = diagram / FILE
    return file if is_there(file) else None


def read_seeds(file: Path | None, language: str = "en") -> tuple[SeedQuestion, ...]:
    """Read seed questions with their answers.

    Parameters
    ----------
    file : Path or None
        A CSV file with the columns of `COLUMNS`; None for no questions.
    language : {'nl', 'en'}
        Of what is said when something is wrong.

    Raises
    ------
    DiagramError, ScenarioError
        An id twice, an answer that is no number, a scale that is none, a question without source.
    """
    if file is None:
        return ()
    found: dict[str, SeedQuestion] = {}
    for row in read_csv(file, "seeds", language).rows("seeds", COLUMNS):
        for column in ("id", "question_nl", "question_en", "source"):
            if row[column].empty:
                raise fault("empty", language, at=row[column])
        name = row["id"].text
        if key(name) in found:
            raise fault("twice", language, {"name": name}, at=row["id"])
        scale = "uniform" if row["scale"].empty else row["scale"].choice(SCALES, "scale")
        truth = row["truth"].number()
        if scale == "log" and truth <= 0:
            raise fault("session.positive", language, {"found": row["truth"].text}, at=row["truth"])
        found[key(name)] = SeedQuestion(
            name,
            Text(row["question_nl"].text, row["question_en"].text),
            Text(row["unit_nl"].text, row["unit_en"].text),
            truth,
            scale == "log",
            row["source"].text,
        )
    return tuple(found.values())
