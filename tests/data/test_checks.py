"""What a folder of series is refused for, each fault made in a sound folder and found at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.data import read_registry
from sd_covid.errors import DataError


def broken(folder: Path, name: str, old: str, new: str) -> DataError:
    """The error after one change in a file that must hold the old text."""
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_registry(folder)
    return caught.value


FIGURE_FAULTS = {
    "unit": (
        "rate,2020,3.9,% of labour force",
        "rate,2020,3.9,%",
        3,
        "unit",
        "'% of labour force'",
        "convert",
    ),
    "duplicate": ("rate,2020,3.9", "rate,2019,3.9", 3, "period", "on line 2 already", "keep one"),
    "order": ("rate,2020,3.9", "rate,2018,3.9", 3, "period", "comes after 2019 of line 2", "order of time"),
    "frequency": ("rate,2020,3.9", "rate,2020-01,3.9", 3, "period", "'2020-01' is not a year", "write 2024"),
    "month": ("number,2021-04", "number,2021-14", 7, "period", "no month 14", "write 2024-07"),
    "thousands": ("number,2021-01,445", 'number,2021-01,"1,445"', 6, "value", "'1,445'", "decimal point"),
    "empty value": ("rate,2020,3.9", "rate,2020,", 3, "value", "'' is not a number", "leave the row out"),
    "nan": ("rate,2020,3.9", "rate,2020,nan", 3, "value", "'nan' is not a number", "leave the row out"),
    "infinite": (
        "rate,2020,3.9",
        "rate,2020,1e999",
        3,
        "value",
        "'1e999' is not a number",
        "leave the row out",
    ),
    "other digits": ("rate,2020,3.9", "rate,2020,３", 3, "value", "is not a number", "leave the row out"),
    "underscore": (
        "rate,2020,3.9",
        "rate,2020,3_9",
        3,
        "value",
        "'3_9' is not a number",
        "leave the row out",
    ),
    "quality": (
        "3.4,% of labour force,measured",
        "3.4,% of labour force,meassured",
        2,
        "quality",
        "meassured",
        "'measured'",
    ),
    "joined": ("revised,lfs-new", "revised,lfs-old", 4, "definition", "'lfs-new' in 2021", "never joined"),
    "unknown series": ("number,2021-01", "numbr,2021-01", 6, "series", "'numbr'", "did you mean 'number'"),
    "no source": ("lfs-old,,CBS,cbs.nl,", "lfs-old,,,,", 2, "source", "no source", "name where"),
}


@pytest.mark.parametrize("fault", FIGURE_FAULTS)
def test_a_figure_that_cannot_be_trusted_is_refused_at_its_line_and_column(folder, fault):
    old, new, line, column, reason, advice = FIGURE_FAULTS[fault]
    error = broken(folder, "labour.csv", old, new)
    assert (Path(error.file), error.line, error.variable) == (folder / "labour.csv", line, column)
    assert reason in error.reason
    assert advice in error.advice


FILE_FAULTS = {
    "missing column": (
        "series,period,value",
        "series,period,valeu",
        1,
        "column value is missing",
        "write the header",
    ),
    "order of columns": (
        "series,period,value,unit",
        "period,series,value,unit",
        1,
        "another order",
        "write the header",
    ),
    "too few fields": (
        "rate,2020,3.9,% of labour force,measured,",
        "rate,2020,",
        3,
        "7 fields instead of 10",
        "quote",
    ),
    "too many fields": ("rate,2020,3.9", "rate,2020,3,9", 3, "11 fields instead of 10", "quote a text"),
    "open quote": ('"two\nlines"', '"two\nlines', 7, "not CSV", "mind the quotes"),
}


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_table_out_of_shape_is_refused_at_its_line(folder, fault):
    old, new, line, reason, advice = FILE_FAULTS[fault]
    error = broken(folder, "labour.csv", old, new)
    assert (Path(error.file), error.line) == (folder / "labour.csv", line)
    assert reason in error.reason
    assert advice in error.advice


REGISTRY_FAULTS = {
    "unit": (
        'unit: "x1000 persons"',
        'unit: "x1000 person"',
        27,
        "'x1000 person' is not known",
        "'x1000 persons'",
    ),
    "definition": ("definition: lfs-old", "definition: lfs-odd", 16, "'lfs-odd' is not known", "'lfs-old'"),
    "licence": ("licence: cbs", "licence: cbss", 20, "'cbss' is not known", "'cbs'"),
    "frequency": ("frequency: month", "frequency: weekly", 28, "'weekly' is not known", "use one of month"),
    "kind": ("kind: mean", "kind: means", 15, "'means' is not known", "'mean'"),
    "tier": ("tier: A", "tier: E", 18, "'E' is not known", "use one of A, B, C, D"),
    "misspelt key": ("release_lag: 45", "relase_lag: 45", 19, "'relase_lag' is not a key", "'release_lag'"),
    "missing key": (
        '    source: "CBS"\n    breaks',
        "    breaks",
        10,
        "'source' is missing",
        "add 'source:'",
    ),
    "lag": ("release_lag: 45", "release_lag: soon", 19, "'soon' is not a whole number", "or null"),
    "flag": (
        "seasonally_adjusted: false",
        "seasonally_adjusted: no",
        17,
        "'no' is not true or false",
        "true or false",
    ),
    "title": ('{nl: "Werkloosheid", en', '{nl: "", en', 11, "a single value is expected", "write one value"),
    "period of a break": ('period: "2021"', 'period: "2021-01"', 23, "'2021-01' is not a year", "write 2024"),
    "theme outside the folder": ("theme: labour", "theme: ../labour", 12, "not the stem", "one plain word"),
    "a key twice": ("    kind: mean", "    theme: labour\n    kind: mean", 15, "written twice", "keep one"),
    "list": (
        "breaks:\n      - {period",
        "breaks: {a: 1}\n    note: {period",
        22,
        "a list is expected",
        "'- '",
    ),
    "yaml": ("frequency: year", "frequency: [year", 15, "not YAML", "mind indents"),
    "no figures": ("  number:", "  other:", 24, "'other' has no figures", "remove it from the registry"),
}


@pytest.mark.parametrize("fault", REGISTRY_FAULTS)
def test_a_registry_that_says_something_unknown_is_refused_at_its_line(folder, fault):
    old, new, line, reason, advice = REGISTRY_FAULTS[fault]
    if fault == "no figures":
        figures = folder / "labour.csv"
        kept = [row for row in figures.read_text().splitlines() if not row.startswith("number")]
        figures.write_text("\n".join(kept) + "\n", encoding="utf-8")
    error = broken(folder, "registry.yaml", old, new)
    assert (Path(error.file), error.line) == (folder / "registry.yaml", line)
    assert reason in error.reason
    assert advice in error.advice


def test_breaks_stand_in_order_of_time(folder):
    late = '      - {period: "2020", what: "earlier"}\n'
    error = broken(folder, "registry.yaml", "  number:", late + "  number:")
    assert (error.line, error.reason) == (24, "a break lies before the one above it")


@pytest.mark.parametrize(("name", "text"), [("registry.yaml", b"\xff\xfe"), ("labour.csv", b"series\xff")])
def test_a_file_of_other_bytes_is_refused(folder, name, text):
    (folder / name).write_bytes(text)
    with pytest.raises(DataError, match="UTF-8") as caught:
        read_registry(folder)
    assert Path(caught.value.file) == folder / name


@pytest.mark.parametrize("name", ["registry.yaml", "labour.csv"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(DataError, match="does not exist") as caught:
        read_registry(folder)
    assert Path(caught.value.file) == folder / name


def test_an_empty_registry_is_refused(folder):
    (folder / "registry.yaml").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(DataError, match="the file is empty"):
        read_registry(folder)


def test_a_file_that_no_series_uses_is_refused(folder):
    (folder / "debts.csv").write_text("series\n", encoding="utf-8")
    with pytest.raises(DataError, match="no series of the registry has its figures") as caught:
        read_registry(folder)
    assert "theme: debts" in caught.value.advice


def test_an_error_is_one_line_with_place_and_advice(folder):
    error = broken(folder, "labour.csv", "rate,2020,3.9", "rate,2019,3.9")
    text = str(error)
    assert text.startswith(f"{folder / 'labour.csv'}:3: ")
    assert text.endswith("; keep one of the two")
    assert "\n" not in text


def test_bounds_of_a_unit_hold_for_every_figure_in_it(folder):
    registry = folder / "registry.yaml"
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text.replace('force"}', 'force", measure: share}'), encoding="utf-8")
    error = broken(folder, "labour.csv", "rate,2020,3.9", "rate,2020,390")
    assert (error.line, error.variable) == (3, "value")
    assert error.reason == "column value: 390 cannot be: a share in '% of labour force' is from 0 to 100"


TRAIT_FAULTS = {
    "publisher": ("publisher: cbss", "publisher", "'cbss' is not known here", "use one of"),
    "sample": ("sample_size: many", "sample_size", "'many' is not a whole number", "or null"),
    "revision": ("revision: finel", "revision", "'finel' is not known here", "'final'"),
    "sensitive": ("sensitive: suicides", "sensitive", "'suicides' is not known here", "'suicide'"),
    "group": ("group: [age]", "group", "a mapping is expected", "key: value"),
    "output key": ("observable: {outputt: jobs}", "observable.outputt", "is not a key", "'output'"),
    "scale": ("observable: {output: jobs, scale: 0}", "observable.scale", "'0' is no scale", "other than 0"),
    "twin": ("equivalent_to: numbr", "equivalent_to", "'numbr' is not a series", "'number'"),
    "itself": ("equivalent_to: rate", "equivalent_to", "'rate' is equivalent to itself", "none in return"),
}


@pytest.mark.parametrize("fault", TRAIT_FAULTS)
def test_what_else_a_registry_says_of_a_series_is_checked_at_its_line(folder, fault):
    new, key, reason, advice = TRAIT_FAULTS[fault]
    error = broken(folder, "registry.yaml", "    release_lag: 45\n", f"    release_lag: 45\n    {new}\n")
    assert (error.line, error.variable) == (20, f"series.rate.{key}")
    assert reason in error.reason
    assert advice in error.advice


def test_two_series_are_not_equivalent_to_each_other(folder):
    registry = folder / "registry.yaml"
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text.replace("lag: null", "lag: null\n    equivalent_to: rate"), encoding="utf-8")
    error = broken(folder, "registry.yaml", "lag: 45", "lag: 45\n    equivalent_to: number")
    assert "is equivalent to itself, in the end" in error.reason
