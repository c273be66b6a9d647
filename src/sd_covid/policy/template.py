"""A scenario as tables to be filled in, for analysts who live in a spreadsheet.

In come a study's levers and assumptions and, if wanted, a scenario; out come four sheets. A lever has one row; further
rows of it without an end are later levels, with an end later periods. `sd_covid.policy.files.filled_in` reads them
back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sd_covid.errors import ScenarioError
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.levers import Catalogue, Lever, LeverSetting
from sd_covid.policy.files.filled_in import ASSUMPTIONS, CONSTANTS, LEVERS, SCENARIO, TEXTS, VALUES
from sd_covid.policy.files.sheets import Row, Sheet
from sd_covid.policy.scenario import Scenario

_NOTES = {
    "Scenario": "Title and rationale in Dutch and English. 'extends', 'path': one name; 'references', 'with': names "
    "with commas between them. May stay empty.",
    "Levers": "Fill in level, start, end, budget, delivery or target where they differ from the actual setting; leave "
    "the rest empty. A further row of the same lever without an end is a later level, with an end a later period.",
    "Assumptions": "Fill in a value where this scenario assumes another one than the central one.",
    "Constants": "Any other constant of the model: a value; or from a day on a value or a factor, a row for each day.",
}


def template(
    catalogue: Catalogue,
    assumptions: Mapping[str, Assumption],
    language: str,
    scenario: Scenario | None = None,
) -> list[Sheet]:
    """The sheets of a scenario, to be filled in.

    Parameters
    ----------
    catalogue : Catalogue
    assumptions : mapping of str to Assumption
    language : {'nl', 'en'}
        Of titles and meanings.
    scenario : Scenario, optional
        What is filled in already: all that differs from the actual package, so that it extends nothing.

    Returns
    -------
    list of Sheet
        Scenario, Levers, Assumptions, Constants.
    """
    rows = {
        "Scenario": (SCENARIO, _scenario_rows(scenario)),
        "Levers": (LEVERS, _lever_rows(catalogue.levers, language, scenario)),
        "Assumptions": (ASSUMPTIONS, _assumption_rows(assumptions, language, scenario)),
        "Constants": (CONSTANTS, [] if scenario is None else _constant_rows(scenario)),
    }
    return [Sheet(name, columns, tuple(found), _NOTES[name]) for name, (columns, found) in rows.items()]


def _scenario_rows(scenario: Scenario | None) -> Iterator[Row]:
    for key in TEXTS:
        text = None if scenario is None else getattr(scenario, key)
        yield {"key": key, "nl": text and text.nl, "en": text and text.en}
    filled = {}
    if scenario is not None:
        filled["path"] = scenario.path.id if scenario.path is not None else None
        filled["references"] = ", ".join(item.key for item in scenario.references) or None
    for key in VALUES:
        yield {"key": key, "value": filled.get(key)}


def _lever_rows(levers: Mapping[str, Lever], language: str, scenario: Scenario | None) -> Iterator[Row]:
    for name, lever in levers.items():
        actual = lever.actual
        told: Row = {
            "lever": name,
            "title": lever.title.in_language(language),
            "meaning": lever.meaning.in_language(language),
            "lowest": lever.low,
            "highest": lever.high,
            "actual level": actual.level,
            "actual start": actual.start,
            "actual end": actual.end,
            "actual budget": actual.budget,
        }
        setting = actual if scenario is None else scenario.levers.get(name, actual)
        first, *others = [{}] if setting == actual else list(_set_rows(setting))
        yield {**told, **first}
        for other in others:
            yield {"lever": name, **other}


def _set_rows(setting: LeverSetting) -> Iterator[Row]:
    """What is filled in of a lever: its periods, and after each the later levels within it."""
    if setting.trigger is not None:
        raise ScenarioError("a form has no room for a trigger", advice="change the scenario file by hand")
    for period in setting.all_periods:
        parts = ("level", "start", "end", "budget", "delivery", "target")
        yield {part: getattr(period, part) for part in parts}
        for step in period.then:
            yield {"level": step.value, "start": step.day}


def _assumption_rows(
    assumptions: Mapping[str, Assumption], language: str, scenario: Scenario | None
) -> Iterator[Row]:
    for name, item in assumptions.items():
        yield {
            "assumption": name,
            "title": item.title.in_language(language),
            "unit": item.unit,
            "low": item.range.low,
            "central": item.range.central,
            "high": item.range.high,
            "value": None if scenario is None else scenario.assumptions.get(name),
        }


def _constant_rows(scenario: Scenario) -> Iterator[Row]:
    for name, value in scenario.constants.items():
        yield {"constant": name, "value": value}
    for name, steps in scenario.changes.items():
        for step in steps:
            factor = step.factor if step.value is None else None
            yield {"constant": name, "from": step.day, "value": step.value, "factor": factor}
