"""The print of a page, by a real browser where one is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sd_covid.errors import RunError
from sd_covid.report import printed

PAGE = "<!DOCTYPE html><html><head><style>@page {{ size: A4; }}</style></head><body>{body}</body></html>"


def pages(path: Path) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))


def has_browser() -> bool:
    try:
        printed.find_browser()
    except RunError:
        return False
    return True


@pytest.mark.skipif(not has_browser(), reason="no browser to print with")
def test_a_page_is_printed_with_what_is_folded_in_it(tmp_path: Path) -> None:
    long = "<p>line</p>" * 150  # on A4 some forty lines a page
    folded = f"<details><summary>more</summary>{long}</details>"
    (tmp_path / "page.html").write_text(PAGE.format(body=folded), encoding="utf-8")
    printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
    assert pages(tmp_path / "page.pdf") >= 3


def test_without_a_browser_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(printed.VARIABLE, raising=False)
    monkeypatch.setattr(printed, "_PLACES", ())
    with pytest.raises(RunError, match="none was found") as raised:
        printed.find_browser()
    assert "print it from a browser" in str(raised.value)


def test_a_browser_that_is_named_and_not_there_is_not_replaced_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(printed.VARIABLE, "no-such-browser")
    with pytest.raises(RunError, match="no-such-browser"):
        printed.find_browser()


def test_a_browser_that_prints_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(printed.VARIABLE, "true")
    (tmp_path / "page.html").write_text(PAGE.format(body=""), encoding="utf-8")
    with pytest.raises(RunError, match="did not print"):
        printed.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists()
