"""The study folder: the boundary below which a model may read files.

In goes the path of a model or of a file of a study; out comes the folder, or a file that it names within it. What is
read there is for others to say.
"""

from __future__ import annotations

import os
from pathlib import Path

_MARKS = ("models", "calibration")


def study_folder(path: str | Path) -> Path:
    """Folder of the study to which a file belongs.

    Parameters
    ----------
    path : path
        A model, scenario or problem file. It need not exist.

    Returns
    -------
    Path
        The nearest parent that holds a folder ``models`` or ``calibration``, links resolved; where there is none, the
        folder of the file itself.
    """
    return _around(followed(Path(path)))


def followed(path: Path) -> Path:
    """A path with its links resolved; as it stands where they lead to one another, for its reader to refuse."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def named_in_study(name: str, owner: Path) -> Path | None:
    """The file that a file of a study names, from its own folder on.

    Parameters
    ----------
    name : str
        As it is written there.
    owner : Path
        The file that names it.

    Returns
    -------
    Path or None
        Links resolved; it need not exist. None where it lies outside the study, or no file can be called so.
    """
    try:
        found = (owner.parent / name).resolve()
        found.is_file()  # a name may be too long
    except (OSError, ValueError, RuntimeError):  # also a zero byte, or links that lead to one another
        return None
    return found if found.is_relative_to(study_folder(owner)) else None


def is_there(path: Path) -> bool:
    """Whether anything stands under a name, for a reader to take or refuse: a folder, a pipe or a link to nothing too.

    For a file that a study need not have: what is there and is no file must not pass as left out. A name that no file
    can have is not there.
    """
    return os.path.lexists(path)


def leads_out(path: Path) -> bool:
    """Whether a file is a link to something outside the study of the folder in which it stands."""
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(_around(path.parent.resolve() / path.name))
    except (OSError, RuntimeError):
        return True


def _around(path: Path) -> Path:
    for folder in path.parents:
        if any((folder / mark).is_dir() for mark in _MARKS):
            return folder
    return path.parent
