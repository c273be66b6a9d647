"""Which links of a diagram stand for which constants of the quantified model: ``constants.csv`` beside its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sd_covid.errors import suggest
from sd_covid.marvel.diagram import Diagram, Link
from sd_covid.marvel.faults import fault
from sd_covid.marvel.session.answers import Ends, ends_of
from sd_covid.model.names import key
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.files.tables import Cell, read_csv

FILE = "constants.csv"
COLUMNS = ("src", "dst", "constant", "without", "reason")


@dataclass(frozen=True, slots=True)
class Tie:
    """A link, and the constant by which the model has it.

    Attributes
    ----------
    link : Link
        With the strength at which the constant is as it was before.
    constant : str
        In the model's spelling.
    without : float
        Value of the constant at which the link does nothing: 0 of a coefficient, 1 of a ratio.
    reason : str
    cell : Cell
        Where it stands.
    """

    link: Link
    constant: str
    without: float
    reason: str
    cell: Cell

    @property
    def strength(self) -> float:
        """The signed strength in the diagram: the median of its triangle, as that of a group that says the same."""
        return self.link.sign * self.link.strength.median


def read_ties(file: Path, diagram: Diagram, names: ConstantNames, language: str = "en") -> tuple[Tie, ...]:
    """Read which links stand for which constants.

    Parameters
    ----------
    file : Path
        A CSV file with the columns of `COLUMNS`.
    diagram : Diagram
    names : ConstantNames
        Of the model.
    language : {'nl', 'en'}

    Raises
    ------
    DiagramError, ScenarioError
        A link that the diagram does not have or that has no strength, a constant that the model does not have or that
        is tied twice, a row without reason.
    """
    links = {ends_of(link): link for link in diagram.links}
    found: dict[str, Tie] = {}
    for row in read_csv(file, "constants", language).rows("constants", COLUMNS):
        ends: Ends = key(row["src"].text), key(row["dst"].text)
        if ends not in links or links[ends].strength.value == 0:
            told = {"src": row["src"].text, "dst": row["dst"].text}
            raise fault("session.link", language, told, at=row["dst"])
        cell = row["constant"]
        if cell.text not in names:
            advice = suggest(cell.text, names.all) or "use a constant of the model"
            raise cell.error(f"the model has no constant '{cell.text}'", advice)
        constant = names.spelling(cell.text)
        if key(constant) in found:
            raise fault("twice", language, {"name": constant}, at=cell)
        if row["reason"].empty:
            raise fault("empty", language, at=row["reason"])
        without = 0.0 if row["without"].empty else row["without"].number()
        found[key(constant)] = Tie(links[ends], constant, without, row["reason"].text, cell)
    return tuple(found.values())
