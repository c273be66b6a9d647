"""Diagrams of other programs: GraphML, Kumu's JSON and CSV, and the causal part of a Vensim or XMILE model.

In comes a file; out come the tables that `sd_covid.marvel.read` checks, with empty cells where the file says nothing:
what another program does not know, such as a strength, is to be filled in and never guessed. Written files hold every
column of ours as a field of their own, so that they read back the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sd_covid.errors import DiagramError
from sd_covid.files import plain_json, text_of
from sd_covid.marvel.causal import causal_part
from sd_covid.marvel.columns import COLUMNS
from sd_covid.model.names import key
from sd_covid.policy.files.sheets import Sheet
from sd_covid.policy.files.table_faults import file_fault
from sd_covid.policy.files.tables import Tables, read_tables
from sd_covid.policy.files.workbook import Raw
from sd_covid.study_folder import is_there
from sd_covid.workbooks import LARGEST

GRAPHML, KUMU = ".graphml", ".json"
MODELS = (".mdl", ".xmile", ".stmx", ".itmx", ".xml", ".yaml", ".yml")
#: What other programs call a sign.
_SIGNS = {"positive": "+", "negative": "-", "same": "+", "opposite": "-", "s": "+", "o": "-"}
_SIGN_FIELDS = ("sign", "polarity", "type")
#: Ids as drawing programs count them: n0, node-3, elem-AbC12, 17.
_MADE_UP = re.compile(r"(n|node|elem|element)?[-_]?\d+|elem-\w+")
_UNFIT = re.compile(r"[^\w \-]+")

Fields = Mapping[str, Any]


def tables_of(path: Path, language: str = "en") -> Tables:
    """The tables of a diagram in any form.

    Parameters
    ----------
    path : Path
        A ``.graphml``, Kumu's ``.json`` or a folder with its ``elements.csv`` and ``connections.csv``, a ``.mdl`` or
        ``.xmile``, or the tables themselves: a ``.xlsx`` or a folder.
    language : {'nl', 'en'}
        Of what is said when a file cannot be read.

    Raises
    ------
    DiagramError
        A file that is none of these.
    ScenarioError, ModelError
        Tables or a model that cannot be read.
    """
    suffix = path.suffix.lower()
    if path.is_dir() and (path / "connections.csv").is_file():
        return _of_kumu_csv(path)
    if path.is_dir() or suffix == ".xlsx":
        return read_tables(path, tuple(COLUMNS), "a diagram", language)
    if not path.is_file():
        raise file_fault("missing", language, file=path)
    if suffix in MODELS:
        return _tables(path, *causal_part(path))
    if suffix == GRAPHML:
        return _of_graphml(path)
    if suffix == KUMU:
        return _of_kumu(path)
    raise DiagramError(
        f"'{suffix}' is no kind of diagram",
        advice="give a .xlsx, a folder of CSV files, a .graphml, Kumu's .json, a .mdl or a .xmile",
        file=path,
    )


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise DiagramError(f"is larger than {LARGEST / 2**20:g} MiB", advice="export less", file=path)
    try:
        return text_of(path, "utf-8-sig", LARGEST)
    except UnicodeDecodeError as error:
        raise DiagramError("is not in UTF-8", advice="save it as such", file=path) from error


def _of_graphml(path: Path) -> Tables:
    import networkx as nx

    text = _text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # a stranger's file may expand without end
        raise DiagramError("defines entities", advice="export it without a DOCTYPE", file=path)
    try:
        graph = nx.parse_graphml(text)
    except (nx.NetworkXError, SyntaxError, KeyError, ValueError) as error:
        raise DiagramError(f"is no GraphML: {error}", advice="export it again", file=path) from error
    elements = [{"id": str(name), **fields} for name, fields in graph.nodes(data=True)]
    connections = [
        {**fields, "from": str(cause), "to": str(effect)} for cause, effect, fields in graph.edges(data=True)
    ]
    return _tables(path, elements, connections, _more(graph.graph, path))


def _of_kumu(path: Path) -> Tables:
    try:
        found = plain_json(_text(path))
    except json.JSONDecodeError as error:
        raise DiagramError(
            f"is no JSON: {error.msg}", advice="export it again", file=path, line=error.lineno
        ) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or nested without end
        raise DiagramError(
            f"is no JSON that can be read: {error}", advice="export it again", file=path
        ) from error
    parts = [found.get(name) if isinstance(found, dict) else None for name in ("elements", "connections")]
    if not all(isinstance(part, list) and all(isinstance(item, dict) for item in part) for part in parts):
        raise DiagramError("has no elements and connections", advice="export a Kumu blueprint", file=path)
    elements, connections = ([_flat(item) for item in part or ()] for part in parts)
    return _tables(path, elements, connections, _more(found, path))


def _flat(item: Fields) -> Fields:
    """An element with its attributes beside its label, as Kumu's own export has them apart."""
    inner = item.get("attributes")
    return {**item, **inner} if isinstance(inner, dict) else item


def _of_kumu_csv(path: Path) -> Tables:
    import csv

    def rows(name: str) -> list[Fields]:
        file = path / f"{name}.csv"
        return list(csv.DictReader(_text(file).splitlines())) if is_there(file) else []

    return _tables(path, rows("elements"), rows("connections"))


def _more(found: Fields, path: Path) -> dict[str, list[Fields]]:
    """Interventions and classes, which other programs only carry along."""
    more: dict[str, list[Fields]] = {}
    for name in ("interventions", "classes"):
        value = found.get(name)
        try:
            rows = plain_json(value) if isinstance(value, str) else value
        except (ValueError, RecursionError) as error:
            raise DiagramError(f"its {name} are no JSON", advice="export it again", file=path) from error
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            more[name] = rows
    return more


def _tables(
    path: Path,
    elements: Sequence[Fields],
    connections: Sequence[Fields],
    more: Mapping[str, Sequence[Fields]] | None = None,
) -> Tables:
    """Elements and connections as the sheets of a diagram."""
    known: dict[str, str] = {}
    variables: list[dict[str, Any]] = []
    for item in map(_folded, elements):
        label = str(item.get("label") or item.get("id") or "")
        name = _fitting(str(item.get("id") or "") if _names(item) else label)
        variables.append({"label_en": label, **item, "id": name})
        known |= {str(item[field]): name for field in ("id", "label") if item.get(field)}
    links = [
        {
            **item,
            "src": known.get(str(item.get("from")), _fitting(str(item.get("from", "")))),
            "dst": known.get(str(item.get("to")), _fitting(str(item.get("to", "")))),
            "sign": _sign(item),
        }
        for item in map(_folded, connections)
    ]
    named = {link[end] for link in links for end in ("src", "dst")} - {item["id"] for item in variables}
    variables += [{"id": name} for name in sorted(named) if not elements]  # connections alone name them too
    sheets = {"variables": variables, "links": links, **(more or {})}
    return Tables(path, {name: (path, _rows(COLUMNS[name], rows)) for name, rows in sheets.items()})


def _folded(item: Fields) -> dict[str, Any]:
    """Fields by lower-case name, as programs write them differently."""
    return {str(name).strip().casefold().replace(" ", "_"): value for name, value in item.items()}


def _names(item: Fields) -> bool:
    """Whether an element's id is a name of ours or of a person, and not one that a program gave it beside a label."""
    found = str(item.get("id") or "")
    return bool(found) and ("label_en" in item or not item.get("label") or not _MADE_UP.fullmatch(found))


def _fitting(name: str) -> str:
    """A name that a diagram can have."""
    plain = " ".join(_UNFIT.sub(" ", name).split())
    return f"v {plain}" if plain and not re.match(r"[^\W\d_]", plain) else plain


def _sign(item: Fields) -> str:
    """The sign, by any of the names that programs give it; empty where there is none."""
    for field in _SIGN_FIELDS:
        text = str(item.get(field) or "").strip()
        if text.casefold() in _SIGNS:
            return _SIGNS[text.casefold()]
        if text in ("+", "-", "1", "-1", "+1", "\N{MINUS SIGN}"):
            return text
    return ""


def _rows(columns: Sequence[str], items: Iterable[Fields]) -> list[list[Raw]]:
    return [list(columns), *([_raw(item.get(column)) for column in columns] for item in items)]


def _raw(value: object) -> Raw:
    if value is None or isinstance(value, bool):
        return None
    return float(value) if isinstance(value, int | float) else str(value)


def sheets_in(tables: Tables) -> list[Sheet]:
    """Tables as sheets to write, empty cells left empty."""
    return [
        Sheet(
            name,
            columns,
            tuple({column: cell.value for column, cell in row.items()} for row in tables.rows(name, columns)),
        )
        for name, columns in COLUMNS.items()
        if name in tables.found
    ]


def refuse_export(path: Path) -> None:
    """Raise a DiagramError unless a diagram can be written to a path; for a command to ask before it begins."""
    if path.suffix.lower() not in ("", ".xlsx", GRAPHML, KUMU):
        advice = "use .xlsx, .graphml, .json, or a folder"
        raise DiagramError(f"cannot write a diagram as '{path.suffix}'", advice=advice, file=path)


def write_exchange(tables: Tables, path: Path) -> None:
    """Write tables as a Kumu blueprint where the suffix is ``.json``, else as GraphML."""
    import networkx as nx

    rows = {
        sheet.name: [{name: value for name, value in row.items() if value is not None} for row in sheet.rows]
        for sheet in sheets_in(tables)
    }
    elements, connections = rows.get("variables", []), rows.get("links", [])
    more = {name: rows[name] for name in ("interventions", "classes") if rows.get(name)}
    suffix = path.suffix.lower()
    if suffix == KUMU:
        labels = {key(str(row["id"])): _label(row, elements) for row in elements}
        content = {
            "elements": [{"label": labels[key(str(row["id"]))], **row} for row in elements],
            "connections": [
                {
                    "from": labels[key(str(row["src"]))],
                    "to": labels[key(str(row["dst"]))],
                    "type": row.get("sign", ""),
                    **row,
                }
                for row in connections
            ],
            **more,
        }
        path.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
        )
    else:
        graph = nx.DiGraph(**{name: json.dumps(value, default=str) for name, value in more.items()})
        for row in elements:
            graph.add_node(
                row["id"], label=_label(row, elements), **{k: v for k, v in row.items() if k != "id"}
            )
        for row in connections:
            graph.add_edge(
                row["src"], row["dst"], **{k: v for k, v in row.items() if k not in ("src", "dst")}
            )
        nx.write_graphml(graph, path)


def _label(row: Fields, rows: Sequence[Fields]) -> str:
    """What a reader sees: the English label where no other variable has the same, else the id."""
    label = row.get("label_en")
    return str(label if label and sum(item.get("label_en") == label for item in rows) == 1 else row["id"])
