"""The look of the report: one palette for page and charts, fit for colour-blind readers and for print.

Every colour of text or line has a contrast of at least 4.5 against white (WCAG 2.1, 1.4.3); bands are tints of their
line.
"""

from __future__ import annotations

from typing import Any

INK = "#1c2733"
SOFT = "#55616e"
RULE = "#c8d0d8"
REFERENCE = "#1f4e79"
#: One hue for each package; further packages start again. Neighbours are told apart by colour-blind readers too, by at
#: least 40 in CIE Lab (a test simulates all three kinds); the first and the fourth are not by those who do not see
#: green, so that no chart relies on hue alone: lines differ in their dashes and layers in their hatches.
PACKAGES = ("#a8480f", "#5b2a86", "#00695c", "#8a6d00", "#9c1c4a")
#: Dashes of lines by position, the first solid: on and off in widths of the line. Six of them with five hues make
#: thirty lines of which no two are alike.
DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (4.0, 1.4),
    (1.2, 1.2),
    (6.0, 1.5, 1.2, 1.5),
    (8.0, 2.0),
    (3.0, 1.0, 1.0, 1.0, 1.0, 1.0),
)
#: Hatches of layers by position, drawn in white on their hue.
HATCHES = ("", "////", "....", "\\\\\\\\", "", "xxxx")
#: Share of the line's colour in the tint of the central 90, 60 and 30 %: light to dark.
TINTS = (0.16, 0.32, 0.52)

#: matplotlib settings of every chart. Text stays text; ids come from a fixed salt, so that equal data give equal files.
CHART: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e3e8ed",
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.color": "#ffffff",
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "sd-covid",
}


def tint(colour: str, share: float) -> str:
    """A colour mixed with white: ``share`` of it, as ``#rrggbb``."""
    parts = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


def package_colour(position: int) -> str:
    """The colour of the package at a position."""
    return PACKAGES[position % len(PACKAGES)]


def line_style(position: int) -> tuple[str, Any]:
    """Colour and line style of the series at a position: the reference first, then the packages."""
    colour = package_colour(position - 1) if position else REFERENCE
    dashes = DASHES[position % len(DASHES)]
    return colour, (0.0, dashes) if dashes else "solid"
