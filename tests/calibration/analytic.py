"""Models in closed form with hand-written derivatives, in place of the engine: the outside truth of these tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

import numpy as np

from sd_covid.errors import UnknownNameError
from sd_covid.model.structure import Model, Variable

# value and derivative by each constant, of one output over time
Output = Callable[[Mapping[str, float], np.ndarray], tuple[np.ndarray, dict[str, np.ndarray]]]


class AnalyticModel:
    """Satisfies `sd_covid.calibration.types.Simulator`."""

    def __init__(self, name: str, constants: dict[str, float], outputs: dict[str, Output]) -> None:
        self.constants = {"FINAL TIME": 120.0, **constants}
        self.outputs = outputs
        variables = {item.key: item for item in (Variable(n) for n in [*outputs, *self.constants])}
        self.model = Model(name, variables=variables)
        self.program = SimpleNamespace(drivers=())

    def differentiable(
        self,
        outputs: Sequence[str],
        parameters: Sequence[str],
        constants: Mapping[str, float] | None = None,
        save_every: float | None = None,
    ) -> AnalyticDifferentiable:
        settings = {**self.constants, **(constants or {})}
        for name in [*parameters, *(constants or {})]:
            if name not in self.constants:
                raise UnknownNameError(name)
        return AnalyticDifferentiable([self.outputs[n] for n in outputs], list(parameters), settings)


class AnalyticDifferentiable:
    def __init__(self, outputs: list[Output], parameters: list[str], settings: dict[str, float]) -> None:
        self._outputs, self._parameters, self._settings = outputs, parameters, settings
        self.time = np.arange(0.0, settings["FINAL TIME"] + 0.5)

    def copy(self) -> AnalyticDifferentiable:
        return AnalyticDifferentiable(self._outputs, self._parameters, self._settings)

    def batch(self, threads: int | None = None) -> AnalyticBatch:
        return AnalyticBatch(self)

    def values(self, theta: np.ndarray) -> np.ndarray:
        settings = {**self._settings, **dict(zip(self._parameters, theta.tolist(), strict=True))}
        results = [output(settings, self.time) for output in self._outputs]
        self._slopes = [result[1] for result in results]
        return np.array([result[0] for result in results]).reshape(len(results), len(self.time))

    def gradient(self, seed: np.ndarray) -> np.ndarray:
        total = np.zeros(len(self._parameters))
        for row, slopes in zip(seed, self._slopes, strict=True):
            for index, name in enumerate(self._parameters):
                if name in slopes:
                    total[index] += float(row @ slopes[name])
        return total


class AnalyticBatch:
    """One member after another."""

    def __init__(self, one: AnalyticDifferentiable) -> None:
        self._one, self._members = one, []

    def values(self, theta: np.ndarray) -> np.ndarray:
        self._members = [self._one.copy() for _ in theta]
        return np.stack(
            [member.values(row) for member, row in zip(self._members, theta, strict=True)], axis=1
        )

    def gradient(self, seed: np.ndarray) -> np.ndarray:
        rows = zip(self._members, seed.swapaxes(0, 1), strict=True)
        return np.array([member.gradient(row) for member, row in rows])


def _level(c: Mapping[str, float], t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    shape = np.exp(-c["decay rate"] * t)
    value = c["initial level"] * shape
    return value, {"initial level": shape, "decay rate": -t * value}


def _outflow(c: Mapping[str, float], t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    lost = 1.0 - np.exp(-c["decay rate"] * t)
    slope = c["initial level"] * t * np.exp(-c["decay rate"] * t)
    return c["initial level"] * lost, {"initial level": lost, "decay rate": slope}


def decay() -> AnalyticModel:
    """Exponential decay: level = initial level * exp(-decay rate * t); cumulative outflow = what is gone."""
    constants = {"initial level": 10.0, "decay rate": 0.05}
    return AnalyticModel("decay", constants, {"level": _level, "cumulative outflow": _outflow})


def _line(c: Mapping[str, float], t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return c["start"] + c["slope"] * t, {"start": np.ones_like(t), "slope": t.copy()}


def line() -> AnalyticModel:
    """A straight line: with normal priors and noise the posterior is normal, in closed form."""
    return AnalyticModel("line", {"start": 0.0, "slope": 0.0}, {"height": _line})
