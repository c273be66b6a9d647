"""What a page cites: links beside what rests on a publication, and the list of those publications at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        self._known = known
        self._cited: dict[str, Reference] = {}

    def source(self, text: str, references: Sequence[Reference]) -> str:
        """A source, with links to the references that it rests on."""
        self._cited |= {item.key: item for item in references}
        links = ", ".join(f"[{said(item.key)}](#{item.key})" for item in references)
        return f"{said(text)} ({links})" if links else said(text)

    def of(self, row: Line) -> str:
        """The source of a row of a table.

        Raises
        ------
        DataError
            For a key that is not known.
        """
        return self.source(row["source"], named_in(row, self._known))

    def lines(self, texts: Texts) -> list[str]:
        """The list of what was cited; none when nothing was."""
        items = sorted(self._cited.values(), key=lambda item: item.full.casefold())
        return bullets(f'<a id="{item.key}"></a>{full(item, texts)}' for item in items) if items else []


def full(item: Reference, texts: Texts) -> str:
    """A reference in full, and what of it was read."""
    read = texts(f"read.{item.read}") if item.read in READ else texts("read.copy", site=item.read.split()[-1])
    return f"{said(item.full)} {read}"
