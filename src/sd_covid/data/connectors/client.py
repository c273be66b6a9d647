"""Fetching an answer, from an https address or from a file, within limits that are stated.

In goes an address with its query and the kind of content that is due; out come the bytes, or a `SourceError` that says
which source did what. Slow, truncated, oversized and redirected answers end here; what the bytes mean is for others.
No password, key or cookie is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from sd_covid.errors import SourceError
from sd_covid.files import bytes_of

Content = Literal["json", "csv", "xlsx"]

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much a source may take.

    Attributes
    ----------
    connect, read : float
        Seconds to make a connection, and between two pieces of an answer.
    total : float
        Seconds for one answer, retries not counted.
    size : int
        Bytes of one answer, unpacked. The largest table that the study reads, OxCGRT by day, has about a tenth of it.
    tries : int
        How often an answer is asked for that failed in passing: no connection, cut off, too slow, 429 or 5xx.
    pause : float
        Seconds before the second try; doubled each time.
    longest_pause : float
        Seconds that a source may ask to wait (``Retry-After``).
    pages : int
        Parts in which one answer may come.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0
    size: int = 64 * _MEGABYTE
    tries: int = 3
    pause: float = 1.0
    longest_pause: float = 30.0
    pages: int = 500


class Answer(NamedTuple):
    """What a source gave: its bytes, and the address that may be shown."""

    content: bytes
    address: str


class Client:
    """Fetches answers, each only once.

    Parameters
    ----------
    folder : path
        Where a relative path starts: the folder of the registry.
    root : path
        Files are read below this folder only: a registry may come from a stranger.
    limits : Limits
    """

    def __init__(self, folder: Path, root: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.root = root.resolve()
        self.limits = limits or Limits()
        self._answers: dict[tuple[str, Content], Answer] = {}

    def get(self, address: str, content: Content, query: Mapping[str, str] | None = None) -> Answer:
        """The answer at an address, or the content of a file.

        Parameters
        ----------
        address : str
            ``https://…``, ``http://`` of this machine only, or a path.
        content : {'json', 'csv', 'xlsx'}
            What is due; of a path without that suffix, the suffix.
        query : mapping, optional
            Names and values after the question mark; not used for a file.

        Raises
        ------
        SourceError
            When it is not there, is cut off, is too large, or is something else.
        """
        if not is_address(address):
            return self._file(address, content)
        # A blank as %20: OData does not read the plus that stands for it in a form.
        whole = address + ("?" + urlencode(query, safe="$,'", quote_via=quote) if query else "")
        if (whole, content) not in self._answers:
            from sd_covid.data.connectors.http import fetch

            self._answers[whole, content] = Answer(fetch(whole, content, self.limits), whole)
        return self._answers[whole, content]

    def _file(self, name: str, content: Content) -> Answer:
        """A file; shown by its name only, as its folder says nothing to others."""
        path = self.folder / name
        if path.suffix.lower() != f".{content}":
            path = path.with_name(f"{path.name}.{content}")
        if not path.resolve().is_relative_to(self.root):
            raise SourceError(
                "lies outside the study", advice="put it below its folder, or give --from", file=path
            )
        try:
            if path.stat().st_size > self.limits.size:
                raise too_large(str(path), self.limits)
            return Answer(bytes_of(path, self.limits.size), path.name)
        except FileNotFoundError as error:
            raise SourceError("the file does not exist", advice="save the answer there", file=path) from error
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}", file=path) from error


def is_address(text: str) -> bool:
    """Whether a text is an address on a network, not a path."""
    return urlsplit(text).scheme in ("http", "https")


def too_large(place: str, limits: Limits) -> SourceError:
    """The fault of an answer over the limit."""
    reason = f"{place}: more than {limits.size // _MEGABYTE or limits.size / _MEGABYTE} MB"
    return SourceError(reason, advice="name more filters")
