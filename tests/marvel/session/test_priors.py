"""Judgements as priors of the study's model: by hand, refused where they should be, and seen in the report's bands."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.stored.store import read_posterior, tables_hash
from sd_covid.cli.app import execute
from sd_covid.data import parse_period, read_registry
from sd_covid.errors import ScenarioError
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.session.answers import Form, Judgement, Session
from sd_covid.marvel.session.pool import pool
from sd_covid.marvel.session.priors import expert_priors
from sd_covid.marvel.session.seeds import read_seeds
from sd_covid.marvel.session.ties import read_ties
from sd_covid.model.names import key
from sd_covid.policy import read_scenario
from sd_covid.policy.catalogue.evidence import read_evidence
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.catalogue.outputs import read_outputs
from sd_covid.policy.comparison.draws import joint_draws
from sd_covid.policy.comparison.run import run_scenarios
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.study import Study, catalogues_beside
from sd_covid.report import Background, read_glossary, write_report
from sd_covid.report.session.priors import kept_finding
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts

from .mock import one_table

STUDY = Path(__file__).parents[3]
STARTER = STUDY / "models" / "marvel" / "corona"
DIAGRAM = read_diagram(STARTER)
CLASSES = DIAGRAM.classes


@pytest.fixture(scope="module")
def names() -> ConstantNames:
    return ConstantNames(sd_covid.load(STUDY / "models" / "netherlands.yaml").constants)


@pytest.fixture(scope="module")
def known(names):
    problem = read_problem(STUDY / "calibration" / "problem.yaml")
    _, assumptions = catalogues_beside(STUDY / "scenarios" / "actual.yaml")
    evidence = read_evidence(STUDY / "models" / "evidence.csv")
    return read_ties(STARTER / "constants.csv", DIAGRAM, names), problem, assumptions, evidence


def glossary() -> Glossary:
    """What the study calls its constants."""
    constants = read_posterior(STUDY / "calibration" / "posterior.parquet").provenance["constants"]
    return read_glossary(STUDY / "calibration" / "titles.yaml", STUDY / "models" / "evidence.csv", constants)


def test_every_constant_of_the_starter_has_a_title(names):
    known = glossary()
    ties = read_ties(STARTER / "constants.csv", DIAGRAM, names)
    assert [tie.constant for tie in ties if not known.has(tie.constant)] == []


def said(ends: tuple[str, str], sign: int, strength: str, sure: float = 1.0, count: int = 4) -> Session:
    """A session in which all say the same of one link."""
    item = Judgement(sign, CLASSES.strength[strength], CLASSES.speed["high"], sure)
    folded = key(ends[0]), key(ends[1])
    forms = [Form(f"p{k}", Path("f.xlsx"), {folded: item}) for k in range(count)]
    return Session(DIAGRAM, (), tuple(forms))


def test_a_link_found_stronger_moves_its_constant_in_proportion(known):
    # The starter diagram has "average" from fatigue to adherence: a triangle 0.2, 0.5, 1, whose median is
    # 1 - sqrt(0.8 * 0.5 / 2). The group says 1, and exactly.
    ends = "fatigue", "adherence"
    exact = replace(CLASSES.strength["strong"], low=0.99, high=1.01)
    session = said(ends, -1, "strong")
    forms = [
        replace(form, judgements={ends: replace(form.judgements[ends], strength=exact)})
        for form in session.forms
    ]
    (found,), _ = expert_priors(pool(replace(session, forms=tuple(forms))), *known)
    assert found.tie.constant == "adherence loss by fatigue"
    assert found.before.evidence.grade == "C"
    # A cell of strength is 0.006 wide.
    assert found.prior.parameters[0] == pytest.approx(
        found.before.quantiles[1] / (1 - np.sqrt(0.2)), rel=0.01
    )
    assert found.prior.distribution == "normal"
    assert (found.prior.lower, found.prior.upper) == found.before.bounds


def test_who_says_what_the_diagram_says_moves_nothing(known):
    for ends, sign, strength in (
        (("flexible_work", "job_loss"), 1, "weak"),
        (("unemployment", "arrears"), 1, "average"),
        (("fatigue", "adherence"), -1, "average"),
    ):
        (same,), _ = expert_priors(pool(said(ends, sign, strength)), *known)
        assert same.prior.median == pytest.approx(same.before.quantiles[1], rel=0.01)


def test_a_ratio_moves_away_from_one_and_a_logarithm_stays_positive(known):
    (ratio,), kept = expert_priors(pool(said(("flexible_work", "job_loss"), 1, "average")), *known)
    assert {item.reason for item in kept} == {"not judged"}
    # Average, 0.2, 0.5, 1, where the diagram has weak, 0, 0.2, 0.5: their medians.
    share = (1 - np.sqrt(0.8 * 0.5 / 2)) / (0.5 - np.sqrt(0.5 * 0.3 / 2))
    assert ratio.prior.parameters[0] == pytest.approx(1 + (ratio.before.quantiles[1] - 1) * share, rel=0.01)
    (positive,), _ = expert_priors(pool(said(("unemployment", "arrears"), 1, "weak")), *known)
    assert positive.prior.distribution == "log-normal"
    median = positive.before.quantiles[1] / share
    assert positive.prior.median == pytest.approx(median, rel=0.01)


def test_what_contradicts_a_constant_or_strong_evidence_stays_as_it_was(known):
    ties, problem, assumptions, evidence = known
    found, kept = expert_priors(pool(said(("unemployment", "arrears"), -1, "average", sure=0.5)), *known)
    assert found == ()
    (one,) = [item for item in kept if item.reason != "not judged"]
    assert (one.reason, one.tie.constant) == ("contradicted", "arrears per unemployment")
    assert one.outside == pytest.approx(1)
    pooled = pool(said(("unemployment", "arrears"), -1, "average"))
    told = kept_finding(pooled, kept, len(kept), glossary(), Texts("nl"))
    # What there is to talk about comes first, called as the study calls it.
    assert told.table.iloc[0, 1] == "Invloed van werkloosheid op betalingsachterstanden"
    graded = [
        replace(row, grade="B") if row.constant == "arrears per unemployment" else row for row in evidence
    ]
    found, kept = expert_priors(
        pool(said(("unemployment", "arrears"), 1, "average")), ties, problem, assumptions, graded
    )
    assert found == ()
    assert {item.reason for item in kept} == {"not judged", "strong evidence"}


def test_every_tie_names_a_constant_and_every_seed_question_its_figure(names):
    ties = read_ties(STARTER / "constants.csv", DIAGRAM, names)
    assert len(ties) >= 40
    registry = read_registry(STUDY / "calibration" / "series")
    for question in read_seeds(STARTER / "seeds.csv"):
        series_id, period = question.source.rpartition("series ")[2].split(", ")
        series = registry.series(series_id)
        figure = series.rows.loc[parse_period(period, series.frequency), "value"]
        assert float(np.max(figure)) == question.truth, question.id


def test_ties_are_refused_where_they_stand(tmp_path, names):
    file = tmp_path / "constants.csv"
    with file.open("w", newline="") as text:
        rows = [["src", "dst", "constant", "reason"], ["trust", "adherence", "adherence per trsut", "x"]]
        csv.writer(text).writerows(rows)
    with pytest.raises(ScenarioError, match="adherence per trsut") as caught:
        read_ties(file, DIAGRAM, names)
    assert "adherence per trust" in str(caught.value)
    assert caught.value.line == 2


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The study, and forms of three about loneliness and crime, of which no figure informs the constants."""
    folder = tmp_path_factory.mktemp("study")
    for part in ("models", "scenarios", "calibration"):
        shutil.copytree(STUDY / part, folder / part)
    links = {
        ("distress", "loneliness"): ("more", "weak"),
        ("youth_unemployment", "offending"): ("more", "average"),
        ("social_capital", "loneliness"): ("less", "average"),
    }
    said = {"speed": "fast", "confidence": "high"}
    rows = [
        {"participant": name, "src": src, "dst": dst, "sign": sign, "strength": strength, **said}
        for name in ("a", "b", "c")
        for (src, dst), (sign, strength) in links.items()
    ]
    one_table(folder / "forms.csv", rows)
    return folder


def test_priors_flow_to_the_bands_of_the_report_and_are_labelled(study, tmp_path, monkeypatch):
    variant = study / "calibration" / "variants" / "trial.yaml"
    monkeypatch.chdir(study)
    command = ["session", "priors", "models/marvel/corona", "forms.csv", "--variant", str(variant)]
    told = ["--name", "Trial", "--date", "2026-11-26", "--pool", "linear", "-l", "en"]
    assert execute([*command, *told, "-o", str(tmp_path / "priors.json")]) == 0
    findings = json.loads((tmp_path / "priors.json").read_text())["findings"]
    assert [item["id"] for item in findings] == ["priors", "kept"]
    assert "Trial, 26 November 2026" in findings[0]["sentences"][0]
    assert len(findings[0]["table"]) == 3
    problem, draws = read_problem(variant), read_posterior(variant.with_suffix(".parquet"))
    assert draws.provenance["data_hash"] == tables_hash(problem)
    assert set(draws.parameters) == {item.id for item in problem.estimated}
    new = [item for item in problem.estimated if item.row.file.name == "trial-parameters.tsv"]
    assert len(new) == 3
    assert all(
        item.row.text("source").startswith("EXPERT JUDGEMENT, grade D: Trial, 2026-11-26") for item in new
    )
    kept = study / "calibration" / "posterior.parquet"
    before, after = (_compared(file) for file in (kept, variant.with_suffix(".parquet")))
    # On the same 24 draws of all else, what youth unemployment does to crime is known otherwise by the judgement.
    assert _effect(after, "young offenders per thousand") != _effect(before, "young offenders per thousand")
    page = tmp_path / "report.html"
    shown = Background(judgement=draws.provenance["judgement"])
    write_report(after, None, None, page, "nl", background=shown)
    text = page.read_text()
    assert "rusten voor 3 constanten op het oordeel van deskundigen: Trial, 26 november 2026" in text
    assert "offending per youth unemployment" in text
    assert "Oordeel van 3 deelnemers" in text


def test_a_variant_that_cannot_be_written_is_what_it_was(study, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = study / "calibration" / "variants"
    command = [
        "session",
        "priors",
        str(STARTER),
        str(study / "forms.csv"),
        "--variant",
        str(folder / "whole.yaml"),
    ]
    command += [
        "--problem",
        str(study / "calibration" / "problem.yaml"),
        "--date",
        "2026-11-26",
        "--pool",
        "linear",
    ]
    with monkeypatch.context() as patched:
        patched.setattr("sd_covid.marvel.session.variant.write_posterior", full)
        assert execute([*command, "--name", "First"]) == 2
        assert not list(folder.glob("*whole*"))
    assert execute([*command, "--name", "First"]) == 0
    before = {file.name: file.read_bytes() for file in folder.glob("whole*")}
    assert len(before) >= 3
    monkeypatch.setattr("sd_covid.marvel.session.variant.write_posterior", full)
    assert execute([*command, "--name", "Second"]) == 2
    assert {file.name: file.read_bytes() for file in folder.glob("*whole*")} == before


def _compared(posterior: Path) -> Comparison:
    """What no support does, on 24 of some draws, in the study's own model."""
    simulation = sd_covid.load(STUDY / "models" / "netherlands.yaml")
    paths = [STUDY / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
    study = Study.beside(paths[0], simulation)
    drawn = joint_draws(read_posterior(posterior).constants, study.assumptions, study.names, 24, 1)
    told = ("unemployment rate", "young offenders per thousand")  # a chart each takes time
    outputs = [item for item in read_outputs(STUDY / "scenarios" / "outputs.yaml") if item.name in told]
    scenarios = [read_scenario(path, simulation, study=study) for path in paths]
    return run_scenarios(simulation, scenarios, drawn, outputs, study=study)


def _effect(comparison: Comparison, output: str) -> tuple[float, float]:
    """The 90 % interval of the difference in 2022."""
    return comparison.in_year(output, "no-support", 2022).difference.interval


def test_command_refuses_wrong_input_and_leaves_nothing(study, tmp_path, capsys):
    problem = study / "calibration" / "problem.yaml"
    inside = study / "calibration" / "variants" / "wrong.yaml"
    start = ["session", "priors", str(STARTER), str(study / "forms.csv"), "--problem", str(problem)]
    for variant, date, language, expected in (
        (inside.with_suffix(".csv"), "2026-11-26", "en", "a variant is a .yaml"),
        (tmp_path / "wrong.yaml", "2026-11-26", "en", "stands in the study that it varies"),
        (problem, "2026-11-26", "en", "beside the problem stands no other"),
        (inside, "26-11", "en", "'26-11' is no day"),
        (inside, "2026-11-26", "en", "there are no seed questions to weigh participants by"),
        (inside, "2026-11-26", "nl", "er zijn geen ijkvragen"),
    ):
        more = ["--variant", str(variant), "--name", "a", "--date", date, "-l", language]
        assert execute([*start, *more, "--seeds", str(_none(tmp_path))]) == 2
        assert expected in capsys.readouterr().err.strip().splitlines()[-1]
    assert not list(study.rglob("wrong*"))


def _none(folder: Path) -> Path:
    """A table of seed questions without any."""
    file = folder / "seeds.csv"
    file.write_text("id,question_nl,question_en,unit_nl,unit_en,truth,scale,source\n")
    return file
