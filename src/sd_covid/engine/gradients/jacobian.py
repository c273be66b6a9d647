"""Jacobians of outputs with respect to constants, for one member or for a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.tangent import reached, with_tangents
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.run.compile import target
from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.time.timegrid import TimeGrid

NODES = 8000  # of the model times the directions carried in one pass: what is compiled within a second or so
WORK = 5e6  # operations on a vector that a further thread must have to do: some milliseconds


class JacobianCode:
    """A compiled program that carries derivatives along.

    A pass over the model serves several directions at once, and a lane has its own in each: with 4 lanes and 5
    directions the model is evaluated once for 20 parameters.

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
        self._outputs, self._parameters = len(nodes), len(parameters)
        read = reached(part)
        self._moving = [k for k, numbers in enumerate(parameters) if not read.isdisjoint(numbers)]
        self._lanes, self._directions = _shape(len(self._moving), len(part.step.nodes), target().width)
        own, self._seeds = len(program.parameters), list[tuple[int, int]]()
        along: list[list[int]] = [[] for _ in range(self._directions)]
        for place, parameter in enumerate(self._moving):
            direction, lane = divmod(place, self._lanes)
            for number in parameters[parameter]:
                self._seeds.append((own + len(self._seeds), lane))
                along[direction].append(number)
        larger, found = with_tangents(part, nodes, along)
        self._kernel = Kernel(larger, found, alike=self._lanes)

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
        count, lanes = members.count, self._lanes
        uniform = np.concatenate([members.uniform, np.zeros(len(self._seeds))])
        varying = {
            int(k): np.repeat(members.rows[members.row[k], :count], lanes)
            for k in np.flatnonzero(members.row >= 0)
        }
        along = np.tile(np.eye(lanes), count)
        for number, lane in self._seeds:
            varying[number] = along[lane]
        spread = Members(uniform, varying, count * lanes, self._kernel.width, members.seed, members.first)
        work = spread.blocks * (grid.steps + 1) * len(self._kernel.program.step.nodes)
        values, _ = self._kernel.run(spread, grid, max(1, min(threads, int(work / WORK))))
        saves = values.shape[2]
        own = values[: self._outputs].reshape(self._outputs, count, lanes, saves)[:, :, 0]
        found = values[self._outputs :].reshape(self._outputs, self._directions, count, lanes, saves)
        jacobian = np.zeros((self._outputs, count, self._parameters, saves))
        for place, parameter in enumerate(self._moving):
            direction, lane = divmod(place, lanes)
            jacobian[:, :, parameter] = found[:, direction, :, lane]
        return own, np.moveaxis(jacobian, 2, 3)


def _shape(parameters: int, nodes: int, width: int) -> tuple[int, int]:
    """Lanes for each member, and directions of a lane, that hold some parameters."""
    directions = min(-(-parameters // width), max(1, NODES // nodes))
    if directions <= 1:
        return max(1, parameters), 1
    lanes = -(-parameters // (directions * width)) * width
    return lanes, -(-parameters // lanes)
