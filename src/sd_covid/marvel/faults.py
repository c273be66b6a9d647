"""What can be wrong with a diagram, in Dutch and English, for the person who leads a session."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sd_covid.data.text import told
from sd_covid.errors import DiagramError
from sd_covid.policy.files.table_faults import nearest
from sd_covid.policy.files.tables import Cell

__all__ = ["fault", "nearest"]


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
    filled = values or {}
    reason = told("sd_covid.marvel", "messages.yaml", kind, language, **filled)
    advice = told("sd_covid.marvel", "messages.yaml", f"{kind}.advice", language, **filled)
    if at is None:
        return DiagramError(reason, advice=advice, file=file)
    return DiagramError(reason, advice=advice, file=at.file, line=at.row, variable=f"{at.sheet}, {at.column}")
