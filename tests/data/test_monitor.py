"""A monitor of one's own is added whole or not at all, and every fault of it is told at its place.

The truth outside is the study's own reader: what was added is what it reads afterwards.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.data import prepare, read_registry
from sd_covid.errors import DataError

FIGURES = """\
series,period,value,unit
clients,2023-01,120,persons helped
clients,2023-02,118,persons helped
worried,2023,31.5,% of residents
worried,2024,29,% of residents
"""

DESCRIPTION = """\
units:
  "persons helped": {nl: "geholpen personen", en: "persons helped", measure: count}
  "% of residents": {nl: "% van de inwoners", en: "% of residents", measure: share}
definitions:
  desk: "clients of the municipal desk, counted at the end of the month"
  panel: "municipal panel, from 2024 on by mail"
  panel-2024: "municipal panel by mail"
series:
  clients:
    title: {nl: "Cliënten", en: "Clients"}
    theme: town
    unit: "persons helped"
    frequency: month
    kind: end
    definition: desk
    seasonally_adjusted: false
    tier: B
    release_lag: 20
    licence: cbs
    source: "Municipal desk"
    group: {municipality: "2024"}
  worried:
    title: {nl: "Bezorgd", en: "Worried"}
    theme: town
    unit: "% of residents"
    frequency: year
    kind: mean
    definition: panel
    seasonally_adjusted: false
    tier: D
    release_lag: null
    licence: cbs
    source: "Municipal panel"
    sample_size: 800
    breaks:
      - {period: "2024", definition: panel-2024, what: "by mail"}
"""


@pytest.fixture
def monitor(tmp_path: Path) -> Path:
    """A sound monitor beside its description."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "town.yaml").write_text(DESCRIPTION, encoding="utf-8")
    file = tmp_path / "own" / "town.csv"
    file.write_text(FIGURES, encoding="utf-8")
    return file


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_what_was_added_is_what_the_study_reads(folder, monitor):
    before = read_registry(folder)
    prepare(monitor, folder).write()
    after = read_registry(folder)
    assert [one.id for one in after] == ["rate", "number", "clients", "worried"]
    assert after.series("clients").values.tolist() == [120, 118]
    assert after.series("clients").group == {"municipality": "2024"}
    worried = after.series("worried")
    # What the file leaves out comes from the description, the definition on its own side of the break.
    assert worried.rows["definition"].tolist() == ["panel", "panel-2024"]
    assert set(worried.rows["source_title"]) == {"Municipal panel"}
    assert worried.sample_size == 800
    for one in before:
        assert after.series(one.id).values.equals(one.values)


def test_the_old_text_stays_with_its_comments(folder, monitor):
    registry = folder / "registry.yaml"
    registry.write_text("# ours\n" + registry.read_text(encoding="utf-8"), encoding="utf-8")
    old = registry.read_text(encoding="utf-8").splitlines()
    prepare(monitor, folder).write()
    new = iter(registry.read_text(encoding="utf-8").splitlines())
    assert all(line in new for line in old)  # in the same order


def test_a_series_can_join_a_theme_that_is_there(folder, monitor):
    described = monitor.with_suffix(".yaml")
    described.write_text(described.read_text(encoding="utf-8").replace("theme: town", "theme: labour"))
    prepare(monitor, folder).write()
    assert {one.theme for one in read_registry(folder)} == {"labour"}


def test_checking_alone_writes_nothing(folder, monitor):
    before = contents(folder)
    assert [one.id for one in prepare(monitor, folder).series] == ["clients", "worried"]
    assert contents(folder) == before


FAULTS = {
    "column": ("csv", "period,value", "periode,value", 1, "periode", "'periode' is not a column", "'period'"),
    "column missing": ("csv", ",unit\n", "\n", 1, "unit", "'unit' is missing", "needed are"),
    "column twice": ("csv", "value,unit", "value,value", 1, "value", "there twice", "keep one"),
    "fields": ("csv", "118,persons helped", "118", 3, None, "3 fields instead of 4", "quote"),
    "series": ("csv", "clients,2023-02", "cliens,2023-02", 3, "series", "not described", "'clients'"),
    "period": ("csv", "2023-02", "2023-2", 3, "period", "'2023-2' is not a month", "write 2024-07"),
    "double": ("csv", "2023-02", "2023-01", 3, "period", "on line 2 already", "keep one"),
    "order": ("csv", "2023-02", "2022-12", 3, "period", "comes after", "order of time"),
    "unit": ("csv", "29,% of residents", "29,%", 5, "unit", "in '% of residents'", "convert"),
    "number": ("csv", "118", "1.118,0", 3, None, "5 fields instead of 4", "quote"),
    "text": ("csv", "118", "many", 3, "value", "'many' is not a number", "decimal point"),
    "negative share": ("csv", "31.5", "-31.5", 4, "value", "from 0 to 100", "correct the figure"),
    "share above all": ("csv", "31.5", "131.5", 4, "value", "from 0 to 100", "correct the figure"),
    "negative count": ("csv", "120", "-120", 2, "value", "0 or more", "correct the figure"),
    "key": ("yaml", "tier: B", "teir: B", 17, "series.clients.teir", "is not a key", "'tier'"),
    "theme": (
        "yaml",
        "theme: town",
        "theme: ../town",
        11,
        "series.clients.theme",
        "not the stem",
        "one plain",
    ),
    "measure": ("yaml", ", measure: count", "", 9, "series.clients.unit", "has no measure", "one of count"),
    "taken": ("yaml", "  desk:", "  lfs-old:", 5, "definitions.lfs-old", "already", "another name"),
    "section": ("yaml", "units:", "unit:", 1, "unit", "'unit' is not a key", "'units'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_at_its_place_and_nothing_is_written(folder, monitor, fault):
    kind, old, new, line, variable, reason, advice = FAULTS[fault]
    file = monitor.with_suffix(f".{kind}")
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    before = contents(folder)
    with pytest.raises(DataError) as caught:
        prepare(monitor, folder)
    error = caught.value
    assert (Path(error.file), error.line) == (file, line)
    assert error.variable == variable
    assert reason in error.reason
    assert advice in error.advice
    assert contents(folder) == before


def test_a_series_that_the_study_has_is_not_overwritten(folder, monitor):
    for name in ("csv", "yaml"):
        file = monitor.with_suffix(f".{name}")
        file.write_text(file.read_text(encoding="utf-8").replace("clients", "rate"), encoding="utf-8")
    with pytest.raises(DataError, match="the registry has 'rate' among its series already") as caught:
        prepare(monitor, folder)
    assert (Path(caught.value.file), caught.value.line) == (monitor.with_suffix(".yaml"), 9)


@pytest.mark.parametrize("name", ["csv", "yaml"])
def test_a_file_that_is_not_there_is_named(folder, monitor, name):
    monitor.with_suffix(f".{name}").unlink()
    with pytest.raises(DataError, match="does not exist") as caught:
        prepare(monitor, folder)
    assert Path(caught.value.file) == monitor.with_suffix(f".{name}")


def test_a_disk_that_fails_halfway_leaves_the_study_as_it_was(folder, monitor, monkeypatch):
    before = contents(folder)
    addition = prepare(monitor, folder)
    real, done = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        if done:
            raise OSError("disk full")
        done.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="disk full"):
        addition.write()
    assert len(done) == 1
    assert contents(folder) == before


def test_a_registry_that_is_a_link_stays_one_and_fails_as_a_file_does(folder, monitor, monkeypatch):
    registry, elsewhere = folder / "registry.yaml", folder / "elsewhere.yml"
    registry.rename(elsewhere)
    registry.symlink_to(elsewhere)
    before, addition = elsewhere.read_text(), prepare(monitor, folder)
    real = Path.replace

    def failing(self: Path, target: Path) -> Path:
        done = real(self, target)
        if target == elsewhere and self.suffix == ".new":
            raise OSError("disk full")  # it is replaced, and something after it fails
        return done

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="disk full"):
            addition.write()
    assert (registry.is_symlink(), elsewhere.read_text()) == (True, before)
    addition.write()
    assert (registry.is_symlink(), elsewhere.read_text() == before) == (True, False)


def numbers(monitor: Path, values: list[float]) -> None:
    """Give the monitor these figures by month, and the other series two."""
    rows = [f"clients,2023-{month:02d},{value},persons helped" for month, value in enumerate(values, 1)]
    rows += ["worried,2023,31,% of residents", "worried,2024,29,% of residents"]
    monitor.write_text("series,period,value,unit\n" + "\n".join(rows) + "\n", encoding="utf-8")


def test_a_slipped_decimal_stands_out_with_its_line(folder, monitor):
    numbers(monitor, [120, 118, 121, 119, 1200, 122, 118, 121, 120])
    (warning,) = prepare(monitor, folder).warnings
    assert warning == f"{monitor}:6: 'clients' has 1200 in 2023-05, far from its neighbours"


@pytest.mark.parametrize(
    "values",
    [
        [120, 140, 160, 180, 200, 220, 240, 260],  # a trend
        [100, 101, 100, 160, 161, 160, 161, 160],  # a step, as a crisis makes
        [5, 5, 5, 5, 5, 5, 5, 5],  # a series that does not move
        [120, 118, 1200],  # too few to tell
    ],
)
def test_trends_steps_and_short_series_do_not_stand_out(folder, monitor, values):
    numbers(monitor, values)
    assert prepare(monitor, folder).warnings == ()
