"""What a reader does with the page, and sees of it."""

import json
import re
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

import sd_covid
from sd_covid.report.simulator import read_declaration, read_known, simulator_page
from tests.report.simulator.opening import ROOT, agree, opened, waited


def test_moments_are_told_as_months(page):
    """Starts of levers, and of a wave that is assumed: model time 144 is January 2027."""
    slider = page.locator("input[data-constant='new wave start']")
    assert slider.get_attribute("aria-valuetext") == "Jan 2027"
    page.evaluate("sdCovid.set('new wave start', 150)")
    assert slider.get_attribute("aria-valuetext") == "Jul 2027"
    assert "Jul 2027" in page.inner_text("#package")


def test_the_small_model_has_a_page_that_says_what_is_not_in_it(browser, tmp_path):
    declared = read_declaration(ROOT / "scenarios" / "simulator-lite.yaml")
    simulation = sd_covid.load(declared.model)
    text = simulator_page(declared, simulation, read_known(declared, simulation), "en", 2)
    page = opened(browser, text, tmp_path)
    page.evaluate("sdCovid.set('NOW level', 0.5)")
    settings, results = page.evaluate("[sdCovid.settings, sdCovid.results]")
    run = declared.integrated(simulation).run(settings, list(results))
    agree(results, {name: run[name].to_numpy() for name in results})
    assert "midpoint, 0.5 (model: euler, 0.125)" in page.inner_text("footer")
    assert "Not in this model: " in page.inner_text("footer")
    assert page.wrong == []
    page.close()


def test_every_slider_changes_a_figure_in_words(page):
    """Each from a package in which its lever is pulled, with a budget that binds only the slider of the budget.

    An assumption about a wave needs a wave. Where half-way changes nothing, for something else binds, the end must; and
    a lever that does nothing at its own level, such as costs of collection as they are, is pulled half-way first.
    """
    lost = page.evaluate(
        """() => {
          const sliders = [...document.querySelectorAll('input[type=range][data-constant]')];
          const text = () => [...document.querySelectorAll('.difference, #cost')].map((x) => x.textContent).join();
          const move = (input, value) => {
            input.value = String(value);
            input.dispatchEvent(new Event('input', { bubbles: true }));
            input.dispatchEvent(new Event('change', { bubbles: true }));
          };
          const start = (input, half) => {
            const group = input.closest('.lever');
            const [level, begin, end, budget] = [...group.querySelectorAll('input[type=range]')];
            if (begin === undefined) return;
            if (half || Number(level.value) === 0) move(level, Number(level.max) / 2);
            if (budget !== undefined) move(budget, Number(budget.max) / (input === budget ? 4 : 1));
          };
          const lost = [];
          const changes = (input, half) => {
            document.getElementById('reset').click();
            if (input.dataset.constant.startsWith('new wave')) {
              document.getElementById('preset').value = 'new-wave';
              document.getElementById('preset').dispatchEvent(new Event('change'));
            }
            start(input, half);
            const before = text();
            const [low, high, now] = [input.min, input.max, input.value].map(Number);
            for (const value of [low + (now - low) / 2, high - (high - now) / 2, low, high]) {
              move(input, value);
              if (text() !== before) return true;
            }
            return false;
          };
          for (const input of sliders) {
            if (!changes(input, false) && !changes(input, true)) lost.push(input.dataset.constant);
          }
          return [sliders.length, lost];
        }"""
    )
    assert lost[0] > 100
    assert lost[1] == []


def test_undo_redo_and_the_link_hold_the_whole_state(page, browser, html, tmp_path):
    start = page.evaluate("sdCovid.settings")
    page.evaluate("sdCovid.set('NOW level', 0.5)")
    page.evaluate("sdCovid.set('inflation in the long run', 2.4)")
    page.fill("#save-name", "<b>mine</b>")
    page.click("#save")
    moved = page.evaluate("sdCovid.settings")
    link = page.evaluate("location.hash")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert page.evaluate("sdCovid.settings") == start
    page.click("#redo")
    page.click("#redo")
    assert page.evaluate("sdCovid.settings") == moved
    other = opened(browser, html, tmp_path, fragment=link)
    assert other.evaluate("sdCovid.settings") == moved
    assert other.inner_text("#saved-table th[scope=col]").startswith("<b>mine</b>")
    assert other.wrong == []
    other.close()


@pytest.mark.parametrize(
    "state",
    [
        {"saved": [None, "a", {"name": "b"}]},
        {"set": {"FINAL TIME": 10, "no such thing": 1, "NOW level": "1"}, "targets": None},
        [1, 2],
    ],
)
def test_what_a_link_says_beyond_the_page_is_left_out(page, browser, html, tmp_path, state):
    other = opened(browser, html, tmp_path, fragment=f"#{quote(json.dumps(state))}")
    assert other.evaluate("sdCovid.settings") == page.evaluate("sdCovid.settings")
    assert other.locator("#saved-table thead th").count() == (1 if "saved" in state else 0)
    assert other.wrong == []
    other.close()


def test_an_axis_that_became_far_too_wide_fits_again(page):
    """Inflation of 60 % makes debts many times what they are; after it the axis is as it was before."""

    def ends() -> list[float]:
        page.wait_for_function(
            "(({ draws, all }) => draws === all)(document.getElementById('charts').dataset)"
        )
        texts = page.locator("#chart-1 .levels .role-axis-label text").all_text_contents()
        return sorted(float(text.replace(",", "")) for text in texts if not text.startswith("20"))

    page.select_option("#preset", "integrated")
    before = ends()
    page.evaluate("sdCovid.set('inflation in the long run', 60)")
    assert max(ends()) > 2 * max(before)
    page.click("#reset")
    page.select_option("#preset", "integrated")
    assert ends() == before


def test_a_share_by_time_is_told_in_per_cent(page):
    slider = page.locator("input[data-constant='later household growth rate']")
    assert slider.get_attribute("aria-valuetext") == "0.71 % per year"
    page.evaluate("sdCovid.set('later household growth rate', 0.008)")
    assert slider.get_attribute("aria-valuetext") == "0.8 % per year"
    assert "Growth of households after 2024 – Value: 0.8 % per year" in page.inner_text("#package")


def test_presets_lie_within_their_sliders(page):
    outside = page.evaluate(
        """() => {
          const data = JSON.parse(document.getElementById('sd-data').textContent);
          const parts = data.groups.flatMap((group) => group.levers).flatMap((lever) => lever.parts);
          return data.presets.flatMap((preset) => {
            const settings = new Map(preset.settings);
            return parts.filter(({ names, low, high }) => settings.get(names[0]) < low || settings.get(names[0]) > high)
              .map((part) => `${preset.id}: ${part.constant}`);
          });
        }"""
    )
    assert outside == []


def test_intervals_have_two_digits_of_their_width(page):
    """The ends are quantiles of the draws in the table of the chart, which is at hand as CSV with all digits."""
    page.select_option("#preset", "integrated")
    waited(page)
    told = re.findall(
        r"[−+]?[\d.,]+", page.locator("#headlines li").nth(3).locator(".interval").inner_text()
    )[1:]
    low, high = (float(text.replace("−", "-").replace(",", "")) for text in told)
    with page.expect_download() as download:
        page.locator("#chart-1 .csv").click()
    table = pd.read_csv(download.value.path())
    row = table[table["Date"] == "2031-01-01"].iloc[0]  # a stock at the end of 2030
    step = 10.0 ** (np.floor(np.log10(row["difference q95"] - row["difference q5"])) - 1)
    assert (low, high) == pytest.approx((row["difference q5"], row["difference q95"]), abs=step / 2 + 1e-9)
    assert [value / step for value in (low, high)] == pytest.approx(np.round([low / step, high / step]))


def test_what_cannot_be_set_is_refused(page):
    for call in ("'no such thing', 1", "'NOW level', NaN", "'NOW level', '1'", "'FINAL TIME', 10"):
        assert (
            page.evaluate(f"(() => {{ try {{ sdCovid.set({call}); }} catch (e) {{ return e.name; }} }})()")
            == "RangeError"
        )


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_and_axe_finds_nothing_serious(browser, html, tmp_path, width):
    page = opened(browser, html, tmp_path, width)
    page.evaluate("sdCovid.set('inflation in the long run', 2.4)")
    page.fill("#save-name", "one")
    page.click("#save")
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    serious = [
        (item["id"], item["nodes"][0]["html"]) for item in found if item["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.wrong == []
    page.close()
