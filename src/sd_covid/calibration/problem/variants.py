"""Problems that extend another: structural variants of it, and parts of it.

In: a YAML file with ``extends``. Out: the configuration and the tables as if they had been written out, with every row
keeping the place it came from, so that all that follows knows one kind of problem only. What a variant changes is the
model, constants, rows of the tables, and which observables and soft facts count.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sd_covid.calibration.tables import Row, Table
from sd_covid.calibration.yamlfile import Path_, YamlFile, read_yaml
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.study_folder import study_folder

Tables = dict[str, list[Table]]
ReadTables = Callable[[YamlFile], Tables]

#: The column that names a row, for the kinds in which a row of the same name takes the place of another.
NAMED = {"parameter": "parameterId", "observable": "observableId", "mapping": "petabEntityId"}
BLOCK: Path_ = ("extensions", "sd_covid")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A problem that extends another, written out.

    Attributes
    ----------
    document : YamlFile
        Configuration as if it stood in the file that is extended: faults are shown there.
    tables : dict of str to list of Table
    partial : bool
        Whether it is another model or fewer observables: what nothing uses then falls away.
    """

    document: YamlFile
    tables: Tables
    partial: bool


def resolve(variant: YamlFile, read_tables: ReadTables, kinds: Iterable[str]) -> Resolved:
    """Write out a problem that extends another.

    Parameters
    ----------
    variant : YamlFile
        The file with ``extends``.
    read_tables : callable
        Reads the tables that a file names.
    kinds : iterable of str
        Kinds of tables there are.

    Raises
    ------
    ProblemError
        An unknown key or name, or a file that extends a variant.
    """
    files = [f"{kind}_files" for kind in kinds]
    own = ("extends", "description", "model_files", "constants", "fixed", "only", "without", *files)
    variant.check_keys((), own)
    base = _base(variant)
    tables = _merged(read_tables(base), read_tables(variant))
    document = YamlFile(base.path, copy.deepcopy(base.data), base.lines)
    _select(variant, document, tables)
    _fix(variant, tables)
    _set_constants(variant, tables)
    own_model = "model_files" in variant.data
    if own_model:
        document.data["model_files"] = _from_base(variant, base.path.parent)
    partial = own_model or "only" in variant.data or "without" in variant.data
    return Resolved(document, tables, partial)


def _base(variant: YamlFile) -> YamlFile:
    name = variant.data["extends"]
    if not isinstance(name, str):
        raise variant.error(
            ("extends",), "the name of a problem is expected", "write extends: ../problem.yaml"
        )
    base = read_yaml(variant.below_study(("extends",), name))
    if "extends" in base.data:
        reason = f"'{name}' extends another problem itself"
        raise variant.error(("extends",), reason, f"extend '{base.data['extends']}' and say all that changes")
    return base


def _from_base(variant: YamlFile, folder: Path) -> Any:
    """The variant's model as the extended problem would name it; what is no model is left for others to refuse."""
    models = copy.deepcopy(variant.data["model_files"])
    study = study_folder(variant.path)
    for name, entry in models.items() if isinstance(models, dict) else ():
        if isinstance(entry, dict) and "location" in entry:
            place = variant.below_study(("model_files", str(name), "location"), str(entry["location"]))
            up = "../" * len(folder.resolve().relative_to(study).parts)
            entry["location"] = up + place.relative_to(study).as_posix()
    return models


def _merged(base: Tables, own: Tables) -> Tables:
    """Rows of the variant take the place of those of the same name; others are added."""
    merged: Tables = {}
    for kind, tables in base.items():
        column = NAMED.get(kind)
        new = {row.text(column): row for table in own.get(kind, []) for row in table.rows} if column else {}
        known = {row.text(column) for table in tables for row in table.rows} if column else set()
        merged[kind] = [
            Table(t.file, _columns(t, own.get(kind, [])), [new.get(row.text(column), row) for row in t.rows])
            if column
            else t
            for t in tables
        ]
        for table in own.get(kind, []):
            rows = [row for row in table.rows if column is None or row.text(column) not in known]
            merged[kind].append(Table(table.file, table.columns, rows))
    return merged


def _columns(table: Table, others: list[Table]) -> list[str]:
    """Columns of a table into which rows of others come."""
    return list(dict.fromkeys([*table.columns, *(name for other in others for name in other.columns)]))


def _names(variant: YamlFile, where: str, known: list[str]) -> set[str] | None:
    """Observables and soft facts in a list; None where there is none."""
    if where not in variant.data:
        return None
    given = variant.data[where]
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise variant.error((where,), "a list of observables is expected", f"write {where}: [obs_a, obs_b]")
    for name in given:
        if name not in known:
            advice = suggest(name, known) or "known are " + ", ".join(known)
            raise variant.error((where,), f"'{name}' is no observable or soft fact", advice)
    return set(given)


def _select(variant: YamlFile, document: YamlFile, tables: Tables) -> None:
    """Keep the chosen observables and soft facts, with what hangs on them."""
    block = _block(document)
    observables = [row.text("observableId") for table in tables["observable"] for row in table.rows]
    known = [*observables, *(block.get("soft_facts") or {})]
    only, without = _names(variant, "only", known), _names(variant, "without", known)
    if only is None and without is None:
        return
    kept = (set(known) if only is None else only) - (without or set())
    if not kept:
        raise variant.error(("without",), "nothing is left to fit", "keep at least one observable")
    _refuse_without_twin(variant, block, kept)
    for kind in ("observable", "measurement"):
        _filter(tables[kind], lambda row: row.text("observableId") in kept)
    facts = {name: item for name, item in (block.get("soft_facts") or {}).items() if name in kept}
    measured = {row.text("experimentId") for table in tables["measurement"] for row in table.rows}
    measured |= {str(item.get("experiment", "")) for item in facts.values() if isinstance(item, dict)}
    _filter(tables["experiment"], lambda row: row.text("experimentId") in measured)
    applied = {row.text("conditionId") for table in tables["experiment"] for row in table.rows}
    _filter(tables["condition"], lambda row: row.text("conditionId") in applied)
    gone = set(observables) - kept
    block["soft_facts"] = facts
    block["observations"] = {k: v for k, v in (block.get("observations") or {}).items() if k not in gone}
    block["scored"] = [name for name in block.get("scored") or [] if name not in gone]
    block["processes"] = _led(block.get("processes") or {}, gone)


def _refuse_without_twin(variant: YamlFile, block: dict[str, Any], kept: set[str]) -> None:
    """An observable that repeats the figures of another is nothing without it."""
    where = ("only",) if "only" in variant.data else ("without",)
    for name, item in (block.get("observations") or {}).items():
        twin = item.get("equivalent_to") if isinstance(item, dict) else None
        if name in kept and isinstance(twin, str) and twin not in kept:
            reason = f"'{name}' repeats the figures of '{twin}', which is left out"
            raise variant.error(where, reason, f"keep '{twin}' too, or leave out '{name}'")


def _block(document: YamlFile) -> dict[str, Any]:
    """Our extension block of the written-out configuration, made where there is none."""
    extensions = document.data.setdefault("extensions", {})
    block: dict[str, Any] = extensions.setdefault("sd_covid", {"version": "1.0", "required": True})
    return block


def _led(processes: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """Processes without those that follow a series that is no longer predicted, directly or not."""
    while True:
        kept = {k: v for k, v in processes.items() if not (isinstance(v, dict) and v.get("leader") in gone)}
        if len(kept) == len(processes):
            return kept
        gone = gone | (set(processes) - set(kept))
        processes = kept


def _filter(tables: list[Table], keep: Callable[[Row], bool]) -> None:
    tables[:] = [
        Table(table.file, table.columns, [row for row in table.rows if keep(row)]) for table in tables
    ]


def _pairs(variant: YamlFile, where: str) -> dict[str, float]:
    """A mapping from names to numbers."""
    given = variant.data.get(where, {})
    if not isinstance(given, dict):
        raise variant.error(
            (where,), "a mapping from names to numbers is expected", f"write {where}: {{x: 0}}"
        )
    return {str(name): variant.number((where, str(name)), value) for name, value in given.items()}


def _fix(variant: YamlFile, tables: Tables) -> None:
    """Parameters that are numbers in the variant."""
    known = [row.text("parameterId") for table in tables["parameter"] for row in table.rows]
    for name, value in _pairs(variant, "fixed").items():
        if name not in known:
            advice = suggest(name, known) or "a constant of the model goes below 'constants'"
            raise variant.error(("fixed", name), f"'{name}' is not a parameter", advice)
        _hold(variant, tables, ("fixed", name), name, value)


def _hold(variant: YamlFile, tables: Tables, where: Path_, name: str, value: float) -> None:
    """Turn a row of the parameter table into a fixed one."""
    for table in tables["parameter"]:
        for index, row in enumerate(table.rows):
            if row.text("parameterId") == name:
                cells = {**row.cells, "estimate": "false", "nominalValue": repr(value)}
                table.rows[index] = replace(row, cells=cells, file=variant.path, line=_line(variant, where))


def _set_constants(variant: YamlFile, tables: Tables) -> None:
    """Constants of the model that are numbers in the variant; a parameter that sets one is then fixed."""
    mapping = {
        row.text("petabEntityId"): row.text("modelEntityId") for t in tables["mapping"] for row in t.rows
    }
    parameters = [row.text("parameterId") for table in tables["parameter"] for row in table.rows]
    setting = {key(mapping.get(name) or name): name for name in parameters}
    taken = {*mapping, *parameters}
    stem = variant.path.parent / f"{variant.path.stem}-constants"
    rows = Table(stem.with_suffix(".tsv"), ["parameterId", "estimate", "nominalValue"])
    aliases = Table(stem.with_name(f"{stem.name}-mapping.tsv"), ["petabEntityId", "modelEntityId"])
    for name, value in _pairs(variant, "constants").items():
        where: Path_ = ("constants", name)
        if key(name) in setting:
            _hold(variant, tables, where, setting[key(name)], value)
            continue
        identifier = re.sub(r"\W+", "_", name).strip("_") + "_of_variant"
        while identifier in taken:
            identifier += "_"
        taken.add(identifier)
        line = _line(variant, where)
        cells = {"parameterId": identifier, "estimate": "false", "nominalValue": repr(value)}
        rows.rows.append(Row(cells, variant.path, line))
        aliases.rows.append(Row({"petabEntityId": identifier, "modelEntityId": name}, variant.path, line))
    if rows.rows:
        tables["parameter"].append(rows)
        tables["mapping"].append(aliases)


def _line(variant: YamlFile, where: Path_) -> int:
    return variant.lines.get(where, 1)
