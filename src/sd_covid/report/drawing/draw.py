"""A figure put into a page: its SVG with ids of its own, and files beside it.

In goes a matplotlib figure; out come markup, and two files in a folder. Drawing takes a long report much of its
time, which a process beside this one may spend.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.engine.run.helper import Helper

_PNG_DOTS_PER_INCH = 200


@dataclass(frozen=True, slots=True)
class _Order:
    """A chart to be drawn: the figure, its files without suffix, the prefix of its ids, and what is said of it."""

    figure: Figure
    file: Path
    ids: str
    title: str
    description: str


class Chart:
    """A chart in the page.

    Attributes
    ----------
    png : str
        Name of its PNG.
    """

    __slots__ = ("_job", "_order", "_svg", "png")

    def __init__(self, order: _Order, helper: Helper | None) -> None:
        self.png = f"{order.file.name}.png"
        self._order = order
        self._job: Future[str] | None = None if helper is None else helper.submit(_drawn, order)
        self._svg = _drawn(order) if helper is None else ""

    @property
    def svg(self) -> str:
        """Its markup."""
        self.finish()
        return self._svg

    def finish(self) -> None:
        """Wait while it is drawn elsewhere, or draw it here where its turn has not come there."""
        if self._job is not None:
            self._svg = _drawn(self._order) if self._job.cancel() else self._job.result()
            self._job = None


class Draw:
    """Saves charts: PNG and SVG on disk, and the SVG, with ids of its own, for the page.

    Parameters
    ----------
    folder : Path
        Where the files go; with a helper they are all there after `finish`.
    helper : Helper, optional
        Draws while this process goes on.
    """

    def __init__(self, folder: Path, helper: Helper | None = None) -> None:
        self._folder, self._helper = folder, helper
        self._charts: list[Chart] = []

    def __call__(self, figure: Figure, name: str, title: str, description: str) -> Chart:
        """A chart for the page."""
        count = len(self._charts) + 1
        file = self._folder / f"{count:02d}-{slug(name)}"
        chart = Chart(_Order(figure, file, f"chart{count}", title, description), self._helper)
        self._charts.append(chart)
        return chart

    def finish(self) -> None:
        """Wait until every chart is drawn, also those of which the page does not ask the markup."""
        for chart in self._charts:
            chart.finish()


def _drawn(order: _Order) -> str:
    """Draw a chart into its files; its markup for the page."""
    figure = order.figure
    with chart_style():
        # One layout serves both files; each would otherwise draw twice to make its own.
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine(None)
        png = order.file.with_name(f"{order.file.name}.png")
        figure.savefig(png, dpi=_PNG_DOTS_PER_INCH, facecolor="white", metadata={"Software": None})
        svg = inline_svg(figure, order.ids, order.title, order.description)
    order.file.with_name(f"{order.file.name}.svg").write_text(svg + "\n", encoding="utf-8")
    return svg


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
