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
#: One hue for each package, told apart by colour-blind readers too; further packages start again.
PACKAGES = ("#a8480f", "#5b2a86", "#00695c", "#8a6d00", "#9c1c4a")
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
