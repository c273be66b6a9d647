"""Models as read, kept on disk: reading a model again costs a few milliseconds.

In goes a path and what reads it; out comes the model. An entry counts as long as the model, every file that was read
for it, and this package are as they were. A cache that cannot be read or written is no reason to fail.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sd_covid.cache_files import cache_folder, keep, recall
from sd_covid.collection import uncollected
from sd_covid.errors import DataError
from sd_covid.files import bytes_of
from sd_covid.model.source import MAX_BYTES, note_reading, recorded_reading
from sd_covid.model.structure import Model

#: Seconds below which reading again is as good.
WORTHWHILE = 0.05
#: Entries kept; those that were not used for longest go first.
MOST = 200
_BROKEN = (
    pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError,
    RecursionError,
)  # fmt: skip


def folder() -> Path:
    """Where models are kept: ``$XDG_CACHE_HOME/sd-covid/models``."""
    return cache_folder("models")


def cached(path: Path, read: Callable[[Path], Model]) -> Model:
    """A model from the cache, or read and kept.

    Parameters
    ----------
    path : path
    read : callable
        Reads the model; what it raises is raised.
    """
    with uncollected():
        return _cached(path, read)


def _cached(path: Path, read: Callable[[Path], Model]) -> Model:
    if not hasattr(os, "getuid"):  # on Windows, where it cannot be seen who wrote an entry
        return read(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            return read(path)
        entry = folder() / (_identity(path) + ".pickle")
    except (OSError, ValueError, DataError):
        return read(path)
    found = _kept(entry)
    if found is not None:
        return found
    began = time.perf_counter()
    with recorded_reading() as files:
        model = read(path)
    if time.perf_counter() - began >= WORTHWHILE:
        _keep(entry, files, model)
    return model


def _identity(path: Path) -> str:
    """A name for the model's file as it is, read by this package as it is."""
    parts = (
        sys.version_info[:2],
        str(path),
        str(path.resolve()),
        _hash(path),
    )
    return hashlib.sha256(repr((parts, _code())).encode()).hexdigest()


@functools.cache
def _code() -> list[tuple[str, int, int]]:
    """Name, time of change and size of every file of this package, as they were when this process looked first."""
    files = sorted((item.name, item.stat()) for item in Path(__file__).parent.rglob("*.py"))
    return [(name, state.st_mtime_ns, state.st_size) for name, state in files]


def _kept(entry: Path) -> Model | None:
    """The model of an entry that still counts, and that only the user can have written."""
    try:
        state = entry.stat()
        if state.st_uid != os.getuid() or state.st_mode & 0o022:
            return None
        content = recall(entry)
        if content is None:  # damaged
            return None
        files, model = pickle.loads(content)  # noqa: S301 - the user's own, as was just seen
        if any(_hash(Path(file)) != known for file, known in files.items()):
            return None
    except (OSError, DataError, *_BROKEN):
        return None
    if not isinstance(model, Model):
        return None
    for file in files:  # what is being read around it rests on these files too
        note_reading(Path(file))
    return model


def _keep(entry: Path, files: set[Path], model: Model) -> None:
    try:
        content = pickle.dumps(({str(file): _hash(file) for file in files}, model), 5)
        keep(entry, content, MOST)
    except (OSError, DataError, RecursionError, pickle.PicklingError):
        return


def _hash(file: Path) -> str:
    return hashlib.sha256(bytes_of(file, MAX_BYTES)).hexdigest()
