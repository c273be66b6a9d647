"""What a page cites: links beside what rests on a publication, and the list of those publications at its end."""

from __future__ import annotations

from collections.abc import Mapping

from sd_covid.data.references import READ, Reference, named_in
from sd_covid.data.tables import Line
from sd_covid.document.markdown import bullets, said
from sd_covid.document.texts import Texts


class Citations:
    """The references of a page, gathered while it is written.

    Parameters
    ----------
    known : mapping of str to Reference
        Those that there are, by key.
    """

    def __init__(self, known: Mapping[str, Reference]) -> None:
        self.known = known
        self._cited: dict[str, Reference] = {}

    def source(self, row: Line) -> str:
        """The source of a row, with links to the references that it names.

        Raises
        ------
        DataError
            For a key that is not known.
        """
        found = named_in(row, self.known)
        self._cited |= {item.key: item for item in found}
        links = ", ".join(f"[{said(item.key)}](#{item.key})" for item in found)
        return f"{said(row['source'])} ({links})" if links else said(row["source"])

    def lines(self, texts: Texts) -> list[str]:
        """The list of what was cited; none when nothing was."""
        items = sorted(self._cited.values(), key=lambda item: item.full.casefold())
        return bullets(f'<a id="{item.key}"></a>{full(item, texts)}' for item in items) if items else []


def full(item: Reference, texts: Texts) -> str:
    """A reference in full, and what of it was read."""
    read = texts(f"read.{item.read}") if item.read in READ else texts("read.copy", site=item.read.split()[-1])
    return f"{said(item.full)} {read}"
