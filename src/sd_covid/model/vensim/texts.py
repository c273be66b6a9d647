"""Texts with a name: ``file :IS: 'figures.xlsx'``, for arguments that name files, sheets and cells.

In go entries and equations; the equations come out with the text where its name stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sd_covid.model.expression import Call, Expression, Place, Reference, Text, rebuilt
from sd_covid.model.names import key
from sd_covid.model.structure import Variable
from sd_covid.model.vensim.entries import Entry

# Possessive (`*+`), so that a row of blanks is gone over once.
_TEXT = re.compile(
    r"""\s*+(?P<name>"(?:\\.|[^"\\\n])*+"\s*+|[^"':=~|\[(]++):\s*+IS\s*+:\s*+'(?P<text>[^'\n]*+)'\s*+""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text, what it is called, and where it is defined."""

    name: str
    text: str
    place: Place


def named_text(entry: Entry, place: Place) -> NamedText | None:
    """The text that an entry defines; None when it is anything else."""
    found = _TEXT.fullmatch(entry.equation)
    return (
        NamedText(" ".join(found["name"].strip().strip('"').split()), found["text"], place) if found else None
    )


def put_texts(variables: Iterable[Variable], texts: Mapping[str, NamedText]) -> None:
    """Put texts where their names stand.

    Parameters
    ----------
    variables : iterable of Variable
        Their equations are changed.
    texts : mapping of str to NamedText
        By key.
    """

    def change(node: Reference | Call) -> Expression:
        named = texts.get(key(node.name)) if isinstance(node, Reference) and not node.subscripts else None
        return Text(named.text, node.place) if named is not None else node

    for variable in variables:
        for index, equation in enumerate(variable.equations):
            if equation.expression is not None:
                variable.equations[index] = replace(equation, expression=rebuilt(equation.expression, change))
