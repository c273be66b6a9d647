"""What lies beside a model and tells of it: evidence, sources of drivers, links, reference modes, loops and notes.

In goes the folder of a model; out come rows. A file that is not there gives none; one that cannot be read is refused
with file and line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.analysis.passport import links, reference_modes
from sd_covid.analysis.passport.loops_file import NamedLoop, read_loops
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import COLUMN, Reference, references_beside
from sd_covid.data.tables import Line, read_lines
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.model.structure import Model
from sd_covid.policy.catalogue import evidence
from sd_covid.policy.catalogue.evidence import EvidenceRow
from sd_covid.policy.catalogue.outputs import Output, read_outputs
from sd_covid.study_folder import is_there, study_folder

DRIVER_COLUMNS = (
    "column",
    "variable",
    "unit",
    "series",
    "transformation",
    "source",
    COLUMN,
    "last_observed",
    "quality",
)
"""Columns of ``drivers_sources.csv``, which says from which series the drivers of a model are made."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """An assumption and its opposite, and where to look.

    Attributes
    ----------
    title : Text
    constants : dict of str to float
        What is set otherwise.
    variables : tuple of str
    years : tuple of int
    less : tuple of str
        Drivers: what is shown is the difference from a run in which they are zero. Empty: the outputs themselves.
    node : Node or None
        Where it stands.
    """

    title: Text
    constants: dict[str, float]
    variables: tuple[str, ...]
    years: tuple[int, ...]
    less: tuple[str, ...] = ()
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """What a sector is for, in words: each a list of sentences, in both languages."""

    title: Text = field(default_factory=Text)
    purpose: tuple[Text, ...] = ()
    leaves_out: tuple[Text, ...] = ()
    can_say: tuple[Text, ...] = ()
    cannot_say: tuple[Text, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Companions:
    """The tables beside a model, in the order of the files.

    Attributes
    ----------
    evidence : tuple of EvidenceRow
    drivers, links : tuple of Line
    modes : tuple of Figure
    loops : tuple of NamedLoop
    notes : dict of str to Notes
        By the stem of a model.
    references : dict of str to Reference
        By key.
    outputs : dict of str to Output
        What the study of the model calls its outputs, by the canonical name of the variable.
    """

    evidence: tuple[EvidenceRow, ...] = ()
    drivers: tuple[Line, ...] = ()
    links: tuple[Line, ...] = ()
    modes: tuple[reference_modes.Figure, ...] = ()
    loops: tuple[NamedLoop, ...] = ()
    notes: dict[str, Notes] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)

    def evidence_of(self, name: str) -> list[EvidenceRow]:
        """The rows of a constant, or of its elements."""
        wanted = key(name)
        return [row for row in self.evidence if key(row.constant.partition("[")[0]) == wanted]


def read_companions(folder: Path, model: Model, stems: Sequence[str]) -> Companions:
    """Read what lies beside a model.

    Parameters
    ----------
    folder : Path
    model : Model
        The whole, whose loops are wanted.
    stems : sequence of str
        Names of the model files, without their suffix, whose notes are wanted.

    Raises
    ------
    DataError
        A table without the columns that it should have, a row with too many or too few cells, or a value that a column
        cannot hold; names file and line.
    """
    notes = {stem: folder / "notes" / f"{stem}.yaml" for stem in stems}
    known = folder / evidence.FILE
    called = study_folder(known) / "scenarios" / "outputs.yaml"
    figures, loops = folder / reference_modes.FILE, read_loops(model)
    return Companions(
        evidence=evidence.read_evidence(known) if is_there(known) else (),
        drivers=_table(folder / "drivers_sources.csv", DRIVER_COLUMNS),
        links=_table(folder / links.FILE, links.COLUMNS),
        modes=tuple(reference_modes.read_figures(figures)) if is_there(figures) else (),
        loops=() if loops is None else loops.loops,
        notes={stem: _notes(file) for stem, file in notes.items() if is_there(file)},
        references=references_beside(folder / evidence.FILE),
        outputs={key(item.name): item for item in read_outputs(called)} if is_there(called) else {},
    )


def _table(file: Path, columns: Sequence[str]) -> tuple[Line, ...]:
    """The rows of a table; none when there is no file."""
    return tuple(read_lines(file, columns, (COLUMN,))) if is_there(file) else ()


def _text(node: Node) -> Text:
    parts = node.fields(("nl", "en"))
    return Text(parts["nl"].text(), parts["en"].text())


def _texts(node: Node | None) -> tuple[Text, ...]:
    return () if node is None else tuple(_text(item) for item in node.items())


def _notes(file: Path) -> Notes:
    """The notes of one sector."""
    parts = read_yaml(file).fields(
        ("title", "purpose", "leaves_out", "can_say", "cannot_say"), ("alternatives",)
    )
    lists = {name: _texts(parts[name]) for name in ("purpose", "leaves_out", "can_say", "cannot_say")}
    others = tuple(map(_alternative, parts["alternatives"].items())) if "alternatives" in parts else ()
    return Notes(title=_text(parts["title"]), alternatives=others, **lists)


def _alternative(node: Node) -> Alternative:
    parts = node.fields(("title", "constants", "variables", "years"), ("less",))
    constants = {}
    for name, value in parts["constants"].entries():
        try:
            constants[name] = float(value.text())
        except ValueError:
            raise value.error(f"'{value.text()}' is not a number", "write one, such as 0") from None
    years = []
    for item in parts["years"].items():
        year = item.whole()
        if year is None:
            raise item.error("a year is expected here", "write one, such as 2030")
        years.append(year)
    variables = tuple(item.text() for item in parts["variables"].items())
    less = tuple(item.text() for item in parts["less"].items()) if "less" in parts else ()
    return Alternative(_text(parts["title"]), constants, variables, tuple(years), less, node)
