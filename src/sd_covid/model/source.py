"""The text of a model file, and where one is in it.

In goes a file; out comes its text, decoded strictly, each line ended by a line feed. A position in the text is turned
into a `Place`, and a fault at a position into a `ModelError`. What the text means is for the parser.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path

from sd_covid.errors import ModelError
from sd_covid.files import bytes_of
from sd_covid.model.expression import Place

#: A model is text written by people; a file larger than this is something else.
MAX_BYTES = 100_000_000
_DECLARED = re.compile(rb"\A\s*\{([^{}\n]{1,40})\}")
_FILES: ContextVar[set[Path] | None] = ContextVar("files", default=None)
_BINARY = b"\x7f\xf7\x17"  # how a .vmf begins, and a .vdf
_SHOWN = 60  # characters of a line quoted in a message


class Source:
    """Text with places.

    Parameters
    ----------
    text : str
    file : Path, optional
        Where it was read from; for messages.
    """

    def __init__(self, text: str, file: Path | None = None) -> None:
        self.text = text
        self.file = file

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place(self, position: int) -> Place:
        """Line and column of a position in the text, both from 1."""
        starts = self._starts
        line = bisect_right(starts, position)
        return Place(self.file, line, position - starts[line - 1] + 1)

    def line(self, number: int, longest: int = 1_000) -> str:
        """A line of the text, from 1; empty beyond the last, and when it is longer than people write."""
        if not 0 < number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end] if end - start <= longest else ""

    def quote(self, position: int) -> str:
        """The line at a position, up to it and a word further, for a message."""
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        line = self.text[start : len(self.text) if end < 0 else end]
        cut = position - start
        word = re.match(r"\w+|\s*.?", line[cut:])
        shown = " ".join((line[:cut] + (word.group() if word else "")).split())
        return shown if len(shown) <= _SHOWN else "… " + shown[-_SHOWN:]

    def error(
        self, position: int, reason: str, *, advice: str | None = None, variable: str | None = None
    ) -> ModelError:
        """A `ModelError` at a position, for the caller to raise."""
        line = self.place(position).line
        return ModelError(reason, advice=advice, file=self.file, line=line, variable=variable)


@contextmanager
def recorded_reading() -> Iterator[set[Path]]:
    """The files that are read within it, as `note_reading` is told; within another record they count there too."""
    files: set[Path] = set()
    token = _FILES.set(files)
    try:
        yield files
    finally:
        _FILES.reset(token)
        for path in files:
            note_reading(path)


def note_reading(path: Path) -> None:
    """Say that what is being read depends on a file."""
    files = _FILES.get()
    if files is not None:
        files.add(path)


def read_source(path: Path) -> Source:
    """Read and decode a model file.

    Vensim writes the encoding in braces on the first line (``{UTF-8}``). A file that declares none is UTF-8, or else
    in Windows code page 1252, which Vensim used before it declared encodings.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Source

    Raises
    ------
    ModelError
        When there is no such file, it cannot be opened, or a byte is not of its encoding; names the line.
    """
    note_reading(path)
    try:
        if path.is_dir():
            raise ModelError("is a folder, not a model file", file=path)
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"is larger than {MAX_BYTES} bytes, so it is no model file", file=path)
        raw = bytes_of(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(f"cannot be opened: {reason}", advice="check the path", file=path) from error
    text = _decode(raw, path)
    return Source(text.replace("\r\n", "\n").replace("\r", "\n"), path)


def _decode(raw: bytes, path: Path) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ModelError("is in UTF-16", advice="save it as UTF-8", file=path, line=1)
    if raw.startswith(_BINARY):
        advice = "save the model in Vensim as text (.mdl)"
        raise ModelError("is in Vensim's binary format", advice=advice, file=path)
    raw = raw.removeprefix(codecs.BOM_UTF8)
    declared = _declared_encoding(raw)
    for encoding in [declared] if declared else ["utf-8", "cp1252"]:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            fault, name = error, encoding
    line = raw.count(b"\n", 0, fault.start) + 1
    advice = "save the file as UTF-8, with {UTF-8} on its first line"
    if declared:
        advice += f"; where it is in Windows code page 1252, take {{{declared.upper()}}} out of that line"
    raise ModelError(
        f"byte 0x{raw[fault.start]:02x} is not {name.upper()} text",
        advice=advice,
        file=path,
        line=line,
    ) from fault


def _declared_encoding(raw: bytes) -> str | None:
    """The encoding named on the first line; None when there is none, or the braces hold a comment."""
    declared = _DECLARED.match(raw)
    if declared is None:
        return None
    name = declared.group(1).decode("ascii", "replace").strip()
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    try:
        "".encode(info.name)  # refuses codecs that do not turn bytes into text
    except LookupError:
        return None
    return info.name
