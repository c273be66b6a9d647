"""Filled-in tables as a scenario: a workbook or a folder of CSV files in place of a YAML file.

In come tables; out comes the tree of `Node` that a YAML file with the same content gives, whose faults are told at the
sheet and row where they stand, or the text of that YAML file. `sd_covid.policy.template` writes the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from sd_covid.data.keyed_yaml import Node
from sd_covid.errors import DataError, ScenarioError
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.levers import Catalogue, Delivery, Lever
from sd_covid.policy.files.tables import Cell, read_tables
from sd_covid.yaml_nodes import compose

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
TEXTS, VALUES = ("title", "rationale"), ("extends", "path", "references", "with")
_LISTS = ("references", "with")
SHEETS = ("Scenario", "Levers", "Assumptions", "Constants")
#: What a spreadsheet may be saved as and is not read, so that it is not taken for YAML.
_OTHERS = (".csv", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables may name."""

    levers: Mapping[str, Lever]
    assumptions: Mapping[str, Assumption]


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a cell holds, as it goes into a scenario file."""

    value: Any
    cell: Cell


class TableNode(Node):
    """A value of a scenario that is written in a table: a fault in it is told at its row, sheet and column."""

    def error(self, reason: str, advice: str) -> DataError:
        """A fault at this place."""
        mark = self.raw.start_mark
        place = mark.name if isinstance(mark, _Mark) else "Scenario"
        return DataError(reason, advice=advice, file=self.file, line=self.line, variable=place)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a value stands, in place of the mark of a YAML file: its row, from 0, and its sheet and column."""

    line: int
    name: str


def is_filled_in(path: Path) -> bool:
    """Whether a scenario is given as tables: a workbook, or a folder of CSV files.

    Raises
    ------
    ScenarioError
        A table in another form.
    """
    if path.suffix.lower() in _OTHERS and not path.is_dir():
        what = "give the folder of its CSV files" if path.suffix.lower() == ".csv" else "save it as .xlsx"
        raise ScenarioError(f"'{path.suffix}' is not read as a scenario", advice=what, file=path)
    return path.suffix.lower() == ".xlsx" or path.is_dir()


def read_filled_in(path: Path, catalogue: Catalogue, assumptions: Mapping[str, Assumption]) -> Node:
    """The scenario that filled-in tables hold, as `read_yaml` gives that of a file.

    Parameters
    ----------
    path : Path
        A workbook, or a folder of CSV files; a sheet that is not there is empty.
    catalogue : Catalogue
    assumptions : mapping of str to Assumption

    Raises
    ------
    ScenarioError
        With file, row, sheet and column: a name that is not known, with the nearest one; a value that is none.
    """
    found = _read(path, catalogue, assumptions)
    top = compose(_text(found))
    assert isinstance(top, yaml.MappingNode)  # title and rationale are there
    _mark(top, found)
    return TableNode(path, "", 1, top)


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
        As `read_filled_in`.
    """
    return _text(_read(path, catalogue, assumptions))


def _read(path: Path, catalogue: Catalogue, assumptions: Mapping[str, Assumption]) -> dict[str, Any]:
    """The keys of a scenario file, down to cells."""
    known = _Known(catalogue.levers, assumptions)
    tables = read_tables(path, SHEETS)
    found = _read_scenario(tables.rows("Scenario", SCENARIO), path)
    found["levers"] = _read_levers(tables.rows("Levers", LEVERS), known)
    found["assumptions"] = {
        row["assumption"].choice(list(known.assumptions), "assumption"): _number(row["value"])
        for row in tables.rows("Assumptions", ASSUMPTIONS)
        if not row["value"].empty
    }
    found["constants"] = _read_constants(tables.rows("Constants", CONSTANTS))
    return {name: value for name, value in found.items() if value}


def _text(found: dict[str, Any]) -> str:
    """The same as YAML."""
    return yaml.safe_dump(_plain(found), sort_keys=False, allow_unicode=True, width=120)


def _plain(found: Any) -> Any:
    """Values in place of cells."""
    if isinstance(found, dict):
        return {name: _plain(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_plain(value) for value in found]
    return found.value


def _mark(node: yaml.Node, found: Any) -> None:
    """Give the nodes of a text the places of the cells from which it was written."""
    node.start_mark = _place(found)
    if isinstance(node, yaml.MappingNode):
        for (name, value), below in zip(node.value, found.values(), strict=True):
            name.start_mark = _place(below)
            _mark(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for value, below in zip(node.value, found, strict=True):
            _mark(value, below)


def _place(found: Any) -> _Mark:
    """Where something begins: at the first of its cells."""
    while not isinstance(found, _Filled):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return _Mark(found.cell.row - 1, f"{found.cell.sheet}, {found.cell.column}")


def _number(cell: Cell, *bounds: float) -> _Filled:
    return _Filled(cell.number(*bounds), cell)


def _read_scenario(rows: Iterable[Mapping[str, Cell]], path: Path) -> dict[str, Any]:
    """Title, rationale and what the scenario rests on."""
    found: dict[str, Any] = {}
    for row in rows:
        key = row["key"].choice((*TEXTS, *VALUES), "key")
        if key in TEXTS:
            for language in ("nl", "en"):
                if row[language].empty:
                    raise row[language].error(f"the {key} is missing", "write it in Dutch and in English")
            found[key] = {language: _Filled(row[language].text, row[language]) for language in ("nl", "en")}
        elif not row["value"].empty:
            cell = row["value"]
            names = [_Filled(name.strip(), cell) for name in cell.text.split(",") if name.strip()]
            found[key] = names if key in _LISTS else _Filled(cell.text, cell)
    for key in TEXTS:
        if key not in found:
            place = Cell(None, path, "Scenario", "key", 1)
            raise place.error(f"the row '{key}' is missing", "write a template anew")
    return {key: found[key] for key in (*TEXTS, "references", "extends", "with", "path") if key in found}


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
            yield part, _number(cell, lever.low, lever.high)
        elif part in ("start", "end"):
            yield part, _Filled(cell.day(), cell)
        elif part == "budget":
            if part not in lever.constants:
                raise cell.error(f"'{lever.id}' has no budget", "leave the cell empty")
            yield part, _number(cell, 0.0)
        elif part == "delivery":
            if "municipal" not in lever.constants:
                raise cell.error(f"the delivery of '{lever.id}' cannot be set", "leave the cell empty")
            yield part, _Filled(cell.choice(get_args(Delivery), "delivery"), cell)
        else:
            if not lever.targets:
                raise cell.error(f"'{lever.id}' cannot be kept for a group", "leave the cell empty")
            yield part, _Filled(cell.choice(list(lever.targets), "group"), cell)


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
        amount = {given[0]: _number(row[given[0]])}
        if row["from"].empty and given == ["value"] and name.text not in found:
            found[name.text] = amount["value"]
        elif not row["from"].empty and isinstance(found.setdefault(name.text, []), list):
            found[name.text].append({"from": _Filled(row["from"].day(), row["from"]), **amount})
        elif row["from"].empty:
            raise row["from"].error(f"'{name.text}' needs a day from which this holds", "fill in a date")
        else:
            raise row["from"].error(f"'{name.text}' has a value of its own above", "leave one of the two out")
    return found
