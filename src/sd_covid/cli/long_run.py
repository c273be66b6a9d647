"""What a run of scenarios says first: on which assumption the long run rests, and the result with it and without it.

In go the scenarios that are run; out come lines on standard error and attributes of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.cli.console import note
from sd_covid.policy import Scenario, Study

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation
    from sd_covid.policy.long_run import LongRun


def tell(
    simulation: Simulation, study: Study, scenarios: Sequence[Scenario], place: Path
) -> dict[str, dict[str, Any]]:
    """Say with how much of its results the long run rests on an assumption.

    Parameters
    ----------
    simulation : Simulation
    study : Study
    scenarios : sequence of Scenario
        With all that is set in their runs.
    place : Path
        A file beside which the study's ``long-run.yaml`` and ``outputs.yaml`` are.

    Returns
    -------
    dict
        ``long_run`` for the attributes of the result: the assumption, and for each scenario, output and year the value
        with it and without it. Empty where the study names no such assumption or the model has nothing of it.
    """
    found = _found(simulation, study, scenarios, place)
    if found is None:
        return {}
    values = {entry.id: _values(found, entry.id) for entry in scenarios}
    note(f"long run: {found.plan.said.en}")
    for name, outputs in values.items():
        _say(found, name, outputs)
    names = {"with": found.plan.called.en, "without": found.plan.without.title.en}
    return {"long_run": {"assumption": found.plan.said.en, **names, "values": values}}


def _found(
    simulation: Simulation, study: Study, scenarios: Sequence[Scenario], place: Path
) -> LongRun | None:
    """Every scenario with the assumption and without it; None where there is nothing to tell."""
    import pandas as pd

    from sd_covid.policy.long_run import LongRun, read_long_run, without
    from sd_covid.policy.outputs import outputs_in, read_outputs
    from sd_covid.policy.run import run_scenarios
    from sd_covid.policy.study import beside

    files = [beside(place, name) for name in ("long-run.yaml", "outputs.yaml")]
    if files[0] is None or files[1] is None:
        return None
    plan = read_long_run(files[0], study)
    outputs = plan.asked(outputs_in(read_outputs(files[1]), simulation.model.variables))
    if not outputs or not plan.tells(scenarios):
        return None
    name, value = next(iter(simulation.constants.items()))
    draws = pd.DataFrame({name: [value]})  # one member, the model as it stands
    assumed, bare = (
        run_scenarios(simulation, chosen, draws, outputs, study=study)
        for chosen in (scenarios, without(scenarios, plan, study))
    )
    return LongRun(plan, assumed, bare)


def _values(found: LongRun, scenario: str) -> dict[str, dict[str, list[float]]]:
    """Output -> year -> value with the assumption and without it."""
    values: dict[str, dict[str, list[float]]] = {}
    for output in found.outputs:
        for year in found.covered:
            both = found.rests(output.name, scenario, year)
            values.setdefault(output.name, {})[str(year)] = [both.level.median, both.reference_level.median]
    return values


def _say(found: LongRun, scenario: str, values: dict[str, dict[str, list[float]]]) -> None:
    """The outputs to which the assumption makes a difference that matters, then the names of the others."""
    same = []
    for output in found.outputs:
        years = values.get(output.name, {})
        if all(abs(mine - bare) < output.relevance or mine == bare for mine, bare in years.values()):
            same.append(output.title.en)
        else:
            note(f"  {scenario}: {output.title.en}, {output.unit_title.en}: {_spelled(found, years)}")
    if same:
        note(f"  {scenario}: no difference that matters for {'; '.join(same)}")


def _spelled(found: LongRun, years: dict[str, list[float]]) -> str:
    """``2030: 12.31 with scars, 12.22 without scars``."""
    from sd_covid.report.wording import Numbers

    numbers, called, bare = Numbers("en"), found.plan.called.en, found.plan.without.title.en
    low = bare[:1].lower() + bare[1:]
    return "; ".join(
        f"{year} {numbers.plain(mine)} {called}, {numbers.plain(without)} {low}"
        for year, (mine, without) in years.items()
    )
