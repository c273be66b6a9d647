"""Results of the page against the command line and the kernel.

The page runs without the kernel's fused multiply-add, so results agree to 1e-9 of a variable's largest value.
"""

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from sd_covid.cli.app import execute
from sd_covid.policy import read_scenario
from tests.report.simulator.opening import ROOT, agree


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
