"""Every figure refers to a publication that is listed, and every publication that is listed is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from sd_covid.data.references import COLUMN, read_references
from sd_covid.policy.catalogue.levers import read_levers
from tests.models_nl.conftest import MODELS

TABLES = ("evidence", "associations", "stacking_figures", "drivers_sources", "reference_modes")
#: How a source begins that needs no publication: what holds by its meaning, sums of other rows, and what is assumed.
WITHOUT = ("Definition", "Arithmetic", "ASSUMPTION")
#: Sites that hold copies of what others published: they may hold what was read, never be what is cited.
COPIES = ("scribd", "5dok", "collabzium", "fdocuments", "doczz", "deepdyve", "docslib", "paperzz", "blogspot")
ADDRESS = r"\b[\w-]+\.(?:nl|com|org|uk|edu|eu|net)\b|\bdoi\b|\bPMC\d|\bkst-|\bKamerstuk\b"


def read_table(name: str) -> pd.DataFrame:
    table = pd.read_csv(MODELS / f"{name}.csv", dtype=str, keep_default_na=False)
    return table.rename(columns={"source_en": "source"})


def keys() -> Iterator[str]:
    for name in TABLES:
        for cell in read_table(name)[COLUMN]:
            yield from filter(None, cell.split(";"))
    for entry in (*lever_entries(), *entries_of_money_and_time()):
        yield from entry.get(COLUMN, [])


def lever_entries() -> Iterator[dict[str, Any]]:
    """Whatever has a source in the catalogue of levers: prices, levers and their costs."""
    catalogue = yaml.safe_load((MODELS.parent / "scenarios" / "levers.yaml").read_text(encoding="utf-8"))
    yield catalogue["prices"]
    for lever in catalogue["levers"].values():
        yield lever
        yield lever["cost"]


def entries_of_money_and_time() -> Iterator[dict[str, Any]]:
    """Unit values of effects, and phases of the crisis."""
    folder = MODELS.parent / "scenarios"
    effects = yaml.safe_load((folder / "benefits.yaml").read_text(encoding="utf-8"))["effects"]
    yield from (effect["value"] for effect in effects.values() if "value" in effect)
    yield from yaml.safe_load((folder / "phases.yaml").read_text(encoding="utf-8"))["phases"].values()


def test_every_key_is_listed_and_every_reference_is_used() -> None:
    listed, used = set(read_references(MODELS / "references.csv")), set(keys())
    assert used - listed == set()
    assert listed - used == set()


def test_keys_stand_in_the_order_of_the_alphabet() -> None:
    listed = list(read_references(MODELS / "references.csv"))
    assert listed == sorted(listed)
    assert all(key == key.lower() and " " not in key for key in listed)


@pytest.mark.parametrize("name", TABLES)
def test_a_figure_without_a_publication_is_a_definition_or_an_assumption(name: str) -> None:
    table = read_table(name)
    silent = table[table[COLUMN] == ""]
    grades = silent["grade"] if "grade" in silent else pd.Series("", index=silent.index)
    neither = silent[~silent["source"].str.startswith(WITHOUT) & (grades != "D")]
    assert list(neither["source"]) == []


def test_what_was_not_read_is_said() -> None:
    for item in read_references(MODELS / "references.csv").values():
        if not item.title:
            assert "not read" in item.note, item.key
        if not item.author:
            assert "author" in item.note, item.key
        if "title after the address" in item.note:
            assert item.title, item.key


def test_a_copy_is_what_was_read_and_not_what_is_cited() -> None:
    for item in read_references(MODELS / "references.csv").values():
        assert not any(site in item.address for site in COPIES), item.key
        if item.read.startswith("copy at "):
            assert item.author, item.key
            assert item.title, item.key


@pytest.mark.parametrize("name", TABLES)
def test_addresses_stand_with_the_reference_and_not_in_the_source(name: str) -> None:
    table = read_table(name)
    for column in table.columns.intersection(["source", "source_nl"]):
        assert list(table.loc[table[column].str.contains(ADDRESS), column]) == []


def test_addresses_stand_with_the_reference_and_not_in_the_catalogue_of_levers() -> None:
    for entry in lever_entries():
        for part in ("source", "note"):
            assert not re.search(ADDRESS, str(entry.get(part, ""))), entry[part]


def test_a_source_of_a_lever_shows_its_references_in_full() -> None:
    listed = read_references(MODELS / "references.csv")
    catalogue = read_levers(MODELS.parent / "scenarios" / "levers.yaml")
    read = [catalogue.prices]
    for lever in catalogue.levers.values():
        read += [lever, lever.cost]
    for entry, item in zip(lever_entries(), read, strict=True):
        for key in entry.get(COLUMN, []):
            assert listed[key].full in item.source.nl
            assert listed[key].full in item.source.en


def test_own_calculations_refer_to_files_that_are_there() -> None:
    own = [
        item for item in read_references(MODELS / "references.csv").values() if item.kind == "own calculation"
    ]
    assert own
    for item in own:
        for file in item.address.split("; "):
            assert (Path(MODELS).parent / file).is_file(), file
