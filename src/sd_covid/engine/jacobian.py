"""Jacobians of outputs with respect to constants, for one member or for a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.kernel import Kernel, Members
from sd_covid.engine.program import Program
from sd_covid.engine.tangent import with_tangents
from sd_covid.engine.timegrid import TimeGrid
from sd_covid.engine.trim import trim


class JacobianCode:
    """A compiled program that carries derivatives along: one direction in each lane.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    parameters : list of list of int
        For each parameter, the numbers of the constants that it sets.
    """

    def __init__(self, program: Program, outputs: list[int], parameters: list[list[int]]) -> None:
        part, nodes = trim(program, outputs)
        self._outputs, self._parameters = len(nodes), parameters
        self._flat = [number for numbers in parameters for number in numbers]
        self._own = len(program.parameters)
        larger, found = with_tangents(part, nodes, self._flat)
        self._kernel = Kernel(larger, found)

    def run(
        self, members: Members, grid: TimeGrid, threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values and derivatives.

        Parameters
        ----------
        members : Members
            Of the program without directions.
        grid : TimeGrid
        threads : int

        Returns
        -------
        values : ndarray, shape (output, member, time)
        jacobian : ndarray, shape (output, member, time, parameter)
        """
        count, width = members.count, len(self._parameters)
        uniform = np.concatenate([members.uniform, np.zeros(len(self._flat))])
        varying = {
            int(k): np.repeat(members.rows[members.row[k], :count], width)
            for k in np.flatnonzero(members.row >= 0)
        }
        place = 0
        for parameter, numbers in enumerate(self._parameters):
            for _ in numbers:
                row = np.zeros((count, width))
                row[:, parameter] = 1.0
                varying[self._own + place] = row.ravel()
                place += 1
        spread = Members(uniform, varying, count * width, self._kernel.width)
        values, _ = self._kernel.run(spread, grid, threads)
        cube = values.reshape(len(values), count, width, values.shape[2])
        return cube[: self._outputs, :, 0], np.moveaxis(cube[self._outputs :], 2, 3)
