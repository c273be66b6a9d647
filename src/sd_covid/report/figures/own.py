"""An empty chart in the look of the reports, for what no other figure shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sd_covid.errors import RunError
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import DASHES, PACKAGES, REFERENCE
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, sized
from sd_covid.report.words.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 4.6, 3.4  # of a panel, in inches


@checked
@chart_style()
def chart(
    titles: Sequence[str], *, language: str = "en", size: Size | None = None
) -> tuple[Figure, tuple[Axes, ...]]:
    """Empty axes side by side, to draw in.

    Lines take the colours and dashes of the reports in turn, the reference first; numbers along the axes are spelled
    as in the language. Of an axis that shows dates, or other things than numbers, set locator and formatter yourself.

    Parameters
    ----------
    titles : sequence of str
        One for each pair of axes.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : tuple of matplotlib.axes.Axes

    Raises
    ------
    RunError
        No title.

    Examples
    --------
    >>> import sd_covid
    >>> figure, (axes,) = sd_covid.figures.chart(["What a euro buys"])
    >>> lines = axes.plot([0, 1], [0, 3], label="support")
    """
    from cycler import cycler

    from sd_covid.report.drawing.styled import Figure

    if not titles:
        raise RunError("a chart needs a title for each pair of axes", advice='write chart(["Unemployment"])')
    texts = Texts(language)
    figure = Figure(figsize=(_WIDTH * len(titles), _HEIGHT))
    colours = (REFERENCE, *PACKAGES)
    dashes = [(0.0, dashes) if dashes else "solid" for dashes in DASHES[: len(colours)]]
    found = tuple(figure.subplots(1, len(titles), squeeze=False)[0])
    for axes, title in zip(found, titles, strict=True):
        axes.set_title(title)
        axes.set_prop_cycle(cycler(color=colours, linestyle=dashes))
        for axis in (axes.xaxis, axes.yaxis):
            number_axis(axis, texts)
    return sized(figure, size), found
