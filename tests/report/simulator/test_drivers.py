"""What drives a difference, and from when on a lever or assumption can matter."""

import json
import re
from dataclasses import replace
from itertools import product
from typing import ClassVar

import pandas as pd
import pytest

import sd_covid
from sd_covid.data.text import Text
from sd_covid.errors import DataError, RunError
from sd_covid.policy import Scenario, Study
from sd_covid.report.simulator.paths import find_paths, read_paths, write_paths
from sd_covid.report.simulator.restart import idle_before_start
from tests.report.simulator.opening import FILE


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


def test_a_lever_that_works_before_its_start_is_found(simulation, known):
    """One whose start is the end of another's, and so moves what comes before it."""
    study = Study.beside(FILE, simulation)
    good = study.catalogue.levers["job-guidance"]
    early = replace(good, id="early", constants=good.constants | {"start": "NOW end"})
    tried = {"job-guidance": good, "early": early}
    assert idle_before_start(tried, study, simulation, dict(known.point), 0) == ["job-guidance"]
