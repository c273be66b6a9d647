"""One page for all tests of a process: making it takes some seconds."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

import sd_covid
from sd_covid.report.simulator import Known, read_declaration, read_known, simulator_page
from tests.report.simulator.opening import DRAWS, FILE, opened


@pytest.fixture(scope="session")
def declared():
    return read_declaration(FILE)


@pytest.fixture(scope="session")
def simulation(declared):
    return sd_covid.load(declared.model)


@pytest.fixture(scope="session")
def known(declared, simulation) -> Known:
    return read_known(declared, simulation)


@pytest.fixture(scope="session")
def html(declared, simulation, known) -> str:
    return simulator_page(declared, simulation, known, "en", DRAWS)


@pytest.fixture(scope="module")
def page(browser, html, tmp_path_factory) -> Iterator[Page]:
    found = opened(browser, html, tmp_path_factory.mktemp("page"))
    yield found
    assert found.wrong == []


@pytest.fixture(autouse=True)
def _from_the_beginning(request):
    """Each test begins with the page as it opens."""
    if "page" in request.fixturenames:
        request.getfixturevalue("page").click("#reset")
