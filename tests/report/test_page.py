"""The page is whole, safe, readable without colour or eyes, and says what the comparison says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lxml import html

from sd_covid.calibration.results import StoredFitCheck
from sd_covid.data.text import Text
from sd_covid.engine.run.helper import Helper
from sd_covid.errors import RunError, UnknownNameError
from sd_covid.policy.appraisal.effectiveness import cost_per_unit, extra_cost
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report import Background, Glossary, write_report
from sd_covid.report.comparison.evidence import fit_view
from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, SOFT
from sd_covid.report.words.texts import Texts, all_texts

SECTIONS = [
    "answer", "headline", "question", "findings", "packages", "paths", "differences", "side", "costs", "sensitivity",
    "lights", "fit", "assumptions", "reproduce",
]  # fmt: skip


@pytest.fixture(scope="module", params=["nl", "en"])
def page(request, reports):
    """The parsed report in one language."""
    return html.fromstring(reports[request.param].read_text(encoding="utf-8"))


def text(node) -> str:
    return " ".join(node.text_content().split())


def test_sections_stand_in_order_and_the_contents_lead_to_each(page):
    assert [section.get("id") for section in page.iter("section")] == SECTIONS
    assert [link.get("href") for link in page.xpath("//nav//a")] == [f"#{name}" for name in SECTIONS]


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(reports):
    for file in reports.values():
        source = file.read_text(encoding="utf-8")
        parsed = html.fromstring(source)
        assert not parsed.xpath("//script|//link|//iframe|//object|//embed|//img|//form")
        assert not [name for node in parsed.iter() for name in node.attrib if name.lower().startswith("on")]
        assert not re.search(r"url\((?!#)|@import", source)
        links = [
            value for node in parsed.iter() for name, value in node.attrib.items() if name.endswith("href")
        ]
        assert all(value.startswith("#") for value in links)
        assert "default-src 'none'" in source


def test_every_id_occurs_once_and_every_reference_finds_its_id(page):
    ids = Counter(page.xpath("//@id"))
    assert [name for name, count in ids.items() if count > 1] == []
    referred = {
        value[1:] for node in page.iter() for name, value in node.attrib.items() if name.endswith("href")
    }
    for node in page.iter():
        for value in node.attrib.values():
            referred |= set(re.findall(r"url\(#([^)]+)\)", value))
        referred |= set((node.get("aria-labelledby") or "").split())
    assert referred <= set(ids)


def test_every_chart_has_a_title_a_description_and_a_png(reports):
    for language, file in reports.items():
        parsed = html.fromstring(file.read_text(encoding="utf-8"))
        charts = parsed.xpath("//figure/*[name()='svg']")
        assert len(charts) == 7
        for chart in charts:
            assert chart.get("role") == "img"
            assert chart.xpath("./*[name()='title']")[0].text
            assert len(chart.xpath("./*[name()='desc']")[0].text) > 40
        pictures = sorted((file.parent / f"report-{language}-figures").glob("*.png"))
        assert len(pictures) == 7
        assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_numbers_in_the_tables_are_those_of_the_comparison(page, comparison, build):
    for section, outputs in (("differences", build.outputs[:2]), ("side", build.outputs[2:])):
        tables = page.xpath(f"//section[@id='{section}']//table")
        assert len(tables) == 2
        for table, scenario in zip(tables, ("no-support", "early-withdrawal"), strict=True):
            for row, output in zip(table.xpath("./tbody/tr"), outputs, strict=True):
                cells = row.xpath("./td[@data-median]")
                expected = [
                    comparison.in_year(output.name, scenario, year) for year in (2022, 2025, 2030, 2035)
                ]
                if output.better == "lower":
                    expected.append(comparison.peak(output.name, scenario, (2020, 2024)))
                assert len(cells) == len(expected)
                for cell, item in zip(cells, expected, strict=True):
                    shown = [float(cell.get(f"data-{part}")) for part in ("median", "low", "high")]
                    assert shown == [item.difference.median, *item.difference.interval]


def test_costs_are_present_values_against_the_reference_and_pm_is_not_zero(page, comparison):
    tables = page.xpath("//section[@id='costs']//table[contains(@class, 'costs')]")
    for table, scenario in zip(tables, ("no-support", "early-withdrawal"), strict=True):
        total = float(table.xpath("./tfoot/tr/@data-present")[0])
        assert total == pytest.approx(Spread.of(extra_cost(comparison, scenario)[0]).median, rel=1e-12)
        pause = table.xpath("./tbody/tr")[1]
        assert np.isnan(float(pause.get("data-present")))
        assert [text(cell) for cell in pause.xpath("./td")][1:] == ["PM", "PM", "PM"]


def test_cost_per_avoided_household_year_is_said_as_the_quadrant_asks(reports, comparison):
    found = cost_per_unit(comparison, "no-support", "households in problem debt", (2020, 2035))
    assert found.quadrant == "saves, does less"
    said = text(html.fromstring(reports["en"].read_text(encoding="utf-8")).get_element_by_id("costs"))
    assert "‘No support’ costs 18,500 million euro less than ‘Actual package’, but has" in said
    assert f"{round(found.ratio, -4):,.0f} euro for each household-year it avoids" in said


def test_a_finding_names_direction_size_interval_period_and_reference(reports):
    said = text(html.fromstring(reports["en"].read_text(encoding="utf-8")).get_element_by_id("findings"))
    assert "Unemployment, highest point 2020–2024 ‘No support’ raises this by" in said
    assert "(90 of 100 draws), compared with ‘Actual package’." in said
    assert "Households in problem debt, end of 2022" in said


def test_a_fit_tells_what_is_not_identified_and_where_it_loses(reports):
    said = text(html.fromstring(reports["en"].read_text(encoding="utf-8")).get_element_by_id("fit"))
    assert "Not identified by the figures, only by assumption (1 of 2): jobs saved by NOW." in said
    assert "worse than last value" in said
    assert "within 1.5 × last value" in said
    assert "vacancies and GDP" in said


def test_sensitivity_names_what_matters_most_and_how_far_it_has_converged(reports):
    said = text(html.fromstring(reports["en"].read_text(encoding="utf-8")).get_element_by_id("sensitivity"))
    sentence = (
        "Depends most on jobs saved by the NOW (share 0.72, evidence D); the calibrated parameters together"
    )
    assert f"{sentence} (share 0.31), above all sensitivity to tightness (evidence C)." in said
    assert "510 of 512 blocks of the design used" in said
    assert (
        "Examined: calibrated parameters together; jobs saved by the NOW; scarring; long-run vacancies."
        in said
    )
    chart = html.fromstring(reports["en"].read_text(encoding="utf-8")).xpath("//*[name()='svg']")[-1]
    drawn = text(chart.xpath("./*[name()='desc']")[0])
    assert "of which sensitivity to tightness (evidence C) 0.12" in drawn
    assert "Long-run vacancies" not in drawn  # below 0.01
    assert "no index changed by more than 0.03" in said


def test_a_finding_says_what_it_depends_on_when_just_that_was_analysed(reports):
    for language, words in (
        ("en", "Depends most on jobs saved by the NOW (share 0.72, evidence D)"),
        ("nl", "Hangt het meest af van banen behouden door de NOW (aandeel 0,72, bewijs D)"),
    ):
        parsed = html.fromstring(reports[language].read_text(encoding="utf-8"))
        said = [text(node) for node in parsed.xpath("//section[@id='findings']//*[@class='depends']")]
        assert len(said) == 1  # the peak of unemployment without support, and no other difference
        assert said[0].startswith(words)
        place = parsed.xpath("//*[@class='depends']/ancestor::dl/dt")[0]
        assert text(place).endswith("2020–2024")


def test_costs_stand_at_the_discount_rate_and_a_point_to_each_side(reports, comparison):
    parsed = html.fromstring(reports["en"].read_text(encoding="utf-8"))
    table = parsed.xpath("//section[@id='costs']//table[contains(@class, 'costs')]")[0]
    rows = table.xpath("./tfoot/tr[@class='rate']")
    assert [text(row.xpath("./th")[0]) for row in rows] == [
        "Total at a discount rate of 1.25 %",
        "Total at a discount rate of 3.25 %",
    ]
    # Without support 18.7 billion euro is not spent: 12,000, 6,000 and 700 million in 2020, 2021 and 2022.
    for row, rate in zip(rows, (0.0125, 0.0325), strict=True):
        expected = -(12_000 + 6_000 / (1 + rate) + 700 / (1 + rate) ** 2)
        assert float(row.get("data-present")) == pytest.approx(expected, rel=1e-12)


def test_the_dutch_page_has_no_source_in_english_where_the_words_are_ours(reports):
    said = text(html.fromstring(reports["nl"].read_text(encoding="utf-8")))
    for dutch, english in (
        ("Kamerbrief", "letter to Parliament"),
        ("verzonnen voor deze test", "invented for"),
    ):
        assert dutch in said
        assert english not in said


def test_numbered_parameters_are_named_as_runs(build):
    glossary = Glossary(titles={"step_h*": Text("stap in halfjaar *", "step in half-year *")})
    ids = [f"step_h{number}" for number in (3, 16, 17, 18, 42)]
    fit = build.fit()
    rows = tuple(replace(fit.parameters[0], id=name) for name in ids)
    fit = replace(fit, parameters=rows, not_identified=tuple(ids))
    notes = fit_view(fit, Background(glossary=glossary), Texts("en")).notes
    assert any("(5 of 5): step in half-year 3, 16–18, 42." in sentence for sentence, _ in notes)


def test_failed_draws_are_counted_and_located(page):
    assert "1" in text(page.get_element_by_id("question"))
    assert "jobs" in text(page.get_element_by_id("reproduce"))


def test_how_to_make_the_report_again_is_in_it(page, comparison):
    said = text(page.get_element_by_id("reproduce"))
    provenance = comparison.provenance
    for part in (provenance.model, provenance.model_hash, provenance.draws_hash, "sd-covid compare", "0.1.0"):
        assert part in said


def test_a_title_cannot_bring_markup_or_mathematics_into_the_page(tmp_path, build):
    hostile = Text("<script>alert(1)</script> $\\frac{1}{2}$", "</svg><img src=x onerror=alert(1)> {0} $x$")
    file = write_report(build.comparison(hostile), None, None, tmp_path / "r.html", "en")
    parsed = html.fromstring(file.read_text(encoding="utf-8"))
    assert not parsed.xpath("//script|//img")
    assert not [name for node in parsed.iter() for name in node.attrib if name.startswith("on")]
    assert hostile.en in text(parsed.get_element_by_id("packages"))
    assert hostile.en in text(parsed.get_element_by_id("paths"))
    # This page has no fit and no sensitivity behind it, and says so.
    assert all_texts()["fit.none"].en in text(parsed)
    assert all_texts()["sensitivity.none"].en in text(parsed)


def test_a_fit_that_did_not_converge_is_a_warning(build):
    notes = fit_view(build.fit(converged=False), Background(), Texts("en")).notes
    assert ("The fit did NOT converge for: jobs saved by NOW. Read the figures with reserve.", True) in notes


def test_a_stored_fit_that_no_longer_belongs_to_the_figures_is_a_warning(build):
    check = StoredFitCheck(False, False, True, 0, float("nan"), "the tables have changed")
    notes = fit_view(build.fit(), Background(check=check), Texts("en")).notes
    assert (
        "The stored fit does NOT match figures and model any more: the tables have changed.",
        True,
    ) in notes


def test_equal_input_gives_an_equal_page_whoever_draws_its_charts(build, reports, tmp_path):
    comparison = build.comparison()
    with Helper() as helper:
        again = write_report(
            comparison,
            build.fit(),
            build.sensitivity(comparison),
            tmp_path / "report-nl.html",
            "nl",
            background=build.background(),
            helper=helper,
        )
    assert reports["nl"].read_bytes() == again.read_bytes()
    first, second = (sorted((file.parent / "report-nl-figures").iterdir()) for file in (reports["nl"], again))
    assert [item.name for item in first] == [item.name for item in second]
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_charts_of_an_earlier_report_do_not_stay(build, tmp_path):
    folder = tmp_path / "new" / "r-figures"
    folder.mkdir(parents=True)
    (folder / "09-earlier.png").write_bytes(b"old")
    (folder / "notes.txt").write_text("kept")
    write_report(build.comparison(), None, None, tmp_path / "new" / "r.html", "nl")
    assert not (folder / "09-earlier.png").exists()
    assert (folder / "notes.txt").read_text() == "kept"
    assert sorted(item.name for item in (tmp_path / "new").iterdir()) == ["r-figures", "r.html"]


def test_a_comparison_with_nothing_to_compare_is_refused_and_leaves_no_file(tmp_path, build):
    comparison = build.comparison()
    alone = replace(comparison, scenarios=comparison.scenarios[:1])
    with pytest.raises(RunError, match="no package"):
        write_report(alone, None, None, tmp_path / "r.html", "nl")
    assert list(tmp_path.iterdir()) == []


def test_another_language_is_refused(tmp_path, build):
    with pytest.raises(UnknownNameError, match="no report in 'fr'"):
        write_report(build.comparison(), None, None, tmp_path / "r.html", "fr")


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_text_or_line_can_be_read_on_white():
    style = Path(__file__).parents[2] / "src" / "sd_covid" / "report" / "report.css"
    words = re.findall(r"(?<![-\w])color: (#[0-9a-f]{6});", style.read_text(encoding="utf-8"))
    assert len(words) >= 2
    for colour in (INK, SOFT, REFERENCE, *PACKAGES, *words):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour
