"""What all figures have in common outside a page: a title and size of their own, and results found by their name."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.finding.statement import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Item = TypeVar("Item")
Size = tuple[float, float]
_SIGNS = 11  # of a title, in an inch


@chart_style()
def sized(figure: Figure, size: Size | None, title: str = "") -> Figure:
    """A figure of that width and height in inches, of its own where None; below a title, where there is one.

    Raises
    ------
    RunError
        When a width or height is nothing, or no number.
    """
    if size is not None:
        if len(size) != 2 or not all(0 < length < math.inf for length in size):
            raise RunError(f"{size} is no size of a figure", advice="give width and height in inches: (7, 4)")
        figure.set_size_inches(*size)
    if title:
        wrapped = textwrap.fill(title, int(_SIGNS * figure.get_size_inches()[0]))
        if size is None:
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, height + 0.2 * (1 + wrapped.count("\n")))
        figure.suptitle(wrapped, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


@chart_style()
def figure_of(finding: Finding, size: Size | None) -> Figure:
    """The figure of a finding.

    Raises
    ------
    RunError
        It has none: what it is about does not vary.
    """
    if finding.figure is None:
        raise RunError(f"no figure of '{finding.title}': {' '.join(finding.sentences)}")
    return sized(finding.figure(), size, finding.title)


def chosen(name: str, among: Mapping[str, Item], what: str) -> Item:
    """What goes by a name, matched as names in a model are."""
    for known, item in among.items():
        if key(known) == key(name):
            return item
    advice = suggest(name, among) or _listed(among)
    raise UnknownNameError(f"no {what} '{name}'", advice=advice, variable=name)


def _listed(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"there are {listed}" if listed else "there are none"
