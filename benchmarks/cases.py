"""What is timed: models, the constants that vary, and the outputs that are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import arrays
from c_kernel import CCode

from models import SIR, SIR_CONSTANTS, SIR_OUTPUTS, WORLD_CONSTANTS, WORLD_OUTPUTS, world
from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.simulation import Simulation, load


@dataclass(frozen=True, slots=True)
class Case:
    """A model to measure.

    Attributes
    ----------
    name : str
    text : str or Path
        Of the model; or its file, where it is more than one text.
    constants : list of str
        Those that vary between members, and that derivatives are taken by.
    outputs : list of str
    pysd_members : int
        Runs of PySD to time; none where one takes minutes.
    until : float, optional
        The time up to which results are compared with PySD, where a whole run takes minutes.
    by_hand : callable, optional
        C written by hand; by default it is generated from the graph.
    arrays : bool
        Whether outputs have elements.
    peer : bool
        Whether there is C for it: what writes C knows no data series.
    """

    name: str
    text: str | Path
    constants: list[str]
    outputs: list[str]
    pysd_members: int = 0
    until: float | None = None
    by_hand: Callable[[Simulation], CCode] | None = None
    arrays: bool = False
    peer: bool = True

    def file(self, folder: Path) -> Path:
        """The file of the model, written in a folder where it is a text."""
        if isinstance(self.text, Path):
            return self.text
        path = folder / f"{self.name.split(',')[0]}.mdl"
        path.write_text(self.text, encoding="utf-8")
        return path


CASES = [
    Case("SIR", SIR, SIR_CONSTANTS, SIR_OUTPUTS, 20),
    Case("world, 240 equations", world(), WORLD_CONSTANTS, WORLD_OUTPUTS, 1),
    Case(
        "epidemic, 16 ages x 8 regions; C by hand",
        arrays.text(),
        list(arrays.CONSTANTS),
        arrays.OUTPUTS,
        until=8,
        by_hand=arrays.by_hand,
        arrays=True,
    ),
]
DUTCH = Path(__file__).parents[1] / "models" / "netherlands.yaml"
DUTCH_OUTPUTS = ["unemployment rate", "households in problem debt", "distress prevalence"]
WORLD3_OUTPUTS = [
    "population",
    "industrial output",
    "food per capita",
    "persistent pollution index",
    "Nonrenewable Resources",
]


def world3(path: Path) -> Case:
    """World3-03, from a file of the user's: the first 20 constants that are not zero vary, all steps are saved."""
    return Case("World3-03", path.read_text(encoding="utf-8"), _constants(path), WORLD3_OUTPUTS, 1)


def dutch() -> Case:
    """The coupled model of this study; of its constants the first 20 that are not zero vary."""
    return Case("Dutch model, 2,300 variables", DUTCH, _constants(DUTCH), DUTCH_OUTPUTS, until=1, peer=False)


def _constants(path: Path) -> list[str]:
    constants = load(path).constants
    return [name for name, value in constants.items() if value and name.casefold() not in CONTROL][:20]
