"""A sensitivity analysis as a file of the study: model, scenarios, factors, outcomes, method, samples, seed.

In comes ``scenarios/sensitivity.yaml``; out comes a `SensitivityPlan` for `sd_covid.analysis.sensitivity.analyse`.
Every fault of the file is a `ScenarioError` with file, line and key.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import pandas as pd

from sd_covid.analysis.sensitivity.designs import GROUPED, refuse_samples
from sd_covid.analysis.sensitivity.factors import (
    Factor,
    assumption_factor,
    group_factor,
    posterior_factor,
    range_factor,
)
from sd_covid.analysis.sensitivity.indices import METHODS, Method
from sd_covid.analysis.sensitivity.plan import Outcome, OverTime, Screening, SensitivityPlan
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.errors import RunError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.outputs import Output, named_output, read_outputs
from sd_covid.policy.catalogue.ranges import SHAPES, Range, Shape
from sd_covid.policy.comparison.draws import read_posterior
from sd_covid.policy.comparison.scenarios import Measure
from sd_covid.policy.reading import (
    named_file,
    named_scenario,
    read_measured,
    read_number,
    read_text,
    read_whole,
    scenario_faults,
)
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

_KEYS = ("model", "scenarios", "outputs", "factors", "samples", "resamples", "seed")
_MORE = ("outcomes", "over_time", "method", "second_order", "groups", "screening")
#: Part of the largest effect from which a factor stays, and trajectories, where a screening does not say.
_THRESHOLD, _TRAJECTORIES = 0.05, 20


def read_plan(
    path: str | Path, simulation: Simulator, *, posterior: pd.DataFrame | None = None
) -> SensitivityPlan:
    """Read a sensitivity file and check it against the model.

    Parameters
    ----------
    path : path
    simulation : Simulator
        The model that `sd_covid.policy.reading.named_model` names, loaded.
    posterior : DataFrame, optional
        Draws to use in place of the file that the plan names.

    Returns
    -------
    SensitivityPlan

    Raises
    ------
    ScenarioError, DataError
        With file, line and key.
    """
    path = Path(path)
    with scenario_faults():
        top = read_yaml(path)
        found = top.fields(_KEYS, _MORE)
        if "outcomes" not in found and "over_time" not in found:
            raise top.error("there is nothing to take apart", "add 'outcomes:' or 'over_time:'")
        study = Study.beside(path, simulation)
        scenarios = tuple(
            read_scenario(named_scenario(node), simulation, study=study)
            for node in found["scenarios"].items()
        )
        if not scenarios or ("outcomes" in found and len(scenarios) < 2):
            raise found["scenarios"].error(
                "a difference needs two scenarios", "name the reference and another"
            )
        outputs = read_outputs(named_file(found["outputs"]))
        named = found["outcomes"].entries() if "outcomes" in found else ()
        outcomes = tuple(_outcome(name, node, scenarios, outputs, study) for name, node in named)
        over_time = _over_time(found["over_time"], scenarios, outputs) if "over_time" in found else None
        read = {key(outcome.output) for outcome in outcomes} | set(
            map(key, over_time.outputs if over_time else ())
        )
        method = cast("Method", found["method"].choice(METHODS) if "method" in found else "sobol")
        factors = tuple(_factors(found["factors"], simulation, study, posterior))
        groups = _groups(found["groups"], factors, method) if "groups" in found else ()
        return SensitivityPlan(
            simulation=simulation,
            study=study,
            scenarios=scenarios,
            factors=factors,
            outcomes=outcomes,
            outputs=tuple(output for output in outputs if key(output.name) in read),
            samples=_samples(found["samples"], method),
            resamples=read_whole(found["resamples"], 10),
            seed=read_whole(found["seed"], 0),
            method=method,
            second_order=_second_order(found["second_order"], method) if "second_order" in found else False,
            over_time=over_time,
            groups=groups,
            screening=_screening(found["screening"], method, groups) if "screening" in found else None,
        )


def _outcome(
    name: str, node: Node, scenarios: tuple[Scenario, ...], outputs: tuple[Output, ...], study: Study
) -> Outcome:
    """One outcome: a measure of an output in a scenario, against the reference."""
    found = node.fields(("title", "scenario", "output", "measure", "years"))
    measure, years = read_measured(found, (study.first, study.last), get_args(Measure))
    return Outcome(
        id=name,
        title=read_text(found["title"]),
        scenario=found["scenario"].choice([scenario.id for scenario in scenarios[1:]]),
        output=named_output(found["output"], outputs).name,
        measure=cast("Measure", measure),
        years=years,
    )


def _over_time(node: Node, scenarios: tuple[Scenario, ...], outputs: tuple[Output, ...]) -> OverTime:
    """Outputs at every moment, in a scenario against the reference, or in the reference itself."""
    found = node.fields(("scenario", "outputs"), ("every",))
    names = [named_output(entry, outputs).name for entry in found["outputs"].items()]
    if not names or len(set(names)) < len(names):
        raise found["outputs"].error("outputs are expected here, each once", "name one or more")
    return OverTime(
        scenario=found["scenario"].choice([scenario.id for scenario in scenarios]),
        outputs=tuple(names),
        every=read_whole(found["every"], 1) if "every" in found else 1,
    )


def _samples(node: Node, method: Method) -> int:
    """The number of samples, as the method can use it."""
    samples = read_whole(node, 2)
    try:
        refuse_samples(method, samples)
    except RunError as fault:
        raise node.error(fault.reason, fault.advice or "take another number") from fault
    return samples


def _second_order(node: Node, method: Method) -> bool:
    """Whether pairs of factors are told apart."""
    asked = node.flag()
    if asked and method != "sobol":
        raise node.error(f"{method} has no second-order indices", "leave it out, or set method to sobol")
    return asked


def _groups(node: Node, factors: tuple[Factor, ...], method: Method) -> tuple[Factor, ...]:
    """Groups of factors, each of factors that are in no other."""
    if method not in GROUPED:
        reason = f"{method} moves factors one by one, so a group has no index"
        raise node.error(reason, f"leave it out, or set method to {' or '.join(GROUPED)}")
    known = {factor.id: factor for factor in factors}
    groups: list[Factor] = []
    taken: set[str] = set()
    for name, entry in node.entries():
        found = entry.fields(("title", "factors"))
        if name in known:
            raise entry.error(f"'{name}' is a factor", "call the group otherwise")
        members = []
        for item in found["factors"].items():
            member = item.text()
            if member not in known:
                advice = suggest(member, known) or f"use one of {', '.join(known)}"
                raise item.error(f"'{member}' is not among the factors", advice)
            if member in taken:
                raise item.error(f"'{member}' is in a group already", "leave it in one")
            taken.add(member)
            members.append(known[member])
        groups.append(group_factor(name, read_text(found["title"]), members))
    if len(groups) + len(set(known) - taken) < 2:
        raise node.error("one group of all factors has nothing beside it", "make two groups")
    return tuple(groups)


def _screening(node: Node, method: Method, groups: tuple[Factor, ...]) -> Screening:
    """A Morris analysis that goes before."""
    if method == "morris" or groups:
        reason = "a screening goes before another method than morris, of single factors"
        raise node.error(reason, "leave out 'screening' or 'groups'")
    found = node.fields((), ("trajectories", "threshold"))
    return Screening(
        read_whole(found["trajectories"], 4) if "trajectories" in found else _TRAJECTORIES,
        read_number(found["threshold"], 0, 1) if "threshold" in found else _THRESHOLD,
    )


def _factors(node: Node, simulation: Simulator, study: Study, posterior: pd.DataFrame | None) -> list[Factor]:
    """The factors: a posterior, assumptions, ranges. What is listed by itself is not varied with the posterior too."""
    found = node.fields((), ("posterior", "assumptions", "ranges"))
    factors = []
    if "assumptions" in found:
        factors += [assumption_factor(item) for item in _assumptions(found["assumptions"], study)]
    if "ranges" in found:
        factors += [_range(name, entry, study) for name, entry in found["ranges"].entries()]
    if posterior is None and "posterior" in found:
        posterior = read_posterior(named_file(found["posterior"]), simulation)
    if posterior is not None:
        alone = {key(constant) for factor in factors for constant in factor.constants}
        left = posterior[[name for name in posterior if key(str(name)) not in alone]]
        if len(left.columns):
            factors.insert(0, posterior_factor(left))
    if len(factors) < 2:
        raise node.error("at least two factors are needed", "name a posterior, assumptions or ranges")
    twice = {factor.id for factor in factors if sum(other.id == factor.id for other in factors) > 1}
    if twice:
        raise node.error(f"'{min(twice)}' is named twice", "leave one out")
    return factors


def _assumptions(node: Node, study: Study) -> list[Assumption]:
    """The assumptions listed; each must be known, and be in the model."""
    chosen = []
    for entry in node.items():
        name = entry.text()
        if name not in study.assumptions:
            known = ", ".join(study.assumptions)
            raise entry.error(
                f"there is no assumption '{name}'", suggest(name, study.assumptions) or f"use {known}"
            )
        if study.assumptions[name].constant not in study.names:
            raise entry.error(
                f"the model has no constant '{study.assumptions[name].constant}'", "leave it out"
            )
        chosen.append(study.assumptions[name])
    return chosen


def _range(name: str, node: Node, study: Study) -> Factor:
    """A constant with a range of its own."""
    if name not in study.names:
        raise node.error(f"the model has no constant '{name}'", study.names.advice(name))
    found = node.fields(("low", "high", "central", "distribution"))
    low, high, central = (read_number(found[part]) for part in ("low", "high", "central"))
    spread = Range(low, high, central, cast("Shape", found["distribution"].choice(SHAPES)))
    fault = spread.fault()
    if fault is not None:
        raise node.error(fault, "mend low, high, central or distribution")
    return range_factor(study.names.spelling(name), spread)
