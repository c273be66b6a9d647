"""The page of newest figures beside what was expected: its words, its counts, and the page in a browser."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from sd_covid.calibration.newest.outlook import Basis, Expected, Next, Outlook, side_of
from sd_covid.calibration.newest.outlook_changes import Changed, Changes, Moved
from sd_covid.calibration.validity.report import Point
from sd_covid.data import Registry, Series, Text, parse_period
from sd_covid.data.description import Sensitive
from sd_covid.report.dashboard.page import dashboard_page
from sd_covid.report.dashboard.tables import dashboard_frame, write_dashboard_workbook
from sd_covid.report.dashboard.words import DashboardWords, counts_of
from sd_covid.report.drawing.spark import sparkline
from sd_covid.report.words.period_words import period_words
from sd_covid.report.words.texts import Texts

HOSTILE = "</script><script>window.hit=1</script> & {{ 7*7 }}"
MADE = date(2024, 6, 1)


def series(name: str, title: str, theme: str, sensitive: Sensitive | None = None) -> Series:
    rows = pd.DataFrame({"value": [1.0]}, index=[parse_period("2023-Q4", "quarter")])
    return Series(
        id=name, title=Text(title, title), theme=theme, unit="%", frequency="quarter", kind="mean",
        definition="d", breaks=(), seasonally_adjusted=False, tier="A", release_lag=30, licence="l", source="s",
        note="", file=Path("f.csv"), rows=rows, sensitive=sensitive,
    )  # fmt: skip


def expected(name: str, figure: float, basis: Basis = "model", same: tuple[str, ...] = ()) -> Expected:
    band = (1250.0, 1000.0, 1150.0, 1350.0, 1500.0)
    points = tuple(
        Point(f"{2020 + at // 4}-Q{at % 4 + 1}", 60.0 + 3 * (at + 1), value, False, *band)
        for at, value in enumerate([*[1200.0 + 10 * at for at in range(15)], figure])
    )
    side = side_of(points[-1])
    ahead = Point("2024-Q1", 111.0, math.nan, False, 1240.0, 990.25, 1140.0, 1340.0, 1490.75)
    return Expected(
        f"obs_{name}", name, basis, True, same, side, "" if side == "on" else "2023-Q4", points,
        Next("2024-Q1", date(2024, 4, 30), True, ahead),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Outlook:
    known = [
        series("high", HOSTILE, "labour"),
        series("usual", "Usual", "labour"),
        series("own", "Own", "labour"),
        series("twin", "Twin", "labour"),
        series("deaths", "Deaths", "mental", "suicide"),
    ]
    registry = Registry(
        Path("series"), {}, {"%": Text("% van alles", "% of all")}, {}, {item.id: item for item in known},
        headings={"work": Text("Werk", "Work"), "mind": Text("Geest", "Mind")},
        heading_of={"labour": "work", "mental": "mind"},
    )  # fmt: skip
    items = (
        expected("high", 1600.5),
        expected("usual", 1300.0),
        expected("own", 900.0, "history"),
        expected("twin", 900.0, same=("usual",)),
        expected("deaths", 2000.0, "history"),
    )
    return Outlook(MADE, Path("calibration/problem.yaml"), "abc", "def", 100, 0, registry, items)


def test_counts_leave_out_what_another_series_tells(found: Outlook) -> None:
    counts = counts_of(found.series)
    assert (counts.count, counts.on, counts.above, counts.below) == (4, 1, 2, 1)
    assert counts.chance == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("period", "frequency", "nl", "en"),
    [
        ("2024-Q3", "quarter", "het derde kwartaal van 2024", "the third quarter of 2024"),
        ("2024-06", "half-year", "het eerste halfjaar van 2024", "the first half of 2024"),
        ("2024-12", "half-year", "het tweede halfjaar van 2024", "the second half of 2024"),
        ("2024-03", "month", "maart 2024", "March 2024"),
        ("2024-03", "instant", "maart 2024", "March 2024"),
        ("2024", "school year", "schooljaar 2023/24", "school year 2023/24"),
        ("2024", "year", "2024", "2024"),
    ],
)
def test_periods_are_words(period: str, frequency: str, nl: str, en: str) -> None:
    for language, told in (("nl", nl), ("en", en)):
        assert told == period_words(period, frequency, Texts(language), article=True)  # type: ignore[arg-type]


def test_a_sentence_says_figure_band_period_and_what_comes(found: Outlook) -> None:
    words = DashboardWords(found, Texts("nl"))
    above = found.series[0]
    told = "Boven de verwachting: 1.600,5 in het vierde kwartaal van 2023, verwacht werd 1.000 tot 1.500."
    assert words.said(above) == told
    assert words.coming(above) == (
        "Volgend cijfer, het eerste kwartaal van 2024: had er rond 30 april 2024 kunnen zijn en staat nog niet in de "
        "bestanden. Daarvan wordt 990 tot 1.490 verwacht."
    )
    assert (
        "below what was expected: 900 in" in DashboardWords(found, Texts("en")).said(found.series[2]).lower()
    )


@pytest.mark.parametrize("figure", [74000.0, 148599.9, 74071.0, 148600.0])
def test_a_rounded_band_never_tells_of_another_side(found: Outlook, figure: float) -> None:
    """To two digits of its width the band is 74,000 to 149,000: a figure of 74,000 lies below 74,071 all the same."""
    point = Point("2022", 96.0, figure, False, 103276.0, 74071.0, 9e4, 11e4, 148599.0)
    low, high = (float(text.replace(",", "")) for text in DashboardWords(found, Texts("en")).band(point))
    seems = "above" if figure > high else "below" if figure < low else "on"
    assert seems == side_of(point)


def test_the_small_chart_has_a_bar_for_each_period_and_a_hollow_dot_outside(found: Outlook) -> None:
    item = found.series[0]
    drawn = sparkline([*item.points, item.next.point])  # type: ignore[list-item]
    assert drawn.count("<rect") == 2 * 17
    assert drawn.count("<circle") == 16
    assert drawn.count('fill="#ffffff"') == 1
    assert 'fill="#ffffff"' not in sparkline(found.series[1].points)
    for value in re.findall(r' (?:x|cx)="([\d.-]+)"', drawn):
        assert 0 <= float(value) <= 120


def test_a_page_shows_names_as_text_and_keeps_the_rules_on_suicide(found: Outlook) -> None:
    changes = Changes(
        MADE, True, (Changed("high", "2023-Q4", 1600.5, math.nan),), (), (Moved("deaths", "on", "above"),)
    )
    page = dashboard_page(found, changes, Texts("en"), command=HOSTILE)
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<svg") == 2 + 2  # two of the model; own history, and a twin
    outside = page[page.index('<section id="outside">') : page.index('<section id="theme-0">')]
    assert "Deaths" not in outside
    mind = page[page.index('<section id="theme-1">') : page.index('<section id="surprise">')]
    assert "call 113 or 0800-0113" in mind
    assert "<svg" not in mind
    assert "about 30 April 2024" in mind
    assert "990" not in mind  # no forecast
    moved = page[page.index('<section id="changes">') : page.index('<section id="outside">')]
    assert "Deaths" not in moved


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_fits_and_axe_finds_nothing(
    browser: Browser, found: Outlook, tmp_path: Path, language: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        dashboard_page(found, None, Texts(language), command="sd-covid dashboard"), encoding="utf-8"
    )
    page = browser.new_page(viewport={"width": 360, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    assert asked == [file.as_uri()]
    page.close()


def test_a_workbook_and_a_table_have_every_number(found: Outlook, tmp_path: Path) -> None:
    write_dashboard_workbook(found, tmp_path / "d.xlsx", Texts("nl"))
    book = openpyxl.load_workbook(tmp_path / "d.xlsx")
    cells = [[cell.value for cell in row] for row in book["work"].iter_rows()]
    ends = [[f, 1250, 1000, 1500, 990.25, 1490.75] for f in (1600.5, 1300, 900, 900)]
    assert [row[-6:] for row in cells[-4:]] == ends
    assert [cell.value for cell in book["mind"][book["mind"].max_row]][-3:] == [
        1500,
        None,
        None,
    ]  # no forecast
    frame = dashboard_frame(found)
    assert frame["side"].tolist() == ["above", "on", "below", "below", "above"]
    assert frame["counts"].tolist() == [1, 1, 1, 0, 1]
    assert frame["next_low_90"].tolist() == [990.25] * 5
