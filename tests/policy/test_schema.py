"""The JSON Schema of scenario files against the reader: what one takes the other takes. Judge: jsonschema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sd_covid.data.keyed_yaml import read_yaml
from sd_covid.errors import DataError, ScenarioError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.files import keys
from sd_covid.policy.files.schema import scenario_schema, schema_text
from sd_covid.policy.study import catalogues_beside

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HEAD = "title: {nl: Proef, en: Trial}\nrationale: {nl: Waarom, en: Why}\n"


class AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2, which has no dates: 2020-03-01 is a text."""


AsEditorsRead.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parsed(text: str) -> Any:
    return yaml.load(text, Loader=AsEditorsRead)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    return json.loads((SCENARIOS / "scenario.schema.json").read_text(encoding="utf-8"))


def scenario_files() -> list[Path]:
    """Files of the folder that point at the schema; the others hold catalogues."""
    return [
        file for file in sorted(SCENARIOS.glob("*.yaml")) if "scenario.schema.json" in file.read_text("utf-8")
    ]


def test_the_shipped_schema_is_the_one_made_of_the_keys_and_catalogues(shipped: dict[str, Any]) -> None:
    made = scenario_schema(*catalogues_beside(SCENARIOS / "levers.yaml"))
    written = (SCENARIOS / "scenario.schema.json").read_text(encoding="utf-8")
    assert schema_text(made) == written, "write it anew: sd-covid scenario schema"
    Draft202012Validator.check_schema(shipped)
    assert {key.name for key in keys.SCENARIO} == set(shipped["properties"])


@pytest.mark.parametrize("file", scenario_files(), ids=lambda file: file.stem)
def test_every_scenario_of_the_study_is_valid(file: Path, shipped: dict[str, Any]) -> None:
    faults = [
        fault.message for fault in Draft202012Validator(shipped).iter_errors(parsed(file.read_text("utf-8")))
    ]
    assert [] == faults


def test_all_scenarios_point_at_the_schema() -> None:
    pointing = {file.stem for file in scenario_files()}
    for file in SCENARIOS.glob("*.yaml"):
        names = {name for name, _ in read_yaml(file).entries()}
        assert ({"title", "rationale"} <= names) == (file.stem in pointing), file


ENTRIES = [
    "levers: {help: {level: 1, budget: 3, delivery: national, target: vulnerable}}",
    "levers: {help: [{start: 2021-01-01, end: 2021-06-01, level: 1, budget: 3}]}",
    "levers: {subsidy: {level: [{from: 2020-03-01, level: 1}, {from: 2020-06, level: 0.5}]}}",
    "levers: {subsidy: {start: 2020-05}}\nshift: {by: 1 month, after: 2020-05, without: []}",
    "levers: {help: {budget: 1}}\nbudget: {total: 850}",
    "levers: {help: {level: 1}}\ntarget: {group: vulnerable, levers: [help]}",
    "constants: {rise: 3, slope: [{from: 2020-01-01, factor: 0.5}]}",
    "with: [{package: other, shift: -1 month}]\nextends: actual\nassumptions: {slope: 2}",
]
NO_ENTRIES = [
    "levrs: {}",
    "levers: {helpp: {level: 1}}",
    "levers: {help: {}}",
    "levers: {help: {level: 3}}",
    "levers: {help: {level: [{from: 2021-01-01}]}}",
    "levers: {help: {delivery: local}}",
    "levers: {help: {target: poor}}",
    "levers: {help: [{start: 2021-01-01, end: 2021-06-01, level: 1}]}",
    "levers: {subsidy: {budget: 1}}",
    "levers: {subsidy: {delivery: national}}",
    "levers: {subsidy: {target: vulnerable}}",
    "levers: {subsidy: {end: soon}}",
    "shift: 3 weeks",
    "levers: {help: {budget: 1}}\nbudget: -1",
    "with: other",
    "with: [{pakage: other}]",
    "assumptions: {slop: 2}",
    "assumptions: {slope: much}",
    "constants: {rise: [{from: 2020-01-01, value: 1, factor: 2}]}",
    "constants: {rise: [{value: 1}]}",
]


@pytest.mark.parametrize(("text", "right"), [(t, True) for t in ENTRIES] + [(t, False) for t in NO_ENTRIES])
def test_schema_and_reader_agree(study_folder: Path, toy: Any, text: str, right: bool) -> None:
    (study_folder / "other.yaml").write_text(
        HEAD + "levers: {pause: {start: 2020-05-01}}\n", encoding="utf-8"
    )
    file = study_folder / "trial.yaml"
    file.write_text(HEAD + text + "\n", encoding="utf-8")
    study = Study.beside(file, toy)
    schema = scenario_schema(study.catalogue, study.assumptions)
    assert right == Draft202012Validator(schema).is_valid(parsed(file.read_text(encoding="utf-8")))
    if right:
        read_scenario(file, toy, study=study)
        return
    with pytest.raises((ScenarioError, DataError)):
        read_scenario(file, toy, study=study)
