"""The validation of a posterior as a page: one HTML file that needs nothing else, in Dutch or English.

In goes a `ValidityReport`; out comes the page. What is counted is decided in `sd_covid.calibration.validity`, how
tables are worded in `tables`, how series are drawn in `charts`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.calibration.validity.report import SeriesValidity, ValidityReport
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.svg import inline_svg
from sd_covid.report.markup import write_page
from sd_covid.report.validity import tables
from sd_covid.report.validity.charts import series_chart
from sd_covid.report.validity.names import Names, names_of
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from sd_covid.data import Registry

_LAST = "last value"


def write_validity(
    report: ValidityReport,
    path: str | Path,
    language: str,
    *,
    glossary: Glossary | None = None,
    registry: Registry | None = None,
    command: str = "",
) -> Path:
    """Write a validation as one HTML file.

    Parameters
    ----------
    report : ValidityReport
    path : path
    language : {'nl', 'en'}
    glossary : Glossary, optional
        What parameters are called.
    registry : Registry, optional
        Titles and units of the series.
    command : str
        How to make it again.

    Returns
    -------
    Path

    Raises
    ------
    UnknownNameError
        Another language.
    """
    names = names_of(report, Texts(language), glossary or Glossary(), registry)
    content = _content(report, names, command)
    return write_page(path, "validity/page.html.j2", ("report.css", "series.css"), names.texts, content)


def summary(report: ValidityReport, names: Names) -> list[tuple[str, bool]]:
    """What a reader should know first: sentences, and whether each is a warning."""
    texts = names.texts
    tested = [item for item in report.series if not item.given]
    given = [names.of(label)[0] for label, item in names.series.items() if item.given]
    points = sum(len(item.points) for item in tested)
    said: list[tuple[str, bool]] = []
    if report.stale:
        parts = texts.listed([texts(f"validity.{part}") for part in report.stale])
        said.append((texts("validity.stale", parts=parts), True))
    draws = names.numbers.exact(float(report.draws), 0)
    none = texts("word.none")
    unscored = texts.listed(given or [none])
    said.append(
        (texts("validity.counts", draws=draws, points=points, series=len(tested), given=unscored), False)
    )
    if report.failed:
        said.append((texts("validity.failed", failed=report.failed), True))
    inside = sum(item.left_out.central_90 * len(item.points) for item in tested)
    share = names.numbers.exact(100 * inside / points, 0) if points else "–"
    said.append((texts("validity.covered", share=share), False))
    said += [(sentence, False) for sentence in _tests(report, tested, texts)]
    drivers = [texts.known("driver", name) for name in report.observed_drivers]
    key = "validity.honest" if drivers else "validity.honest_plain"
    said.append((texts(key, drivers=texts.listed(drivers)), True))
    return said


def _tests(report: ValidityReport, tested: list[SeriesValidity], texts: Texts) -> list[str]:
    """Forecasts, checks, correlation and weights, each in a sentence."""
    held = report.holdout
    last = sum(item.errors["model"] < item.errors[_LAST] for item in held)
    best = sum(item.best == "model" for item in held)
    checks = [check.strange for item in tested for check in item.checks]
    correlated = [item.ljung_box < 0.05 for item in tested if item.ljung_box == item.ljung_box]
    due = sum(not item.reliable for item in report.without)
    forecast = "validity.held" if held else "validity.no_fit"
    return [
        texts(forecast, tested=len(held), last=last, best=best),
        texts("validity.strange", strange=sum(checks), checks=len(checks)),
        texts("validity.correlated", found=sum(correlated), tested=len(correlated)),
        texts("validity.refits", due=due, tested=len(report.without)),
    ]


def _content(report: ValidityReport, names: Names, command: str) -> dict[str, Any]:
    legend, taught = tables.taught_table(report, names)
    quiet = tables.silent(report)
    return {
        "language": names.texts.language,
        "problem": Path(report.problem).parent.name + "/" + Path(report.problem).name,
        "summary": summary(report, names),
        "charts": _charts(names),
        "fit": tables.fit_table(names),
        "coverage": tables.coverage_table(names),
        "forecasts": tables.forecast_tables(report, names),
        "checks": tables.checks_table(names),
        "legend": legend,
        "most": tables.MOST,
        "taught": taught,
        "alone": tables.alone_table(report, names),
        "silent": names.texts("validity.silent", count=quiet) if quiet else "",
        "without": tables.without_table(report, names),
        "facts": tables.facts_table(report, names) if report.facts else None,
        "made": _made(report, names),
        "command": command,
    }


def _charts(names: Names) -> list[dict[str, str]]:
    """A chart of every series, with its title and what a screen reader says."""
    charts = []
    with chart_style():
        for place, (label, item) in enumerate(names.series.items()):
            title, unit = names.of(label)
            inside = sum(point.low_90 <= point.figure <= point.high_90 for point in item.points)
            told = names.texts(
                "validity.chart_text",
                points=len(item.points),
                first=item.points[0].period,
                last=item.points[-1].period,
                share=names.numbers.exact(100 * inside / len(item.points), 0),
            )
            said = names.texts("validity.chart", series=title, unit=unit)
            svg = inline_svg(series_chart(item, names.texts), f"v{place}", said, told)
            charts.append({"title": title, "unit": unit, "svg": svg, "text": told})
    return charts


def _made(report: ValidityReport, names: Names) -> list[tuple[str, str]]:
    """Hashes, seed and versions behind the draws."""
    known = {
        "passport.model_hash": report.provenance.get("model_hash"),
        "passport.versions": report.provenance.get("versions"),
    }
    shown = {
        key: ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        for key, value in known.items()
        if value
    }
    return [(names.texts(key), value) for key, value in shown.items()]
