"""Packages as candidates of a search: run, judged, and known again when another point means the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sd_covid.analysis.optimisation.decisions import Points, Space
from sd_covid.analysis.optimisation.evaluate import Evaluator
from sd_covid.analysis.optimisation.journal import Journal, Row
from sd_covid.analysis.optimisation.outcomes import Limits
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.scenario import Scenario, with_levers
from sd_covid.policy.types import Floats

Package = Mapping[str, LeverSetting]
Key = frozenset[tuple[str, LeverSetting]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a package in the worlds of the search.

    Attributes
    ----------
    told : ndarray, shape (objective,)
        As a reader is told them; NaN where the package was not run or a run of it failed.
    spent : float
        Beyond the base: million euro, present value, mean over worlds.
    excess : ndarray, shape (limit,)
        Over each limit; positive where it is broken.
    failed : int
        Worlds in which a run failed.
    """

    told: Floats
    spent: float
    excess: Floats
    failed: int = 0


@dataclass(slots=True)
class Judge:
    """Judges the packages of a space.

    Attributes
    ----------
    space : Space
    limits : Limits
    evaluator : Evaluator
    journal : Journal or None
        Where what is known of packages is kept, and looked up.
    """

    space: Space
    limits: Limits
    evaluator: Evaluator
    journal: Journal | None = None
    _known: dict[Key, Judged] = field(default_factory=dict)

    def points(self, points: Points) -> tuple[Floats, Floats]:
        """Losses and excesses of points, as `sd_covid.analysis.optimisation.search.search` wants them."""
        judged = self.packages([self.space.package(point) for point in points])
        objectives = self.evaluator.objectives
        losses = [
            [item.as_loss(value) for item, value in zip(objectives, found.told, strict=True)]
            for found in judged
        ]
        return np.array(losses, dtype=np.float64), np.stack([found.excess for found in judged])

    def packages(self, packages: Sequence[Package]) -> list[Judged]:
        """What is known of packages; those not known yet are run together."""
        keys = [frozenset(package.items()) for package in packages]
        if self.journal is not None:
            self._known |= _kept(self.journal, [name for name in keys if name not in self._known])
        new = {name: package for name, package in zip(keys, packages, strict=True) if name not in self._known}
        before = {name: self.limits.before(package, self.space.base.levers) for name, package in new.items()}
        runnable = [name for name in new if (before[name] <= 0).all()]
        for name in new.keys() - set(runnable):
            self._known[name] = self._unrun(before[name])
        if runnable:
            self._run(runnable, [new[name] for name in runnable], before)
        return [self._known[name] for name in keys]

    def scenario(self, package: Package) -> Scenario:
        """A package on top of the base."""
        return with_levers(self.space.base, package, self.evaluator.study)

    @property
    def failed(self) -> int:
        """Packages of which a run failed."""
        return sum(item.failed > 0 for item in self._known.values())

    def _run(
        self,
        names: Sequence[Key],
        packages: Sequence[Package],
        before: Mapping[Key, Floats],
    ) -> None:
        scored = self.evaluator.score([self.scenario(package) for package in packages])
        for place, name in enumerate(names):
            told = np.array(
                [
                    item.told(row)
                    for item, row in zip(self.evaluator.objectives, scored.differences[place], strict=True)
                ],
                dtype=np.float64,
            )
            failed = int(scored.failed[place])
            if failed:
                told = np.full_like(told, np.nan)
            spent = float(scored.cost[place].mean())
            after = self.limits.after(spent, scored.by_year[place])
            self._known[name] = Judged(told, spent, np.concatenate([before[name], after]), failed)
        if self.journal is not None:
            self.journal.add({_written(name): _row(self._known[name]) for name in names})

    def _unrun(self, before: Floats) -> Judged:
        """A package that breaks a limit that is seen without a run."""
        missing = np.full(len(self.evaluator.objectives), np.nan)
        after = np.zeros(len(self.limits.after(0.0, np.zeros(1))))
        return Judged(missing, np.nan, np.concatenate([before, after]))


def _written(name: Key) -> str:
    """A package as a journal calls it."""
    return repr(sorted(name, key=lambda item: item[0]))


def _row(judged: Judged) -> Row:
    """What is known of a package, as a journal keeps it."""
    return [judged.told.tolist(), judged.spent, judged.excess.tolist(), judged.failed]


def _kept(journal: Journal, names: Sequence[Key]) -> dict[Key, Judged]:
    """What a journal knows of packages."""
    found = {}
    for name in names:
        row = journal.get(_written(name))
        if row is not None:
            told, spent, excess, failed = row
            found[name] = Judged(np.array(told, dtype=float), spent, np.array(excess, dtype=float), failed)
    return found
