"""What the report calls parameters and constants, and how strong the evidence for each is.

In come ``calibration/titles.yaml``, what the study titles besides (`sd_covid.policy.titles`) and the models'
table of evidence; out comes a `Glossary`. A name it does not have is shown as the model writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.catalogue.evidence import read_evidence
from sd_covid.policy.titles import Titles, read_titles
from sd_covid.study_folder import is_there, study_folder


@dataclass(frozen=True, slots=True)
class Glossary:
    """Titles and grades.

    Attributes
    ----------
    titles : mapping
        Parameter or observable id -> title. An id that ends in ``*`` is a numbered row of them.
    ids : mapping
        Model constant, as `sd_covid.model.names.key` spells it -> parameter id.
    grades : mapping
        Model constant, in the same spelling -> evidence grade A–D.
    named : Titles
        Of constants that are no parameters of the calibration.
    """

    titles: Mapping[str, Text] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    grades: Mapping[str, str] = field(default_factory=dict)
    named: Titles = field(default_factory=Titles)

    def title(self, name: str, otherwise: str) -> Text:
        """The title of a parameter or observable, or another text."""
        if name in self.titles:
            return self.titles[name]
        row, number = self.numbered(name)
        if row is None:
            return Text(otherwise, otherwise)
        return Text(row.nl.replace("*", number), row.en.replace("*", number))

    def numbered(self, name: str) -> tuple[Text | None, str]:
        """The title of the row of parameters to which one belongs, with its ``*``, and its number; None without."""
        stem = name.rstrip("0123456789")
        return self.titles.get(f"{stem}*"), name[len(stem) :]

    def constant(self, name: str) -> tuple[Text, str]:
        """The title of a constant of the model, and its grade; empty when it has none."""
        spelled = key(name)
        grade = self.grades.get(spelled) or self.grades.get(key(name.partition("[")[0]), "")
        title = None if spelled in self.ids else self.named.of(name)
        return title or self.title(self.ids.get(spelled, ""), name), grade

    def has(self, name: str) -> bool:
        """Whether a constant of the model has a title."""
        return self.constant(name)[0] != Text(name, name)


def read_glossary(titles: Path, evidence: Path, constants: Mapping[str, str]) -> Glossary:
    """Read titles and grades.

    Parameters
    ----------
    titles : Path
        A YAML file of the study, id -> ``{nl: …, en: …}``; without it names are those of the model.
    evidence : Path
        The models' table of evidence (`read_evidence`); without it there are no grades.
    constants : mapping
        Parameter id -> model constant.

    Raises
    ------
    DataError, ScenarioError
        With file, line and key, when titles say something they cannot, or the evidence cannot be read.
    """
    found = {}
    if is_there(titles):
        for name, node in read_yaml(titles).entries():
            parts = node.fields(("nl", "en"))
            found[name] = Text(parts["nl"].text(), parts["en"].text())
    rows = read_evidence(evidence) if is_there(evidence) else ()
    grades = {key(row.constant): row.grade for row in rows if row.graded}
    ids = {key(constant): name for name, constant in constants.items()}
    return Glossary(found, ids, grades, read_titles(study_folder(titles)))
