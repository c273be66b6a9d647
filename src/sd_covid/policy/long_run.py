"""Long-run effects that rest on an assumption: every scenario with it and without it, on the same draws.

In come ``scenarios/long-run.yaml``, which names the assumption, and a comparison's scenarios; out comes a `LongRun`,
whose differences are paired draw by draw: of a scenario with and without the assumption, and of two under each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.comparison import Comparison, Difference
from sd_covid.policy.outputs import Output
from sd_covid.policy.paths import AssumptionPath, read_path
from sd_covid.policy.reading import read_number, read_text, scenario_faults
from sd_covid.policy.scenario import Scenario, under
from sd_covid.policy.spread import Spread, Verdict
from sd_covid.policy.study import Study

_MARK = " without"


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
        return LongRunPlan(
            said=read_text(found["said"]),
            called=read_text(found["called"]),
            without=read_path(_without(found["without"]), study),
            years=tuple(int(read_number(year, 1900, 2200)) for year in found["years"].items()),
            outputs=tuple(node.text() for node in found["outputs"].items()) if "outputs" in found else (),
        )


def _without(node: Node) -> Path:
    """The file of the path that takes the assumption away."""
    folder = node.file.parent / "paths"
    file = folder / f"{node.text()}.yaml"
    if not file.is_file():
        others = sorted(item.stem for item in folder.glob("*.yaml"))
        raise node.error(
            f"there is no path '{node.text()}'", suggest(node.text(), others) or f"make {file.name}"
        )
    return file


@dataclass(frozen=True, slots=True)
class LongRun:
    """Scenarios with and without the assumption.

    Attributes
    ----------
    plan : LongRunPlan
    comparison : Comparison
        Every scenario twice: as it is, and without the assumption.
    """

    plan: LongRunPlan
    comparison: Comparison

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios as they are, the null alternative first."""
        pairs = (entry for entry in self.comparison.scenarios if not entry.id.endswith(_MARK))
        return tuple(sorted(pairs, key=lambda entry: entry.id != self.comparison.reference))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What may rest on the assumption."""
        asked = {key(name) for name in self.plan.outputs}
        if asked:
            return tuple(output for output in self.comparison.outputs if key(output.name) in asked)
        return tuple(output for output in self.comparison.outputs if output.headline)

    def rests(self, output: str, scenario: str, year: int) -> Difference:
        """What the assumption does to a scenario: with minus without, paired."""
        return self.comparison.against(scenario + _MARK).in_year(output, scenario, year)

    def package(self, output: str, scenario: str, year: int) -> tuple[Difference, Difference]:
        """A scenario minus the null alternative, with the assumption and without it."""
        null = self.comparison.reference
        without = self.comparison.against(null + _MARK)
        return (
            self.comparison.in_year(output, scenario, year),
            without.in_year(output, scenario + _MARK, year),
        )

    def moved(self, output: str, scenario: str, year: int) -> Verdict:
        """Whether the difference from the null alternative depends on the assumption, draw by draw."""
        null, span = self.comparison.reference, (year, year)
        item = self.comparison.output(output)
        ids = (scenario, null, scenario + _MARK, null + _MARK)
        sound = self.comparison.sound(*ids)
        mine, theirs, bare, base = (
            self.comparison.of_members(output, name, "year", span, sound) for name in ids
        )
        return Spread.of((mine - theirs) - (bare - base)).verdict(item.relevance)


def doubled(scenarios: Sequence[Scenario], plan: LongRunPlan, study: Study) -> list[Scenario]:
    """The scenarios, then each of them once more without the assumption."""
    bare = [under(scenario, plan.without, study) for scenario in scenarios]
    return [*scenarios, *(replace(scenario, id=scenario.id + _MARK) for scenario in bare)]


def parted(comparison: Comparison, plan: LongRunPlan) -> tuple[Comparison, LongRun]:
    """A comparison of doubled scenarios: that of the scenarios as they are, and what rests on the assumption."""
    kept = [entry for entry in comparison.scenarios if not entry.id.endswith(_MARK)]
    names = {entry.id for entry in kept}
    places = [position for position, entry in enumerate(comparison.scenarios) if entry.id in names]
    plain = replace(
        comparison,
        scenarios=tuple(kept),
        levels={name: paths[places] for name, paths in comparison.levels.items()},
        failures=tuple(item for item in comparison.failures if item.scenario in names),
        costs=tuple(line for line in comparison.costs if line.scenario in names),
    )
    return plain, LongRun(plan, comparison)
