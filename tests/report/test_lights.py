"""The state of the model in a report: counts, rows that are not green, warnings, and what the fit is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import sd_covid
from sd_covid.analysis.passport.light import Light, Passport, Row, Said
from sd_covid.data.text import Text
from sd_covid.errors import DataError, RunError
from sd_covid.report import Background
from sd_covid.report.comparison.lights import lights_view
from sd_covid.report.passport.record import (
    Lit,
    PassportRecord,
    read_record,
    record_file,
    record_of,
    record_text,
)
from sd_covid.report.words.texts import Texts

MODEL = """{UTF-8}
level = INTEG(1, 0) ~ unit ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 2 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
"""
RECORD = PassportRecord(
    "m",
    "h",
    "t",
    (
        Lit("units", Light.GREEN, Text("goed", "well")),
        Lit("integration", Light.AMBER, Text("verschuift", "moves")),
        Lit("loops", Light.RED, Text("geen pad", "no path")),
        Lit("second engine", Light.GREY, Text("niet gedaan", "not made")),
    ),
)


@pytest.fixture
def simulation(tmp_path: Path) -> sd_covid.Simulation:
    """A model in a study that keeps what is calibrated."""
    for folder in ("models", "calibration"):
        (tmp_path / folder).mkdir()
    (tmp_path / "models" / "m.mdl").write_text(MODEL)
    return sd_covid.load(tmp_path / "models" / "m.mdl")


def test_what_is_not_green_is_told_red_first_and_warned_of(build) -> None:
    view = lights_view(build.fit(), Background(passport=RECORD, passport_holds=True), Texts("en"))
    assert [("red", "no path"), ("amber", "moves"), ("grey", "not made")] == [
        (row.light, row.said) for row in view.rows
    ]
    assert "Of 4 tests: 1 green, 1 amber, 1 red, 1 not made." == view.notes[0]
    assert view.warning.startswith("Red light: the model does not pass these tests: Feedback loops.")


def test_skill_and_coverage_leave_out_series_that_the_model_was_given(build) -> None:
    """Two series of which one beats its last value; 90 and 62 % of 10 and 30 figures: 69 %."""
    fit = build.fit()
    first, second = (
        replace(row, points=points, coverage_90=share, holdout_rmse=rmse, holdout_naive=1.0)
        for row, points, share, rmse in zip(fit.series, (10, 30), (0.9, 0.62), (0.5, 2.0), strict=True)
    )
    driver = replace(first, observable="given", rmse_share=0.0, coverage_90=1.0, points=1000)
    view = lights_view(replace(fit, series=(first, second, driver)), Background(), Texts("en"))
    assert (
        "For 1 of 2 series with held-out figures the model forecasts better than the last value."
        in view.notes
    )
    assert "Of the 40 figures that the model was fitted to, 69 % lie within its 90 % interval." in view.notes


@pytest.mark.parametrize(
    ("record", "language", "warning"),
    [
        (None, "nl", "geen paspoort bewaard"),
        (None, "en", "No passport of this model was kept"),
        (RECORD, "nl", "eerdere stand van het model"),
        (RECORD, "en", "of an earlier state of the model"),
    ],
)
def test_a_passport_that_is_not_there_or_of_another_state_is_a_warning(
    record: PassportRecord | None, language: str, warning: str
) -> None:
    assert warning in lights_view(None, Background(passport=record), Texts(language)).warning


def test_a_record_says_what_failed_or_why_amber_and_is_read_back_the_same(
    simulation: sd_covid.Simulation,
) -> None:
    half = {"stock": "level", "share": 0.02, "when": 6.0}
    amber = (
        Said("integration", {"step": 1.0, "method": "euler", "headline": 0.1, "stock": 0.1}),
        Said("integration.half", half),
    )
    rows = (Row("integration", Light.AMBER, amber), Row("loops", Light.RED, (), (), ("B1",)))
    record = record_of(Passport("m", rows, {}), simulation)
    file = record_file(simulation)
    file.write_text(record_text(record), encoding="utf-8")
    assert record == read_record(file)
    assert "‘level’" in record.rows[0].said.en
    assert "method" not in record.rows[0].said.en
    assert Text("Niet doorstaan: B1", "Failed: B1") == record.rows[1].said


def test_a_record_holds_until_the_model_or_a_table_changes(simulation: sd_covid.Simulation) -> None:
    record = record_of(Passport("m", (), {}), simulation)
    assert record.is_of(simulation)
    path = Path(str(simulation.model.path))
    path.write_text(MODEL.replace("INTEG(1, 0)", "INTEG(2, 0)"))
    assert not record.is_of(sd_covid.load(path))
    path.write_text(MODEL)
    assert record.is_of(sd_covid.load(path))
    (path.parent / "evidence.csv").write_text("id\n")
    assert not record.is_of(sd_covid.load(path))


@pytest.mark.parametrize(("text", "reason"), [("{", "not JSON"), ('{"model": 1}', "no record of a passport")])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "passport.json"
    assert read_record(file) is None
    file.write_text(text)
    with pytest.raises(DataError, match=reason):
        read_record(file)


def test_a_model_outside_a_study_keeps_none(tmp_path: Path) -> None:
    (tmp_path / "m.mdl").write_text(MODEL)
    with pytest.raises(RunError, match="--save"):
        record_file(sd_covid.load(tmp_path / "m.mdl"))
