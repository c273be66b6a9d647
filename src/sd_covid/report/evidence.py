"""Fit, assumptions and levers as they are set: what the figures say, what was assumed, and on whose word.

In go the report of a calibration and a comparison; out come rows of text. A fit that did not converge, or a parameter
that no figure informs, is said in words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from sd_covid.calibration.results import FitReport, OriginRow, RollingForecast, SeriesRow, StoredFitCheck
from sd_covid.data import Registry
from sd_covid.model.names import key
from sd_covid.policy.comparison import Comparison
from sd_covid.policy.levers import LeverSetting
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers


@dataclass(frozen=True, slots=True)
class FitRow:
    """One series of the fit table: texts in the order of its columns, and whether the forecast passed."""

    title: str
    unit: str
    cells: tuple[str, ...]
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class FitView:
    """What a reader is told of the fit.

    Attributes
    ----------
    notes : tuple of (str, bool)
        Sentences, and whether each is a warning.
    rows : tuple of FitRow
    rolling : tuple of (str, str, tuple of FitRow)
        Title, drivers taken as observed, and a row for each origin with the pooled one last.
    parameters : tuple of tuple of str
        Cells of the parameter table.
    """

    notes: tuple[tuple[str, bool], ...]
    rows: tuple[FitRow, ...] = ()
    rolling: tuple[tuple[str, str, tuple[FitRow, ...]], ...] = ()
    parameters: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PackageRow:
    """How a lever is set in each scenario; the flag marks a setting that differs from the reference."""

    title: str
    target: str
    payer: str
    grade: str
    settings: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """An assumption or lever with its value, range and source."""

    title: str
    cells: tuple[str, ...]
    grade: str
    source: str


def fit_view(
    fit: FitReport | None, check: StoredFitCheck | None, registry: Registry | None, texts: Texts
) -> FitView:
    """The fit in words and tables; without a fit, the sentence that there is none."""
    if fit is None:
        return FitView(notes=((texts("fit.none"), True),))
    return FitView(
        notes=_notes(fit, check, texts),
        rows=tuple(_fit_row(row, registry, texts) for row in fit.series),
        rolling=tuple(_rolling(item, fit, registry, texts) for item in fit.rolling),
        parameters=_parameters(fit, texts),
    )


def _notes(fit: FitReport, check: StoredFitCheck | None, texts: Texts) -> tuple[tuple[str, bool], ...]:
    """Convergence, identification, and whether the stored draws still belong to the figures."""
    names = {row.id: row.name or row.id for row in fit.parameters}
    if fit.converged:
        draws = Numbers(texts.language).exact(float(fit.draws), 0)
        counts = {"parameters": len(fit.parameters), "chains": fit.chains, "divergences": fit.divergences}
        notes = [(texts("fit.converged", draws=draws, **counts), False)]
    else:
        failed = texts.listed([names[item] for item in fit.not_converged])
        notes = [(texts("fit.not_converged", names=failed), True)]
    if fit.not_identified:
        open_ones = texts.listed([names[item] for item in fit.not_identified])
        notes.append((texts("fit.not_identified", names=open_ones), True))
    else:
        notes.append((texts("fit.identified"), False))
    if check is not None and check.matches:
        largest = Numbers(texts.language).significant(check.largest_difference, 1)
        notes.append((texts("fit.checked", difference=largest, draws=check.draws_checked), False))
    elif check is not None:
        notes.append((texts("fit.unchecked", reason=check.reason), True))
    return tuple(notes)


def _series_title(row: SeriesRow, registry: Registry | None, texts: Texts) -> tuple[str, str]:
    """Title and unit of a series, from the registry where it knows it."""
    if registry is None or row.series not in registry:
        return row.name or row.observable, row.unit
    series = registry.series(row.series)
    return texts.of(series.title), texts.of(registry.units[series.unit])


def _fit_row(row: SeriesRow, registry: Registry | None, texts: Texts) -> FitRow:
    """One series of the fit table."""
    numbers = Numbers(texts.language)
    title, unit = _series_title(row, registry, texts)
    verdict, tone = _forecast_verdict(row.holdout_rmse, row.holdout_naive, texts)
    share = "–" if math.isnan(row.coverage_90) else f"{numbers.exact(100 * row.coverage_90, 0)} %"
    cells = (
        str(row.points),
        numbers.significant(row.rmse),
        numbers.exact(row.rmse_share, 2),
        share,
        str(row.holdout_points) if row.holdout_points else "–",
        numbers.significant(row.holdout_rmse),
        numbers.significant(row.holdout_naive),
    )
    return FitRow(title, unit, cells, verdict, tone)


def _forecast_verdict(error: float, naive: float, texts: Texts) -> tuple[str, str]:
    """Words and tone for a forecast error beside that of the last value."""
    if math.isnan(error) or math.isnan(naive):
        return texts("fit.untested"), "neutral"
    if error < naive:
        return texts("fit.beats"), "good"
    return (texts("fit.near"), "neutral") if error <= 1.5 * naive else (texts("fit.fails"), "bad")


def _rolling(
    item: RollingForecast, fit: FitReport, registry: Registry | None, texts: Texts
) -> tuple[str, str, tuple[FitRow, ...]]:
    """The forecasts of one series, by origin and pooled."""
    row = next((row for row in fit.series if row.observable == item.observable), None)
    title, unit = (item.observable, "") if row is None else _series_title(row, registry, texts)
    rows = [_origin_row(origin, unit, texts) for origin in item.origins]
    rows.append(_origin_cells(texts("fit.pooled"), unit, item.pooled_rmse, item.pooled_naive_rmse, texts))
    drivers = texts("fit.drivers", drivers=texts.listed(list(item.observed_drivers) or [texts("word.none")]))
    return texts("fit.rolling", series=title), drivers, tuple(rows)


def _origin_row(origin: OriginRow, unit: str, texts: Texts) -> FitRow:
    return _origin_cells(origin.origin, unit, origin.rmse, origin.naive_rmse, texts)


def _origin_cells(title: str, unit: str, error: float, naive: float, texts: Texts) -> FitRow:
    numbers = Numbers(texts.language)
    verdict, tone = _forecast_verdict(error, naive, texts)
    return FitRow(title, unit, (numbers.significant(error), numbers.significant(naive)), verdict, tone)


def _parameters(fit: FitReport, texts: Texts) -> tuple[tuple[str, ...], ...]:
    """Cells of the parameter table."""
    numbers = Numbers(texts.language)
    rows = []
    for row in fit.parameters:
        mean, low, high = (numbers.significant(value, 3) for value in (row.mean, row.low, row.high))
        interval = f"{mean} ({low} – {high})"
        prior = f"{numbers.significant(row.prior_median, 3)} ± {numbers.significant(row.prior_sd)}"
        tail = (numbers.exact(row.shrinkage, 2), numbers.exact(row.r_hat, 3), numbers.exact(row.ess_bulk, 0))
        rows.append((row.name or row.id, texts.unit(row.unit), prior, interval, *tail))
    return tuple(rows)


def package_rows(comparison: Comparison, texts: Texts) -> list[PackageRow]:
    """How every lever is set in every scenario, the reference first."""
    null = comparison.scenario(comparison.reference)
    order = [null, *comparison.alternatives]
    rows = []
    for lever in comparison.levers.values():
        settings = tuple(
            (
                _setting(entry.levers.get(lever.id), texts),
                entry.levers.get(lever.id) != null.levers.get(lever.id),
            )
            for entry in order
        )
        rows.append(
            PackageRow(
                texts.of(lever.title), texts.of(lever.target), texts.of(lever.payer), lever.grade, settings
            )
        )
    return rows


def _setting(setting: LeverSetting | None, texts: Texts) -> str:
    """A setting in words."""
    if setting is None or setting.level == 0:
        return texts("packages.off")
    level = Numbers(texts.language).plain(setting.level)
    return texts(
        "packages.level", level=level, start=_day(setting.start, texts), end=_day(setting.end, texts)
    )


def _day(day: date, texts: Texts) -> str:
    """A date with the month in words."""
    months = texts("date.months").split()
    return texts("date.day", day=str(day.day), month=months[day.month - 1], year=str(day.year))


def assumption_rows(comparison: Comparison, texts: Texts) -> list[SourceRow]:
    """Central value, range and source of every assumption, and whether the interval holds it."""
    numbers = Numbers(texts.language)
    varied = {key(name) for name in comparison.varied}
    rows = []
    for item in comparison.assumptions.values():
        central, low, high = (
            numbers.plain(value) for value in (item.range.central, item.range.low, item.range.high)
        )
        inside = texts("word.yes" if key(item.constant) in varied else "word.no")
        unit = texts.unit(item.unit)
        cells = (f"{central} {unit}".strip(), texts("range.to", low=low, high=high), inside)
        rows.append(SourceRow(texts.of(item.title), cells, item.grade, texts.of(item.source)))
    return rows


def lever_rows(comparison: Comparison, texts: Texts) -> list[SourceRow]:
    """Meaning, grade and source of every lever."""
    levers = comparison.levers.values()
    return [
        SourceRow(texts.of(lever.title), (texts.of(lever.meaning),), lever.grade, texts.of(lever.source))
        for lever in levers
    ]
