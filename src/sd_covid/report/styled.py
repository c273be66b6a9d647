"""A matplotlib figure that keeps the look of the charts, whoever draws or saves it.

matplotlib makes ticks and their labels only when a figure is drawn, in the settings of that moment. A figure that
leaves this project, to a notebook or a script with settings of its own, would so get two looks. What spells numbers
along an axis is here too: it goes with a figure that is drawn in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.figure
from matplotlib.backend_bases import RendererBase
from matplotlib.ticker import Formatter
from matplotlib.transforms import Bbox

from sd_covid.report.theme import CHART
from sd_covid.report.wording import Numbers


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


class Spelled(Formatter):
    """Tick labels in the spelling of a language, all with as many decimals as the step between them needs."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers

    def __call__(self, value: float, position: int | None = None) -> str:
        """One label, for lack of a step."""
        return self.numbers.plain(value)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of an axis."""
        step = abs(values[1] - values[0]) if len(values) > 1 else 1.0
        decimals = next((d for d in range(6) if abs(round(step, d) - step) < 1e-9 * step), 6)
        return [self.numbers.exact(value, decimals) for value in values]


def whole(value: float, position: float | None = None) -> str:
    """A tick label without decimals, and without a sign between thousands: a year, a count."""
    return f"{value:.0f}"
