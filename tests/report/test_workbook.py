"""The workbook of a report: every number of the page is in it, and its numbers are those of the raw paths."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lxml import html
from openpyxl import load_workbook

from sd_covid.policy.comparison.tables import courses_frame, differences_frame
from sd_covid.report.comparison.workbook import as_number, write_workbook
from sd_covid.report.words.texts import Texts

#: A number as a reader sees it, in either language.
NUMBER = re.compile(r"[−-]?\d+(?:[.,]\d+)*")
SHOWN = ("data-median", "data-low", "data-high", "data-mean", "data-number")


@pytest.fixture(scope="module", params=["nl", "en"])
def made(request, reports, comparison, tmp_path_factory):
    """The page, and the sheets of its workbook as data frames without heads."""
    path = tmp_path_factory.mktemp("book") / "report.xlsx"
    tables = {
        "raw differences": differences_frame(
            comparison, (2022, 2025, 2030, 2035), (2020, 2024), (2020, 2030)
        ),
        "raw courses": courses_frame(comparison),
    }
    write_workbook(reports[request.param], tables, path, Texts(request.param))
    book = load_workbook(path, read_only=True, data_only=True)
    sheets = {
        sheet.title: [
            [*row, *[None] * (7 - len(row))] for row in sheet.iter_rows(min_row=2, values_only=True)
        ]
        for sheet in book
    }
    heads = {sheet.title: [cell.value for cell in next(sheet.iter_rows(max_row=1))] for sheet in book}
    return request.param, html.fromstring(reports[request.param].read_text(encoding="utf-8")), sheets, heads


def has(held: list, value: float) -> bool:
    """Whether a number is among some, to the sixteen digits that a workbook keeps."""
    numbers = np.array([item for item in held if isinstance(item, int | float)], dtype=np.float64)
    return bool(np.isclose(numbers, value, rtol=1e-15, atol=0.0).any())


def numbers_in(text: str) -> list[str]:
    return NUMBER.findall(text)


def test_every_number_that_is_read_in_the_page_is_found_in_the_workbook(made):
    _, page, sheets, _ = made
    for section in page.xpath("//main/section"):
        visible = section.xpath(".//text()[not(ancestor::*[local-name()='svg']) and not(ancestor::style)]")
        asked = {number for text in visible for number in numbers_in(text)}
        told = {
            number
            for row in sheets[section.get("id")]
            for cell in row[:4]
            if isinstance(cell, str)
            for number in numbers_in(cell)
        }
        assert asked <= told, section.get("id")


def test_every_number_behind_a_cell_stands_in_the_workbook_unrounded(made):
    _, page, sheets, _ = made
    count = 0
    for section in page.xpath("//main/section"):
        held = [value for row in sheets[section.get("id")] for value in row[4:]]
        for name in SHOWN:
            for value in section.xpath(f".//td/@{name}"):
                if math.isfinite(float(value)):
                    count += 1
                    assert has(held, float(value)), (section.get("id"), name, value)
    assert count > 100


def test_a_cell_reads_as_its_number_rounded(made):
    language, _, sheets, _ = made
    compared = 0
    for row in (row for name in ("differences", "side", "headline") for row in sheets[name]):
        value, read = row[4], str(row[3])
        if not isinstance(value, float):
            continue
        first = as_number(numbers_in(read)[0], language)
        assert first is not None
        decimals = (
            len(re.split(r"[.,]", numbers_in(read)[0])[-1]) if re.search(r"[.,]", read.split()[1]) else 0
        )
        # Rounded to a decimal, to a quarter point, or to tens of a number of three digits and more.
        step = max(10.0**-decimals, 0.25 if first % 0.25 == 0 else 0.0, 10 ** (len(str(int(abs(value)))) - 2))
        assert abs(first - value) <= step / 2 + 1e-9, (read, value)
        compared += 1
    assert compared > 30


def differences(comparison, output: str, scenario: str) -> np.ndarray:
    """Paired differences from the raw paths, by plain arithmetic; the member that failed is left out by hand."""
    place = {"actual": 0, "no-support": 1, "early-withdrawal": 2}[scenario]
    paths = comparison.levels[output]
    sound = [member for member in range(paths.shape[1]) if not (scenario == "no-support" and member == 3)]
    return (paths[place] - paths[0])[sound]


def mean_of(paths: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean over years of monthly paths from January 2015 on: the trapezium rule written out."""
    a, b = 12 * (first - 2015), 12 * (last + 1 - 2015)
    return (paths[:, a:b].sum(axis=1) + (paths[:, b] - paths[:, a]) / 2) / (b - a)


@pytest.mark.parametrize(
    ("output", "scenario", "measure", "first", "last"),
    [
        ("unemployment rate", "no-support", "year", 2022, 2022),
        ("unemployment rate", "no-support", "year", 2025, 2025),
        ("unemployment rate", "early-withdrawal", "year", 2022, 2022),
        ("unemployment rate", "no-support", "mean", 2020, 2030),
        ("unemployment rate", "no-support", "peak", 2020, 2024),
        ("households in problem debt", "no-support", "end of year", 2022, 2022),
        ("households in problem debt", "no-support", "end of year", 2030, 2030),
        ("households in problem debt", "early-withdrawal", "end of year", 2025, 2025),
        ("households in problem debt", "early-withdrawal", "mean", 2020, 2030),
        ("jobs", "early-withdrawal", "year", 2030, 2030),
    ],
)
def test_ten_numbers_are_derived_again_from_the_raw_paths(
    made, comparison, output, scenario, measure, first, last
):
    _, _, sheets, heads = made
    table = pd.DataFrame(sheets["raw differences"], columns=heads["raw differences"])
    named = (table["output"] == output) & (table["scenario"] == scenario) & (table["measure"] == measure)
    row = table[named & (table["first year"] == first) & (table["last year"] == last)]
    assert 1 == len(row)
    paths = differences(comparison, output, scenario)
    if measure == "end of year":
        values = paths[:, 12 * (last + 1 - 2015)]
    elif measure == "peak":
        sound = [member for member in range(200) if member != 3]
        span = slice(12 * (first - 2015), 12 * (last + 1 - 2015) + 1)
        levels = comparison.levels[output][:, sound, span].max(axis=2)
        values = levels[1] - levels[0]
    else:
        values = mean_of(paths, first, last)
    # To the rounding of sums of some hundred numbers below 10,000.
    for name, level in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        assert np.quantile(values, level) == pytest.approx(row[name].item(), rel=1e-9, abs=1e-10)
    # And that same number is what the page was made of.
    if output != "jobs" and measure in ("year", "end of year"):
        assert has([item[4] for item in sheets["differences"]], row["q50"].item())


def test_the_course_in_the_workbook_is_that_of_the_charts(made, comparison):
    _, _, sheets, heads = made
    table = pd.DataFrame(sheets["raw courses"], columns=heads["raw courses"])
    named = (table["output"] == "unemployment rate") & (table["scenario"] == "no-support")
    row = table[named & (table["kind"] == "difference") & (table["date"].str.startswith("2022-01"))]
    values = differences(comparison, "unemployment rate", "no-support")[:, 84]
    assert row["q50"].item() == pytest.approx(np.median(values), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("−1.234,5", "nl", -1234.5),
        ("1,234.5", "en", 1234.5),
        ("12", "nl", 12.0),
        ("98 %", "nl", 98.0),
        ("1.2 (0.5 to 3)", "en", None),
        ("2022-07", "en", None),
        ("PM", "nl", None),
    ],
)
def test_only_a_text_that_is_a_number_is_one(text, language, number):
    assert as_number(text, language) == number


def test_a_text_that_begins_like_a_formula_stays_a_text(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text('<main><section id="a"><p>=1+1</p><table><caption>c</caption><tbody><tr><th>=2+2</th><td>3</td>'
                    "</tr></tbody></table></section></main>", encoding="utf-8")  # fmt: skip
    write_workbook(page, {"raw": pd.DataFrame({"x": ["=3+3"]})}, tmp_path / "b.xlsx", Texts("en"))
    book = load_workbook(tmp_path / "b.xlsx")
    assert ["s", "s", "s"] == [
        book["a"]["D2"].data_type,
        book["a"]["B3"].data_type,
        book["raw"]["A2"].data_type,
    ]
