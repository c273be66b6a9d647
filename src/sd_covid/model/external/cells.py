"""Where a model's figures stand in other files: which file, which cells.

In go the texts of ``GET DIRECT DATA('file', 'tab', ..., 'cell')`` and its kin; out come grids and blocks of cells.
Files are read only below the study folder. What the figures are for is for `sd_covid.model.external.figures`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PureWindowsPath

from sd_covid.errors import MissingDataError, ModelError, suggest
from sd_covid.model.expression import Place
from sd_covid.model.external.grid import Block, Grid, block_of, column_number, read_grid
from sd_covid.model.structure import Model
from sd_covid.study_folder import study_folder

_COLUMN = re.compile(r"[A-Za-z]{1,3}")
_ROW = re.compile(r"[1-9][0-9]{0,6}")
_FOLDERS = 1000  # a study has fewer; a model that lies in somebody's home folder has more around it
_MODELS = frozenset({".mdl", ".vmf", ".vpm", ".vpmx", ".xmile", ".stmx", ".itmx"})
#: The files that model files name. A model may name one for thousands of variables, and to resolve links takes long.
_FOUND: dict[tuple[Path, str], Path] = {}


def is_within_study(path: Path, owner: Path) -> bool:
    """Whether a file, links resolved, lies below the study folder of another."""
    return path.resolve().is_relative_to(study_folder(owner))


def in_any_case(path: Path) -> Path | None:
    """The file that a path names on a computer that tells no case apart, as those do for which models are written.

    None when there is none, or there are several.
    """
    found = [Path(path.anchor)]
    for part in path.parts[1:]:
        exact = [folder / part for folder in found if (folder / part).exists()]
        found = exact or [
            item
            for folder in found
            if folder.is_dir()
            for item in folder.iterdir()
            if item.name.casefold() == part.casefold()
        ]
    files = [item for item in found if item.is_file()]
    return files[0] if len(files) == 1 else None


def _somewhere(folder: Path, name: str) -> Path | None:
    """A file of a name below a folder; only so many folders are looked through."""
    for at, _, files in islice(os.walk(folder), _FOLDERS):
        for file in files:
            if file.casefold() == name.casefold():
                return Path(at) / file
    return None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for cells: a definition of a model.

    Attributes
    ----------
    model : Model
    name : str
        The variable or subscript range; for messages.
    place : Place
        The file is looked for beside the model file that holds the definition.
    """

    model: Model
    name: str
    place: Place

    def lacks(self, file: str) -> bool:
        """Whether a file that is named is not there."""
        try:
            self._path(file)
        except MissingDataError:
            return True
        except ModelError:
            return False
        return False

    def grid(self, file: str, tab: str) -> Grid:
        """The cells of a sheet, or of a text file with `tab` as delimiter.

        Raises
        ------
        ModelError
            When the file is not there or not below the study folder.
        DataError
            When it cannot be read.
        """
        return read_grid(self._path(file), tab, self.name)

    def block(self, grid: Grid, text: str) -> tuple[Block, bool]:
        """The cells that ``B2``, ``B2:C5`` or a name stands for, and whether a ``*`` follows.

        Raises
        ------
        ModelError
            When it is no cell, and no name in the sheet.
        """
        plain = text.strip()
        starred = plain.endswith("*")
        plain = plain.removesuffix("*").rstrip()
        found = block_of(plain) or grid.names.get(plain.lower())
        if found is None:
            names = suggest(plain, grid.names) or "write it as 'B2', or name a range of cells in the workbook"
            raise self.error(f"'{text}' is no cell", names)
        return found, starred

    def row_or_column(self, text: str) -> tuple[int | None, int | None]:
        """Row of ``'1'``, or column of ``'A'``, from 0; None for the other, or for both when it is neither."""
        plain = text.strip()
        if _ROW.fullmatch(plain):
            return int(plain) - 1, None
        return None, column_number(plain) if _COLUMN.fullmatch(plain) else None

    def error(self, reason: str, advice: str | None = None) -> ModelError:
        """An error of the definition."""
        place = self.place
        return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=self.name)

    def _missing(self, reason: str, advice: str) -> MissingDataError:
        place = self.place
        return MissingDataError(reason, advice=advice, file=place.file, line=place.line, variable=self.name)

    def _path(self, name: str) -> Path:
        """The file that a call names, or that ``?name`` stands for."""
        owner = self.place.file or self.model.path
        if owner is None:
            raise self.error(f"'{name}' cannot be found: the model has no file", "save it first")
        tag = name if name.startswith("?") else ""
        known = _FOUND.get((owner, name))
        if known is not None and known.is_file():
            return known
        name = self._tagged(tag, owner) if tag else name
        found = self._sought(owner, name)
        there = PureWindowsPath(name)
        if found is None and there.drive:  # as Vensim keeps it for the computer of whoever wrote the model
            found = self._sought(owner, tag[1:]) if tag else None
            if found is None:
                raise self._missing(f"there is no file '{name}'", self._nearer(owner, there.name, tag))
        if found is None:
            folder = (owner.parent / name.replace("\\", "/")).resolve().parent
            beside = [item.name for item in folder.iterdir()] if folder.is_dir() else []
            tables = [item for item in beside if Path(item).suffix.lower() not in _MODELS]
            near = suggest(PureWindowsPath(name).name, tables) or f"it is looked for in {folder}"
            raise self._missing(f"there is no file '{name}'", near)
        if found.name == there.name:  # the very name: nothing nearer can come
            _FOUND[owner, tag or name] = found
        return found

    def _sought(self, owner: Path, name: str) -> Path | None:
        """A file by its path from the model on; None when it is not there."""
        try:
            path = (owner.parent / name.replace("\\", "/")).resolve()
            inside, found = is_within_study(path, owner), None
            if inside:
                found = path if path.is_file() else in_any_case(path)
                inside = found is None or is_within_study(found, owner)
        except (OSError, ValueError, RuntimeError) as error:
            raise self.error(f"'{name}' is no path of a file", "check its name") from error
        if not inside and not PureWindowsPath(name).drive:
            reason = f"'{name}' is not below the study folder {study_folder(owner)}"
            raise self.error(reason, "move the file into the study")
        return found

    def _nearer(self, owner: Path, file: str, tag: str) -> str:
        """What to do about a path on another computer."""
        there = _somewhere(study_folder(owner), file)
        where = os.path.relpath(there, owner.parent.resolve()) if there else file
        line = f"the line 30:{tag} of the settings" if tag else "the model"
        return f"put the file into the study, and write its path from the model on: '{where}', in {line}"

    def _tagged(self, tag: str, owner: Path) -> str:
        """The file that ``?name`` stands for in the settings of the model; without a setting, the one of that name."""
        file = self.model.settings.files.get(tag.lower())
        if file is None and self._sought(owner, tag[1:]) is None:
            advice = f"add a line 30:{tag}=FILE to the settings at the end of the model"
            raise self._missing(f"no file is given for '{tag}'", advice)
        return file or tag[1:]
