"""``data status`` and ``data add``: what they print, write and refuse, and their exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sd_covid.data import read_registry
from tests.cli.conftest import STUDY, Call

SERIES = STUDY / "calibration" / "series"

OWN = """\
series,period,value,unit
town_clients,2023-01,120,clients of the desk
town_clients,2023-03,118,clients of the desk
"""
DESCRIPTION = """\
units:
  "clients of the desk": {nl: "cliënten", en: "clients", measure: count}
definitions:
  town-desk: "clients at the end of the month"
series:
  town_clients:
    title: {nl: "Cliënten", en: "Clients"}
    theme: town
    unit: "clients of the desk"
    frequency: month
    kind: end
    definition: town-desk
    seasonally_adjusted: false
    tier: B
    release_lag: null
    licence: cited
    source: "Municipal desk"
"""


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A copy of the study's series, without the study around it."""
    return Path(shutil.copytree(SERIES, tmp_path / "series"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A monitor of one's own."""
    (tmp_path / "town.yaml").write_text(DESCRIPTION, encoding="utf-8")
    file = tmp_path / "town.csv"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_status_tells_what_the_study_does_with_each_series(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    answer = call("data", "status", SERIES, "--json", path)
    assert answer.code == 0
    told = json.loads(path.read_text(encoding="utf-8"))
    registry = read_registry(SERIES)
    rows = {row["id"]: row for row in told["series"]}
    assert list(rows) == [one.id for one in registry]
    assert answer.out.splitlines()[-1].startswith(f"{len(registry)} series, ")
    uses = {
        "unemp_rate_eurostat_m": "calibrated",
        "EX_OX_STRINGENCY": "driver",
        "SC_VOLUNTEER_YEAR_A": "calibrated",
        "MH_GOR_YOUTH_MENTAL_COMPLAINTS": "comparable",
        "SC_TRUST_POLICE_A": "shown",
    }
    assert {name: rows[name]["use"] for name in uses} == uses
    assert rows["unemp_rate_eurostat_m"]["next_release"] == "2024-08-31"
    assert {part["heading"] for part in told["coverage"]} == set(registry.headings)


@pytest.mark.parametrize(
    ("theme", "there", "not_there"), [("work", "labour", "mental"), ("debt", "bkr", "ww_")]
)
def test_a_theme_is_a_heading_or_a_file(call: Call, theme: str, there: str, not_there: str) -> None:
    answer = call("data", "status", SERIES, "--theme", theme)
    assert answer.code == 0
    assert there in answer.out
    assert not_there not in answer.out


def test_overdue_series_are_an_answer_only_when_asked_for(call: Call) -> None:
    # The series of the study end in 2024, and unemployment comes out every month.
    assert call("data", "status", SERIES, "--summary").code == 0
    assert call("data", "status", SERIES, "--summary", "--check").code == 1
    # Nothing calibrates or drives in a theme of which no figure is in a model.
    assert call("data", "status", SERIES, "--summary", "--check", "--theme", "firms").code == 0


def test_own_series_are_added_and_shown(call: Call, series: Path, own: Path) -> None:
    answer = call("data", "add", own, "--folder", series)
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "town_clients: 2 figures, 2023-01 to 2023-03"
    assert answer.err == "warning: 'town_clients' has no figure for 2023-02\n"
    assert "town_clients" in call("data", "status", series, "--theme", "town").out


def test_a_check_alone_writes_nothing(call: Call, series: Path, own: Path) -> None:
    answer = call("data", "add", own, "--folder", series, "--dry-run")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "nothing written")
    assert not (series / "town.csv").exists()
    assert (series / "registry.yaml").read_bytes() == (SERIES / "registry.yaml").read_bytes()


def test_a_faulty_figure_is_refused_in_one_line_with_its_place(call: Call, series: Path, own: Path) -> None:
    own.write_text(OWN.replace("118", "-118"), encoding="utf-8")
    answer = call("data", "add", own, "--folder", series)
    assert answer.code == 2
    assert answer.last.startswith(f"error: {own}:3: 'value': column value: -118 cannot be: a count")
    assert len(answer.err.splitlines()) == 1
    assert not (series / "town.csv").exists()


def test_adding_twice_is_refused(call: Call, series: Path, own: Path) -> None:
    assert call("data", "add", own, "--folder", series).code == 0
    before = (series / "town.csv").read_bytes()
    answer = call("data", "add", own, "--folder", series)
    assert answer.code == 2
    assert "already" in answer.last
    assert (series / "town.csv").read_bytes() == before


def test_nothing_is_added_while_another_writes(call: Call, series: Path, own: Path) -> None:
    (series / ".refresh.lock").write_text("1\n")
    answer = call("data", "add", own, "--folder", series)
    assert answer.code == 2
    assert "another process (1) is writing in this folder" in answer.last
    assert not (series / "town.csv").exists()
    assert call("data", "add", own, "--folder", series, "--dry-run").code == 0
