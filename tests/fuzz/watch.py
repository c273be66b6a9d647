"""What a reader must not do, seen by the interpreter's own audit events: write, run, connect, or look elsewhere.

The hook cannot be taken out again, so there is one, and it looks only while `watched` says so.
"""

from __future__ import annotations

import signal
import site
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any


class ForbiddenError(BaseException):
    """Something that reading a file must never do. No reader catches it by mistake."""


class HangError(BaseException):
    """An input that takes too long."""


#: Audit events that no reader has a reason for: https://docs.python.org/3/library/audit_events.html
_NEVER = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile",
    "socket.", "ssl.",
    "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "pty.", "pickle.find_class",
    "ctypes.dlopen", "builtins.input", "winreg.", "sys.addaudithook", "os.chmod", "os.chown",
    "os.link", "os.symlink", "os.putenv", "os.chdir", "os.kill", "signal.pthread_kill", "shutil.",
    "syslog.", "tempfile.",
)  # fmt: skip
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.utime")
_WRITES = "wax+"
_TRACING = 20  # times as long as without
#: Code that libraries make of texts of their own: SciPy, of the names of a distribution's parameters.
_OF_LIBRARIES = {("_parse_args", "_parse_args_rvs", "_parse_args_stats")}


def _ours() -> tuple[str, ...]:
    """Folders of the interpreter, its libraries and this project: where code comes from, and files beside code."""
    paths = [*sysconfig.get_paths().values(), *site.getsitepackages(), sys.prefix, sys.base_prefix]
    return (
        *map(str, {Path(item).resolve() for item in paths}),
        str(Path(__file__).resolve().parents[2] / "src"),
    )


class Watch:
    """A look-out over one thread's reading.

    Parameters
    ----------
    study : Path
        The only folder, beside code, in which a reader may look.
    cache : Path
        The only folder in which it may write.
    seconds : float
        How long one input may take, of the processor; another program beside this one takes nothing of it.
    """

    _active: Watch | None = None
    _hooked = False

    def __init__(self, study: Path, cache: Path, seconds: float) -> None:
        self.seconds = seconds
        self.study, self.cache = str(study.resolve()), str(cache.resolve())
        self.code = _ours()
        self.mended: Path | None = None
        if not Watch._hooked:
            sys.addaudithook(_audit)
            Watch._hooked = True

    @contextmanager
    def watched(self, mended: Path | None = None) -> Iterator[None]:
        """Raise at what must not be, or when it takes too long; `mended`: a file that may be written all the same."""
        self.mended = mended
        before = signal.signal(signal.SIGPROF, _late)
        signal.setitimer(signal.ITIMER_PROF, self.seconds * (_TRACING if sys.gettrace() else 1))
        Watch._active = self
        try:
            yield
        finally:
            Watch._active = None
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def look(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        """What is wrong with an event; None when nothing is."""
        if event == "open":
            return self._opened(*arguments)
        if event.startswith(_NEVER):
            return f"{event} {arguments!r:.200}"
        if event in _CHANGES and not _below(arguments[0], self.cache):
            return f"{event} {arguments!r:.200}"
        if event == "exec":
            return self._executed(arguments[0])
        return None

    def _opened(self, path: Any, mode: Any, flags: int) -> str | None:
        if not isinstance(path, str | bytes) or path in ("", b""):
            return None
        if str(path) == str(self.mended):
            return None
        writes = (isinstance(mode, str) and any(letter in mode for letter in _WRITES)) or flags & 0o3103
        if _below(path, self.cache) or (not writes and _below(path, self.study, *self.code)):
            return None
        if not writes and str(path) in ("/dev/urandom", "/dev/null", "/proc/self/status", "/proc/meminfo"):
            return None
        return f"open {path!r} {mode} {flags:o}"

    def _executed(self, code: CodeType) -> str | None:
        """Code comes from files of libraries, never from a text: what makes classes does so while it is imported."""
        name = code.co_filename
        if (
            name.startswith("<frozen ")
            or code.co_names in _OF_LIBRARIES
            or _below(name, *self.code)
            or _importing(sys._getframe(2))
        ):
            return None
        return f"exec {name} {code.co_names!r:.100}"


def _below(path: Any, *folders: str) -> bool:
    if isinstance(path, int):
        return True
    text = path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else str(path)
    if "\0" in text:
        return True  # refused by the operating system
    resolved = str(Path(text).resolve())
    return any(resolved == folder or resolved.startswith(folder + "/") for folder in folders)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


#: Whether a thread is looking at an event at this moment.
_looking = threading.local()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    watch = Watch._active
    if watch is None or getattr(_looking, "now", False):
        return
    _looking.now = True  # what the look itself does is no event; of other threads it still is
    try:
        wrong = watch.look(event, arguments)
    finally:
        _looking.now = False
    if wrong is not None:
        raise ForbiddenError(wrong)


def _late(*_: object) -> None:
    raise HangError("takes too long")
