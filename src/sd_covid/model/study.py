"""The study folder: the boundary below which a model may read files.

In goes the path of a model or of a file of a study; out comes the folder. What is read below it is for others to say.
"""

from __future__ import annotations

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
    resolved = Path(path).resolve()
    for folder in resolved.parents:
        if any((folder / mark).is_dir() for mark in _MARKS):
            return folder
    return resolved.parent
