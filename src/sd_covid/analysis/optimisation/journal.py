"""What a search has evaluated, kept on disk, so that one that was stopped goes on where it was.

A search asks for the same packages in the same order when it is begun again with the same inputs. So nothing of its
state is kept: what came of each package is enough, and a journal of other inputs is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sd_covid.errors import DataError, RunError
from sd_covid.files import bytes_of, plain_json
from sd_covid.whole_files import write_whole

Row = list[Any]


class Journal:
    """A file of evaluations, one JSON row each, added to as the search goes.

    Parameters
    ----------
    path : path
        Read where it exists.
    inputs : str
        Everything on which an evaluation depends, as text: model, draws, plan.

    Raises
    ------
    RunError
        When it is of other inputs, or no journal.
    """

    def __init__(self, path: str | Path, inputs: str) -> None:
        self.path = Path(path)
        self._rows: dict[str, Row] = {}
        self._whole: str | None = None  # its lines without one that was cut off
        print_of = hashlib.sha256(inputs.encode()).hexdigest()
        if not self.path.exists():
            write_whole(self.path, json.dumps({"inputs": print_of}) + "\n")
            return
        try:
            text = bytes_of(self.path).decode("utf-8")
            # What stands behind the last line feed was being written when the search stopped.
            whole = text[: text.rfind("\n") + 1]
            head, *rows = [plain_json(line) for line in whole.splitlines()]
            known = {row["package"]: row["found"] for row in rows}
        except (OSError, DataError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError("is no journal of a search", file=self.path, advice="give another file") from error
        if not isinstance(head, dict) or head.get("inputs") != print_of:
            raise RunError(
                "is the journal of another search: model, draws or file have changed since",
                file=self.path,
                advice="give another file, or remove this one",
            )
        self._whole = None if whole == text else whole
        self._rows = known

    def __len__(self) -> int:
        """How many evaluations it holds."""
        return len(self._rows)

    def get(self, package: str) -> Row | None:
        """What was found of a package; None where it was not evaluated."""
        return self._rows.get(package)

    def add(self, found: Mapping[str, Row]) -> None:
        """Keep what was found of packages."""
        self._rows |= found
        if self._whole is not None:  # to look at a journal changes nothing
            write_whole(self.path, self._whole)
            self._whole = None
        with self.path.open("a", encoding="utf-8") as file:
            for package, row in found.items():
                file.write(json.dumps({"package": package, "found": row}) + "\n")
