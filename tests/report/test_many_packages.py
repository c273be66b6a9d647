"""A page of many packages in a browser: whole words, every column in sight on a screen and on paper."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from sd_covid.data.text import Text
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report import write_report

TITLES = (
    "Geen corona", "Inhaalprogramma", "Schuldenpakket", "Pakket jeugd en mentale gezondheid", "Integraal pakket",
    "Gericht op kwetsbare mensen", "Uitgesteld integraal pakket", "Bezuinigen", "Nieuwe golf in 2027",
)  # fmt: skip
#: A4 without its margins, in pixels of a browser: 182 mm at 96 to the inch; and across, 269 mm.
UPRIGHT, ACROSS = 688, 1017

#: Tables wider than the room they have, each with its section.
WIDE = """room => [...document.querySelectorAll('table')].filter(table => table.offsetParent).map(table => {
    const box = table.closest('.scroll') ?? table.parentElement;
    const across = room && box.classList.contains('broad');
    return [table.closest('section').id, table.offsetWidth, across ? room : Math.ceil(box.offsetWidth)];
}).filter(([, width, room]) => width > room)"""
#: Cells that hold more than they have room for.
FULL = """() => [...document.querySelectorAll('tbody th, td')].filter(cell => cell.offsetParent)
    .filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent.trim())"""
#: Words of headings that stand on more than one line.
BROKEN = """() => [...document.querySelectorAll('#headline thead th, #welfare thead th')].flatMap(head => {
    const text = head.firstChild, broken = [];
    for (const word of text.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (range.getClientRects().length > 1) broken.push(word[0]);
    }
    return broken;
})"""


def many(comparison: Comparison) -> Comparison:
    """Beside the two packages there are nine that do as the first does."""
    first = comparison.alternatives[0]
    more = tuple(
        replace(first, id=f"more-{place}", title=Text(title, title)) for place, title in enumerate(TITLES)
    )
    spent = [line for line in comparison.costs if line.scenario == first.id]
    return replace(
        comparison,
        scenarios=(*comparison.scenarios, *more),
        levels={
            name: np.concatenate([level, np.repeat(level[1:2], len(more), axis=0)])
            for name, level in comparison.levels.items()
        },
        costs=(*comparison.costs, *(replace(line, scenario=item.id) for item in more for line in spent)),
    )


@pytest.fixture(scope="module")
def written(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, packages = tmp_path_factory.mktemp("many"), many(comparison)
    return {
        level: write_report(packages, None, None, folder / f"{level}.html", "nl", level=level)
        for level in ("minister", "adviser", "modeller")
    }


def opened(browser: Browser, path: Path, width: int, media: str = "screen") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    page.emulate_media(media=media)  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    return page


@pytest.mark.parametrize("width", [1280, 360])
def test_on_a_screen_the_brief_has_every_column_in_sight(
    browser: Browser, written: dict[str, Path], width: int
) -> None:
    page = opened(browser, written["minister"], width)
    assert page.evaluate(WIDE, 0) == []
    assert page.evaluate(FULL) == []
    if width > 640:  # on a narrower one headings stand before each number
        assert page.evaluate(BROKEN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("level", ["minister", "adviser"])
def test_on_paper_no_table_is_wider_than_its_page(
    browser: Browser, written: dict[str, Path], level: str
) -> None:
    page = opened(browser, written[level], UPRIGHT, "print")
    assert page.evaluate(WIDE, ACROSS) == []
    assert page.evaluate(BROKEN) == []
    page.close()


#: Of each package but the main one: what its table counts, and whether its name and its table are in sight.
FOLDED = """() => [...document.querySelectorAll('#differences details')].map(item => {
    const rows = [...item.querySelectorAll('tbody tr:not(.theme)')];
    const having = tone => rows.filter(row => row.querySelector('.word.' + tone)).length;
    const said = item.querySelector('summary .unit').textContent.match(/[0-9]+/g).map(Number);
    return [said, [having('good'), rows.length, having('bad')],
            item.querySelector('summary').checkVisibility(), item.querySelector('table').checkVisibility()];
})"""


@pytest.mark.parametrize("media", ["screen", "print"])
def test_only_the_table_of_the_main_package_is_open(
    browser: Browser, written: dict[str, Path], comparison: Comparison, media: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(written["adviser"].as_uri())
    page.emulate_media(media=media)  # type: ignore[arg-type]
    folded = page.evaluate(FOLDED)
    assert len(folded) == len(many(comparison).alternatives) - 1
    for said, counted, named, shown in folded:
        assert said == counted
        assert named
        assert not shown
    assert any(counted[0] + counted[2] > 0 for _, counted, _, _ in folded)
    (table,) = [
        item for item in page.locator("#differences table").all() if item.evaluate("t => t.checkVisibility()")
    ]
    assert comparison.alternatives[0].title.nl in table.locator("caption").inner_text()
    page.close()


def test_a_table_that_was_opened_is_printed(browser: Browser, written: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(written["adviser"].as_uri())
    page.locator("#costs details.apart summary").first.click()
    page.emulate_media(media="print")
    seen = [
        item.evaluate("t => t.checkVisibility()") for item in page.locator("#costs details.apart table").all()
    ]
    assert seen.count(True) == 1
    assert len(seen) == 10
    page.close()


def test_packages_of_one_title_are_told_apart_by_their_id(comparison: Comparison, tmp_path: Path) -> None:
    packages = many(comparison)
    first = packages.alternatives[0]
    same = replace(
        packages,
        scenarios=tuple(
            replace(item, title=first.title) if item.id == "more-0" else item for item in packages.scenarios
        ),
    )
    page = write_report(same, None, None, tmp_path / "same.html", "nl").read_text(encoding="utf-8")
    section = page.partition('<section id="differences">')[2].partition("</section>")[0]
    assert section.count("<details") == len(same.alternatives) - 1


def test_a_print_for_an_adviser_is_short_and_one_for_a_modeller_has_all(written: dict[str, Path]) -> None:
    """A print unfolds what is not set apart."""
    section = {
        level: written[level].read_text(encoding="utf-8").partition('<section id="differences">')[2]
        for level in ("adviser", "modeller")
    }
    found = {level: text.partition("</section>")[0] for level, text in section.items()}
    apart = found["adviser"].count('<details class="fold apart told">')
    assert apart == found["modeller"].count('<details class="fold">') > 1
    assert apart == found["adviser"].count("<details") == found["modeller"].count("<details")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_line_ends_between_a_number_and_its_per_cent_sign(reports: dict[str, Path], language: str) -> None:
    text = reports[language].read_text(encoding="utf-8")
    body = re.sub(r"<svg.*?</svg>", "", text[text.index("<main>") :], flags=re.S)
    assert re.search("[0-9]\N{NO-BREAK SPACE}%", body)
    assert re.findall(".{20}[0-9] %", body) == []
