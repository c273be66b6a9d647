"""The study that travels with the package, and a copy of it to work in.

An installed package holds the Dutch study in its folder ``study``; in a checkout, where package and study are parts of
one repository, the repository itself is the study.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sd_covid.errors import RunError

#: What a study consists of; what else stands in a checkout is about the program.
PARTS = ("models", "scenarios", "calibration", "notebooks")
_PACKAGE = Path(__file__).parents[1]
_README = Path(__file__).with_name("starter.md")
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.pyc")


def starter_study() -> Path:
    """Folder of the study that came with the package.

    Returns
    -------
    Path

    Raises
    ------
    RunError
        When the package was installed without it.
    """
    for folder in (_PACKAGE / "study", _PACKAGE.parents[1]):
        if all((folder / part).is_dir() for part in PARTS):
            return folder
    raise RunError(
        "this installation holds no study", advice="install sd-covid from its wheel, or work in a checkout"
    )


def copy_study(target: Path) -> None:
    """Copy the study out of the package, with a page that says how to go on.

    Parameters
    ----------
    target : Path
        A folder that is not there yet, or an empty one.

    Raises
    ------
    RunError
        When the package holds no study.
    OSError
        When a file cannot be read or written.
    """
    source = starter_study()
    target.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        shutil.copytree(source / part, target / part, ignore=_NOT_COPIED)
    shutil.copyfile(_README, target / "README.md")


def occupied(target: Path) -> str | None:
    """Why a study cannot be made there; None when it can."""
    if target.is_symlink() and not target.exists():
        return "is a link to nothing"
    if target.exists() and not target.is_dir():
        return "is a file"
    if target.is_dir() and any(target.iterdir()):
        return "is not empty"
    return None
