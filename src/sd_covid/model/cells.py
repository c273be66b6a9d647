"""Where a model's figures stand in other files: which file, which cells.

In go the texts of ``GET DIRECT DATA('file', 'tab', ..., 'cell')`` and its kin; out come grids and blocks of cells.
Files are read only below the study folder. What the figures are for is for `sd_covid.model.external`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sd_covid.errors import MissingDataError, ModelError, suggest
from sd_covid.model.expression import Place
from sd_covid.model.grid import Block, Grid, block_of, column_number, read_grid
from sd_covid.model.structure import Model
from sd_covid.model.study import study_folder

_COLUMN = re.compile(r"[A-Za-z]{1,3}")
_ROW = re.compile(r"[1-9][0-9]{0,6}")


def is_within_study(path: Path, owner: Path) -> bool:
    """Whether a file, links resolved, lies below the study folder of another."""
    return path.resolve().is_relative_to(study_folder(owner))


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
        owner = self.place.file or self.model.path
        if owner is None:
            raise self.error(f"'{name}' cannot be found: the model has no file", "save it first")
        if name.startswith("?"):
            name = self._tagged(name)
        try:
            path = (owner.parent / name.replace("\\", "/")).resolve()
            inside, there = is_within_study(path, owner), path.is_file()
        except (OSError, ValueError) as error:
            raise self.error(f"'{name}' is no path of a file", "check its name") from error
        if not inside:
            reason = f"'{name}' is not below the study folder {study_folder(owner)}"
            raise self.error(reason, "move the file into the study")
        if not there:
            beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
            near = suggest(path.name, beside) or f"it is looked for in {owner.parent}"
            raise self._missing(f"there is no file '{name}'", near)
        return path

    def _tagged(self, name: str) -> str:
        """The file that ``?name`` stands for in the settings of the model."""
        file = self.model.settings.files.get(name.lower())
        if file is None:
            advice = f"add a line 30:{name}=FILE to the settings at the end of the model"
            raise self._missing(f"no file is given for '{name}'", advice)
        return file
