"""The size of a figure, as its reader asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Size = tuple[float, float]


def sized(figure: Figure, size: Size | None) -> Figure:
    """A figure of that width and height in inches; of its own where None."""
    if size is not None:
        figure.set_size_inches(*size)
    return figure
