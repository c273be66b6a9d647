"""Local signals: read, refused in both languages, and shown beside figures that they do not change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sd_covid import figures
from sd_covid.cli.app import execute
from sd_covid.data import read_registry
from sd_covid.errors import DiagramError, RunError
from sd_covid.marvel.read import read_diagram
from sd_covid.marvel.signals import read_signals, series_of
from sd_covid.report.session.signals import signal_findings
from sd_covid.report.words.texts import Texts

STUDY = Path(__file__).parents[2]
STARTER = STUDY / "models" / "marvel" / "corona"
DIAGRAM = read_diagram(STARTER)
HEADER = "date,place,variable,direction,text,source\n"
ROW = "2021-03-15,Own town,homelessness,meer,Night shelter is full,Shelter\n"


def written(folder: Path, rows: str) -> Path:
    file = folder / "signals.csv"
    file.write_text(HEADER + rows, encoding="utf-8")
    return file


def test_signals_come_in_order_of_day_with_their_variable(tmp_path):
    file = written(tmp_path, ROW + "2020-05-01,Own town,problem_debt,,More calls,Desk\n")
    first, second = read_signals(file, DIAGRAM)
    assert (first.day, first.variable.id, first.direction) == (date(2020, 5, 1), "problem_debt", None)
    assert (second.direction, second.text, second.source) == (1, "Night shelter is full", "Shelter")


@pytest.mark.parametrize(
    ("old", "new", "dutch", "english"),
    [
        ("homelessness", "homelesness", "er is geen variabele 'homelesness'", "did you mean 'homelessness'"),
        ("2021-03-15", "15 maart", "'15 maart' is geen dag", "'15 maart' is no day"),
        ("2021-03-15", "9999-03-15", "'9999-03-15' moet nog komen", "'9999-03-15' is still to come"),
        ("meer", "veel", "'veel' kan hier niet", "'veel' cannot stand here"),
        ("Shelter\n", "\n", "hier staat niets", "nothing stands here"),
    ],
)
def test_faults_are_told_in_both_languages(tmp_path, old, new, dutch, english):
    file = written(tmp_path, ROW.replace(old, new))
    for language, expected in (("nl", dutch), ("en", english)):
        with pytest.raises(DiagramError) as caught:
            read_signals(file, DIAGRAM, language)
        assert expected in str(caught.value)
        assert str(caught.value).startswith(f"{file}:2: ")


def test_a_signal_stands_beside_its_series_and_every_series_of_the_starter_exists(tmp_path):
    registry = read_registry(STUDY / "calibration" / "series")
    series = series_of(STARTER, DIAGRAM, registry)
    assert series["homelessness"].id == "homeless_18_65_jan1"
    texts = Texts("nl")
    notes = read_signals(written(tmp_path, ROW), DIAGRAM)
    (found,) = signal_findings(notes, series, registry, texts)
    assert "op 15 maart 2021" in found.sentences[0]
    assert texts.of(series["homelessness"].title) in found.sentences[1]
    drawn = figures.signals(notes, series["homelessness"], registry, language="nl")
    assert "lokaal signaal: meer" in [item.get_text() for item in drawn.legends[0].get_texts()]
    (plot,) = drawn.axes
    # A stock of 1 January is drawn on that day; the line of the newer method begins in 2021.
    assert plot.lines[1].get_xdata()[0] == pytest.approx(2021.0, abs=1e-9)
    # Figures are those of the registry, untouched; the note is a mark above them.
    assert max(plot.lines[0].get_ydata()) == 39.3
    assert plot.lines[2].get_ydata()[0] > 39.3
    others = read_signals(written(tmp_path, ROW + ROW.replace("homelessness", "problem_debt")), DIAGRAM)
    with pytest.raises(RunError, match="do not go in one figure"):
        figures.signals(others, series["homelessness"], registry)


def test_command_shows_signals_and_refuses_none(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(STUDY)
    file = written(tmp_path, ROW)
    assert (
        execute(["session", "signals", str(STARTER), str(file), "-l", "en", "-o", str(tmp_path / "s.json")])
        == 0
    )
    assert "Night shelter is full" in capsys.readouterr().out
    assert execute(["session", "signals", str(STARTER), str(written(tmp_path, "")), "-l", "nl"]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: ")
