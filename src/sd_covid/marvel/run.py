"""What interventions do over time: runs of the kernel, and sums of them where that is exact.

A diagram that only adds and does not clip is linear: the effect of a combination is the sum of the effects of its
parts, to rounding, and all combinations come from one run of each part. Controls and imposed paths answer to what the
others do, and bounds bend, so there every combination is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.lower import SAVED, delay_name, model_of, strength_name, switch_name, time_step
from sd_covid.marvel.sample import Samples

Floats = NDArray[np.float64]
Switches = NDArray[np.bool_]

_BATCH = 2**22  # numbers of a batch's table of constants: 32 MiB


@dataclass(frozen=True)
class Runs:
    """A diagram ready to run.

    Parameters
    ----------
    diagram : Diagram
    clipping : bool
        Keep variables within their bounds.
    horizon : float
        Years, a whole number of quarters.
    step : float, optional
        Years.
    """

    diagram: Diagram
    clipping: bool = False
    horizon: float = 10.0
    step: float | None = None

    @cached_property
    def simulation(self) -> Simulation:
        """The diagram as a model of the engine."""
        return Simulation(
            model_of(self.diagram, clipping=self.clipping, horizon=self.horizon, step=self.step)
        )

    @property
    def superposes(self) -> bool:
        """Whether effects of interventions add up."""
        return not self.clipping and all(item.kind == "additive" for item in self.diagram.interventions)

    @cached_property
    def times(self) -> Floats:
        """Years at which paths are kept, shape (time,)."""
        step = time_step(self.diagram) if self.step is None else self.step
        return np.arange(0, self.horizon + 1e-9, max(SAVED, step))

    def paths(
        self,
        switches: Switches,
        samples: Samples | None = None,
        outputs: Sequence[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Floats:
        """Run combinations of interventions.

        Parameters
        ----------
        switches : ndarray of bool, shape (combination, intervention)
        samples : Samples, optional
            Of strengths and delays; the values of the classes by default.
        outputs : sequence of str, optional
            Ids of variables; the performances by default.
        progress : callable, optional
            Gets how many members of how many are done.

        Returns
        -------
        ndarray, shape (sample, combination, output, time)
            A single sample where none are given.

        Raises
        ------
        RunError
            When a run at the values of the classes is not finite.
        """
        names = [item.id for item in self.diagram.performances] if outputs is None else list(outputs)
        count = 1 if samples is None else samples.count
        table = {} if samples is None else self._varied(samples)
        columns = len(table) + switches.shape[1]
        step = max(1, _BATCH // max(1, columns * len(switches)))
        found = np.empty((count, len(switches), len(names), len(self.times)))
        for first in range(0, count, step):
            part = slice(first, min(first + step, count))
            found[part] = self._batch({name: values[part] for name, values in table.items()}, switches, names)
            if progress is not None:
                progress(part.stop * len(switches), count * len(switches))
        if samples is None and not np.isfinite(found).all():
            raise RunError(
                "the diagram grows beyond all numbers",
                advice="weaken its loops, or clip",
                file=self.diagram.path,
            )
        return found

    def _batch(self, table: dict[str, Floats], switches: Switches, names: Sequence[str]) -> Floats:
        import pandas as pd

        count = len(next(iter(table.values()))) if table else 1
        columns = {name: np.repeat(values, len(switches)) for name, values in table.items()}
        for number, item in enumerate(self.diagram.interventions):
            columns[switch_name(item)] = np.tile(switches[:, number].astype(np.float64), count)
        frame = pd.DataFrame(columns, index=range(count * len(switches)))
        run = self.simulation.run(frame, outputs=list(names))
        values = np.stack([run[name].to_numpy() for name in names], axis=1)
        return np.asarray(values).reshape(count, len(switches), len(names), -1)

    def _varied(self, samples: Samples) -> dict[str, Floats]:
        """Constant -> values by sample, of what varies."""
        table = {}
        for number, link in enumerate(self.diagram.links):
            if link.strength.high > link.strength.low:
                table[strength_name(link)] = samples.strength[:, number]
            if link.delay.high > link.delay.low:
                table[delay_name(link)] = samples.delay[:, number]
        return table

    def singles(self) -> Switches:
        """Each intervention alone, shape (intervention, intervention)."""
        return np.eye(len(self.diagram.interventions), dtype=bool)


def combinations(count: int) -> Switches:
    """All combinations of interventions, shape (2^count, count): number c has those whose bits it has."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def superposed(effects: Floats) -> Floats:
    """The effects of all combinations of parts whose effects add up.

    Parameters
    ----------
    effects : ndarray, shape (part, ...)
        Differences from doing nothing.

    Returns
    -------
    ndarray, shape (2^part, ...)
        In the order of `combinations`.
    """
    found = np.zeros((2 ** len(effects), *effects.shape[1:]))
    for number, effect in enumerate(effects):
        half = 2**number
        np.add(found[:half], effect, out=found[half : 2 * half])
    return found
