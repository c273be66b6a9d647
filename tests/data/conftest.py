"""A small folder of series, sound as it stands, for tests to break in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.data import Registry, read_registry

STUDY = Path(__file__).parents[2] / "calibration" / "series"

REGISTRY = """\
licences:
  cbs: {terms: "CC BY", url: "https://www.cbs.nl"}
units:
  "% of labour force": {nl: "% van de beroepsbevolking", en: "% of the labour force"}
  "x1000 persons": {nl: "duizend personen", en: "thousand persons"}
definitions:
  lfs-old: "old method"
  lfs-new: "new method"
series:
  rate:
    title: {nl: "Werkloosheid", en: "Unemployment"}
    theme: labour
    unit: "% of labour force"
    frequency: year
    kind: mean
    definition: lfs-old
    seasonally_adjusted: false
    tier: A
    release_lag: 45
    licence: cbs
    source: "CBS"
    breaks:
      - {period: "2021", definition: lfs-new, what: "new method"}
  number:
    title: {nl: "Werklozen", en: "Unemployed"}
    theme: labour
    unit: "x1000 persons"
    frequency: month
    kind: mean
    definition: lfs-new
    seasonally_adjusted: true
    tier: B
    release_lag: null
    licence: cbs
    source: "CBS"
"""

FIGURES = """\
series,period,value,unit,quality,definition,vintage,source_title,source,note
rate,2019,3.4,% of labour force,measured,lfs-old,,CBS,cbs.nl,
rate,2020,3.9,% of labour force,measured,lfs-old,,CBS,cbs.nl,
rate,2021,4.2,% of labour force,revised,lfs-new,,CBS,cbs.nl,"two
lines"
number,2021-01,445,x1000 persons,measured,lfs-new,,CBS,cbs.nl,
number,2021-04,430,x1000 persons,estimated,lfs-new,,CBS,cbs.nl,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound folder of two series in one file."""
    (tmp_path / "registry.yaml").write_text(REGISTRY, encoding="utf-8")
    (tmp_path / "labour.csv").write_text(FIGURES, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def study() -> Registry:
    """The series that the study ships."""
    return read_registry(STUDY)
