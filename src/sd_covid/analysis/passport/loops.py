"""Named feedback loops, found in a model and measured.

In go a model and the loops that are named in its ``loops.yaml``; out comes for each its whole path, its polarity and
its gain: what a disturbance of any variable on it becomes once round, all other loops cut. The gain is the product of
the partial derivatives along the path at one moment. A stock S passes a flow on as (1 - exp(-r T)) / r times it, where
r is its own outflow rate, and T the horizon: what a lasting change of the flow makes of a stock in that time. As every
stock of a loop is given the whole horizon, the gain is an upper bound of what comes round within it.

Where variables have elements, derivatives are matrices, and the gain is the eigenvalue of their product that is
largest in modulus; for a group it is that of the product without the elements of the other groups. What flows between
the elements of one stock, as debts that age from one year to the next, is part of what it keeps: with A the derivative
of its net flow by its elements, it passes flows on as the integral of exp(A s) over the horizon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.analysis.passport.dependencies import causes, effects, way_round
from sd_covid.analysis.passport.loops_file import LoopsFile, NamedLoop, Polarity
from sd_covid.analysis.passport.slopes import Slopes
from sd_covid.model.layout.parts import is_stock
from sd_covid.model.names import key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sd_covid.engine.simulation import Simulation

#: Below this a gain is none: derivatives are differences, whose error is about 1e-8 of what they are.
NO_GAIN = 1e-12
ALL = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a loop: what its effect becomes per unit of its cause, in all and by group."""

    cause: str
    effect: str
    sign: int
    stock: bool
    mean_stay: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredLoop:
    """A named loop as it is in the model.

    Attributes
    ----------
    loop : NamedLoop
    path : tuple of str
        Names of its variables in order of effect; it closes from the last to the first. Empty where it was not found.
    missing : tuple of str
        The two waypoints between which there is no way; empty where it was found.
    steps : tuple of Step
    gains : dict of str to float
        The gain in all (under ``""``), and of each group by its name.
    """

    loop: NamedLoop
    path: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    gains: dict[str, float] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        """The gain in all."""
        return self.gains.get(ALL, 0.0)

    @property
    def polarity(self) -> Polarity | None:
        """What its gain says; None for a loop that does nothing at that moment."""
        if abs(self.gain) < NO_GAIN:
            return None
        return "reinforcing" if self.gain > 0 else "balancing"

    @property
    def runs_away(self) -> bool:
        """Whether what goes round comes back larger, in all or in a group."""
        return any(gain >= 1 for gain in self.gains.values())


class LoopSearch:
    """Loops of one model.

    Parameters
    ----------
    simulation : Simulation
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @cached_property
    def _causes(self) -> dict[str, tuple[str, ...]]:
        return causes(self._simulation.model)

    @cached_property
    def _effects(self) -> dict[str, list[str]]:
        return effects(self._causes)

    def path(self, loop: NamedLoop) -> tuple[list[str], tuple[str, ...]]:
        """The shortest path through the waypoints of a loop, by keys; or the pair between which there is none."""
        path, missing = way_round(self._effects, loop.through)
        return path, () if missing is None else tuple(map(self._name, missing))

    def measure(self, loops: Iterable[NamedLoop], file: LoopsFile) -> list[MeasuredLoop]:
        """Find loops and work out their gains."""
        by_setting: dict[tuple[float, tuple[tuple[str, float], ...]], list[NamedLoop]] = {}
        loops = list(loops)
        for loop in loops:
            moment = file.moment if loop.moment is None else loop.moment
            by_setting.setdefault((moment, tuple(sorted(loop.when.items()))), []).append(loop)
        measured: dict[str, MeasuredLoop] = {}
        for (moment, setting), those in by_setting.items():
            paths = {loop.id: self.path(loop) for loop in those}
            pairs = [pair for path, _ in paths.values() for pair in self._needed(path)]
            slopes = Slopes(self._simulation, moment, pairs, dict(setting))
            for loop in those:
                path, missing = paths[loop.id]
                measured[loop.id] = (
                    MeasuredLoop(loop, missing=missing)
                    if missing
                    else self._measured(loop, path, slopes, file)
                )
        return [measured[loop.id] for loop in loops]

    def _needed(self, path: list[str]) -> list[tuple[str, str]]:
        """The derivatives that a path needs: of its links, and of the outflow of its stocks."""
        pairs = list(zip(path, [*path[1:], *path[:1]], strict=True))
        for stock in path:
            if self._is_stock(stock):
                for flow in self._causes[stock]:
                    pairs.append((flow, stock))
                    if stock in self._causes[flow]:
                        pairs.append((stock, flow))
        return pairs

    def _measured(self, loop: NamedLoop, path: list[str], slopes: Slopes, file: LoopsFile) -> MeasuredLoop:
        names = [self._name(item) for item in path]
        matrices, steps = [], []
        for cause, effect in zip(path, [*path[1:], *path[:1]], strict=True):
            matrix = slopes.matrix(cause, effect)
            stay = None
            if self._is_stock(effect):
                own = self._own_slope(effect, slopes)
                matrix = _held(own, file.horizon) @ matrix
                rate = -float(np.diag(own).mean())
                stay = 1 / rate if rate > 0 else None
            matrices.append(matrix)
            total = float(matrix.sum())
            steps.append(
                Step(self._name(cause), self._name(effect), int(np.sign(total)), self._is_stock(effect), stay)
            )
        gains = {ALL: _eigenvalue(matrices)}
        for name, kept in self._groups(path, slopes, file.by).items():
            cut = [matrix[np.ix_(kept[(k + 1) % len(path)], kept[k])] for k, matrix in enumerate(matrices)]
            gains[name] = _eigenvalue(cut)
        return MeasuredLoop(loop, tuple(names), (), tuple(steps), gains)

    def _own_slope(self, stock: str, slopes: Slopes) -> NDArray[np.float64]:
        """By what the net flow into each element changes per unit of each, through flows that read the stock itself."""
        size = len(slopes.cells(stock))
        slope = np.zeros((size, size))
        for flow in self._causes[stock]:
            through = slopes.matrix(flow, stock)
            if flow == stock:
                slope += through
            elif stock in self._causes[flow]:
                slope += through @ slopes.matrix(stock, flow)
        return slope

    def _groups(self, path: list[str], slopes: Slopes, by: str) -> dict[str, list[list[int]]]:
        """For each element of the dimension, the positions of each variable of a path that it does not exclude."""
        if not by:
            return {}
        dimension = self._simulation.model.dimensions[key(by)]
        members = {key(element): element for element in dimension.elements}
        cells = [slopes.cells(name) for name in path]
        if not any(element in members for each in cells for cell in each for element in cell):
            return {}
        return {
            name: [
                [
                    position
                    for position, cell in enumerate(each)
                    if all(element == member for element in cell if element in members)
                ]
                for each in cells
            ]
            for member, name in members.items()
        }

    def _is_stock(self, name: str) -> bool:
        return is_stock(self._simulation.model.variables[name])

    def _name(self, name: str) -> str:
        return self._simulation.model.variables[name].name


def _held(slope: NDArray[np.float64], horizon: float) -> NDArray[np.float64]:
    """What a stock keeps at the horizon of a flow of one per unit of time into each element.

    The integral of exp(slope s) over s from 0 to the horizon, from one exponential of a larger matrix (Van Loan 1978).
    """
    from scipy.linalg import expm

    size = len(slope)
    if not np.isfinite(slope).all():
        return np.full((size, size), np.nan)
    larger = np.zeros((2 * size, 2 * size))
    larger[:size, :size], larger[:size, size:] = slope, np.eye(size)
    return np.asarray(expm(larger * horizon)[:size, size:], dtype=np.float64)


def _eigenvalue(matrices: list[NDArray[np.float64]]) -> float:
    """The eigenvalue of largest modulus of a product round a loop, with the sign of its real part."""
    first = min(range(len(matrices)), key=lambda k: matrices[k].shape[1])
    product = np.eye(matrices[first].shape[1])
    for matrix in [*matrices[first:], *matrices[:first]]:
        product = matrix @ product
    if not product.size or not np.isfinite(product).all():
        return float("nan") if product.size else 0.0
    found = np.linalg.eigvals(product)
    largest = found[np.abs(found).argmax()]
    return float(np.copysign(abs(largest), largest.real)) if abs(largest) else 0.0
