"""The page of the study's simulator in a browser that can reach nothing, and what is asked of it by several tests."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[3]
FILE = ROOT / "scenarios" / "simulator.yaml"
DRAWS = 8
CLOSE = 1e-9


def opened(browser: Browser, html: str, folder: Path, width: int = 1280, fragment: str = "") -> Page:
    """The page, with every other request blocked; what goes wrong stands in ``page.wrong``."""
    file = folder / "simulator.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True).new_page()
    page.set_default_timeout(120_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)

    def block(route) -> None:
        if route.request.url.startswith(file.as_uri()):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    page.route("**/*", block)
    page.goto(file.as_uri() + fragment)
    page.wait_for_function("document.documentElement.dataset.painted === 'yes'")
    page.wrong = wrong
    return page


def agree(found: dict, expected: dict) -> None:
    assert set(found) == set(expected)
    for name, row in expected.items():
        scale = np.abs(row).max()
        np.testing.assert_allclose(found[name], row, rtol=0, atol=CLOSE * max(scale, 1e-12), err_msg=name)


def waited(page: Page) -> None:
    """Until the draws have all been run."""
    page.wait_for_function("!document.querySelector('#headlines .interval').textContent.includes('follows')")
    page.wait_for_timeout(50)
