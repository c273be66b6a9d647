"""Long-run effects that rest on an assumption: every scenario with it and without it, on the same draws.

In come ``scenarios/long-run.yaml``, which names the assumption, and a comparison's scenarios; out comes a `LongRun`,
whose differences are paired draw by draw: of a scenario with and without the assumption, and of two under each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison, Difference, Floats
from sd_covid.policy.comparison.spread import Spread, Verdict
from sd_covid.policy.paths import AssumptionPath, named_path, read_path
from sd_covid.policy.reading import read_number, read_text, scenario_faults
from sd_covid.policy.scenario import Scenario, under
from sd_covid.policy.study import Study


@dataclass(frozen=True, slots=True)
class LongRunPlan:
    """The assumption on which long-run effects rest.

    Attributes
    ----------
    said : Text
        What it is, in a few sentences for the top of every result.
    called : Text
        The assumption in a few words: ``with scars``.
    without : AssumptionPath
        The path that takes it away.
    years : tuple of int
        The years in which both are shown.
    outputs : tuple of str
        Names of what may rest on it; empty: every headline output.
    """

    said: Text
    called: Text
    without: AssumptionPath
    years: tuple[int, ...]
    outputs: tuple[str, ...] = ()

    def asked(self, outputs: Sequence[Output]) -> tuple[Output, ...]:
        """Those outputs that may rest on it."""
        named = {key(name) for name in self.outputs}
        return tuple(
            output for output in outputs if (key(output.name) in named if named else output.headline)
        )

    @property
    def in_model(self) -> bool:
        """Whether the model has the assumption."""
        return bool(self.without.assumptions or self.without.constants)

    def tells(self, scenarios: Sequence[Scenario]) -> bool:
        """Whether both differ: the model has the assumption, and not every scenario is without it already."""
        taken = self.without.assumptions | self.without.constants
        return any(
            any(
                value != (scenario.assumptions | scenario.constants).get(name)
                for name, value in taken.items()
            )
            for scenario in scenarios
        )


def read_long_run(path: str | Path, study: Study) -> LongRunPlan:
    """Read on which assumption long-run effects rest.

    Parameters
    ----------
    path : path
        A YAML file: ``said``, ``called``, ``without`` (a path of assumptions in ``paths`` beside it), ``years``.
    study : Study

    Returns
    -------
    LongRunPlan

    Raises
    ------
    ScenarioError
        With file, line and key, when a file is missing or says something it cannot.
    """
    with scenario_faults():
        found = read_yaml(Path(path)).fields(("said", "called", "without", "years"), ("outputs",))
        without = named_path(found["without"].text(), Path(path).parent, found["without"].error)
        return LongRunPlan(
            said=read_text(found["said"]),
            called=read_text(found["called"]),
            without=read_path(without, study),
            years=tuple(int(read_number(year, 1900, 2200)) for year in found["years"].items()),
            outputs=tuple(node.text() for node in found["outputs"].items()) if "outputs" in found else (),
        )


@dataclass(frozen=True, slots=True)
class LongRun:
    """Scenarios with and without the assumption, on the same draws.

    Attributes
    ----------
    plan : LongRunPlan
    assumed, bare : Comparison
        As the scenarios are, and without the assumption; the same scenarios, draws and reference.
    """

    plan: LongRunPlan
    assumed: Comparison
    bare: Comparison

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What may rest on the assumption."""
        return self.plan.asked(self.bare.outputs)

    @property
    def covered(self) -> tuple[int, ...]:
        """The years asked for that the run covers to their last day."""
        return self.assumed.covered(self.plan.years)

    def rests(self, output: str, scenario: str, year: int) -> Difference:
        """What the assumption does to a scenario: with minus without, paired."""
        item = self.assumed.output(output)
        mine, theirs = self._values(output, year, (scenario,))
        difference = Spread.of(mine[0] - theirs[0])
        return Difference(
            output=item,
            scenario=scenario,
            reference=scenario,
            years=(year, year),
            level=Spread.of(mine[0]),
            reference_level=Spread.of(theirs[0]),
            difference=difference,
            verdict=difference.verdict(item.relevance),
        )

    def package(self, output: str, scenario: str, year: int) -> tuple[Difference, Difference]:
        """A scenario minus the null alternative, with the assumption and without it."""
        return self.assumed.in_year(output, scenario, year), self.bare.in_year(output, scenario, year)

    def moved(self, output: str, scenario: str, year: int) -> Verdict:
        """Whether the difference from the null alternative depends on the assumption, draw by draw."""
        mine, theirs = self._values(output, year, (scenario, self.assumed.reference))
        return Spread.of((mine[0] - mine[1]) - (theirs[0] - theirs[1])).verdict(
            self.assumed.output(output).relevance
        )

    def _values(
        self, output: str, year: int, scenarios: tuple[str, ...]
    ) -> tuple[list[Floats], list[Floats]]:
        """Values of scenarios with the assumption and without, of the members sound in all, shape (member,)."""
        sound = self.assumed.sound(*scenarios) & self.bare.sound(*scenarios)
        both = (
            [item.of_members(output, name, "year", (year, year), sound) for name in scenarios]
            for item in (self.assumed, self.bare)
        )
        assumed, bare = both
        return assumed, bare


def without(scenarios: Sequence[Scenario], plan: LongRunPlan, study: Study) -> list[Scenario]:
    """The scenarios without the assumption."""
    return [under(scenario, plan.without, study) for scenario in scenarios]
