"""What can be wrong with a file that was filled in, in Dutch and English: the texts of ``tables.yaml``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from sd_covid.data.text import told as text_of
from sd_covid.errors import ScenarioError


def file_fault(
    kind: str,
    language: str,
    values: Mapping[str, object] | None = None,
    *,
    file: Path,
    line: int | None = None,
    variable: str | None = None,
) -> ScenarioError:
    """An error of ``tables.yaml``: what is wrong under its kind, what to do under ``<kind>.advice``.

    Parameters
    ----------
    kind : str
    language : {'nl', 'en'}
    values : mapping, optional
        What fills the braces.
    file : Path
    line : int, optional
    variable : str, optional
        The sheet.
    """
    filled = values or {}
    reason, advice = told(kind, language, **filled), told(f"{kind}.advice", language, **filled)
    return ScenarioError(reason, advice=advice, file=file, line=line, variable=variable)


def told(name: str, language: str, /, **values: object) -> str:
    """A text of ``tables.yaml``, its braces filled."""
    return text_of("sd_covid.policy.files", "tables.yaml", name, language, **values)


def nearest(name: str, known: Iterable[str], language: str) -> str:
    """Advice that names the nearest of the names there are, or some of them."""
    names = list(known)
    by_fold = {item.casefold(): item for item in names}
    near = difflib.get_close_matches(name.casefold(), list(by_fold), n=2, cutoff=0.6)
    if not near:
        few = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        return told("use", language, names=few)
    return told("mean", language, names=told("or", language).join(f"'{by_fold[item]}'" for item in near))
