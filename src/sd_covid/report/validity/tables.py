"""The tables of the validation page: cells of text, from a `ValidityReport`.

Each function gives one `Table`, or several; the template sets them all alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sd_covid.calibration.forecasts.benchmarks import METHODS
from sd_covid.calibration.validity.checks import FEWEST, QUANTITIES
from sd_covid.calibration.validity.forecasts import MODEL
from sd_covid.calibration.validity.report import (
    ForecastErrors,
    SeriesValidity,
    Taught,
    ValidityReport,
    WithoutSeries,
)
from sd_covid.report.validity.names import Names

MOST = 40  # parameters in the table of what series teach
SPEAKS = 0.01  # a smaller share of a series in what is known of a parameter is not told
_FEW = 3  # parameters, or series, that move most
_HEATS = (0.05, 0.15, 0.3, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Cell:
    """Text, and how it is set: ``bold``, ``word`` for words, ``heat-1`` … ``heat-5``, or empty."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its title with a unit behind, and its cells."""

    title: str
    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: caption, columns (the first is that of the titles), rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    kind: str = ""


def fit_table(names: Names) -> Table:
    """Errors, Theil's shares and correlation of every series that is not given."""
    columns = ("figures", "rmse", "mae", "bias", "theil_bias", "theil_variance", "theil_covariance")
    of_time = ("lag_one", "lag_one_new", "ljung_box")
    rows = []
    for label, item in _tested(names):
        number = names.numbers
        cells = [
            Cell(str(len(item.points))),
            *(Cell(number.significant(value)) for value in (item.rmse, item.mae, item.bias)),
            *(Cell(names.share(share)) for share in _theil(item)),
            *(Cell(number.exact(value, 2)) for value in (item.lag_one, item.lag_one_new)),
            Cell(_probability(item.ljung_box, names), "bold" if item.ljung_box < 0.05 else ""),
        ]
        rows.append(Line(*names.of(label), tuple(cells)))
    return _table("fit_caption", ("series", *columns, *of_time), rows, names)


def coverage_table(names: Names) -> Table:
    """How often figures lie within their intervals, in sample and each predicted from the others."""
    columns = ("series", "figures", "in_50", "in_80", "in_90", "out_50", "out_80", "out_90", "crps")
    rows = []
    for label, item in _tested(names):
        shares = [
            share
            for found in (item.drawn, item.left_out)
            for share in (found.central_50, found.central_80, found.central_90)
        ]
        cells = [Cell(str(len(item.points))), *(Cell(names.share(share)) for share in shares)]
        rows.append(Line(*names.of(label), (*cells, Cell(names.numbers.significant(item.crps)))))
    return _table("cover_caption", columns, rows, names)


def forecast_tables(report: ValidityReport, names: Names) -> list[Table]:
    """Held-out figures of every series, then forecasts from earlier months, a table each."""
    methods = (MODEL, *METHODS)
    heads = tuple(f"method.{name.casefold()}" for name in methods)
    tables = []
    if report.holdout:
        rows = [
            Line(*names.of(item.observable), (Cell(str(item.points)), *_errors(item, names)))
            for item in report.holdout
        ]
        tables.append(_table("holdout_caption", ("series", "figures", *heads), rows, names))
    for observable in dict.fromkeys(item.observable for item in report.rolling):
        rows = [
            Line(_months(item.horizon, names), "", (Cell(str(item.points)), *_errors(item, names)))
            for item in report.rolling
            if item.observable == observable
        ]
        title, unit = names.of(observable)
        table = _table("rolling_caption", ("ahead", "figures", *heads), rows, names, series=title, unit=unit)
        tables.append(table)
    return tables


def checks_table(names: Names) -> Table:
    """Predictive probability of every quantity of every series."""
    rows = []
    for label, item in _tested(names):
        found = {check.quantity: check for check in item.checks}
        if not found:
            continue
        cells = []
        for quantity in QUANTITIES:
            check = found.get(quantity)
            text = "–" if check is None else names.numbers.exact(check.probability, 2)
            cells.append(Cell(text, "bold" if check is not None and check.strange else ""))
        rows.append(Line(*names.of(label), tuple(cells)))
    return _table("checks_caption", ("series", *(f"quantity.{name}" for name in QUANTITIES)), rows, names)


def taught_table(report: ValidityReport, names: Names) -> tuple[list[str], Table]:
    """Which series the columns are, and their shares in what is known of the best-taught parameters."""
    shared = sorted((row for row in report.taught if len(_speakers(row)) > 1), key=lambda row: row.spread)
    shared = shared[:MOST]
    speaking = [
        label
        for label in dict.fromkeys(label for row in report.taught for label in row.shares)
        if any(row.shares.get(label, 0.0) >= SPEAKS for row in shared)
    ]
    rows = []
    for row in shared:
        shares = [row.prior, *(row.shares.get(label, 0.0) for label in speaking)]
        cells = [Cell(names.numbers.exact(row.spread, 2)), *(_heat(share, names) for share in shares)]
        rows.append(Line(names.parameter(row.parameter), "", (*cells, Cell(_missed(row, names), "word"))))
    numbered = tuple(str(place) for place in range(1, len(speaking) + 1))
    texts = names.texts
    columns = tuple(texts(f"heading.{name}") for name in ("parameter", "left", "before"))
    caption = texts("validity.taught_caption")
    table = Table(caption, (*columns, *numbered, texts("heading.missed")), tuple(rows), "heat")
    return [names.of(label)[0] for label in speaking], table


def alone_table(report: ValidityReport, names: Names) -> Table:
    """Which parameters each series alone teaches."""
    taught: dict[str, list[Taught]] = {}
    for row in report.taught:
        speakers = _speakers(row)
        if len(speakers) == 1:
            taught.setdefault(speakers[0], []).append(row)
    rows = [
        Line(
            *names.of(label),
            (Cell("; ".join(f"{names.parameter(r.parameter)} ({_left(r, names)})" for r in parts), "word"),),
        )
        for label, parts in taught.items()
    ]
    return _table("alone_caption", ("series", "taught_by"), rows, names)


def silent(report: ValidityReport) -> int:
    """How many parameters no series says anything of."""
    return sum(not _speakers(row) for row in report.taught)


def without_table(report: ValidityReport, names: Names) -> Table:
    """What moves without each series, where that can be relied on."""
    rows = []
    for item in report.without:
        results = _moves(item, names) if item.reliable else (Cell("–"),) * 2 + (Cell("–", "word"),) * 2
        head = (Cell(names.numbers.exact(item.k, 2)), Cell(names.texts(_verdict(item)), "short"))
        effective = Cell(names.numbers.exact(item.effective, 0) if item.reliable else "–")
        rows.append(Line(names.of(item.left_out)[0], "", (*head, effective, *results)))
    columns = ("left_out", "k", "verdict", "effective", "rmse_with", "rmse_without", "moves", "figures_move")
    return _table("without_caption", columns, rows, names)


def facts_table(report: ValidityReport, names: Names) -> Table:
    """What soft facts say, and what the posterior makes of them."""
    number = names.numbers.significant
    rows = [
        Line(
            names.of(fact.id)[0],
            names.texts.unit(fact.unit),
            (
                Cell(" / ".join(map(number, (fact.said_low, fact.said_median, fact.said_high)))),
                Cell(" / ".join(map(number, (fact.found_low, fact.found_median, fact.found_high)))),
            ),
        )
        for fact in report.facts
    ]
    return _table("facts_caption", ("fact", "said", "found"), rows, names)


def _tested(names: Names) -> list[tuple[str, SeriesValidity]]:
    return [(label, item) for label, item in names.series.items() if not item.given]


def _table(caption: str, columns: tuple[str, ...], rows: list[Line], names: Names, **values: str) -> Table:
    heads = tuple(names.texts(f"heading.{column}") for column in columns)
    return Table(names.texts(f"validity.{caption}", **values), heads, tuple(rows))


def _theil(item: SeriesValidity) -> tuple[float, float, float]:
    """Theil's shares; none for a series of so few figures that they say nothing."""
    if len(item.points) < FEWEST:
        return math.nan, math.nan, math.nan
    return item.theil_bias, item.theil_variance, item.theil_covariance


def _probability(value: float, names: Names) -> str:
    """A probability to two decimals; below 0.01 it is said to be that."""
    if 0 <= value < 0.01:
        return f"< {names.numbers.exact(0.01, 2)}"
    return names.numbers.exact(value, 2)


def _errors(item: ForecastErrors, names: Names) -> list[Cell]:
    """Errors of the model and the methods beside it, the least in bold."""
    return [
        Cell(names.numbers.significant(item.errors[name]), "bold" if name == item.best else "")
        for name in (MODEL, *METHODS)
    ]


def _months(horizon: float, names: Names) -> str:
    return names.texts("validity.all") if math.isnan(horizon) else names.numbers.plain(horizon)


def _speakers(row: Taught) -> list[str]:
    """Series that say something of a parameter."""
    return [label for label, share in row.shares.items() if share >= SPEAKS]


def _heat(share: float, names: Names) -> Cell:
    """A share as a percentage, the darker the larger; nothing below half a percent."""
    if share < 0.005:
        return Cell("")
    return Cell(names.numbers.exact(100 * share, 0), f"heat-{sum(share >= bound for bound in _HEATS)}")


def _left(row: Taught, names: Names) -> str:
    return names.numbers.exact(row.spread, 2)


def _missed(row: Taught, names: Names) -> str:
    """The series without which most spread would be left."""
    label = max(row.without, key=lambda name: row.without[name])
    spread = names.numbers.exact(row.without[label], 2)
    return names.texts("validity.missed", series=names.of(label)[0], spread=spread)


def _verdict(item: WithoutSeries) -> str:
    if math.isnan(item.k) and not item.refitted:
        return "validity.no_k"
    if item.refitted:
        return "validity.refitted" if item.reliable else "validity.refit_failed"
    return "validity.reliable" if item.reliable else "validity.refit_due"


def _moves(item: WithoutSeries, names: Names) -> tuple[Cell, ...]:
    """Errors with and without, and what moves most."""
    number = names.numbers

    def told(moves: list[tuple[str, float]]) -> Cell:
        signs = [(title, ("+" if move > 0 else "") + number.exact(move, 1)) for title, move in moves]
        return Cell("; ".join(names.texts("validity.moved", name=t, move=m) for t, m in signs) or "–", "word")

    parameters = [(names.parameter(shift.name), shift.in_sd) for shift in item.parameters[:_FEW]]
    figures = [(names.of(shift.name)[0], shift.in_sd) for shift in item.figures[:_FEW]]
    errors = (Cell(number.significant(value)) for value in (item.rmse, item.rmse_without))
    return (*errors, told(parameters), told(figures))
