"""The loop: mutate, read, and keep what reached lines not reached before.

An input that a reader neither takes nor refuses with an error of its own is a finding. Lines are counted by the
interpreter's trace for one input in a few, since tracing costs several times the reading.
"""

from __future__ import annotations

import hashlib
import random
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sd_covid.errors import SdCovidError
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target
from tests.fuzz.watch import ForbiddenError, HangError, Watch

SOURCE = str(Path(__file__).resolve().parents[2] / "src" / "sd_covid")
TRACED = 4  # one input in so many


@dataclass(frozen=True)
class Finding:
    """An input that must not have this effect.

    Attributes
    ----------
    target : str
    said : str
        The last line of the traceback, and where it arose.
    content : bytes
    trace : str
    """

    target: str
    said: str
    content: bytes
    trace: str

    @property
    def name(self) -> str:
        """A file name for it."""
        return hashlib.sha256(self.content).hexdigest()[:12]


class Lines:
    """Lines of this project that were reached."""

    def __init__(self) -> None:
        self.reached: set[tuple[CodeType, int]] = set()
        self._new = 0

    def by(self, call: Callable[[], Any]) -> tuple[Any, int]:
        """What a call returns, and how many lines it reached first."""
        self._new, before = 0, sys.gettrace()
        sys.settrace(self._entered)
        try:
            return call(), self._new
        finally:
            sys.settrace(before)

    def _entered(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(SOURCE) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            place = (frame.f_code, frame.f_lineno)
            if place not in self.reached:
                self.reached.add(place)
                self._new += 1
        return self._line


@dataclass
class Fuzzer:
    """One target under mutation.

    Parameters
    ----------
    target : Target
    watch : Watch
    pick : Random
    guided : bool
        Keep inputs that reach new lines, and mutate them too.
    """

    target: Target
    watch: Watch
    pick: random.Random
    guided: bool = True
    lines: Lines = field(default_factory=Lines)
    corpus: list[bytes] = field(default_factory=list)
    tried: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        """Read the sound inputs: they must be taken, and load what is loaded late."""
        self._kept = self.target.path.read_bytes() if self.target.path.exists() else None
        self.corpus += self.target.sound

    def sound(self) -> list[Finding]:
        """Sound inputs that are not taken. Each is read unwatched at first: that loads what is loaded late."""
        found = []
        for content in self.target.sound:
            self._put(content)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.target.read(self.target.path)
            except SdCovidError as error:
                found.append(Finding(self.target.name, f"sound, and yet refused: {error}", content, ""))
            finally:
                self._restore()
            found += filter(None, [self.one(content)])
        return found

    def round(self, inputs: int) -> list[Finding]:
        """Some mutated inputs; what was found among them."""
        found = []
        for _ in range(inputs):
            content = mutated(self.pick.choice(self.corpus), self.pick, self.corpus)
            finding = self.one(content, traced=self.guided and self.tried % TRACED == 0)
            if finding is not None:
                found.append(finding)
        return found

    def one(self, content: bytes, *, traced: bool = False) -> Finding | None:
        """Read one input; None when it is taken or refused as it should."""
        self.tried += 1
        self._put(content)
        try:
            if traced:
                finding, new = self.lines.by(lambda: self._read(content))
                if new and finding is None:
                    self.corpus.append(content)
                return finding
            return self._read(content)
        finally:
            self._restore()

    def _read(self, content: bytes) -> Finding | None:
        try:
            with (
                warnings.catch_warnings(),
                self.watch.watched(self.target.path if self.target.mends else None),
            ):
                warnings.simplefilter("ignore")
                self.target.read(self.target.path)
        except SdCovidError as error:
            self.refused += 1
            said = str(error)
            if "\n" in said or not said.strip():
                return Finding(self.target.name, f"an error that is not one line: {said!r}", content, "")
        except (ForbiddenError, HangError, Exception) as error:  # noqa: BLE001 - whatever it is, it is a finding
            return self._finding(content, error)
        return None

    def _finding(self, content: bytes, error: BaseException) -> Finding:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if frame.filename.startswith(SOURCE)]
        place = f"{ours[-1].filename.removeprefix(SOURCE)}:{ours[-1].lineno}" if ours else "?"
        said = f"{place} {type(error).__name__}: {str(error)[:160]}"
        return Finding(
            self.target.name, said, content, "".join(traceback.format_exception(error, limit=-12))[-4000:]
        )

    def _put(self, content: bytes) -> None:
        self.target.path.write_bytes(content)

    def _restore(self) -> None:
        if self._kept is None:
            self.target.path.unlink(missing_ok=True)
        else:
            self.target.path.write_bytes(self._kept)
