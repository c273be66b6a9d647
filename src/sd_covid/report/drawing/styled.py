"""A matplotlib figure that keeps the look of the charts, whoever draws or saves it.

matplotlib makes ticks and their labels only when a figure is drawn, in the settings of that moment. A figure that
leaves this project, to a notebook or a script with settings of its own, would so get two looks.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import matplotlib.figure
from matplotlib.backend_bases import RendererBase
from matplotlib.transforms import Bbox

from sd_covid.report.drawing.theme import CHART


class Figure(matplotlib.figure.Figure):
    """A figure with a layout that makes room for its texts, drawn and saved in the settings of `theme.CHART`.

    Parameters
    ----------
    figsize : tuple of float
        Width and height in inches.
    **settings
        Of `matplotlib.figure.Figure`.
    """

    def __init__(self, figsize: tuple[float, float], **settings: Any) -> None:
        with mpl.rc_context(CHART):
            super().__init__(figsize=figsize, **({"layout": "constrained"} | settings))

    def draw(self, renderer: RendererBase) -> None:
        """Draw, in the style of the charts."""
        with mpl.rc_context(CHART):
            super().draw(renderer)

    def get_tightbbox(self, *arguments: Any, **settings: Any) -> Bbox:
        """The box around everything drawn, as notebooks ask for it."""
        with mpl.rc_context(CHART):
            return super().get_tightbbox(*arguments, **settings)

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Save, in the style of the charts, on white unless asked otherwise."""
        with mpl.rc_context(CHART):
            super().savefig(fname, **({"facecolor": "white"} | settings))

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows for a figure, whether or not pyplot is loaded."""
        stream = io.BytesIO()
        self.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()
