"""Files that are whole or not there: written beside their place under another name, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sd_covid.errors import RunError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name for a file or folder that takes its place when the block ends well.

    Parameters
    ----------
    path : Path
        Where the result is to be. Missing parents are made; a link is followed.

    Yields
    ------
    Path
        A name in the same folder, with nothing there yet. When the block raises, what it left there is removed.

    Raises
    ------
    RunError
        When a folder that is in the way holds anything but an earlier result of the same kind.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two runs to the same place apart; the suffix stays, as some writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        if temporary.is_dir():
            _replace_folder(temporary, path)
        else:
            _refuse_folder(path)
            temporary.replace(path)
    finally:
        _remove(temporary)


def write_whole(path: Path, text: str) -> None:
    """Write a text in UTF-8, its line feeds as they are.

    Raises
    ------
    RunError
        As `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield a folder in which what belongs to a result is made, until each part is moved into place.

    Parameters
    ----------
    path : Path
        Where the result is to be. Missing parents are made.

    Yields
    ------
    Path
        An empty folder on the same disk; it goes, with what is left in it, when the block ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as aside:
        yield Path(aside)


@contextmanager
def restored(files: Iterable[Path]) -> Iterator[None]:
    """Make files what they were when the block raises: those that were not there go.

    Parameters
    ----------
    files : iterable of Path
        A link is followed.
    """
    with ExitStack() as aside, ExitStack() as undo:
        for file in (item.resolve() for item in files):
            kept: Path | None = None
            if file.is_file():
                kept = Path(shutil.copy2(file, aside.enter_context(folder_beside(file))))
            undo.callback(_put_back, file, kept)
        yield
        undo.pop_all()


def _put_back(file: Path, kept: Path | None) -> None:
    """Make a file what it was; renaming takes no room on the disk."""
    if kept is not None:
        kept.replace(file)
    elif file.is_file():
        file.unlink()


def _replace_folder(new: Path, path: Path) -> None:
    """Put a folder in the place of an earlier one."""
    if path.exists():
        ours = path.is_dir() and ((path / "zarr.json").is_file() or not any(path.iterdir()))
        if not ours:
            raise RunError("is in the way: it is not a Zarr store", advice="choose another name", file=path)
    if path.is_dir() and not any(path.iterdir()):
        for item in new.iterdir():  # somebody may stand in the empty folder: it stays the same one
            item.replace(path / item.name)
        return
    old = new.with_name(new.name + ".old")
    if path.exists():
        path.replace(old)
    new.replace(path)
    _remove(old)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise RunError("is a folder", advice="choose a file name", file=path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
