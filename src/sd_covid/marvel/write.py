"""A diagram as tables, the sheets of a workbook or CSV files of a folder; `sd_covid.marvel.read` reads them back."""

from __future__ import annotations

import math
from pathlib import Path

from sd_covid.marvel.columns import CLASSES, INTERVENTIONS, LINKS, VARIABLES
from sd_covid.marvel.diagram import Classes, Diagram, Intervention, Link, Range, Variable
from sd_covid.model.names import key
from sd_covid.policy.files.sheets import Row, Sheet, write_folder, write_workbook


def write_diagram(diagram: Diagram, path: str | Path) -> None:
    """Write a diagram so that `read_diagram` reads the same.

    Parameters
    ----------
    diagram : Diagram
    path : path
        A ``.xlsx``, or a folder that is not there yet.
    """
    path, sheets = Path(path), sheets_of(diagram)
    if path.suffix.lower() == ".xlsx":
        write_workbook(sheets, path)
    else:
        write_folder(sheets, path)


def sheets_of(diagram: Diagram) -> list[Sheet]:
    """The tables of a diagram."""
    classes = diagram.classes
    kinds: tuple[tuple[str, dict[str, Range]], ...] = (
        ("strength", dict(classes.strength)),
        ("speed", dict(classes.speed)),
        ("confidence", dict(classes.confidence)),
    )
    ranges: list[Row] = [
        {"kind": kind, "class": item.label, "value": item.value, "low": item.low, "high": item.high}
        for kind, items in kinds
        for item in items.values()
    ]
    return [
        Sheet("variables", VARIABLES, tuple(_variable_row(item) for item in diagram.variables)),
        Sheet("links", LINKS, tuple(_link_row(item, classes) for item in diagram.links)),
        Sheet("interventions", INTERVENTIONS, tuple(map(_intervention_row, diagram.interventions))),
        Sheet("classes", CLASSES, tuple(ranges)),
    ]


def _variable_row(item: Variable) -> Row:
    return {
        "id": item.id,
        "label_nl": item.label.nl,
        "label_en": item.label.en,
        "theme": item.theme,
        "x0": item.start,
        "lo": item.low,
        "hi": item.high,
        "role": item.role,
        "desired": "+-"[item.desired < 0],
        "weight": item.weight,
    }


def _link_row(link: Link, classes: Classes) -> Row:
    """Bounds only where they are not those of the class."""
    row: dict[str, str | float | None] = {
        "src": link.src,
        "dst": link.dst,
        "sign": "+-"[link.sign < 0],
        "order": float(link.order),
        "confidence": link.confidence,
        "source": link.source,
    }
    for column, stem, found, known in (
        ("strength", "strength", link.strength, classes.strength),
        ("speed", "delay", link.delay, classes.speed),
    ):
        row[column] = found.label or found.value
        usual = known.get(key(found.label), Range(found.value, found.value, found.value))
        if (found.low, found.high) != (usual.low, usual.high):
            row |= {f"{stem}_low": found.low, f"{stem}_high": found.high}
    return row


def _intervention_row(item: Intervention) -> Row:
    return {
        "id": item.id,
        "label_nl": item.label.nl,
        "label_en": item.label.en,
        "variable": item.variable,
        "type": item.kind,
        "level": item.level,
        "start": item.start,
        "end": item.end if math.isfinite(item.end) else None,
        "ramp": item.ramp,
        "adjustment": item.adjustment,
        "cost": item.cost,
    }
