"""``.lst``: the variables to keep, one on a line.

The manual names the file and not its form; one name a line is what files of this kind hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.calibration.vensim_setup.lines import Line, read_lines
from sd_covid.errors import ProblemError, UnknownNameError

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation


def read_save_list(path: Path | str) -> list[Line]:
    """The lines of a save list.

    Raises
    ------
    ProblemError
        Also when it names nothing.
    """
    lines = read_lines(path)
    if not lines:
        raise ProblemError("the list names nothing", advice="write one variable on a line", file=path)
    return lines


def saved_names(path: Path | str, simulation: Simulation) -> list[str]:
    """The names in a save list, each one of the model's.

    Raises
    ------
    ProblemError
        A name that the model does not have, with its line.
    """
    lines = read_save_list(path)
    for line in lines:
        try:
            simulation.names.cells(line.text)
        except UnknownNameError as error:
            raise line.placed(error) from error
    return [line.text for line in lines]
