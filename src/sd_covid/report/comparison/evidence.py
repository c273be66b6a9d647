"""Fit, assumptions and levers: what the figures say, what was assumed, and on whose word.

In go the report of a calibration and a comparison; out come rows of text. A fit that did not converge, or a parameter
that no figure informs, is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sd_covid.calibration.results import FitReport, RollingForecast, SeriesRow
from sd_covid.model.names import key
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.inputs import Background
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


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
class SourceRow:
    """An assumption or lever with its value, range and source."""

    title: str
    cells: tuple[str, ...]
    grade: str
    source: str


def fit_view(fit: FitReport | None, background: Background, texts: Texts) -> FitView:
    """The fit in words and tables; without a fit, the sentence that there is none."""
    if fit is None:
        return FitView(notes=((texts("fit.none"), True),))
    return FitView(
        notes=_notes(fit, background, texts),
        rows=tuple(_fit_row(row, background, texts) for row in fit.series),
        rolling=tuple(_rolling(item, fit, background, texts) for item in fit.rolling),
        parameters=_parameters(fit, background.glossary, texts),
    )


def _notes(fit: FitReport, background: Background, texts: Texts) -> tuple[tuple[str, bool], ...]:
    """Convergence, identification, and whether the stored draws still belong to the figures."""
    check = background.check
    if fit.converged:
        draws = Numbers(texts.language).exact(float(fit.draws), 0)
        counts = {"parameters": len(fit.parameters), "chains": fit.chains, "divergences": fit.divergences}
        notes = [(texts("fit.converged", draws=draws, **counts), False)]
    else:
        failed = _listed(fit.not_converged, fit, background.glossary, texts)
        notes = [(texts("fit.not_converged", names=failed), True)]
    if fit.not_identified:
        open_ones = _listed(fit.not_identified, fit, background.glossary, texts)
        counts = {"count": len(fit.not_identified), "parameters": len(fit.parameters)}
        notes.append((texts("fit.not_identified", names=open_ones, **counts), True))
    else:
        notes.append((texts("fit.identified"), False))
    if check is not None and check.matches:
        largest = Numbers(texts.language).significant(check.largest_difference, 1)
        notes.append((texts("fit.checked", difference=largest, draws=check.draws_checked), False))
    elif check is not None:
        notes.append((texts("fit.unchecked", reason=check.reason), True))
    return tuple(notes)


def _listed(ids: Sequence[str], fit: FitReport, glossary: Glossary, texts: Texts) -> str:
    """Parameters by title; those of a numbered row together, ``Matching in half-year 16–42``."""
    names = {row.id: row.name or row.id for row in fit.parameters}
    parts: dict[str, list[int]] = {}
    for name in ids:
        row, number = glossary.numbered(name)
        title = glossary.title(name, names[name]) if row is None else row
        parts.setdefault(texts.of(title), []).extend([] if row is None else [int(number)])
    return "; ".join(title.replace("*", _ranges(numbers)) for title, numbers in parts.items())


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers with runs drawn together: ``3, 16–42``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _series_title(row: SeriesRow, background: Background, texts: Texts) -> tuple[str, str]:
    """Title and unit of a series, from the registry where it knows it."""
    registry = background.registry
    if registry is None or row.series not in registry:
        title = background.glossary.title(row.observable, row.name or row.observable)
        return texts.of(title), texts.unit(row.unit)
    series = registry.series(row.series)
    return texts.of(series.title), texts.of(registry.units[series.unit])


def _fit_row(row: SeriesRow, background: Background, texts: Texts) -> FitRow:
    """One series of the fit table."""
    numbers = Numbers(texts.language)
    title, unit = _series_title(row, background, texts)
    rmse = 0.0 if row.given else row.rmse
    verdict, tone = _forecast_verdict(row.holdout_rmse, row.holdout_naive, texts)
    if row.given:
        verdict, tone = texts("fit.given"), "neutral"
    share = "–" if math.isnan(row.coverage_90) else f"{numbers.exact(100 * row.coverage_90, 0)} %"
    cells = (
        str(row.points),
        numbers.significant(rmse),
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
    item: RollingForecast, fit: FitReport, background: Background, texts: Texts
) -> tuple[str, str, tuple[FitRow, ...]]:
    """The forecasts of one series, by origin and pooled."""
    row = next((row for row in fit.series if row.observable == item.observable), None)
    title, unit = (item.observable, "") if row is None else _series_title(row, background, texts)
    rows = [_origin_row(_month(row.origin, texts), row.rmse, row.naive_rmse, texts) for row in item.origins]
    rows.append(_origin_row(texts("fit.pooled"), item.pooled_rmse, item.pooled_naive_rmse, texts))
    named = [texts.known("driver", name) for name in item.observed_drivers]
    drivers = texts("fit.drivers", drivers=texts.listed(named or [texts("word.none")]))
    return texts("fit.rolling", series=title, unit=unit), drivers, tuple(rows)


def _month(period: str, texts: Texts) -> str:
    """``2022-06`` in words; another period as it stands."""
    year, _, month = period.partition("-")
    if not (month.isdecimal() and 1 <= int(month) <= 12):
        return period
    return texts.month(date(int(year), int(month), 1))


def _origin_row(title: str, error: float, naive: float, texts: Texts) -> FitRow:
    """One origin, in the unit of the caption."""
    numbers = Numbers(texts.language)
    verdict, tone = _forecast_verdict(error, naive, texts)
    return FitRow(title, "", (numbers.significant(error), numbers.significant(naive)), verdict, tone)


def _parameters(fit: FitReport, glossary: Glossary, texts: Texts) -> tuple[tuple[str, ...], ...]:
    """Cells of the parameter table: its title, what the model calls it, then the numbers."""
    numbers = Numbers(texts.language)
    rows = []
    for row in fit.parameters:
        mean, low, high = (numbers.significant(value, 3) for value in (row.mean, row.low, row.high))
        interval = f"{mean} ({low} – {high})"
        prior = f"{numbers.significant(row.prior_median, 3)} ± {numbers.significant(row.prior_sd)}"
        tail = (numbers.exact(row.shrinkage, 2), numbers.exact(row.r_hat, 3), numbers.exact(row.ess_bulk, 0))
        name = row.name or row.id
        title = texts.of(glossary.title(row.id, name))
        rows.append((title, row.constant, texts.unit(row.unit), prior, interval, *tail))
    return tuple(rows)


def assumption_rows(
    comparison: Comparison, texts: Texts, *, listed: bool = True, without: Collection[str] = ()
) -> list[SourceRow]:
    """Central value, range and source of assumptions, and whether the interval holds them.

    Parameters
    ----------
    comparison : Comparison
    texts : Texts
    listed : bool
        Those that the study's file of assumptions names, or the others.
    without : collection of str
        Constants that are told elsewhere, as `sd_covid.model.names.key` folds them.
    """
    numbers = Numbers(texts.language)
    varied = {key(name) for name in comparison.varied} | {
        key(name.partition("[")[0]) for name in comparison.varied
    }
    rows = []
    for item in comparison.assumptions.values():
        if item.listed is not listed or key(item.constant) in without:
            continue
        central = numbers.plain(item.range.central)
        low, high = (numbers.plain(value, 3) for value in item.range.bounds)
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
