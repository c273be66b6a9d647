"""The record of a passport: its lights with a sentence each, kept with a study so that every report can show them.

In goes a passport that took its time to make; out comes ``calibration/passport.json``, which is read in no time and
knows of which model and tables it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.analysis.passport.light import Light, Passport, Row
from sd_covid.data.text import Text
from sd_covid.errors import DataError, RunError
from sd_covid.files import bytes_of, json_of
from sd_covid.report.passport.page import Words
from sd_covid.report.words.texts import LANGUAGES, Texts
from sd_covid.study_folder import is_there, study_folder

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

#: What a passport rests on beside the equations, below the folder of the study.
TABLES = (
    "models/evidence.csv",
    "models/reference_modes.csv",
    "models/links.csv",
    "models/loops.yaml",
    "models/checks.yaml",
    "scenarios/outputs.yaml",
)
#: Which sentence of several says why a light is amber.
_TELLING = (
    "integration.half",
    "parameters.not swept",
    "extremes.no ranges",
    "extremes.no conditions",
    "loops.idle",
    "links.unexplained",
    "links.partly",
)


@dataclass(frozen=True, slots=True)
class Lit:
    """A test of the passport: its key, its light, and what came of it in a sentence."""

    test: str
    light: Light
    said: Text


@dataclass(frozen=True, slots=True)
class PassportRecord:
    """The lights of a passport, and of what they are.

    Attributes
    ----------
    model, model_hash, tables_hash : str
        The hashes are of the equations with their data, and of the tables beside them.
    rows : tuple of Lit
    """

    model: str
    model_hash: str
    tables_hash: str
    rows: tuple[Lit, ...]

    def is_of(self, simulation: Simulation) -> bool:
        """Whether it was made of this model as it stands now, with the tables beside it."""
        return (self.model_hash, self.tables_hash) == (simulation.fingerprint, tables_hash(simulation))


def record_file(simulation: Simulation) -> Path:
    """Where the record of a study's passport is kept.

    Raises
    ------
    RunError
        When the model belongs to no study with a folder ``calibration``.
    """
    path = simulation.model.path
    folder = None if path is None else study_folder(path) / "calibration"
    if folder is None or not folder.is_dir():
        raise RunError(
            f"{simulation.model.name} is in no study with a folder 'calibration'",
            advice="leave out --save, or keep the passport with --json FILE",
        )
    return folder / "passport.json"


def tables_hash(simulation: Simulation) -> str:
    """Hash of the tables that a passport rests on; one that is not there counts as empty."""
    found = hashlib.sha256()
    folder = record_file(simulation).parent.parent
    for name in TABLES:
        file = folder / name
        # Line ends may differ from one checkout to another.
        text = bytes_of(file).replace(b"\r\n", b"\n") if is_there(file) else b""
        found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()[:16]


def record_of(passport: Passport, simulation: Simulation) -> PassportRecord:
    """The record of a passport that was just made."""
    words = {language: Words(Texts(language)) for language in LANGUAGES}
    rows = tuple(
        Lit(row.test, row.light, Text(**{name: _sentence(row, those) for name, those in words.items()}))
        for row in passport.rows
    )
    return PassportRecord(passport.model, simulation.fingerprint, tables_hash(simulation), rows)


def _sentence(row: Row, words: Words) -> str:
    """What came of a test: what failed, else what makes its light amber, else the first that is said."""
    if row.failed:
        return words.failed(row)
    telling = [said for said in row.said if said.key in _TELLING]
    # Two that rest on one another, as the change at half the step, are told by the first.
    chosen = telling[:1] if row.light is Light.AMBER and telling else row.said[:1]
    return " ".join(words.sentence(said) for said in chosen)


def record_text(record: PassportRecord) -> str:
    """A record as it is written to its file."""
    told = {
        "model": record.model,
        "model_hash": record.model_hash,
        "tables_hash": record.tables_hash,
        "tests": [
            {"test": row.test, "light": str(row.light), "nl": row.said.nl, "en": row.said.en}
            for row in record.rows
        ],
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def read_record(file: Path) -> PassportRecord | None:
    """The record that a study keeps; None when it keeps none.

    Raises
    ------
    DataError
        When the file is not such a record.
    """
    if not is_there(file):
        return None
    advice = "make it again with: sd-covid check MODEL --save"
    told: dict[str, Any] = json_of(file, advice)
    try:
        rows = tuple(
            Lit(row["test"], Light(row["light"]), Text(row["nl"], row["en"])) for row in told["tests"]
        )
        return PassportRecord(told["model"], told["model_hash"], told["tables_hash"], rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError("is no record of a passport", advice=advice, file=file) from error
