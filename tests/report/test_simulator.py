"""The simulator in a browser that can reach nothing, against the command line, the kernel and the cost tables.

The page runs without the kernel's fused multiply-add, so results agree to 1e-9 of a variable's largest value.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import sd_covid
from sd_covid.cli.app import execute
from sd_covid.data.text import Text
from sd_covid.errors import DataError, RunError, ScenarioError, UnknownNameError
from sd_covid.policy import Scenario, Study, read_scenario
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.draws import choose_draws, sample_assumptions
from sd_covid.policy.comparison.run import overruled, run_scenarios
from sd_covid.report.simulator import Known, read_declaration, read_known, simulator_page
from sd_covid.report.simulator.declaration import nice_step
from sd_covid.report.simulator.page import as_json
from sd_covid.report.simulator.paths import find_paths, read_paths, write_paths
from sd_covid.report.simulator.restart import idle_before_start

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scenarios" / "simulator.yaml"
DRAWS = 8
CLOSE = 1e-9


@pytest.fixture(scope="module")
def declared():
    return read_declaration(FILE)


@pytest.fixture(scope="module")
def simulation(declared):
    return sd_covid.load(declared.model)


@pytest.fixture(scope="module")
def known(declared, simulation) -> Known:
    return read_known(declared, simulation)


@pytest.fixture(scope="module")
def html(declared, simulation, known) -> str:
    return simulator_page(declared, simulation, known, "en", DRAWS)


def opened(browser: Browser, html: str, folder: Path, width: int = 1280, fragment: str = "") -> Page:
    """The page, with every other request blocked; what goes wrong stands in ``page.wrong``."""
    file = folder / "simulator.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True).new_page()
    page.set_default_timeout(120_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)

    def block(route) -> None:
        if route.request.url.startswith(file.as_uri()):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    page.route("**/*", block)
    page.goto(file.as_uri() + fragment)
    page.wait_for_function("document.documentElement.dataset.painted === 'yes'")
    page.wrong = wrong
    return page


@pytest.fixture(scope="module")
def page(browser, html, tmp_path_factory) -> Iterator[Page]:
    found = opened(browser, html, tmp_path_factory.mktemp("page"))
    yield found
    assert found.wrong == []


@pytest.fixture(autouse=True)
def _from_the_beginning(request):
    """Each test begins with the page as it opens."""
    if "page" in request.fixturenames:
        request.getfixturevalue("page").click("#reset")


def agree(found: dict, expected: dict) -> None:
    assert set(found) == set(expected)
    for name, row in expected.items():
        scale = np.abs(row).max()
        np.testing.assert_allclose(found[name], row, rtol=0, atol=CLOSE * max(scale, 1e-12), err_msg=name)


# --- results --------------------


def test_settings_reproduce_results_on_the_command_line(page, tmp_path):
    """All constants that differ from the model file, passed as -p; some are steps of the preset."""
    page.select_option("#preset", "targeted")
    page.evaluate("sdCovid.set('job guidance level', 0.2); sdCovid.set('Debt_finding  loss', 0.2)")
    settings, results = page.evaluate("[sdCovid.settings, sdCovid.results]")
    assert settings["job guidance level"] == 0.2
    assert settings["debt finding loss"] == 0.2
    out = tmp_path / "run.csv"
    model = page.evaluate("sdCovid.model")
    arguments = [part for name, value in settings.items() for part in ("-p", f"{name}={value!r}")]
    assert execute(["run", str(ROOT / model), *arguments, "-o", str(out)]) == 0
    table = pd.read_csv(out)
    assert table["Time"].tolist() == page.evaluate("sdCovid.time")
    agree(results, {name: table[name].to_numpy() for name in results})


def test_fifty_settings_agree_with_the_kernel(page, simulation):
    """Set one after another without a reset, so that most runs carry on from a state of the one before."""
    rng = np.random.default_rng(3)
    levers = [name.removesuffix(" level") for name in simulation.constants if name.endswith(" level")]
    levers = [name for name in levers if {f"{name} start", f"{name} end"} <= set(simulation.constants)]
    moves = []
    for k, lever in enumerate(rng.choice(levers, 50)):
        start = int(rng.integers(60, 200))
        moves.append(
            {f"{lever} level": rng.uniform(0, 1), f"{lever} start": start, f"{lever} end": start + 24}
        )
        if k % 4 == 0:  # assumptions too, once beyond what their sliders have
            moves[-1]["inflation in the long run"] = 60.0 if k == 24 else rng.uniform(1.5, 3)
            moves[-1]["new wave start"] = start
    found = page.evaluate(
        """(moves) => moves.map((move) => {
          Object.entries(move).forEach(([name, value]) => sdCovid.set(name, value));
          return [sdCovid.settings, sdCovid.results];
        })""",
        moves,
    )
    settings = pd.DataFrame([item for item, _ in found])
    settings = settings.fillna({name: simulation.constants.get(name, 0.0) for name in settings})
    expected = simulation.run(settings, list(found[0][1]))
    for k, (_, results) in enumerate(found):
        agree(results, {name: expected[name][k].to_numpy() for name in results})


def test_an_exported_scenario_runs_to_the_same_results_and_comes_back(page, tmp_path, simulation, known):
    page.select_option("#preset", "integrated")
    moved = {
        "job guidance level": 0.25,
        "IPS start": 150,
        "IPS end": 190,
        "IPS budget": 90,
        "IPS municipal": 1,
        "vacancy rate in the long run": 3.5,
    }
    for name, value in moved.items():
        page.evaluate("([name, value]) => sdCovid.set(name, value)", [name, value])
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    page.select_option("[data-lever=ips] select:has(option[value=vulnerable])", "vulnerable")
    settings, results = page.evaluate("[sdCovid.settings, sdCovid.results]")
    with page.expect_download() as download:
        page.click("#export")
    file = ROOT / "scenarios" / ".exported-by-a-test.yaml"
    try:
        download.value.save_as(file)
        scenario = read_scenario(file, simulation)
        run = simulation.stepping(scenario.settings).run(
            {**dict(known.point), **scenario.settings}, list(results)
        )
        page.click("#reset")
        page.set_input_files("#import", file)
        page.wait_for_function("document.getElementById('message').textContent.includes('is open')")
    finally:
        file.unlink(missing_ok=True)
    agree(results, {name: run[name].to_numpy() for name in results})
    assert page.evaluate("sdCovid.settings") == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("levers: {job-guidence: {level: 1}}", "no measure 'job-guidence'"),
        ("levers:\n  ips: {start: 2027-13-01}", "'2027-13-01' is no day"),
        ("assumptions: {inflation-long-run: much}", "'inflation-long-run' has no number"),
        ("rationale: *alias", "line 2"),
        ("levers:\n  - ips", "line 3"),
        ("path: base", "'path' cannot be set"),
        ("extends: <script>alert(1)</script>", "'<script>alert(1)</script>' is not in this page"),
        ("levers: {now: {level: 5}}", "'now: level: 5' lies outside"),
        ("levers: {now: {end: 2020-02-01}}", "'now' does not end after its start"),
        ("levers: {job-guidance: {start: 1900-01-01}}", "lies outside"),
        ("levers: {job-guidance: {delivery: banana}}", "'job-guidance: delivery: banana' cannot be set"),
        ("levers: [1]", "belong under 'levers'"),
        ("assumptions: 5", "belong under 'assumptions'"),
        ("constants: {FINAL TIME: 20}", "'FINAL TIME' cannot be set"),
        ("levers: {}\nlevers: {}", "line 3 is no YAML"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_in_words(page, text, said):
    refused(page, f"title: a\n{text}", said)


def test_an_empty_file_is_refused(page):
    refused(page, "# nothing\n", "'title' is missing")


def refused(page: Page, text: str, said: str) -> None:
    before = page.evaluate("sdCovid.settings")
    page.set_input_files("#import", {"name": "x.yaml", "mimeType": "text/yaml", "buffer": text.encode()})
    page.wait_for_function("document.getElementById('message').textContent.includes('cannot be opened')")
    assert said in page.inner_text("#message")
    assert page.evaluate("sdCovid.settings") == before


# --- bands and costs --------------------


def waited(page: Page) -> None:
    """Until the draws have all been run."""
    page.wait_for_function("!document.querySelector('#headlines .interval').textContent.includes('follows')")
    page.wait_for_timeout(50)


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


# --- what drives a difference --------------------


def test_what_drives_a_difference_is_what_changes_bring(page, simulation):
    """Two changes share out their difference as Shapley's values do: means of with and without the other."""
    page.evaluate("sdCovid.set('NOW level', 0.5); sdCovid.set('inflation in the long run', 2.4)")
    both = page.evaluate("sdCovid.settings")
    page.click("#reset")
    neither = page.evaluate("sdCovid.settings")
    names = ("NOW level", "inflation in the long run")
    rows = [
        neither | {n: both[n] for n, on in zip(names, choice, strict=True) if on}
        for choice in product((False, True), repeat=2)
    ]
    frame = pd.DataFrame(rows)
    frame = frame.fillna({name: simulation.constants.get(name, 0.0) for name in frame})
    run = simulation.run(frame, ["unemployment rate"])["unemployment rate"]
    month = run["date"].dt.year.to_numpy() == 2030
    none, second, first, whole = run.transpose("member", "time").to_numpy()[:, month].mean(axis=1)
    expected = {
        "NOW (wage subsidy)": (first - none + whole - second) / 2,
        "Inflation in the long run": (second - none + whole - first) / 2,
        "Whole difference": whole - none,
    }
    page.evaluate("sdCovid.set('NOW level', 0.5); sdCovid.set('inflation in the long run', 2.4)")
    page.evaluate("document.querySelector('#chart-0 .why').open = true")
    page.wait_for_selector("#chart-0 .drivers tbody tr")
    cells = page.eval_on_selector_all(
        "#chart-0 .drivers tbody tr",
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))",
    )
    found = {title: float(text.replace("−", "-")) for title, text in cells}
    assert set(found) == set(expected)
    scale = max(map(abs, expected.values()))
    for title, value in expected.items():
        assert found[title] == pytest.approx(value, abs=0.006 * scale), title  # three digits of the largest
    page.evaluate("document.querySelector('#chart-0 .why').open = false")


def test_assumptions_carry_on_from_where_they_begin(page, html):
    """Inflation is given until June 2026 (month 138); the first new wave that a slider has is in January 2025 (120)."""
    data = json.loads(re.search(r'id="sd-data">(.*?)</script>', html, re.DOTALL)[1])
    first = {data["constants"][number]: time for number, time in data["restart"]["first"]}
    assert first["inflation in the long run"] == 138.125  # at 138 its weight is 0 still
    assert first["new wave level"] == 120.0
    assert "debt finding loss" not in first  # from the start
    found = page.evaluate(
        """() => {
          const data = JSON.parse(document.getElementById('sd-data').textContent);
          const base = makeBase(data);
          const names = ['inflation in the long run', 'debt finding loss'];
          const [moved, other] = names.map((name) => data.constants.indexOf(name));
          const at = (draw, ...set) => parametersOf(base, draw, new Map([...data.presets[0].settings, ...set]));
          const from = (draw, ...set) => firstChange(base, at(draw), at(draw, ...set));
          const both = from(3, [moved, 2.5], [other, 0.1]);
          return [from(-1, [moved, 2.5]), from(3, [moved, 2.5]), from(3, [moved, 60]), both]
            .map((time) => Number.isFinite(time) ? time : 'all');
        }"""
    )
    assert found == [
        138.125,
        138.125,
        "all",
        "all",
    ]  # 60 % is beyond the slider; the other matters from the start


class _Lever:
    id = "lever"
    constants: ClassVar[dict[str, str]] = {"level": "lever level"}


def test_paths_carry_what_hand_calculation_says(tmp_path):
    """With 3 a + b flowing into y, a and b the level times Time, three quarters of a difference come by way of a."""
    equations = ["lever level = 0", "a = lever level * Time", "b = lever level * Time", "flow = 3 * a + b"]
    equations += [
        "y = INTEG(flow, 0)",
        "INITIAL TIME = 0",
        "FINAL TIME = 10",
        "TIME STEP = 0.5",
        "SAVEPER = 1",
    ]
    file = tmp_path / "m.mdl"
    file.write_text("".join(f"{item} ~~|\n" for item in equations), encoding="utf-8")
    model = sd_covid.load(file)
    presets = [
        Scenario(name, Text(), Text(), settings={"lever level": value})
        for name, value in (("base", 0.0), ("more", 2.0))
    ]
    (found,) = find_paths(model, {"lever": _Lever()}, presets, ["y"], {}, 0)
    assert (found.lever, found.output, found.preset) == ("lever", "y", "more")
    assert (found.time, found.difference) == (10.0, pytest.approx(380.0))  # steps of 8 * (n / 2) / 2, n to 19
    assert found.paths == [(["a", "flow", "y"], 0.75), (["b", "flow", "y"], 0.25)]
    file = tmp_path / "paths.json"
    write_paths(file, "this", [found])
    (back,) = read_paths(file, "this")
    assert [tuple(path) for path in back.paths] == found.paths
    assert read_paths(file, "another") is None
    file.write_text('{"model": "this"}', encoding="utf-8")
    with pytest.raises(RunError, match="no file of paths"):
        read_paths(file, "this")
    with pytest.raises(DataError, match="cannot be read"):
        read_paths(tmp_path / "none.json", "this")


# --- what a reader does --------------------


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


# --- any model --------------------

HOSTILE = "</script><script>window.hit=1</script>"
MODEL = """{UTF-8}
"%(name)s" = INTEG("`${window.hit=2}`" * "%(name)s", 1) ~ </style>{{ 7*7 }} ~ <img src=x onerror="window.hit=3">\u2028 |
"`${window.hit=2}`" = 0.1 ~ 1/Month ~ '"]]> |
INITIAL TIME = 0 ~~|
FINAL TIME = 10 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = 1 ~~|
"""


def small(tmp_path: Path, yaml: str) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.mdl").write_text(MODEL % {"name": HOSTILE}, encoding="utf-8")
    file = tmp_path / "simulator.yaml"
    file.write_text(yaml, encoding="utf-8")
    return file


DECLARED = f"""
model: models/m.mdl
title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
groups:
  - title: {{nl: "<i>", en: "<i>"}}
    sliders:
      "`${{window.hit=2}}`":
        title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
        low: 0
        high: 0.5
        marks: {{0.1: {{nl: "</style>", en: "</style>"}}}}
outputs:
  "{HOSTILE}": {{title: {{nl: "{{{{ 7*7 }}}}", en: "{{{{ 7*7 }}}}"}}}}
"""


def made(file: Path) -> str:
    declared = read_declaration(file)
    return simulator_page(declared, sd_covid.load(declared.model), Known(), "en")


def test_a_model_with_a_hostile_text_everywhere_shows_it_as_text(browser, tmp_path):
    """A model without calendar, catalogue or draws; x' = r x by Euler's method has a closed form."""
    page = opened(browser, made(small(tmp_path, DECLARED)), tmp_path)
    assert page.title() == HOSTILE
    assert page.inner_text("h1") == HOSTILE
    assert page.inner_text("#headlines .pick") == "{{ 7*7 }}"
    for nothing in ("#preset", "#year", "#chart-1", ".key .bands", ".key .points"):  # it has none of these
        assert not page.is_visible(nothing), nothing
    page.evaluate("sdCovid.set('`${window.hit=2}`', 0.2)")
    course = page.evaluate("sdCovid.results")[HOSTILE]
    np.testing.assert_allclose(course, (1 + 0.2 * 0.25) ** (4 * np.arange(11)), rtol=1e-12)
    assert page.evaluate("window.hit") is None
    assert page.wrong == []
    page.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("outputs:\n", "outputz:\n"), "outputz"),
        (("outputs:\n", "year: 2030\noutputs:\n"), "no calendar"),
        (("high: 0.5", "high: -1"), "highest"),
        (('"`${window.hit=2}`":\n', "rate:\n"), "rate"),
        (('"`${window.hit=2}`":\n', "TIME STEP:\n"), "time bounds"),
        ((f'  "{HOSTILE}": {{title', "  other: {title"), "other"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path, change, said):
    file = small(tmp_path, DECLARED.replace(*change))
    with pytest.raises((ScenarioError, RunError, UnknownNameError), match=said):
        made(file)


def test_the_command_writes_a_whole_page_or_none(tmp_path, capsys):
    file, out = small(tmp_path, DECLARED), tmp_path / "page.html"
    assert execute(["simulator", "--file", str(file), "-o", str(out), "--language", "nl"]) == 0
    assert out.read_text(encoding="utf-8").startswith('<!doctype html>\n<html lang="nl">')
    file.write_text(DECLARED.replace("high: 0.5", "high: much"), encoding="utf-8")
    other = tmp_path / "other.html"
    assert execute(["simulator", "--file", str(file), "-o", str(other)]) == 2
    assert f"{file}:" in capsys.readouterr().err.splitlines()[-1]
    assert not other.exists()
    assert execute(["simulator", "--file", str(file), "-o", str(tmp_path / "page.txt")]) == 2


def test_a_lever_that_works_before_its_start_is_found(simulation, known):
    """One whose start is the end of another's, and so moves what comes before it."""
    study = Study.beside(FILE, simulation)
    good = study.catalogue.levers["job-guidance"]
    early = replace(good, id="early", constants=good.constants | {"start": "NOW end"})
    tried = {"job-guidance": good, "early": early}
    assert idle_before_start(tried, study, simulation, dict(known.point), 0) == ["job-guidance"]


def test_no_json_ends_a_script():
    text = as_json({"<": "</script><!--\u2028\u2029&"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"<": "</script><!--\u2028\u2029&"}


def test_steps_are_round_and_many_enough():
    assert [nice_step(0, 1), nice_step(0, 0.3), nice_step(2, 650)] == [0.02, 0.01, 20.0]
