"""The page of a validation: what it says and what it keeps to itself, in both languages."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest

from sd_covid.calibration.forecasts.benchmarks import METHODS
from sd_covid.calibration.results import FactRow
from sd_covid.calibration.validity.checks import QUANTITIES, CheckRow
from sd_covid.calibration.validity.report import (
    Coverage,
    ForecastErrors,
    Point,
    SeriesValidity,
    Shift,
    Taught,
    ValidityReport,
    WithoutSeries,
)
from sd_covid.data.text import Text
from sd_covid.report import Glossary
from sd_covid.report.validity.names import names_of
from sd_covid.report.validity.page import summary, write_validity
from sd_covid.report.words.texts import LANGUAGES, Texts, all_texts

TITLES = {
    "obs_a": Text("Werkloosheid", "Unemployment"),
    "obs_b": Text("Schulden", "Debts"),
    "obs_c": Text("Vacatures", "Vacancies"),
    "rate": Text("Baankans", "Job finding"),
    "noise": Text("Ruis", "Noise"),
    "quiet": Text("Stil", "Quiet"),
}


def series(
    name: str, *, given: bool = False, strange: bool = False, probability: float = 0.5
) -> SeriesValidity:
    points = tuple(
        Point(str(2015 + k), 12.0 * (k + 1), 5.0 + k, k > 3, 5.1 + k, 4.0 + k, 4.8 + k, 5.4 + k, 6.0 + k)
        for k in range(5)
    )
    checks = () if given else tuple(
        CheckRow(quantity, 1.0, 0.5, 1.0, 1.5, 0.001 if strange else 0.4) for quantity in QUANTITIES
    )  # fmt: skip
    cover = Coverage(0.4, 0.8, 1.0)
    errors = (0.31, 0.27, 0.1, 0.104, 0.2, 0.696)
    return SeriesValidity(
        name,
        "",
        "",
        name,
        "Dmnl",
        given,
        *errors,
        0.5,
        0.1,
        5,
        probability,
        cover,
        cover,
        0.2,
        checks,
        points,
    )


def report(**changes: object) -> ValidityReport:
    errors = dict(zip(("model", *METHODS), (2.0, 3.0, math.nan, 1.25, 4.0), strict=True))
    shift = Shift("rate", 1.0, 0.5, 2.0, 0.6)
    base = ValidityReport(
        problem="calibration/problem.yaml",
        draws=1000,
        failed=0,
        stale=(),
        observed_drivers=("restrictions",),
        series=(
            series("obs_a", strange=True, probability=0.001),
            series("obs_b"),
            series("obs_c", given=True),
        ),
        holdout=(ForecastErrors("obs_a", math.nan, 2, errors),),
        rolling=(ForecastErrors("obs_a", 3.0, 6, {**errors, "model": 1.0}),),
        taught=(
            Taught("rate", 0.2, {"obs_a": 0.5, "obs_b": 0.3}, 0.3, 0.35, {"obs_a": 0.8, "obs_b": 0.4}),
            Taught("noise", 0.1, {"obs_b": 0.9}, 0.4, 0.4, {"obs_b": 1.0}),
            Taught("quiet", 1.0, {}, 1.0, 1.0, {}),
        ),
        without=(
            WithoutSeries("obs_a", 1.3, False, False, 6.0, ("noise",), 0.31, 77.0, (shift,), ()),
            WithoutSeries("obs_b", 0.2, False, True, 800.0, (), 0.31, 0.44, (shift,), ()),
        ),
        facts=(FactRow("known", "percent", False, 1.0, 2.0, 3.0, 1.5, 2.5, 3.5),),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def page(tmp_path: Path, language: str = "en", **changes: object) -> str:
    path = write_validity(
        report(**changes),
        tmp_path / "v.html",
        language,
        glossary=Glossary(TITLES),
        command="sd-covid validate",
    )
    return path.read_text()


def section(text: str, name: str) -> str:
    return re.search(rf'<section id="{name}">.*?</section>', text, re.DOTALL)[0]  # type: ignore[index]


def row(text: str, title: str) -> list[str]:
    """Cells of the row with a title."""
    found = re.search(rf'<tr><th scope="row">{title}.*?</tr>', text, re.DOTALL)[0]  # type: ignore[index]
    return re.findall(r"<td[^>]*>(.*?)</td>", found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_else_and_has_every_section(tmp_path: Path, language: str) -> None:
    text = page(tmp_path, language)
    assert f'<html lang="{language}">' in text
    assert not re.search(r'(src|href)="(?!#)', text)
    for name in ("summary", "series", "forecasts", "checks", "taught", "without", "facts", "made"):
        assert section(text, name)
        assert f'href="#{name}"' in text
    assert text.count("<svg") == 3
    assert [path.name for path in tmp_path.iterdir()] == ["v.html"]


def test_the_least_error_is_bold_and_a_missing_one_a_dash(tmp_path: Path) -> None:
    text = section(page(tmp_path), "forecasts")
    assert row(text, "Unemployment") == ["2", "2.0", "3.0", "–", "1.3", "4.0"]
    assert '<td data-label="ETS" class="bold">1.3</td>' in text
    assert row(text, "3") == ["6", "1.0", "3.0", "–", "1.3", "4.0"]


def test_what_series_teach_is_a_map_of_parameters_with_the_series_missed_most(tmp_path: Path) -> None:
    text = section(page(tmp_path), "taught")
    assert row(text, "Job finding") == ["0.30", "20", "50", "30", "Unemployment: 0.80"]
    assert 'class="heat-4">50' in text
    assert row(text, "Debts") == ["Noise (0.40)"]
    assert "Parameters of which no series says anything: 1." in text


def test_without_a_series_nothing_is_told_where_a_refit_is_due(tmp_path: Path) -> None:
    text = section(page(tmp_path), "without")
    assert row(text, "Unemployment") == ["1.30", "refit due", "–", "–", "–", "–", "–"]
    assert row(text, "Debts") == ["0.20", "can be read", "800", "0.31", "0.44", "Job finding +2.0", "–"]


def test_strange_features_and_left_over_correlation_are_bold(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert section(text, "checks").count('class="bold">0.00') == len(QUANTITIES)
    assert row(section(text, "series"), "Unemployment")[9] == "&lt; 0.01"


def test_the_summary_counts_and_is_honest_about_observed_drivers() -> None:
    names = names_of(report(), Texts("en"), Glossary(TITLES), None)
    said = [sentence for sentence, _ in summary(report(), names)]
    assert said[0].startswith("Tested: 1,000 stored draws against 10 figures in 2 series.")
    assert "Vacancies" in said[0]
    assert said[1].endswith("100 % lie within their 90 % interval.")
    assert (
        "Of 1 series with held-out figures the model forecasts 1 better than the last value, and 0" in said[2]
    )
    assert f": {len(QUANTITIES)} of {2 * len(QUANTITIES)}." in said[3]
    assert said[4].endswith("1 of 2.")
    assert "1 of 2." in said[5]
    assert "take the drivers as observed (restrictions)" in said[-1]


def test_outdated_draws_and_failed_ones_are_warned_of_first(tmp_path: Path) -> None:
    text = section(page(tmp_path, stale=("tables", "model"), failed=3), "summary")
    warnings = re.findall(r'<p class="warning">(.*?)</p>', text)
    assert warnings[0].startswith("The draws are of an earlier state of the tables and the model.")
    assert warnings[1].startswith("Draws without a finite answer: 3;")


def test_without_a_stored_fit_the_page_says_so(tmp_path: Path) -> None:
    text = page(tmp_path, holdout=(), rolling=())
    assert "There is no stored report of the fit" in section(text, "forecasts")
    assert "There is no stored report of the fit" in section(text, "summary")


def test_every_method_and_quantity_has_a_heading() -> None:
    keys = {f"heading.method.{name.casefold()}" for name in ("model", *METHODS)}
    keys |= {f"heading.quantity.{name}" for name in QUANTITIES}
    assert keys <= set(all_texts())
