"""Scenarios compared on the same draws: what a report renders.

In come trajectories of (scenario, member, time), one array an output, with what is needed to name, date and
cost them. Out go bands of levels, paired differences from one null alternative, peaks and totals over years,
each over members that ran in both scenarios. Cost per unit of effect is `sd_covid.policy.appraisal.effectiveness`;
running is `sd_covid.policy.comparison.run`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.costs import CostLine, Prices
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.measures import Measure as Measure
from sd_covid.policy.comparison.measures import Points
from sd_covid.policy.comparison.spread import QUANTILES, Spread, Verdict, quantiles
from sd_covid.policy.saved_points import years_of
from sd_covid.policy.scenario import Scenario

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Failure:
    """A member that did not stay finite in a scenario: it is counted, and left out of every statistic.

    Attributes
    ----------
    scenario, output : str
        Scenario id, and the first output that failed.
    member : int
    time : float
        First model time at which it is not finite.
    """

    scenario: str
    member: int
    output: str
    time: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """With what a result was made: the same inputs give the same bits.

    Attributes
    ----------
    model, model_hash, draws_hash : str
    draws : str
        Where the draws came from: ``posterior``, or ``ranges of the assumptions``; empty for a single run.
    seed : int
    versions : dict
        Package -> version.
    """

    model: str
    model_hash: str
    draws: str
    draws_hash: str
    seed: int
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, attrs: Mapping[Any, Any], draws: str, draws_hash: str, seed: int) -> Provenance:
        """From what the engine says of a run: `attrs` with ``model``, ``model_hash`` and ``versions``."""
        words = str(attrs.get("versions", "")).split()
        return cls(
            model=str(attrs.get("model", "")),
            model_hash=str(attrs.get("model_hash", "")),
            draws=draws,
            draws_hash=draws_hash,
            seed=seed,
            versions=dict(zip(words[::2], words[1::2], strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, scenario minus reference, over a year, at the peak, or over a span of years.

    Attributes
    ----------
    output : Output
    scenario, reference : str
        Scenario ids.
    years : tuple of int
        First and last year that it covers.
    level, reference_level, difference : Spread
        In the output's unit; for a total in that unit times years.
    verdict : Verdict
    """

    output: Output
    scenario: str
    reference: str
    years: tuple[int, int]
    level: Spread
    reference_level: Spread
    difference: Spread
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scenarios run on the same draws.

    Attributes
    ----------
    scenarios : tuple of Scenario
    reference : str
        Id of the null alternative: every difference is taken from it.
    outputs : tuple of Output
    time : ndarray, shape (time,)
        Model time of the saved points.
    date : ndarray of datetime64[D], shape (time,)
        The same as dates.
    member : ndarray of int, shape (member,)
    levels : dict
        Output name -> ndarray, shape (scenario, member, time), in the output's unit.
    failures : tuple of Failure
        Members that did not stay finite: one entry for each scenario and member.
    costs : tuple of CostLine
        What each lever costs in each scenario, by year and payer, nominal.
    prices : Prices
        Price level and discounting by which `costs` become present values.
    levers : dict
        Lever id -> `Lever`, of the levers that the model has: titles, sources, grades.
    assumptions : dict
        Assumption id -> `Assumption`, of the assumptions that the model has.
    varied : tuple of str
        The constants that differ between members: what the intervals hold.
    provenance : Provenance
    means : dict
        Output name -> ndarray, shape (scenario, member, year), of outputs of which only the means of each of `years`
        were kept.
    """

    scenarios: tuple[Scenario, ...]
    reference: str
    outputs: tuple[Output, ...]
    time: Floats
    date: NDArray[np.datetime64]
    member: NDArray[np.int64]
    levels: dict[str, Floats]
    failures: tuple[Failure, ...]
    costs: tuple[CostLine, ...]
    prices: Prices
    levers: dict[str, Lever]
    assumptions: dict[str, Assumption]
    varied: tuple[str, ...]
    provenance: Provenance
    means: dict[str, Floats] = field(default_factory=dict)
    # Quantiles of a thousand paths take a while, and a report asks for the same ones in charts, words and tables.
    _kept: dict[tuple[str, str, str], Floats] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def covered(self, years: Sequence[int]) -> tuple[int, ...]:
        """The years that the run covers to their last day."""
        return tuple(year for year in years if year in years_of(self.date))

    @property
    def years(self) -> tuple[int, ...]:
        """Every year that the run covers to its last day."""
        return years_of(self.date)

    def told(self) -> Comparison:
        """The same runs with only the outputs that a report tells one by one."""
        return replace(self, outputs=tuple(output for output in self.outputs if output.told))

    def of_first(self, count: int) -> Comparison:
        """The same runs of the first scenarios alone; the reference must be among them."""
        scenarios = self.scenarios[:count]
        ids = {entry.id for entry in scenarios}
        return replace(
            self,
            scenarios=scenarios,
            levels={name: paths[:count] for name, paths in self.levels.items()},
            means={name: paths[:count] for name, paths in self.means.items()},
            failures=tuple(item for item in self.failures if item.scenario in ids),
            costs=tuple(line for line in self.costs if line.scenario in ids),
        )

    def against(self, reference: str) -> Comparison:
        """The same runs with another null alternative.

        Raises
        ------
        UnknownNameError
            When no scenario has that id.
        """
        self._position(reference)
        return replace(self, reference=reference)

    def discounted_at(self, rate: float) -> Comparison:
        """The same runs, with another real discount rate, per year."""
        return replace(self, prices=replace(self.prices, discount_rate=rate))

    @property
    def alternatives(self) -> tuple[Scenario, ...]:
        """Every scenario but the reference."""
        return tuple(entry for entry in self.scenarios if entry.id != self.reference)

    def scenario(self, scenario: str) -> Scenario:
        """The scenario with that id."""
        return self.scenarios[self._position(scenario)]

    def output(self, output: str) -> Output:
        """The output with that name, matched as names in a model are.

        Raises
        ------
        UnknownNameError
            When it was not kept.
        """
        for candidate in self.outputs:
            if key(candidate.name) == key(output):
                return candidate
        names = [candidate.name for candidate in self.outputs]
        raise UnknownNameError(f"'{output}' was not kept", advice=suggest(output, names), variable=output)

    def sound(self, *scenarios: str) -> NDArray[np.bool_]:
        """Which members stayed finite in every one of these scenarios, shape (member,)."""
        bad = {failure.member for failure in self.failures if failure.scenario in scenarios}
        return ~np.isin(self.member, np.fromiter(bad, dtype=np.int64, count=len(bad)))

    def trajectories(self, output: str, scenario: str, *, paired_with: str | None = None) -> Floats:
        """Levels of the sound members, shape (member, time), in the output's unit; not a copy where all are sound.

        With `paired_with`, members that failed in either scenario are left out, so that both have the same
        ones.
        """
        sound = self.sound(scenario, *(() if paired_with is None else (paired_with,)))
        path: Floats = self.levels[self.output(output).name][self._position(scenario)]
        return path if sound.all() else path[sound]

    def differences(self, output: str, scenario: str) -> Floats:
        """Paired differences from the reference, shape (member, time), in the output's unit."""
        mine = self.trajectories(output, scenario, paired_with=self.reference)
        return mine - self.trajectories(output, self.reference, paired_with=scenario)

    def bands(self, output: str, scenario: str) -> Floats:
        """Quantiles of the levels at `QUANTILES`, shape (quantile, time)."""
        return self._banded("level", output, scenario)

    def difference_bands(self, output: str, scenario: str) -> Floats:
        """Quantiles of the paired differences at `QUANTILES`, shape (quantile, time)."""
        return self._banded("difference", output, scenario)

    def matters(self, output: str, scenario: str) -> bool:
        """Whether the 90 % interval of a difference reaches the output's relevance at any time."""
        bands, relevance = self.difference_bands(output, scenario), self.output(output).relevance
        return bool(np.abs(bands).max() >= relevance) if relevance > 0 else bool(bands.any())

    def _banded(self, kind: Literal["level", "difference"], output: str, scenario: str) -> Floats:
        """Bands of levels or differences, taken once."""
        asked = kind, self.output(output).name, scenario
        if asked not in self._kept:
            taken = self.trajectories if kind == "level" else self.differences
            self._kept[asked] = _bands(taken(output, scenario))
        return self._kept[asked]

    def in_year(self, output: str, scenario: str, year: int) -> Difference:
        """The paired difference in a year, read as the output's `reading` says.

        Raises
        ------
        RunError
            When the run does not cover the year.
        """
        return self.measured(output, scenario, "year", (year, year))

    def peak(self, output: str, scenario: str, years: tuple[int, int]) -> Difference:
        """The paired difference of the highest level in a span of years, first and last included.

        Raises
        ------
        RunError
            When the run does not cover the years.
        """
        return self.measured(output, scenario, "peak", years)

    def total(
        self, output: str, scenario: str, years: tuple[int, int], *, discounted: bool = False
    ) -> Difference:
        """The paired difference of the integral over years, such as household-years in problem debt.

        Integrated by the trapezium rule over the saved points, in the output's unit times years; with `discounted`
        each year counts by its discount factor (`Prices.discount_factor`).

        Raises
        ------
        RunError
            When the run does not cover the years.
        """
        return self.measured(output, scenario, "discounted total" if discounted else "total", years)

    def measured(self, output: str, scenario: str, measure: Measure, years: tuple[int, int]) -> Difference:
        """The paired difference by a measure: what `in_year`, `peak` and `total` come to."""
        item = self.output(output)
        mine, theirs = self.pairs(output, scenario, measure, years)
        difference = Spread.of(mine - theirs)
        return Difference(
            output=item,
            scenario=scenario,
            reference=self.reference,
            years=years,
            level=Spread.of(mine),
            reference_level=Spread.of(theirs),
            difference=difference,
            verdict=difference.verdict(item.relevance),
        )

    def pairs(
        self, output: str, scenario: str, measure: Measure, years: tuple[int, int]
    ) -> tuple[Floats, Floats]:
        """What `measured` summarises: scenario and reference of each pair in which both are sound, shape (member,)."""
        sound = self.sound(scenario, self.reference)
        mine, theirs = (
            self.of_members(output, name, measure, years, sound) for name in (scenario, self.reference)
        )
        return mine, theirs

    def by_year(
        self, output: str, scenario: str, years: Sequence[int], *, paired_with: str | None = None
    ) -> Floats:
        """Mean over each year of the sound members, shape (member, year), in the output's unit; maybe not a copy.

        That of a stock is its integral in units times years, that of a yearly rate what happens in the year.

        Raises
        ------
        RunError
            When the run does not cover a year.
        """
        item, whole = self.output(output), self.years
        sound = self.sound(scenario, *(() if paired_with is None else (paired_with,)))
        means = self._year_means(item, scenario)
        means = means if sound.all() else means[sound]
        if tuple(years) == whole:
            return means
        for year in years:
            if year not in whole:
                reason = f"the run does not cover {year}"
                raise RunError(
                    reason, advice=f"it covers {whole[0]} to {whole[-1]}" if whole else "run longer"
                )
        return means[:, [whole.index(year) for year in years]]

    def of_members(
        self, output: str, scenario: str, measure: Measure, years: tuple[int, int], members: NDArray[np.bool_]
    ) -> Floats:
        """A measure of a scenario for chosen members, shape (chosen,); `members` has shape (member,)."""
        item, (first, last), whole = self.output(output), years, self.years
        if (
            measure == "peak"
            or (measure == "year" and item.reading == "end")
            or not {first, last} <= {*whole}
        ):
            path = self.levels[item.name][self._position(scenario)]
            return self._points.measure(item, path if members.all() else path[members], measure, years)
        means = self._year_means(item, scenario)[:, whole.index(first) : whole.index(last) + 1]
        return self._points.of_means(means if members.all() else means[members], measure, first)

    def _year_means(self, output: Output, scenario: str) -> Floats:
        """Means of every whole year of all members, shape (member, year), taken once."""
        position = self._position(scenario)
        if output.name in self.means:
            kept: Floats = self.means[output.name][position]
            return kept
        asked = "year", output.name, scenario
        if asked not in self._kept:
            whole, sound = self.years, self.sound(scenario)
            means = np.full((sound.size, len(whole)), np.nan)
            if whole:
                path = self.trajectories(output.name, scenario)
                means[sound] = self._points.year_means(path, range(whole[0], whole[-1] + 1))
            self._kept[asked] = means
        return self._kept[asked]

    @property
    def _points(self) -> Points:
        return Points(self.time, self.date, self.prices)

    def _position(self, scenario: str) -> int:
        """Position of a scenario on the first axis of `levels`."""
        ids = [entry.id for entry in self.scenarios]
        if scenario not in ids:
            raise UnknownNameError(
                f"'{scenario}' was not run", advice=suggest(scenario, ids), variable=scenario
            )
        return ids.index(scenario)


def _bands(paths: Floats) -> Floats:
    """Quantiles over members of paths (member, time) at `QUANTILES`; NaN when no member is sound."""
    if paths.shape[0] == 0:
        return np.full((len(QUANTILES), paths.shape[1]), np.nan)
    return quantiles(paths)
