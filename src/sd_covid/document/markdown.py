"""Markdown that says what was meant: tables and names without signs that a viewer would take for its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SIGNS = re.compile(r"([\\`*_\[\]<>|~])")


def said(text: str) -> str:
    """A text as it is, whatever signs are in it."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> list[str]:
    """Lines of a table; cells are Markdown already, columns of numbers stand to the right."""
    rules = ["--:" if at in numbers else "---" for at in range(len(headers))]
    lines = [f"| {' | '.join(headers)} |", f"| {' | '.join(rules)} |"]
    lines += [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    return [*lines, ""]


def bullets(items: Iterable[str]) -> list[str]:
    """Lines of a list."""
    return [*(f"* {item}" for item in items), ""]


def anchor(heading: str) -> str:
    """What a forge makes of a heading to link to it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
