"""``data refresh`` against a publisher on this machine: what it prints, writes, and answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.data.conftest import FIGURES, REGISTRY
from tests.data.connectors.conftest import Publisher, Reply, publisher

__all__ = ["publisher"]

SETTINGS = """\
    refresh:
      connector: cbs-odata4
      table: 80590ned
      filters: {Measure: M1}
      largest_revision: 5
      scale: 0.001
      since: 2021-01
"""


@pytest.fixture
def sourced(tmp_path: Path, publisher: Publisher) -> Path:
    """A folder of series, one with a table at the publisher."""
    (tmp_path / "registry.yaml").write_text(REGISTRY + SETTINGS, encoding="utf-8")
    (tmp_path / "labour.csv").write_text(FIGURES, encoding="utf-8")
    figures = {"2021MM01": 445_000, "2021MM04": 431_000, "2021MM05": 428_000, "2021KW01": 440_000}
    cells = [{"Measure": "M1", "Perioden": code, "Value": value} for code, value in figures.items()]
    publisher.odata4("80590ned", cells)
    return tmp_path


def test_a_refresh_shows_first_and_writes_when_asked(call: Call, sourced: Path, publisher: Publisher) -> None:
    asked = ("data", "refresh", "--folder", sourced, "--from", publisher.address)
    answer = call(*asked)
    assert 0 == answer.code
    assert answer.out.splitlines() == [
        "number: changed; 1 new, 1 revised, 0 not at the source",
        "  + 2021-05 428.000",
        "  ~ 2021-04 430 -> 431.000",
        "1 series: 1 changed",
    ]
    assert "add --apply" in answer.last
    assert FIGURES == (sourced / "labour.csv").read_text(encoding="utf-8")
    answer = call(*asked, "number", "--apply", "--json")
    assert 0 == answer.code
    told = json.loads(answer.out)
    assert told["applied"] is True
    assert [("2021-04", 430.0, "431.000")] == [
        (change["period"], change["old"], change["new"]) for change in told["series"][0]["revisions"]
    ]
    written = (sourced / "labour.csv").read_text(encoding="utf-8").splitlines()
    address = f"{publisher.address}/80590ned/Observations"
    assert written[-1].startswith("number,2021-05,428.000,x1000 persons,measured,lfs-new,20")
    assert written[-1].endswith(f",CBS StatLine 80590ned,{address},")
    assert "1 series: 1 as stored" == call(*asked).out.splitlines()[-1]


def test_a_source_that_is_gone_gives_1_and_a_wrong_question_2(
    call: Call, sourced: Path, publisher: Publisher
) -> None:
    publisher.gives("/80590ned/Observations", Reply(b"<html>", "text/html", 404))
    asked = ("data", "refresh", "--folder", sourced, "--from", publisher.address)
    answer = call(*asked, "--apply")
    assert 1 == answer.code
    assert "warning: number: " in answer.err
    assert "status 404" in answer.err
    assert "1 series: 1 failed" == answer.out.splitlines()[-1]
    assert FIGURES == (sourced / "labour.csv").read_text(encoding="utf-8")
    for wrong, said in (("nummber", "did you mean 'number'"), ("rate", "has no 'refresh:'")):
        answer = call(*asked, wrong)
        assert 2 == answer.code
        assert said in answer.last
    assert 2 == call("data", "refresh", "--folder", sourced, "--from", "http://example.org").code
    (sourced / ".refresh.lock").write_text("1\n")
    answer = call(*asked, "--apply")
    assert 2 == answer.code
    assert answer.last.startswith(f"error: {sourced}/.refresh.lock: another process (1)")
