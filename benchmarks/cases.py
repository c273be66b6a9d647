"""What is timed: models, the constants that vary, and the outputs that are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import arrays
from c_kernel import CCode

from models import SIR, SIR_CONSTANTS, SIR_OUTPUTS, WORLD_CONSTANTS, WORLD_OUTPUTS, world
from sd_covid.engine.lower import CONTROL
from sd_covid.engine.simulation import Simulation, load


@dataclass(frozen=True, slots=True)
class Case:
    """A model to time.

    Attributes
    ----------
    name, text : str
    constants : list of str
        Those that vary between members, and that derivatives are taken by.
    outputs : list of str
    pysd_members : int
        Runs of PySD to time; none where it takes minutes or cannot read the model.
    by_hand : callable, optional
        C written by hand; by default it is generated from the graph.
    arrays : bool
        Whether outputs have elements.
    """

    name: str
    text: str
    constants: list[str]
    outputs: list[str]
    pysd_members: int = 0
    by_hand: Callable[[Simulation], CCode] | None = None
    arrays: bool = False


CASES = [
    Case("SIR", SIR, SIR_CONSTANTS, SIR_OUTPUTS, 20),
    Case("world, 240 equations", world(), WORLD_CONSTANTS, WORLD_OUTPUTS, 1),
    Case(
        "epidemic, 16 ages x 8 regions; C by hand",
        arrays.text(),
        list(arrays.CONSTANTS),
        arrays.OUTPUTS,
        by_hand=arrays.by_hand,
        arrays=True,
    ),
]
WORLD3_OUTPUTS = [
    "population",
    "industrial output",
    "food per capita",
    "persistent pollution index",
    "Nonrenewable Resources",
]


def world3(path: Path) -> Case:
    """World3-03, from a file of the user's: the first 20 constants that are not zero vary, all steps are saved."""
    constants = load(path).constants
    names = [name for name, value in constants.items() if value and name.casefold() not in CONTROL][:20]
    return Case("World3-03", path.read_text(encoding="utf-8"), names, WORLD3_OUTPUTS)
