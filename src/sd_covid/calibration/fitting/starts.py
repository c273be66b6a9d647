"""Finished starts of a fit on disk, so that an interrupted fit goes on where it was.

In: the problem's hashes and the seed. Out: one small file in the cache folder, a line for each start that reached its
end, with its numbers to the last bit. A line counts only for the start it was made from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sd_covid.cache_files import cache_folder, last_used
from sd_covid.calibration.results import StartRow
from sd_covid.calibration.types import Array
from sd_covid.files import plain_json

MOST = 50  # files kept; the oldest go first


class KeptStarts:
    """The finished starts of one fit.

    Parameters
    ----------
    file : Path
        Where they are; see `kept_file`.
    resume : bool
        Whether those already there count; otherwise the fit begins anew.
    """

    def __init__(self, file: Path, *, resume: bool) -> None:
        self.file = file
        self._kept = True
        if not resume:
            with contextlib.suppress(NotADirectoryError):  # no cache can be there
                file.unlink(missing_ok=True)

    def of(self, points: Sequence[Array]) -> dict[int, tuple[Array, StartRow]]:
        """The finished ones among starts, by their place.

        Parameters
        ----------
        points : sequence of ndarray, shape (parameter,)
            Where the starts begin, in natural values.
        """
        lines = self.file.read_bytes().splitlines() if self.file.is_file() else []
        known = dict(filter(None, map(_parsed, lines)))
        exact = [tuple(_exact(point)) for point in points]
        return {index: known[start] for index, start in enumerate(exact) if start in known}

    def add(self, point: Array, best: Array, row: StartRow) -> None:
        """Keep a finished start; where it cannot be kept, that is a warning."""
        item = {
            "start": _exact(point),
            "best": _exact(best),
            "log_posterior": float(row.log_posterior).hex(),
            "evaluations": row.evaluations,
            "converged": row.converged,
        }
        if not self._kept:
            return
        try:
            self._append(json.dumps(item) + "\n")
        except OSError as error:  # no reason to lose a fit of hours
            self._kept = False
            reason = f"{self.file}: {error.strerror or error}"
            warnings.warn(f"finished starts are no longer kept for --resume: {reason}", stacklevel=2)

    def _append(self, line: str) -> None:
        before = self.file.read_bytes() if self.file.is_file() else b""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        cut = before and not before.endswith(b"\n")  # by an interruption, midway a line
        with self.file.open("a", encoding="utf-8") as file:
            file.write("\n" + line if cut else line)
        if not before:
            _forget_oldest(self.file)


def kept_file(*parts: object) -> Path:
    """The file of a fit that rests on ``parts``: hashes of tables and model, seed, versions."""
    name = hashlib.sha256(repr(parts).encode()).hexdigest()
    return cache_folder("starts") / f"{name}.jsonl"


def _exact(values: Array) -> list[str]:
    return [float(value).hex() for value in values]


def _parsed(line: bytes) -> tuple[tuple[str, ...], tuple[Array, StartRow]] | None:
    """Where a start began and what came of it; None for a line that an interruption cut off or spoilt."""
    try:
        item = plain_json(line)
        value = float.fromhex(item["log_posterior"])
        row = StartRow(value, int(item["evaluations"]), bool(item["converged"]))
        return tuple(item["start"]), (np.array([float.fromhex(text) for text in item["best"]]), row)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _forget_oldest(own: Path) -> None:
    """Keep the newest files of a folder, and one's own: the clock may have gone back."""
    others = [item for item in own.parent.glob("*.jsonl") if item != own]
    others.sort(key=last_used, reverse=True)
    for old in others[MOST - 1 :]:
        old.unlink(missing_ok=True)
