"""A refresh shows what a source has, writes only when asked, and keeps every figure that it replaces."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import pytest

from sd_covid.data import read_registry
from sd_covid.data.connectors.client import Limits
from sd_covid.data.refresh import Request, refresh
from sd_covid.data.rewrite import locked
from sd_covid.errors import DataError, RunError, SourceError, UnknownNameError

TODAY = datetime.date(2026, 11, 29)

# The folder of conftest.py, with sources that are files beside it.
RATE = """\
    refresh:
      connector: csv
      address: new/rates.csv
      period: year
      value: rate
      largest_revision: 0.2
      since: "2020"
"""
NUMBER = """\
    refresh:
      connector: eurostat
      table: une_nb_m
      filters: {geo: NL}
      largest_revision: 10
"""
RATES = "year,rate\n2019,3.1\n2020,3.90\n2021,4.3\n2022,3.5\n2023,3.6*\n"


@pytest.fixture
def sourced(folder: Path) -> Path:
    """The two series, the first with a source of its own."""
    registry = (folder / "registry.yaml").read_text(encoding="utf-8")
    head, tail = registry.split("  number:\n")
    (folder / "registry.yaml").write_text(head + RATE + "  number:\n" + tail + NUMBER, encoding="utf-8")
    (folder / "new").mkdir()
    (folder / "new" / "rates.csv").write_text(RATES, encoding="utf-8")
    save(folder / "new", {"2021-01": 445, "2021-02": 441.5, "2021-04": 430, "2021-05": 428})
    return folder


def save(folder: Path, figures: dict[str, float], flags: dict[str, str] | None = None) -> None:
    """A cube of Eurostat with these figures, as a file."""
    index = {period: place for place, period in enumerate(figures)}
    document = {
        "id": ["geo", "time"],
        "size": [1, len(index)],
        "dimension": {"geo": {"category": {"index": ["NL"]}}, "time": {"category": {"index": index}}},
        "value": {str(index[period]): value for period, value in figures.items()},
        "status": {str(index[period]): flag for period, flag in (flags or {}).items()},
    }
    (folder / "une_nb_m.json").write_text(json.dumps(document), encoding="utf-8")


def look(folder: Path, *names: str, **request: object):
    """One refresh with the files of ``new`` as sources."""
    return refresh(folder, TODAY, names, Request(place=str(folder / "new"), **request))  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_additions_and_revisions_are_shown_and_nothing_is_written(sourced):
    before = contents(sourced)
    rate, number = look(sourced)
    assert (rate.series, rate.state) == ("rate", "changed")
    assert [(one.period, str(one.new), one.marks) for one in rate.additions] == [
        ("2022", "3.5", ()),
        ("2023", "3.6", ("provisional",)),
    ]
    # 2019 lies before 'since'; 3.90 is 3.9.
    assert [(one.period, one.old, str(one.new)) for one in rate.revisions] == [("2021", 4.2, "4.3")]
    assert [one.period for one in number.additions] == ["2021-02", "2021-05"]
    assert number.revisions == number.withdrawn == ()
    assert contents(sourced) == before


def test_applying_writes_rows_in_their_place_and_keeps_the_rest_byte_for_byte(sourced):
    before = (sourced / "labour.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    look(sourced, apply=True)
    after = (sourced / "labour.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in before if not line.startswith(("rate,2021", 'lines"'))]
    assert [line for line in after if line in kept] == kept
    new = "% of labour force,{quality},lfs-new,2026-11-29,rates.csv,rates.csv,{note}\n"
    assert after[3:6] == [
        "rate,2021,4.3," + new.format(quality="revised", note=""),
        "rate,2022,3.5," + new.format(quality="measured", note=""),
        "rate,2023,3.6," + new.format(quality="measured", note="provisional"),
    ]
    registry = read_registry(sourced)
    assert registry.series("rate").values.tolist() == [3.4, 3.9, 4.3, 3.5, 3.6]
    assert registry.series("number").gaps == [registry.series("number").first + 2]


def test_a_replaced_figure_is_kept_with_its_vintage_and_the_day(sourced):
    look(sourced, apply=True)
    with (sourced / "vintages" / "labour.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["series"], row["period"], row["value"], row["note"]) == ("rate", "2021", "4.2", "two\nlines")
    assert row["replaced"] == "2026-11-29"
    (sourced / "new" / "rates.csv").write_text(RATES.replace("4.3", "4.4"), encoding="utf-8")
    look(sourced, "rate", apply=True)
    with (sourced / "vintages" / "labour.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["value"] for row in csv.DictReader(stream)] == ["4.2", "4.3"]


def test_a_second_refresh_finds_nothing(sourced):
    look(sourced, apply=True)
    before = contents(sourced)
    assert [one.state for one in look(sourced, apply=True)] == ["as stored", "as stored"]
    assert contents(sourced) == before


def test_a_large_revision_waits_for_a_person(sourced):
    (sourced / "new" / "rates.csv").write_text(RATES.replace("4.3", "4.5"), encoding="utf-8")
    before = (sourced / "labour.csv").read_bytes()
    (held,) = look(sourced, "rate", apply=True)
    assert held.state == "held"
    assert held.reason.startswith("2021 is revised by 0.3, more than 0.2 (% of labour force)")
    assert (sourced / "labour.csv").read_bytes() == before
    (accepted,) = look(sourced, "rate", apply=True, accept_revisions=True)
    assert accepted.state == "changed"
    assert read_registry(sourced).series("rate").values.iloc[2] == 4.5


def test_a_break_at_the_source_is_never_joined(sourced):
    save(sourced / "new", {"2021-01": 445, "2021-04": 430, "2021-05": 600}, {"2021-05": "b"})
    (held,) = look(sourced, "number", apply=True, accept_revisions=True)
    assert (held.state, held.reason) == (
        "held",
        "the source marks a break in 2021-05: state it under 'breaks' in registry.yaml",
    )
    assert len(read_registry(sourced).series("number").rows) == 2


def test_a_figure_that_the_source_has_no_more_stays(sourced):
    save(sourced / "new", {"2021-01": 445})
    (one,) = look(sourced, "number", apply=True)
    assert (one.state, one.withdrawn) == ("as stored", ("2021-04",))
    assert len(read_registry(sourced).series("number").rows) == 2


def test_a_source_that_fails_leaves_the_others(sourced):
    (sourced / "new" / "rates.csv").write_bytes(b"\xff\xfe")
    rate, number = look(sourced, apply=True)
    assert (rate.state, number.state) == ("failed", "changed")
    assert rate.reason == "rates.csv: not UTF-8 text; save it as UTF-8"
    assert len(read_registry(sourced).series("number").rows) == 4


def test_a_relative_address_is_read_from_the_folder_of_the_registry(sourced):
    (one,) = refresh(sourced, TODAY, ["rate"])
    assert (one.state, len(one.additions)) == ("changed", 2)


def test_two_refreshes_do_not_write_at_once(sourced):
    with locked(sourced):
        assert [one.state for one in look(sourced)] == ["changed", "changed"]  # looking is free
        with pytest.raises(RunError, match="another process") as caught:
            look(sourced, apply=True)
    assert "remove this file" in caught.value.advice
    assert look(sourced, apply=True)[0].state == "changed"
    assert not list(sourced.glob(".refresh*"))


def test_a_file_that_changed_meanwhile_is_refused(sourced, monkeypatch):
    from sd_covid.data import refresh as module

    def meddling(*arguments):
        text = (sourced / "labour.csv").read_text(encoding="utf-8")
        (sourced / "labour.csv").write_text(text.replace("2020,3.9", "2020,3.8"), encoding="utf-8")
        return observe(*arguments)

    observe = module.observe
    monkeypatch.setattr(module, "observe", meddling)
    with pytest.raises(DataError, match="have changed while its source was read"):
        look(sourced, "rate", apply=True)
    assert "3.8" in (sourced / "labour.csv").read_text(encoding="utf-8")
    assert not (sourced / "vintages").exists()


def test_a_write_that_is_broken_off_leaves_the_old_file_and_can_be_repeated(sourced, monkeypatch):
    from sd_covid.data import rewrite

    before = (sourced / "labour.csv").read_bytes()

    def broken(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(rewrite, "read_theme", broken)
        with pytest.raises(OSError, match="disk full"):
            look(sourced, "rate", apply=True)
    assert (sourced / "labour.csv").read_bytes() == before
    look(sourced, "rate", apply=True)
    vintages = (sourced / "vintages" / "labour.csv").read_text(encoding="utf-8")
    assert vintages.count("rate,2021,4.2") == 1
    assert not list(sourced.rglob(".refresh*"))


def test_windows_line_ends_stay(sourced):
    text = (sourced / "labour.csv").read_bytes().replace(b"\n", b"\r\n")
    (sourced / "labour.csv").write_bytes(text)
    look(sourced, apply=True)
    assert b"\n" not in (sourced / "labour.csv").read_bytes().replace(b"\r\n", b"")


def test_what_is_asked_must_be_there(sourced, folder):
    with pytest.raises(UnknownNameError) as caught:
        look(sourced, "ratte")
    assert "did you mean 'rate'" in caught.value.advice
    with pytest.raises(SourceError, match="not an https address or a folder"):
        refresh(sourced, TODAY, (), Request(place="nowhere"))
    with pytest.raises(SourceError, match="not an https address"):
        refresh(sourced, TODAY, (), Request(place="http://example.org"))


def test_a_series_without_a_source_is_named(folder):
    assert refresh(folder, TODAY) == []
    with pytest.raises(DataError, match="'rate' has no 'refresh:' in the registry"):
        refresh(folder, TODAY, ["rate"], Request(limits=Limits(tries=1)))


@pytest.mark.parametrize(
    ("old", "new", "key", "reason", "advice"),
    [
        ("connector: csv", "connector: cvs", "connector", "'cvs' is not known here", "did you mean 'csv'?"),
        ("      connector: csv\n", "", "refresh", "the key 'connector' is missing", "add 'connector:'"),
        ("value: rate", "vlaue: rate", "vlaue", "'vlaue' is not a key here", "did you mean 'value'"),
        ("      value: rate\n", "", "refresh", "the key 'value' is missing", "add 'value:'"),
        (
            "_revision: 0.2",
            "_revision: small",
            "largest_revision",
            "'small' is not a number",
            "write a number",
        ),
        ("_revision: 0.2", "_revision: -1", "largest_revision", "-1 is less than 0", "write 0 or more"),
        ('since: "2020"', "since: 2020-01", "since", "'2020-01' is not a year", "write 2024"),
        ('since: "2020"', "scale: 0", "scale", "a scale of 0", "write what a figure is multiplied by"),
        ("new/rates.csv", "http://a.nl/x.csv", "address", "not an https address", "begins with https://"),
        ("new/rates.csv", "file:///etc/passwd", "address", "not an https address", "begins with https://"),
        ("period: year", "period: year\n      periods: cbss", "periods", "'cbss' is not known", "'cbs'"),
        (
            "period: year",
            "period: year\n      periods: {a: b}",
            "periods.a",
            "'b' is not a year",
            "write 2024",
        ),
        (
            "period: year",
            "period: year\n      separator: ;",
            "separator",
            "';' is not known here",
            "semicolon",
        ),
        ("connector: csv", "connector: oxcgrt", "period", "'period' is not a key here", ""),
    ],
)
def test_settings_are_read_strictly(sourced, old, new, key, reason, advice):
    registry = (sourced / "registry.yaml").read_text(encoding="utf-8")
    assert old in registry
    (sourced / "registry.yaml").write_text(registry.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_registry(sourced)
    fault = caught.value
    assert reason in fault.reason
    assert advice in fault.advice
    path = "series.rate.refresh" if key == "refresh" else f"series.rate.refresh.{key}"
    assert fault.variable == path
    lines = (sourced / "registry.yaml").read_text(encoding="utf-8").splitlines()
    assert f"{key.rpartition('.')[2]}:" in lines[fault.line - 1]
