"""What can be wrong with a diagram, in Dutch and English, for the person who leads a session."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from sd_covid.data.text import texts_in
from sd_covid.errors import DiagramError
from sd_covid.policy.tables import Cell


def fault(
    name: str,
    language: str,
    *,
    at: Cell | None = None,
    file: Path | None = None,
    **values: str | int,
) -> DiagramError:
    """An error of ``messages.yaml``: what is wrong under its name, what to do under ``<name>.advice``.

    Parameters
    ----------
    name : str
    language : {'nl', 'en'}
    at : Cell, optional
        Where it stands.
    file : Path, optional
        The diagram, where no cell is to blame.
    **values
        What fills the braces.
    """
    texts = texts_in("sd_covid.marvel", "messages.yaml")

    def told(entry: str) -> str:
        return texts[entry].in_language(language).format_map(values)

    place = {} if at is None else {"line": at.row, "variable": f"{at.sheet}, {at.column}"}
    where = file if at is None else at.file
    return DiagramError(told(name), advice=told(f"{name}.advice"), file=where, **place)  # type: ignore[arg-type]


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
