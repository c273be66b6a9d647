"""A scenario as tables, for analysts who live in a spreadsheet: written to be filled in, and read back as YAML.

In come a study's levers and assumptions and, if wanted, a scenario; out come four sheets, or from four sheets the text
of a scenario file. A lever has one row; further rows of it without an end are later levels, with an end later periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from sd_covid.errors import ScenarioError
from sd_covid.policy.assumptions import Assumption
from sd_covid.policy.levers import Catalogue, Delivery, Lever, LeverSetting
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.sheets import Cell, Row, Sheet, read_sheet

SCENARIO = ("key", "nl", "en", "value")
LEVERS = (
    *(
        "lever",
        "title",
        "meaning",
        "lowest",
        "highest",
        "actual level",
        "actual start",
        "actual end",
        "actual budget",
    ),
    *("level", "start", "end", "budget", "delivery", "target"),
)
ASSUMPTIONS = ("assumption", "title", "unit", "low", "central", "high", "value")
CONSTANTS = ("constant", "from", "value", "factor")

#: Keys of the first sheet: in both languages, or a value.
_TEXTS, _VALUES = ("title", "rationale"), ("extends", "path", "references", "with")
_LISTS = ("references", "with")
_NOTES = {
    "Scenario": "Title and rationale in Dutch and English. 'extends', 'path': one name; 'references', 'with': names "
    "with commas between them. May stay empty.",
    "Levers": "Fill in level, start, end, budget, delivery or target where they differ from the actual setting; leave "
    "the rest empty. A further row of the same lever without an end is a later level, with an end a later period.",
    "Assumptions": "Fill in a value where this scenario assumes another one than the central one.",
    "Constants": "Any other constant of the model: a value; or from a day on a value or a factor, a row for each day.",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables may name."""

    levers: Mapping[str, Lever]
    assumptions: Mapping[str, Assumption]


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
    for key in _TEXTS:
        text = None if scenario is None else getattr(scenario, key)
        yield {"key": key, "nl": text and text.nl, "en": text and text.en}
    filled = {}
    if scenario is not None:
        filled["path"] = scenario.path.id if scenario.path is not None else None
        filled["references"] = ", ".join(item.key for item in scenario.references) or None
    for key in _VALUES:
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


def read_template(path: Path, catalogue: Catalogue, assumptions: Mapping[str, Assumption]) -> str:
    """The text of a scenario file that says what a filled-in template says.

    Parameters
    ----------
    path : Path
        A workbook, or a folder of CSV files; a sheet that is not there is empty.
    catalogue : Catalogue
    assumptions : mapping of str to Assumption

    Returns
    -------
    str
        YAML; what only the model knows is checked when the scenario is run.

    Raises
    ------
    ScenarioError
        With file, row, sheet and column: a name that is not known, with the nearest one; a value that is none.
    """
    known = _Known(catalogue.levers, assumptions)
    found = _read_scenario(read_sheet(path, "Scenario", SCENARIO), path)
    found["levers"] = _read_levers(read_sheet(path, "Levers", LEVERS), known)
    found["assumptions"] = {
        row["assumption"].choice(list(known.assumptions), "assumption"): row["value"].number()
        for row in read_sheet(path, "Assumptions", ASSUMPTIONS)
        if not row["value"].empty
    }
    found["constants"] = _read_constants(read_sheet(path, "Constants", CONSTANTS))
    kept = {name: value for name, value in found.items() if value}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120)


def _read_scenario(rows: Iterable[Mapping[str, Cell]], path: Path) -> dict[str, Any]:
    """Title, rationale and what the scenario rests on."""
    found: dict[str, Any] = {}
    for row in rows:
        key = row["key"].choice((*_TEXTS, *_VALUES), "key")
        if key in _TEXTS:
            for language in ("nl", "en"):
                if row[language].empty:
                    raise row[language].error(f"the {key} is missing", "write it in Dutch and in English")
            found[key] = {language: row[language].text for language in ("nl", "en")}
        elif not row["value"].empty:
            names = [name.strip() for name in row["value"].text.split(",") if name.strip()]
            found[key] = names if key in _LISTS else row["value"].text
    for key in _TEXTS:
        if key not in found:
            place = Cell(None, path, "Scenario", "key", 1)
            raise place.error(f"the row '{key}' is missing", "write a template anew")
    return {key: found[key] for key in (*_TEXTS, "references", "extends", "with", "path") if key in found}


def _read_levers(rows: Iterable[Mapping[str, Cell]], known: _Known) -> dict[str, Any]:
    """Each lever with what is filled in: one setting, a sequence of levels, or several periods."""
    by_lever: dict[str, list[tuple[dict[str, Any], Mapping[str, Cell]]]] = {}
    for row in rows:
        name = row["lever"].choice(list(known.levers), "lever")
        setting = dict(_read_setting(row, known.levers[name]))
        if setting:
            by_lever.setdefault(name, []).append((setting, row))
    return {name: _together(settings) for name, settings in by_lever.items()}


def _read_setting(row: Mapping[str, Cell], lever: Lever) -> Iterator[tuple[str, Any]]:
    """What is filled in of one row."""
    for part in ("level", "start", "end", "budget", "delivery", "target"):
        cell = row[part]
        if cell.empty:
            continue
        if part == "level":
            yield part, cell.number(lever.low, lever.high)
        elif part in ("start", "end"):
            yield part, cell.day()
        elif part == "budget":
            if part not in lever.constants:
                raise cell.error(f"'{lever.id}' has no budget", "leave the cell empty")
            yield part, cell.number(low=0.0)
        elif part == "delivery":
            if "municipal" not in lever.constants:
                raise cell.error(f"the delivery of '{lever.id}' cannot be set", "leave the cell empty")
            yield part, cell.choice(get_args(Delivery), "delivery")
        else:
            if not lever.targets:
                raise cell.error(f"'{lever.id}' cannot be kept for a group", "leave the cell empty")
            yield part, cell.choice(list(lever.targets), "group")


def _together(settings: list[tuple[dict[str, Any], Mapping[str, Cell]]]) -> Any:
    """The rows of one lever as its entry of a scenario file."""
    (first, top), *others = settings
    if not others:
        return first
    if all("end" in setting for setting, _ in others):
        for setting, row in settings:
            for part in ("start", "end", "level"):
                if part not in setting:
                    raise row[part].error(f"a period needs a {part}", "fill the cell in")
        return [setting for setting, _ in settings]
    steps = []
    for setting, row in settings:
        for part in ("start", "level"):
            if part not in setting:
                raise row[part].error(f"a later level needs a {part}", "fill the cell in")
        wrong = next((part for part in setting if part not in ("start", "level")), None)
        if wrong is not None and row is not top:
            raise row[wrong].error("a later level has a start and a level alone", "or give each row an end")
        steps.append({"from": setting["start"], "level": setting["level"]})
    rest = {part: value for part, value in first.items() if part not in ("start", "level")}
    return {"level": steps, **rest}


def _read_constants(rows: Iterable[Mapping[str, Cell]]) -> dict[str, Any]:
    """Constants with a value, or with what they are from days on."""
    found: dict[str, Any] = {}
    for row in rows:
        name, given = row["constant"], [part for part in ("value", "factor") if not row[part].empty]
        if name.empty:
            raise name.error("the name of the constant is missing", "fill the cell in")
        if len(given) != 1:
            raise row["value"].error("a value or a factor is expected", "fill in one of the two")
        amount = {given[0]: row[given[0]].number()}
        if row["from"].empty and given == ["value"] and name.text not in found:
            found[name.text] = amount["value"]
        elif not row["from"].empty and isinstance(found.setdefault(name.text, []), list):
            found[name.text].append({"from": row["from"].day(), **amount})
        else:
            raise row["from"].error(f"'{name.text}' needs a day from which this holds", "fill in a date")
    return found
