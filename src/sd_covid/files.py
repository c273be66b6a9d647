"""The one place where a file that a stranger may have made is opened: an ordinary file of bounded size, or a fault.

In goes a path; out come bytes, text or JSON. A device or pipe would never end, and a link may lead anywhere. What a
file means, and how a missing one is told, is for its reader.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

from sd_covid.errors import DataError
from sd_covid.study_folder import leads_out

#: Bytes of a file that people write or a spreadsheet exports; a larger one is something else.
LARGEST = 100_000_000

# Without O_NONBLOCK, to open a pipe waits until somebody writes to it. Windows has neither of these, and asks for the
# third, lest it reads a byte 26 as the end.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def bytes_of(path: Path, most: int = LARGEST) -> bytes:
    """The content of an ordinary file.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that it may hold.

    Raises
    ------
    DataError
        When it is a device, pipe or socket, is larger, or its name cannot be that of a file.
    OSError
        When it is not there, is a folder, or cannot be opened.
    """
    try:
        handle = os.open(path, _READ)
    except ValueError as error:  # a zero byte in the name
        raise DataError("is no name of a file", advice="check the path", file=path) from error
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if stat.S_ISDIR(state.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(state.st_mode):
            raise DataError("is a device or pipe", advice="give an ordinary file", file=path)
        content = file.read(most + 1) if state.st_size <= most else b""
    if max(state.st_size, len(content)) > most:
        raise DataError(f"is larger than {most} bytes", advice="check that it is the right file", file=path)
    return content


def text_of(path: Path, encoding: str = "utf-8", most: int = LARGEST) -> str:
    """The text of a file of a study, each line ended by a line feed.

    Raises
    ------
    DataError
        As `bytes_of`; also for a link that leads out of the study in which it lies.
    OSError, UnicodeDecodeError
    """
    return stream_of(path, encoding, most).read().replace("\r\n", "\n").replace("\r", "\n")


def stream_of(path: Path, encoding: str = "utf-8-sig", most: int = LARGEST) -> io.StringIO:
    """The text of a file of a study, its line breaks as they stand, as the reader of CSV wants it.

    Raises
    ------
    DataError, OSError, UnicodeDecodeError
        As `text_of`.
    """
    if leads_out(path):
        raise DataError(
            "is a link that leads out of the study", advice="put the file itself there", file=path
        )
    return io.StringIO(bytes_of(path, most).decode(encoding), newline="")


def plain_json(text: str | bytes) -> Any:
    """What a text in JSON says, in which every number is one that a double can hold, as near as it comes.

    Raises
    ------
    ValueError
        It is no JSON, or a whole number is larger than any double; `json.JSONDecodeError` says where it is no JSON.
    RecursionError
        It is nested without end.
    """
    return json.loads(text, parse_int=_whole)


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > sys.float_info.max:
        raise ValueError(f"a number of {len(digits.lstrip('-'))} digits")
    return number


def json_of(path: Path, advice: str) -> Any:
    """What a JSON file of a study holds.

    Parameters
    ----------
    path : Path
    advice : str
        What to do when it cannot be read.

    Raises
    ------
    DataError
        When it is not there, cannot be opened, or is no JSON.
    """
    try:
        return plain_json(text_of(path))
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg}", advice=advice, file=path, line=error.lineno) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", advice=advice, file=path) from error
    except UnicodeDecodeError as error:
        raise DataError("is not in UTF-8", advice=advice, file=path) from error
    except (RecursionError, ValueError) as error:  # nested without end, or a number that nothing can hold
        raise DataError(f"not JSON that can be read: {error}", advice=advice, file=path) from error
