"""CSV with places: every row knows the line it starts on, and what is wrong with a file is told at its line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from sd_covid.errors import DataError
from sd_covid.files import stream_of


def read_csv(
    file: Path, check_header: Callable[[Path, list[str]], None], when_missing: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a file below its header, each with its line.

    Parameters
    ----------
    file : Path
    check_header : callable
        Called with the file and the names of its columns; raises when they will not do.
    when_missing : str
        What to do when there is no file.

    Yields
    ------
    line : int
    row : dict
        Column -> text.

    Raises
    ------
    DataError
        The file is missing, not UTF-8 or no CSV, or a row has more or fewer fields than the header.
    """
    try:
        with stream_of(file) as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            check_header(file, header)
            # A quoted field may hold a line break, so a row starts one line after the end of the row before it.
            line = reader.line_num + 1
            for fields in reader:
                if len(fields) != len(header):
                    reason = f"{len(fields)} fields instead of {len(header)}"
                    raise DataError(reason, advice="quote a text that holds a comma", file=file, line=line)
                yield line, dict(zip(header, fields, strict=True))
                line = reader.line_num + 1
    except FileNotFoundError as error:
        raise DataError("the file does not exist", advice=when_missing, file=file) from error
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8 text", advice="save it as UTF-8", file=file) from error
    except csv.Error as error:
        reason = f"not CSV: {error}"
        raise DataError(reason, advice="mind the quotes", file=file, line=reader.line_num) from error
