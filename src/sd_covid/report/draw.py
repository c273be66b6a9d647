"""A figure put into a page: its SVG with ids of its own, and files beside it.

In goes a matplotlib figure; out come markup, and two files in a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.report.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG_DOTS_PER_INCH = 200


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in the page: its SVG, and the name of its PNG."""

    svg: str
    png: str


class Draw:
    """Saves charts: PNG and SVG on disk, and the SVG, with ids of its own, for the page.

    Parameters
    ----------
    folder : Path
        Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(self, figure: Figure, name: str, title: str, description: str) -> Chart:
        """A chart for the page."""
        self._count += 1
        stem = f"{self._count:02d}-{slug(name)}"
        file = self._folder / f"{stem}.png"
        # One layout serves both files; each would otherwise make its own, and with "none" draw twice to look for it.
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine(None)
        figure.savefig(file, dpi=_PNG_DOTS_PER_INCH, facecolor="white", metadata={"Software": None})
        svg = inline_svg(figure, f"chart{self._count}", title, description)
        file.with_suffix(".svg").write_text(svg + "\n", encoding="utf-8")
        return Chart(svg, file.name)


def publish(aside: Path, figures: Path) -> None:
    """Move charts into their folder, in place of those of an earlier page."""
    figures.mkdir(exist_ok=True)
    for kind in ("png", "svg"):
        for digits in ("[0-9]" * 2, "[0-9]" * 3):
            for earlier in figures.glob(f"{digits}-*.{kind}"):
                earlier.unlink()
        for chart in sorted(aside.glob(f"*.{kind}")):
            chart.replace(figures / chart.name)


def slug(text: str) -> str:
    """A name of letters, digits and hyphens for a file."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:60]
