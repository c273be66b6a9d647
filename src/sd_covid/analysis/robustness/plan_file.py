"""A study of robustness as a file: packages, worlds, objectives, and what to look for.

In comes ``scenarios/robust.yaml``; out comes a `RobustPlan` for `pipeline.judge`. Every fault of the file is a
`ScenarioError` with file, line and key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast, get_args

from sd_covid.analysis.discovery.find import Rule
from sd_covid.analysis.robustness.outcomes import Amount, Better, Objective
from sd_covid.analysis.robustness.plan import Buying, Learning, RobustPlan, Search
from sd_covid.analysis.robustness.worlds_file import once, read_paths, read_variants
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.outputs import Output, named_output, read_outputs
from sd_covid.policy.comparison.draws import read_posterior
from sd_covid.policy.comparison.scenarios import Measure
from sd_covid.policy.reading import (
    named_file,
    named_scenario,
    read_measured,
    read_number,
    read_text,
    read_whole,
    read_years,
    scenario_faults,
)
from sd_covid.policy.study import Study
from sd_covid.policy.types import Simulator

_REQUIRED = ("model", "scenarios", "outputs", "draws", "objectives")
_OPTIONAL = ("paths", "variants", "metrics", "worth", "discovery", "information")
_MONEY = Text("miljoen euro contante waarde", "million euro in present value")


def read_plan(path: str | Path, simulation: Simulator) -> RobustPlan:
    """Read a study of robustness and check it against the model.

    Parameters
    ----------
    path : path
    simulation : Simulator
        The model that `sd_covid.policy.reading.named_model` names, loaded.

    Returns
    -------
    RobustPlan

    Raises
    ------
    ScenarioError, DataError
        With file, line and key.
    """
    path = Path(path)
    with scenario_faults():
        found = read_yaml(path).fields(_REQUIRED, _OPTIONAL)
        study = Study.beside(path, simulation)
        scenarios = tuple(named_scenario(node) for node in once(found["scenarios"]))
        if len(scenarios) < 2:
            raise found["scenarios"].error(
                "there is nothing to compare", "name the null alternative and a package"
            )
        outputs = read_outputs(named_file(found["outputs"]))
        objectives = tuple(
            _objective(name, node, outputs, study) for name, node in found["objectives"].entries()
        )
        if not objectives:
            raise found["objectives"].error("there is no objective", "name what packages are judged by")
        paths = read_paths(found.get("paths"), study)
        draws = found["draws"].fields(("posterior", "size", "seed"))
        ids = [item.stem for item in scenarios]
        learning = (
            _learning(found["information"], ids, objectives, outputs, study)
            if "information" in found
            else None
        )
        awaited = () if learning is None else learning.figures
        asked = {key(item.output) for item in objectives if item.output} | {
            key(item.name) for item in awaited
        }
        metrics = found["metrics"].fields((), ("pessimism", "spread")) if "metrics" in found else {}
        return RobustPlan(
            file=path,
            simulation=simulation,
            study=study,
            scenarios=scenarios,
            posterior=read_posterior(named_file(draws["posterior"]), simulation),
            size=read_whole(draws["size"], 10),
            seed=read_whole(draws["seed"], 0),
            worlds=(
                *paths,
                *read_variants(found.get("variants"), [item.world.id for item in paths], study, simulation),
            ),
            objectives=objectives,
            outputs=tuple(output for output in outputs if key(output.name) in asked),
            pessimism=read_number(metrics["pessimism"], 0.0, 1.0) if "pessimism" in metrics else 0.5,
            spread=read_number(metrics["spread"], low=0.0) if "spread" in metrics else 1.0,
            worth=tuple(_worth(node, ids, objectives) for node in found["worth"].items())
            if "worth" in found
            else (),
            searches=tuple(_search(node, ids, objectives, study) for node in found["discovery"].items())
            if "discovery" in found
            else (),
            learning=learning,
        )


def _objective(name: str, node: Node, outputs: Sequence[Output], study: Study) -> Objective:
    """One objective: a measure of an output, or an amount of money."""
    found = node.fields(
        ("title",), ("output", "measure", "years", "difference", "amount", "unit", "target", "relevance")
    )
    target = read_number(found["target"]) if "target" in found else None
    title = read_text(found["title"])
    if "amount" in found:
        for other in ("output", "measure", "years", "difference", "unit"):
            if other in found:
                raise found[other].error(f"an amount has no '{other}'", "leave it out, or leave 'amount' out")
        amount = cast("Amount", found["amount"].choice(get_args(Amount)))
        better: Better = "lower" if amount == "cost" else "higher"
        relevance = read_number(found["relevance"], low=0.0) if "relevance" in found else 0.0
        return Objective(name, title, _MONEY, better, amount=amount, relevance=relevance, target=target)
    for needed in ("output", "measure", "years"):
        if needed not in found:
            raise node.error(f"the key '{needed}' is missing", f"add '{needed}:', or 'amount:' for money")
    output = named_output(found["output"], outputs)
    if output.better == "neutral":
        raise found["output"].error(f"'{output.name}' is neither better nor worse", "judge by another output")
    measure, (first, last) = read_measured(found, (study.first, study.last), get_args(Measure))
    added_up = "total" in measure
    relevance = output.relevance * (last - first + 1 if added_up else 1)
    return Objective(
        id=name,
        title=title,
        unit=read_text(found["unit"]) if "unit" in found else _unit(output, added_up=added_up),
        better=output.better,
        output=output.name,
        measure=cast("Measure", measure),
        years=(first, last),
        difference=found["difference"].flag() if "difference" in found else False,
        relevance=read_number(found["relevance"], low=0.0) if "relevance" in found else relevance,
        target=target,
    )


def _unit(output: Output, *, added_up: bool) -> Text:
    """The unit of an output; of one that is added up over years, times years."""
    unit = output.unit_title
    return Text(f"{unit.nl} × jaar", f"{unit.en} × years") if added_up else unit


def _worth(node: Node, scenarios: Sequence[str], objectives: Sequence[Objective]) -> Buying:
    """An objective whose units can be bought: an output that is added up."""
    found = node.fields(("objective", "one"), ("scenarios",))
    name = found["objective"].choice([item.id for item in objectives])
    chosen = next(item for item in objectives if item.id == name)
    if chosen.amount is not None or "total" not in chosen.measure:
        raise node.error(f"'{name}' is not added up over years", "name one with 'measure: total'")
    return Buying(name, read_text(found["one"]), _among(found.get("scenarios"), scenarios))


def _among(node: Node | None, scenarios: Sequence[str]) -> tuple[str, ...]:
    """Some of the packages, two at least; all of them by default."""
    if node is None:
        return tuple(scenarios)
    chosen = {item.choice(scenarios) for item in node.items()}
    if len(chosen) < 2:
        raise node.error("a choice is between two packages at least", "name another")
    return tuple(name for name in scenarios if name in chosen)


def _search(node: Node, scenarios: Collection[str], objectives: Sequence[Objective], study: Study) -> Search:
    """Where to look for failures of a package."""
    found = node.fields(("scenario", "objective"), ("over", "columns", "screened", "resamples"))
    name = found["objective"].choice([item.id for item in objectives])
    if next(item for item in objectives if item.id == name).target is None:
        raise found["objective"].error(f"'{name}' has no target to fail", "give the objective a 'target'")
    plain = Rule()
    rule = Rule(
        columns=read_whole(found["columns"], 1, 10) if "columns" in found else plain.columns,
        screened=read_whole(found["screened"], 1, 1000) if "screened" in found else plain.screened,
    )
    return Search(
        scenario=found["scenario"].choice(list(scenarios)),
        objective=name,
        over=tuple(_constant(item, study) for item in found["over"].items()) if "over" in found else (),
        rule=rule,
        resamples=read_whole(found["resamples"], 0, 1000) if "resamples" in found else 50,
    )


def _constant(node: Node, study: Study) -> str:
    """A constant, by its own name or by that of an assumption."""
    return _known(node.text(), node, study)


def _known(name: str, node: Node, study: Study) -> str:
    """The model's spelling of a constant, or of that of an assumption."""
    if name in study.assumptions and study.assumptions[name].constant in study.names:
        return study.names.spelling(study.assumptions[name].constant)
    if name in study.names:
        return study.names.spelling(name)
    known = suggest(name, study.assumptions) or study.names.advice(name)
    raise node.error(f"there is no assumption or constant '{name}'", known)


def _learning(
    node: Node,
    scenarios: Sequence[str],
    objectives: Sequence[Objective],
    outputs: Sequence[Output],
    study: Study,
) -> Learning:
    """What might be learnt before choosing."""
    found = node.fields(("objective",), ("scenarios", "groups", "figures", "years", "resamples"))
    if ("figures" in found) != ("years" in found):
        raise node.error("'figures' and 'years' go together", "give both, or neither")
    groups = {}
    for name, entry in found["groups"].entries() if "groups" in found else ():
        parts = entry.fields(("title", "constants"))
        columns = tuple(_constant(item, study) for item in parts["constants"].items())
        if not columns:
            raise parts["constants"].error("a group of nothing has no value", "name constants or assumptions")
        if name in study.names or name in study.assumptions:
            raise entry.error(f"'{name}' is a constant or assumption", "call the group otherwise")
        groups[name] = (read_text(parts["title"]), columns)
    return Learning(
        objective=found["objective"].choice([item.id for item in objectives]),
        scenarios=_among(found.get("scenarios"), scenarios),
        groups=groups,
        figures=tuple(named_output(item, outputs) for item in once(found["figures"]))
        if "figures" in found
        else (),
        years=read_years(found["years"], (study.first, study.last)) if "years" in found else (0, 0),
        resamples=read_whole(found["resamples"], 10, 10_000) if "resamples" in found else 100,
    )
