"""What a session asks and what its participants answered, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sd_covid.data.text import Text
from sd_covid.marvel.diagram import Diagram, Link, Range
from sd_covid.marvel.session.performance import Seeds
from sd_covid.model.names import key

#: Ids of cause and effect, as `sd_covid.model.names.key` folds them.
Ends = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SeedQuestion:
    """A question to which the answer is known to the leader of the session.

    Attributes
    ----------
    id : str
    text : Text
    unit : Text
    truth : float
    logarithmic : bool
        Whether answers differ by a factor rather than by an amount.
    source : str
        Of the truth.
    """

    id: str
    text: Text
    unit: Text
    truth: float
    logarithmic: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one participant says of one link.

    Attributes
    ----------
    sign : int
        1 or -1; 0 where the cause makes no difference.
    strength, delay : Range or None
        The class chosen; None where there is no effect.
    sure : float
        By what the reach of the class is multiplied: that of the class of confidence.
    comment : str
    """

    sign: int
    strength: Range | None = None
    delay: Range | None = None
    sure: float = 1.0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The answers of one participant.

    Attributes
    ----------
    participant : str
    file : Path
    judgements : dict
        Ends of a link -> `Judgement`; links left open are not there.
    unknown : frozenset
        Links of which the participant said not to know.
    seeds : dict of str to tuple of float
        Id of a seed question -> 5, 50 and 95 % quantile.
    expertise, comment : str
        As the participant wrote it, and of the session.
    """

    participant: str
    file: Path
    judgements: Mapping[Ends, Judgement]
    unknown: frozenset[Ends] = frozenset()
    seeds: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    expertise: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """All forms of a session about one diagram.

    Attributes
    ----------
    diagram : Diagram
    questions : tuple of SeedQuestion
    forms : tuple of Form
    """

    diagram: Diagram
    questions: tuple[SeedQuestion, ...]
    forms: tuple[Form, ...]

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of which at least one participant said something."""
        asked = {ends for form in self.forms for ends in (*form.judgements, *form.unknown)}
        return tuple(link for link in self.diagram.links if ends_of(link) in asked)

    @property
    def seeds(self) -> Seeds:
        """The answers to the seed questions."""
        absent = (np.nan, np.nan, np.nan)
        told = [[form.seeds.get(item.id, absent) for item in self.questions] for form in self.forms]
        return Seeds(
            np.array(told, dtype=np.float64).reshape(len(self.forms), len(self.questions), 3),
            np.array([item.truth for item in self.questions], dtype=np.float64),
            np.array([item.logarithmic for item in self.questions], dtype=bool),
        )


def ends_of(link: Link) -> Ends:
    """The ends of a link, as forms are compared by."""
    return key(link.src), key(link.dst)
