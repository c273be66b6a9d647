"""The sector of social cohesion alone, loaded and run once, and what it has."""

from __future__ import annotations

import pytest
import xarray as xr

import sd_covid
from tests.models_nl.conftest import MODELS

FILE = MODELS / "social_cohesion.mdl"
STOCKS = (
    "trust in parliament by group",
    "rally effect",
    "social trust",
    "lonely without programme",
    "lost contacts",
    "social capital",
    "fatigue",
    "polarisation",
    "violence at home",
    "sheltered households",
    "young offenders by group",
    "perceived safety",
    "helped against loneliness",
    "loneliness programme spending",
    "violence shelter spending",
)
HEADLINES = (
    "trust in parliament",
    "trust in parliament by group",
    "social trust",
    "strongly lonely",
    "strongly lonely by life stage",
    "strongly lonely by group",
    "volunteering",
    "adherence",
    "support",
    "unsafe feeling",
    "polarisation",
    "violence at home incidence",
    "young offenders per thousand",
)
GIVEN = {  # what other sectors take, with its dimensions and unit
    "trust change": (("group",), "Dmnl"),
    "loneliness change": (("life stage", "group"), "Dmnl"),
    "violence at home change": (("group",), "Dmnl"),
    "offending change": (("group",), "Dmnl"),
    "noncompliance change": ((), "Dmnl"),
}


@pytest.fixture(scope="session")
def cohesion() -> sd_covid.Simulation:
    """The sector alone, driven by figures."""
    return sd_covid.load(FILE)


@pytest.fixture(scope="session")
def as_it_was(cohesion: sd_covid.Simulation) -> xr.Dataset:
    """The sector with everything as it was."""
    return cohesion.run()
