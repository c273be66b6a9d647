"""What every reader of a stranger's workbook minds: how large it is unpacked, and what its library may raise.

In goes the content of a file; out come the names of its parts, or a fault. What the cells mean is for the reader.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from zipfile import ZipFile

LARGEST = 64 * 2**20  # bytes of a workbook when unpacked
MOST_PARTS = 1000  # files within it
MOST_CELLS = 10_000_000  # of a sheet of figures, blank ones included

#: What the libraries raise for a file that is no workbook, or that was tampered with.
BROKEN = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    SyntaxError,  # of XML
    EOFError,
    OverflowError,
    RuntimeError,  # one with a password; nested too deep; packed in a way that is not known
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class TooLargeError(Exception):
    """A workbook that is no more than a few bytes on disk, and fills the memory.

    Parameters
    ----------
    size : int
        Bytes when unpacked.
    parts : int
    """

    def __init__(self, size: int, parts: int) -> None:
        most = f"{LARGEST / 2**20:g} MiB in {MOST_PARTS}"
        super().__init__(f"holds {size / 2**20:.3g} MiB in {parts} parts, more than {most}")
        self.size = size
        self.parts = parts


def parts_of(content: bytes, largest: int = LARGEST) -> list[str]:
    """Names of the parts of a workbook that is not too large when unpacked.

    Parameters
    ----------
    content : bytes
    largest : int
        Bytes when unpacked.

    Raises
    ------
    TooLargeError
    BadZipFile
        And others of `BROKEN`: it is no workbook.
    """
    with ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    size = max(sum(part.file_size for part in parts), len(content))
    if size > largest or len(parts) > MOST_PARTS:
        raise TooLargeError(size, len(parts))
    return [part.filename for part in parts]
