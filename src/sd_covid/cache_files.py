"""Files of the cache, each with a digest of its content: what was cut off or spoilt counts as not there.

What is kept and how long it counts is decided by whoever keeps it. Faults of the disk are left to the caller, for whom
a cache that cannot be read or written is no reason to fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import tempfile
from pathlib import Path

_DIGEST = hashlib.sha256().digest_size


def cache_folder(kind: str) -> Path:
    """Where things of one kind are kept: ``$XDG_CACHE_HOME/sd-covid/KIND``."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "sd-covid" / kind


def recall(path: Path) -> bytes | None:
    """The content of a file of the cache, which counts as used by this; None where it is not what was stored.

    Raises
    ------
    OSError
        When there is none, or it cannot be read.
    """
    whole = path.read_bytes()
    with contextlib.suppress(OSError):  # a cache that can only be read is one
        os.utime(path)
    content = whole[_DIGEST:]
    return content if whole.startswith(hashlib.sha256(content).digest()) else None


def keep(path: Path, content: bytes, most: int) -> None:
    """Put a file in the cache, whole or not at all.

    Parameters
    ----------
    path : Path
    content : bytes
    most : int
        Files that its folder may hold; when there are more, a tenth goes, of those that were not used for longest.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that no other thread has either, and rights for the user alone: some of what is kept is run as code.
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    kept = list(path.parent.iterdir())
    if len(kept) > most:
        # What was just kept comes last: the clock may have gone back since the others were used.
        kept.sort(key=lambda item: (item == path, last_used(item)))
        for old in kept[: len(kept) - most + most // 10]:
            old.unlink(missing_ok=True)


def last_used(path: Path) -> float:
    """When a file of the cache was used last; long ago for one that another process has just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return -math.inf
