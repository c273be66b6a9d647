"""A sensitivity analysis as a file of the study: model, scenarios, factors, outcomes, samples, seed.

In comes ``scenarios/sensitivity.yaml``; out comes a `SensitivityPlan` for `sd_covid.analysis.sensitivity.analyse`.
Every fault of the file is a `ScenarioError` with file, line and key.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import pandas as pd

from sd_covid.analysis.factors import Factor, assumption_factor, posterior_factor, range_factor
from sd_covid.analysis.sensitivity import Outcome, SensitivityPlan
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.assumptions import Assumption
from sd_covid.policy.comparison import Measure
from sd_covid.policy.draws import read_posterior
from sd_covid.policy.outputs import Output, read_outputs
from sd_covid.policy.ranges import SHAPES, Range, Shape
from sd_covid.policy.reading import named_file, read_number, read_text, scenario_faults
from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

_KEYS = ("model", "scenarios", "outputs", "factors", "outcomes", "samples", "resamples", "seed")


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
        found = read_yaml(path).fields(_KEYS)
        study = Study.beside(path, simulation)
        scenarios = tuple(_scenario(node, simulation, study) for node in found["scenarios"].items())
        if len(scenarios) < 2:
            raise found["scenarios"].error(
                "a difference needs two scenarios", "name the reference and another"
            )
        outputs = read_outputs(named_file(found["outputs"]))
        outcomes = tuple(
            _outcome(name, node, scenarios, outputs) for name, node in found["outcomes"].entries()
        )
        read = {key(outcome.output) for outcome in outcomes}
        return SensitivityPlan(
            simulation=simulation,
            study=study,
            scenarios=scenarios,
            factors=tuple(_factors(found["factors"], simulation, study, posterior)),
            outcomes=outcomes,
            outputs=tuple(output for output in outputs if key(output.name) in read),
            samples=_samples(found["samples"]),
            resamples=int(read_number(found["resamples"], low=10)),
            seed=int(read_number(found["seed"], low=0)),
        )


def _scenario(node: Node, simulation: Simulator, study: Study) -> Scenario:
    """A scenario beside this file, by id."""
    path = node.file.parent / f"{node.text()}.yaml"
    if not path.is_file():
        others = (item.stem for item in node.file.parent.glob("*.yaml"))
        raise node.error(
            f"there is no scenario '{node.text()}'", suggest(node.text(), others) or f"make {path.name}"
        )
    return read_scenario(path, simulation, study=study)


def _outcome(name: str, node: Node, scenarios: tuple[Scenario, ...], outputs: tuple[Output, ...]) -> Outcome:
    """One outcome: a measure of an output in a scenario, against the reference."""
    found = node.fields(("title", "scenario", "output", "measure", "years"))
    names = {key(output.name): output.name for output in outputs}
    output = found["output"].text()
    if key(output) not in names:
        raise found["output"].error(
            f"'{output}' is not among the outputs", suggest(output, names.values()) or "add it"
        )
    years = [int(read_number(year, 1900, 2200)) for year in found["years"].items()]
    if len(years) not in (1, 2) or years != sorted(years):
        raise found["years"].error("a year, or a first and a last year, are expected", "write '[2020, 2022]'")
    return Outcome(
        id=name,
        title=read_text(found["title"]),
        scenario=found["scenario"].choice([scenario.id for scenario in scenarios[1:]]),
        output=names[key(output)],
        measure=cast("Measure", found["measure"].choice(get_args(Measure))),
        years=(years[0], years[-1]),
    )


def _samples(node: Node) -> int:
    """The number of blocks of the design."""
    samples = int(read_number(node, low=2))
    if samples & (samples - 1):
        raise node.error(f"{samples} is not a power of two", "take for example 512")
    return samples


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
        factors.insert(0, posterior_factor(left))
    if len(factors) < 2:
        raise node.error("at least two factors are needed", "name a posterior, assumptions or ranges")
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
