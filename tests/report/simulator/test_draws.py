"""Bands and costs of the page against runs of the kernel and the cost tables, and how draws come to be shown."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from sd_covid.policy import Study, read_scenario
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.draws import choose_draws, sample_assumptions
from sd_covid.policy.comparison.run import overruled, run_scenarios
from tests.report.simulator.opening import CLOSE, DRAWS, FILE, ROOT, opened, waited


def test_bands_are_those_of_paired_runs_of_the_kernel(page, simulation, declared, known):
    study = Study.beside(FILE, simulation)
    baseline, other = (
        read_scenario(ROOT / "scenarios" / f"{name}.yaml", simulation, study=study)
        for name in ("actual", "no-support")
    )
    fitted = known.posterior[[name for name in known.posterior if name in study.names]]
    assumed = sample_assumptions(study.assumptions, study.names, list(fitted), DRAWS, 1)
    drawn = pd.concat([choose_draws(fitted, DRAWS, 1), assumed], axis=1)
    runs = [
        simulation.run(overruled(drawn, item.settings), ["unemployment rate"], seed=1)["unemployment rate"]
        for item in (baseline, other)
    ]
    page.select_option("#preset", "no-support")
    waited(page)
    with page.expect_download() as download:
        page.click("#chart-0 .csv")
    table = pd.read_csv(download.value.path())
    time = runs[0]["time"].to_numpy()
    at = np.searchsorted(time, table["Time"])
    for kind, rows in (("package", runs[1]), ("difference", runs[1] - runs[0])):
        for share in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
            expected = np.quantile(rows.transpose("member", "time").to_numpy(), share, axis=0)[at]
            found = table[f"{kind} q{round(100 * share)}"]
            np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * 10)


def test_extra_costs_are_those_of_the_cost_tables(page, simulation, known, declared):
    """Present value of all priced levers, of the reference member, to the four digits that the page writes."""
    study = Study.beside(FILE, simulation)
    scenarios = [read_scenario(path, simulation, study=study) for path in declared.presets]
    point = pd.DataFrame([known.point])
    compared = run_scenarios(
        simulation, scenarios, point, [Output("unemployment rate", declared.title)], study=study
    )
    present = {scenario.id: 0.0 for scenario in scenarios}
    for line in compared.costs:
        if line.priced:
            present[line.scenario] += float(compared.prices.present_value(line.nominal, line.years)[0])
    for scenario in scenarios[1:]:
        page.select_option("#preset", scenario.id)
        amount = page.inner_text("#cost").split(" million")[0].replace(",", "").replace("−", "-")
        expected = present[scenario.id] - present["actual"]
        assert float(amount) == pytest.approx(expected, rel=6e-4, abs=1e-6), scenario.id


def spread_of(page: Page) -> list[str]:
    """What the page tells of all draws: the quantiles of its charts, and the intervals of figures."""
    told = page.evaluate(
        "Array.from(document.querySelectorAll('.interval, #cost'), (item) => item.textContent)"
    )
    for chart in ("#chart-0", "#chart-1"):
        with page.expect_download() as download:
            page.click(f"{chart} .csv")
        told.append(Path(download.value.path()).read_text())
    return told


def test_bands_after_moves_are_those_of_a_page_that_opens_with_them(browser, html, page, tmp_path: Path):
    """Workers carry on from states that earlier moves left; a page that opens has none."""
    page.select_option("#preset", "integrated")
    waited(page)
    for name, value in (
        ("job guidance level", 0.75),
        ("inflation in the long run", 0.03),
        ("job guidance level", 0.25),
    ):
        page.evaluate("([name, value]) => sdCovid.set(name, value)", [name, value])
        waited(page)
    found, fragment = spread_of(page), page.evaluate("location.hash")
    fresh = opened(browser, html, tmp_path, fragment=fragment)
    waited(fresh)
    assert spread_of(fresh) == found
    assert fresh.wrong == []
    fresh.close()


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_chart_as_a_picture_has_its_bands_and_lines(page, tmp_path: Path, form: str):
    page.select_option("#preset", "integrated")
    waited(page)
    with page.expect_download() as download:
        page.click(f"#chart-0 .{form}")
    file = Path(download.value.path())
    if form == "svg":
        shown = page.evaluate(
            "Array.from(document.querySelectorAll('#chart-0 .levels path[d*=L]'), (item) => item.getAttribute('d'))"
        )
        drawn = re.findall(r'd="([^"]*L[^"]*)"', file.read_text())
        long = [path for path in shown if path.count("L") > 100]
        assert len(long) >= 6, "a band of the baseline, three of the package, two lines"
        assert set(long) <= set(drawn)
    else:
        import matplotlib.image

        picture = matplotlib.image.imread(file, format="png")
        colours = {tuple(row) for row in (255 * picture[..., :3]).round().astype(int).reshape(-1, 3).tolist()}
        # of charts.js: the package's line and its bands, the axis
        for colour in ("1f4e79", "dbe3ea", "b9c8d7", "8ea5bd"):
            assert tuple(bytes.fromhex(colour)) in colours


def test_draws_that_cannot_be_run_are_counted_and_the_others_shown(browser, html, tmp_path):
    """As with a fixed delay that is no number in one pair of draws: the worker goes on, and answers what comes next."""
    run = "return members.run(item.current,"
    assert html.count(run) == 1
    html = html.replace(run, f'if (item.draws[0] === 2) throw new RangeError("no run");\n    {run}')
    page = opened(browser, html, tmp_path)
    for preset in ("integrated", "no-support"):
        page.select_option("#preset", preset)
        waited(page)
        assert page.locator("#message").inner_text().startswith("2 ")
        assert re.search(r"\d", page.locator("#headlines .interval").first.inner_text())
    assert page.wrong == []
    page.close()


def test_first_bands_are_drawn_before_all(browser, html, tmp_path):
    """With first bands of 4 of the 8 draws, in two workers: they rest after these, and go on."""
    for old, new in {
        "const FIRST = 32;": "const FIRST = 4;",
        "const PATIENCE = 120;": "const PATIENCE = 0;",
        "navigator.hardwareConcurrency || 2": "2",
    }.items():
        assert html.count(old) == 1
        html = html.replace(old, new)
    page = opened(browser, html, tmp_path)
    page.evaluate(
        """() => {
          const { dataset } = document.getElementById('charts');
          window.seen = [];
          const watch = new MutationObserver(() => window.seen.push(dataset.draws));
          watch.observe(document.getElementById('charts'), { attributes: true });
        }"""
    )
    page.select_option("#preset", "integrated")
    page.wait_for_function("seen.at(-1) === '8' && seen.includes('0')")
    assert "4" in page.evaluate("seen")
    assert page.wrong == []
    page.close()
