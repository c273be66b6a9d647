"""The measurement table, made from the published series.

In: a problem's observables and the registry. Out: one row for each published figure of an observable's series from the
model's start on, its last fifth marked as hold-out. New figures thus reach the problem through the series files alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from sd_covid.calibration.problem.petab import Observable, Problem, with_measurements
from sd_covid.calibration.settings import ObservationSetting
from sd_covid.calibration.tables import Row, Table
from sd_covid.data import Registry, Series, format_period
from sd_covid.errors import ProblemError

COLUMNS = (
    "observableId",
    "experimentId",
    "measurement",
    "time",
    "observableParameters",
    "unit",
    "split",
    "period",
    "series",
    "vintage",
    "source",
    "evidence",
)
HOLDOUT_SHARE = 0.2
FEWEST = 5  # a series of fewer figures has none to hold out


def measurement_table(problem: Problem, registry: Registry, file: Path) -> Table:
    """Every figure that the problem's observables are to be compared with.

    Parameters
    ----------
    problem : Problem
        Observables that name a series; one that is equivalent to another has no rows of its own.
    registry : Registry
    file : Path
        Where the table is to be written; rows carry it.

    Returns
    -------
    Table

    Raises
    ------
    UnknownNameError
        An observable names a series that the registry does not have.
    ProblemError
        The unit of an observable is not that of its series, or a definition of it has no override.
    """
    table = Table(file, list(COLUMNS))
    for item in problem.observables.values():
        setting = problem.extension.observation(item.id)
        if item.series and setting.equivalent_to is None:
            series = registry.series(item.series)
            if item.unit != series.unit:
                reason = f"'{item.unit}' is not the unit of {series.id}"
                raise item.row.error("unit", reason, f"write '{series.unit}', and convert in the formula")
            wanted = series.values.index if not setting.independent else registry.independent(series.id).index
            for cells in _rows(item, setting, series, set(wanted)):
                table.rows.append(Row(cells, file, len(table.rows) + 2))
    return table


def from_registry(problem: Problem, registry: Registry) -> Problem:
    """The problem with the figures that its series have beyond its measurement table, and with those that were revised.

    Of each observable that has figures in the table, those of later periods are added, after its last row. Rows of
    periods that the table has are made anew, so that their value is the one published now and the last fifth of the
    series is marked as hold-out. Nothing is removed, and nothing is written.

    Parameters
    ----------
    problem : Problem
    registry : Registry

    Raises
    ------
    ProblemError
        A variant, whose figures are those of the problem that it extends; or as `measurement_table`.
    """
    if problem.base is not None:
        reason = "a variant has the figures of the problem that it extends"
        raise ProblemError(
            reason, advice=f"update {problem.base} and fit the variant anew", file=problem.path
        )
    made: dict[str, dict[float, Mapping[str, str]]] = {}
    for row in measurement_table(problem, registry, problem.path).rows:
        made.setdefault(row.cells["observableId"], {})[float(row.cells["time"])] = row.cells
    return with_measurements(problem, [_extended(table, made) for table in problem.tables["measurement"]])


def _extended(table: Table, made: Mapping[str, Mapping[float, Mapping[str, str]]]) -> Table:
    """A table with later rows of its observables, and with its rows as they would be made now."""
    last: dict[str, int] = {row.text("observableId"): place for place, row in enumerate(table.rows)}
    latest: dict[str, float] = {}
    for row in table.rows:
        name = row.text("observableId")
        latest[name] = max(latest.get(name, -math.inf), row.number("time") or 0.0)
    rows: list[Mapping[str, str]] = []
    for place, row in enumerate(table.rows):
        name = row.text("observableId")
        published = {} if row.text("experimentId") else made.get(name, {})
        cells = dict(row.cells)
        new = published.get(row.number("time") or 0.0)
        if new is not None:
            same = float(new["measurement"]) == row.number("measurement")
            kept = {"measurement": cells["measurement"]} if same else {}
            cells |= {column: new[column] for column in table.columns if column in new} | kept
        rows.append(cells)
        if place == last[name]:
            later = [new for time, new in made.get(name, {}).items() if time > latest[name]]
            rows += [{column: new.get(column, "") for column in table.columns} for new in later]
    return Table(
        table.file, table.columns, [Row(cells, table.file, k) for k, cells in enumerate(rows, start=2)]
    )


def _rows(
    item: Observable, setting: ObservationSetting, series: Series, wanted: set[pd.Period]
) -> Iterator[dict[str, str]]:
    chosen = []
    for period, row in zip(series.rows.index, series.rows.itertuples(index=False), strict=True):
        start, end = setting.span(period, series.frequency)
        if start >= 0 and period in wanted:
            chosen.append((period, end, row))
    fitted = len(chosen) - (round(HOLDOUT_SHARE * len(chosen)) if len(chosen) >= FEWEST else 0)
    for place, (period, end, row) in enumerate(chosen):
        yield {
            "observableId": item.id,
            "measurement": f"{row.value:.12g}",
            "time": f"{end:g}",
            "observableParameters": _override(item, setting, str(row.definition)),
            "unit": series.unit,
            "split": "fit" if place < fitted else "holdout",
            "period": format_period(period, series.frequency),
            "series": series.id,
            "vintage": _text(row.vintage),
            "source": _text(row.source),
            "evidence": _text(row.quality),
        }


def _override(item: Observable, setting: ObservationSetting, definition: str) -> str:
    if not item.placeholders:
        return ""
    if definition not in setting.by_definition:
        reason = (
            f"the definition '{definition}' of {item.series} has no override for '{item.placeholders[0]}'"
        )
        raise item.row.error(
            "observablePlaceholders", reason, f"state it in observations.{item.id}.by_definition"
        )
    return str(setting.by_definition[definition])


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else ""
