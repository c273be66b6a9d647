"""A page as PDF, by the print of a browser that is there.

In goes an HTML file that needs nothing else; out comes a PDF with the margins and breaks of its print style sheet. No
browser is part of this package: it is found by its name, or named in ``SD_COVID_BROWSER``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from sd_covid.errors import RunError

#: Variable of the environment that names the browser.
VARIABLE = "SD_COVID_BROWSER"
#: Names on the search path, and places where Windows and macOS keep them.
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
    "microsoft-edge", "microsoft-edge-stable",
)  # fmt: skip
_PLACES = (
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
#: A long report takes a busy machine a while; a browser that hangs should not hang the command.
_PATIENCE = 300
#: What a print unfolds: all but what a page sets apart.
_FOLDED = re.compile(r"<details((?: class=\"(?![^\"]*\bapart\b)[^\"]*\")?)>")
_BY_HAND = "write .html and print it from a browser"


def find_browser() -> str:
    """The browser that prints.

    Raises
    ------
    RunError
        When there is none.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked:
        found = shutil.which(asked)
        if found is None:
            raise RunError(
                f"{VARIABLE} names no program: '{asked}'", advice="name a Chromium, Chrome or Edge"
            )
        return found
    for name in (*_NAMES, *_PLACES):
        found = shutil.which(name)
        if found is not None:
            return found
    raise RunError(
        "a PDF needs Chromium, Chrome or Edge, and none was found",
        advice=f"install one, name it in {VARIABLE}, or {_BY_HAND}",
    )


def print_page(page: Path, path: Path) -> None:
    """Print a page to PDF.

    What is folded in the page is unfolded on paper.

    Parameters
    ----------
    page, path : Path
        The HTML file, and the PDF that is written.

    Raises
    ------
    RunError
        No browser, or one that does not print.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="sd-covid-print-") as folder:
        open_page = Path(folder) / "page.html"
        text = _FOLDED.sub(r"<details open\1>", page.read_text(encoding="utf-8"))
        open_page.write_text(text, encoding="utf-8")
        made = Path(folder) / "page.pdf"
        asked = [
            browser, "--headless", "--disable-gpu", "--no-pdf-header-footer", "--disable-extensions",
            f"--user-data-dir={Path(folder) / 'profile'}", f"--print-to-pdf={made}", open_page.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            asked.insert(1, "--no-sandbox")  # as root its sandbox does not start; the page runs no script
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RunError(f"the browser did not print: {error}", advice=_BY_HAND, file=path) from error
        if not made.is_file():
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise RunError(f"the browser did not print: {said}", advice=_BY_HAND, file=path)
        shutil.copyfile(made, path)
