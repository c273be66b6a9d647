"""The pages in docs/model are those that the models make today, and everything that they point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sd_covid.document import document

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "model"
AGAIN = "run 'sd-covid document models/netherlands.yaml -o docs/model'"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The pages as made now."""
    return document(ROOT / "models" / "netherlands.yaml")


def test_no_page_is_missing_and_none_is_left_over(made: dict[str, str]) -> None:
    there = {path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*") if path.is_file()}
    assert there - set(made) == set(), f"{AGAIN}, and remove these"
    assert set(made) - there == set(), AGAIN


def test_every_page_and_picture_is_current(made: dict[str, str]) -> None:
    stale = [name for name, text in made.items() if (PAGES / name).read_text(encoding="utf-8") != text]
    assert stale == [], AGAIN


def test_every_sector_says_in_both_languages_what_it_cannot_say(made: dict[str, str]) -> None:
    for name, text in made.items():
        if name.startswith("nl/"):
            assert "\n## Wat het niet kan zeggen\n" in text, name
            assert "\n## What it cannot say\n" in made[name.replace("nl/", "en/")], name


@pytest.mark.parametrize("page", ["index", "mental_health", "social_cohesion"])
def test_what_rests_on_scars_stands_before_what_can_be_said_with_both_results(
    made: dict[str, str], page: str
) -> None:
    for language, rests, can in (
        ("nl", "Wat op een aanname rust", "Wat het kan zeggen"),
        ("en", "What rests on", "What it can"),
    ):
        text = made[f"{language}/{page}.md"]
        assert 0 < text.index(f"\n## {rests}") < text.index(f"\n## {can}")
        assert "scarring of" in text[text.index(f"\n## {rests}") : text.index(f"\n## {can}")]


@pytest.mark.parametrize("page", ["docs/index.md", "docs/nl/modellen.md", "README.md"])
def test_links_to_the_pages_lead_somewhere(page: str) -> None:
    file = ROOT / page
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
    assert any("model/" in target for target in targets)
    for target in targets:
        assert (file.parent / target).exists(), target


def test_headings_that_prose_points_at_are_there(made: dict[str, str]) -> None:
    prose = (ROOT / "docs" / "nl" / "modellen.md").read_text(encoding="utf-8")
    for page, heading in re.findall(r"\(\.\./model/([^)#]+)#([^)]+)\)", prose):
        headings = [
            line.lstrip("# ").lower().replace(" ", "-")
            for line in made[page].splitlines()
            if line.startswith("#")
        ]
        assert heading in headings
