"""What can be wrong with a diagram, in Dutch and English, for the person who leads a session."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from sd_covid.data.text import texts_in
from sd_covid.errors import DiagramError
from sd_covid.policy.tables import Cell


def fault(
    kind: str,
    language: str,
    values: Mapping[str, object] | None = None,
    *,
    at: Cell | None = None,
    file: Path | None = None,
) -> DiagramError:
    """An error of ``messages.yaml``: what is wrong under its kind, what to do under ``<kind>.advice``.

    Parameters
    ----------
    kind : str
    language : {'nl', 'en'}
    values : mapping, optional
        What fills the braces.
    at : Cell, optional
        Where it stands.
    file : Path, optional
        The diagram, where no cell is to blame.
    """
    texts = texts_in("sd_covid.marvel", "messages.yaml")

    def told(entry: str) -> str:
        return texts[entry].in_language(language).format_map(values or {})

    reason, advice = told(kind), told(f"{kind}.advice")
    if at is None:
        return DiagramError(reason, advice=advice, file=file)
    return DiagramError(reason, advice=advice, file=at.file, line=at.row, variable=f"{at.sheet}, {at.column}")


def nearest(name: str, known: Iterable[str], language: str) -> str:
    """Advice that names the nearest of the names there are, or some of them."""
    names = list(known)
    by_fold = {item.casefold(): item for item in names}
    near = difflib.get_close_matches(name.casefold(), list(by_fold), n=2, cutoff=0.6)
    texts = texts_in("sd_covid.marvel", "messages.yaml")
    if not near:
        few = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        return texts["use"].in_language(language).format(names=few)
    found = texts["or"].in_language(language).join(f"'{by_fold[item]}'" for item in near)
    return texts["mean"].in_language(language).format(names=found)
