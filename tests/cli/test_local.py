"""``sd-covid local``: projections that add up, pages in both languages, monitors, sums, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sd_covid import figures
from sd_covid.analysis.local.held_out import hold_out
from sd_covid.analysis.local.indicators import read_indicators
from sd_covid.analysis.local.tables import as_dataset, as_frame
from sd_covid.cli.compare_run import read_inputs
from sd_covid.cli.local_runs import Made, projected, read_local
from sd_covid.data.local.figures import Figures
from sd_covid.errors import DataError, SdCovidError
from sd_covid.policy import Study, read_scenario
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.report.local.elections import election_years, elections_finding, trust_at_elections
from sd_covid.report.local.findings import region_findings
from sd_covid.report.local.ranks import ranking_finding
from sd_covid.report.words.texts import Texts
from tests.cli.conftest import Call

SCENARIOS = ("actual", "no-support")


@pytest.fixture(scope="module")
def made(fitted: Path) -> Made:
    """Two scenarios on twenty draws, projected."""
    files = [fitted / "scenarios" / f"{name}.yaml" for name in SCENARIOS]
    return projected(read_local(fitted), files, [], 20, 1)


def test_municipalities_add_up_to_the_national_run(made: Made, fitted: Path):
    """Against the country's own variables, run by themselves: yearly means of what the model adds up."""
    inputs = read_inputs(fitted)
    files = [fitted / "scenarios" / f"{name}.yaml" for name in SCENARIOS]
    study = Study.beside(files[0], inputs.simulation)
    scenarios = [read_scenario(file, inputs.simulation, study=study) for file in files]
    wholes = {
        "problem debt share": "households in problem debt",
        "unemployment rate": "unemployed by group",
        "early school leavers": "early school leavers",
    }
    names = list(wholes.values())
    runs = run_scenarios(inputs.simulation, scenarios, made.drawn, names, study=study, costs=False)
    found = as_dataset(made.found, made.comparison.provenance)
    assert dict(found.sizes) == {"scenario": 2, "member": 20, "year": 21, "municipality": 342}
    years = found["year"].to_numpy().tolist()
    for local, whole in wholes.items():
        parts = [item.name for item in runs.outputs if item.name.partition("[")[0] == whole]
        for name in SCENARIOS:
            national = sum(runs.by_year(part, name, years) for part in parts)
            total = found[f"{local}, number"].sel(scenario=name).sum("municipality").to_numpy()
            np.testing.assert_allclose(total, national, rtol=1e-9)  # what the study asks of its sums


def test_scenarios_are_paired(made: Made):
    found = as_dataset(made.found, made.comparison.provenance)["unemployment rate"]
    gap = found.sel(scenario="no-support") - found.sel(scenario="actual")
    assert (gap.sel(year=2020) > 0).all()  # without support, in every municipality and draw
    assert np.abs(gap.sel(year=2018)).max() < 1e-9  # percentage points; nothing differs before the crisis


def test_regions_of_a_table_hold_together(made: Made):
    rows = as_frame(made.found, None)
    counts = rows.groupby("level")["region"].nunique().to_dict()
    assert counts == {"country": 1, "ggd": 25, "municipality": 342, "province": 12}
    assert (rows["q05"] <= rows["q50"]).all()
    assert (rows["q50"] <= rows["q95"]).all()
    sums = rows.groupby(["indicator", "scenario", "year", "level"])["number"].sum().unstack()
    for level in ("ggd", "municipality", "province"):
        np.testing.assert_allclose(sums[level], sums["country"], rtol=1e-9)  # as the projection itself
    distress = rows[rows["indicator"] == "distress prevalence"]
    assert set(distress.loc[distress["level"] == "ggd", "basis"]) == {"own"}
    assert set(distress.loc[distress["level"] == "municipality", "basis"]) == {"region"}


@pytest.mark.parametrize(
    ("language", "rests", "profile"),
    [
        ("nl", "Er is geen cijfer gelezen voor dit gebied of zijn regio", "Herkomst"),
        ("en", "No figure was read of this area or its region", "Provenance"),
    ],
)
def test_a_region_is_told_in_both_languages(
    made: Made, fitted: Path, language: str, rests: str, profile: str
):
    local, texts = read_local(fitted), Texts(language)
    titles = [item.title for item in made.comparison.scenarios]
    region = local.regions.find("Zutphen")
    told = region_findings(made.found, region, local.figures, titles, 2025, texts)
    assert rests in " ".join(next(item for item in told if item.id == "strongly lonely").sentences)
    known = next(item for item in told if item.id == "profile").table[profile]
    assert len(known) == 12
    ranked = ranking_finding(made.found[0], 2025, texts)
    assert len(ranked.table) == 342
    assert ranked.figure is not None


def test_regions_without_a_figure_are_told_better_than_by_the_average(made: Made):
    """Measured on the study's own figures: unemployment of provinces and distress of GGD regions."""
    by_name = {item.indicator.output.name: item for item in made.found}
    for name, level, count in (("unemployment rate", "province", 12), ("distress prevalence", "ggd", 25)):
        found = hold_out(by_name[name]).at(level)
        assert len(found.figures) == count
        assert found.errors["pooled"] < 0.75 * found.errors["average"]
        assert found.coverage > 0.75  # of 12 and 25 figures, within a margin of 90 %


def test_a_notebook_draws_what_the_pages_show(made: Made, fitted: Path):
    local = made.found[0]
    titles = [item.title for item in made.comparison.scenarios]
    published = read_local(fitted).figures
    fan = figures.region(local, "zutphen", published, titles, language="nl")
    place = local.profiles.regions.find("Zutphen")
    lines = {line.get_label(): line.get_ydata() for line in fan.axes[0].lines}
    np.testing.assert_array_equal(lines["Zutphen: Feitelijk pakket"], np.median(local.rate(place)[0], axis=0))
    ranks = figures.region_ranks(local, 2025)
    assert len(ranks.axes[1].get_yticklabels()) == 24  # twelve at either end
    trust = figures.elections(made.comparison)
    medians = np.median(trust_at_elections(made.comparison, "actual"), axis=0)
    np.testing.assert_array_equal(trust.axes[0].lines[0].get_ydata(), medians)
    for call, said in (
        (lambda: figures.region(local, "Zutfen", published, titles), "did you mean 'Zutphen'"),
        (lambda: figures.region(local, "Zutphen", published, titles[:1]), "1 titles of 2 scenarios"),
        (lambda: figures.region_ranks(local, 2050, language="nl"), "2050 is geen heel jaar"),
        (lambda: figures.elections(replace(made.comparison, levels={})), "no 'trust in parliament'"),
    ):
        with pytest.raises(SdCovidError, match=said):
            call()


def test_trust_is_told_of_the_march_of_municipal_elections(made: Made):
    comparison = made.comparison
    assert election_years(comparison) == [2018, 2022, 2026, 2030, 2034]
    path = comparison.levels["trust in parliament"][0]
    days = [
        int(np.flatnonzero(comparison.date == np.datetime64(day))[0]) for day in ("2022-03-01", "2022-04-01")
    ]
    np.testing.assert_allclose(
        trust_at_elections(comparison, "actual")[:, 1], path[:, days].mean(axis=1), rtol=1e-12
    )
    for language, word in (("nl", "Niet gemodelleerd"), ("en", "Not modelled")):
        assert elections_finding(comparison, Texts(language)).caution.startswith(word)


def test_the_page_of_a_region_says_that_its_sums_hold(call: Call, fitted: Path, tmp_path: Path):
    out = tmp_path / "zutphen.json"
    scenario = fitted / "scenarios" / "actual.yaml"
    answer = call(
        *("local", "project", "-s", scenario, "-r", "gm0301", "--own-run"),
        *("--draws", 20, "-l", "en", "-o", out),
    )
    assert answer.code == 0, answer.err
    page = json.loads(out.read_text(encoding="utf-8"))
    gap = float(next(value for name, value in page["made_with"].items() if name.startswith("Largest")))
    assert gap < 1e-9
    assert page["findings"][-2]["id"] == "elections"
    own = page["findings"][-1]
    assert own["id"] == "own-run"
    # Zutphen lies near the country: its own run differs from the composition by less than a tenth of the level.
    for row in own["table"]:
        level, apart = row["This estimate (%)"], row["Difference (percentage points)"]
        assert abs(apart) < 0.1 * level


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            (),
            ("341 van 342", "1 die niet kloppen", "alleen met die in geen gebied", "gemeente", "17.942.942"),
        ),
        (
            ("-l", "en"),
            (
                "341 of 342",
                "1 that do not add up",
                "only with those in no region",
                "municipality",
                "17,942,942",
            ),
        ),
    ],
)
def test_sums_that_do_not_hold_are_told(
    call: Call, study: Path, options: tuple[str, ...], said: tuple[str, ...]
):
    assert call("local", "check", study, *options).code == 0
    file = study / "calibration" / "local" / "figures.csv"
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("population-2024,GM0301,2024,"))
    file.write_text(text.replace(line + "\n", ""), encoding="utf-8")
    answer = call("local", "check", study, *options)
    assert answer.code == 1
    for part in said:
        assert part in answer.out


def test_a_monitor_is_added_from_the_command_line(
    call: Call, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(study)
    file = tmp_path / "mine.csv"
    head = "region,series,period,value,unit,method,quality,source,definition_note\n"
    file.write_text(head + "Zutphen,strongly lonely,2024,11,% of 18+,own,measured,monitor,scale of six\n")
    answer = call("local", "add", file, "--dry-run")
    assert answer.code == 0, answer.err
    assert not (study / "calibration" / "local" / "monitors.csv").exists()
    assert call("local", "add", file).code == 0
    for language, said in (("nl", "de studie heeft 11 voor Zutphen in 2024"), ("en", "the study has 11 for")):
        again = call("local", "add", file, "-l", language)
        assert again.code == 2
        assert said in again.last
    file.write_text(head + "Zutphen,strongly lonely,2024,11,% of 18+,own,measured,monitor,\n")
    assert "'definition_note' is leeg" in call("local", "add", file).last
    file.write_text(head.replace("quality,", ""))
    assert "de kolom 'quality' ontbreekt" in call("local", "add", file).last


def test_a_study_that_projects_nothing_is_refused(tmp_path: Path, made: Made):
    file = tmp_path / "indicators.yaml"
    file.write_text("{}\n")
    with pytest.raises(DataError, match=r"indicators\.yaml:1: nothing is projected"):
        read_indicators(file, (), Figures(()), made.found[0].profiles.regions)


@pytest.mark.parametrize(
    ("arguments", "dutch", "english"),
    [
        (("-r", "Zutfen"), "bedoelt u 'Zutphen'", "did you mean 'Zutphen'"),
        (("-r", "Haaren"), "is verdeeld over andere gemeenten", "was divided among others"),
        (
            ("-r", "Utrecht"),
            "PV26 (provincie) of GM0344 (gemeente)",
            "PV26 (province) or GM0344 (municipality)",
        ),
        (("-o", "out.nc"), "kan '.nc' niet schrijven", "cannot write '.nc'"),
        (("--own-run",), "geef --region", "give --region"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    call: Call, fitted: Path, arguments: tuple[str, ...], dutch: str, english: str
):
    scenario = fitted / "scenarios" / "actual.yaml"
    for language, reason in (((), dutch), (("-l", "en"), english)):
        answer = call("local", "project", "-s", scenario, "--draws", 20, *arguments, *language)
        assert answer.code == 2
        assert answer.last.startswith("error: ")
        assert reason in answer.last


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--indicator", "unemployment"), "'unemployment' wordt niet voor gebieden geschat"),
        (
            ("--year", 2051),
            "2051 is geen heel jaar van de berekening; kies een jaar van 2015 tot en met 2035",
        ),
    ],
)
def test_what_needs_the_model_to_be_refused_is_refused_before_it_runs(
    call: Call, fitted: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[object, ...], reason: str
):
    def run(*_: object, **__: object) -> None:
        pytest.fail("the scenarios were run")

    monkeypatch.setattr("sd_covid.policy.comparison.run.run_scenarios", run)
    answer = call("local", "project", "-s", fitted / "scenarios" / "actual.yaml", *arguments)
    assert answer.code == 2
    assert reason in answer.last
