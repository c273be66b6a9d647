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
    from sd_covid.policy.comparison.long_run import LongRun, LongRunPlan


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
        with it and without it. Empty where the study names no such assumption, the model has nothing of it, or the run
        ends before it tells.
    """
    from sd_covid.policy.comparison.long_run import read_long_run
    from sd_covid.policy.study import beside

    file = beside(place, "long-run.yaml")
    plan = None if file is None else read_long_run(file, study)
    if plan is None or not plan.in_model:
        return {}
    if not plan.tells(scenarios):
        note(f"long run: {plan.without.title.en}. {plan.without.rationale.en}")
        return {"long_run": {"assumption": plan.without.rationale.en, "without": plan.without.title.en}}
    found = _found(simulation, study, scenarios, plan, place)
    if found is None or not found.covered:
        return {}
    values = {entry.id: _values(found, entry.id) for entry in scenarios}
    note(f"long run: {found.plan.said.en}")
    for name, outputs in values.items():
        _say(found, name, outputs)
    names = {"with": found.plan.called.en, "without": found.plan.without.title.en}
    return {"long_run": {"assumption": found.plan.said.en, **names, "values": values}}


def _found(
    simulation: Simulation, study: Study, scenarios: Sequence[Scenario], plan: LongRunPlan, place: Path
) -> LongRun | None:
    """Every scenario with the assumption and without it; None where the model has no output that it tells of."""
    import pandas as pd

    from sd_covid.policy.catalogue.outputs import outputs_in, read_outputs
    from sd_covid.policy.comparison.long_run import LongRun, without
    from sd_covid.policy.comparison.run import run_scenarios
    from sd_covid.policy.study import beside

    file = beside(place, "outputs.yaml")
    known = () if file is None else outputs_in(read_outputs(file), simulation.model.variables)
    outputs = plan.asked(known)
    if not outputs:
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
    from sd_covid.report.words.wording import Numbers

    numbers, called, bare = Numbers("en"), found.plan.called.en, found.plan.without.title.en
    low = bare[:1].lower() + bare[1:]
    return "; ".join(
        f"{year} {numbers.plain(mine)} {called}, {numbers.plain(without)} {low}"
        for year, (mine, without) in years.items()
    )
