"""What all figures have in common outside a page: a title and size of their own, and results found by their name."""

from __future__ import annotations

import functools
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.report.charts import chart_style
from sd_covid.report.finding import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Item = TypeVar("Item")
Given = ParamSpec("Given")
Size = tuple[float, float]
_SIGNS = 11  # of a title, in an inch


def asked_by_type(draw: Callable[Given, Item]) -> Callable[Given, Item]:
    """A figure that refuses what is of another type than its signature names, before anything is drawn.

    Types are told apart by their names, as a signature spells them: to load xarray or the engine in order to say that
    something is none of theirs would take longer than to draw. What sequences and mappings hold is not looked at.

    Raises
    ------
    RunError
        By the wrapped function: an argument of another type.
    """
    signature = inspect.signature(draw)

    @functools.wraps(draw)
    def checked(*arguments: Given.args, **settings: Given.kwargs) -> Item:
        for name, given in signature.bind(*arguments, **settings).arguments.items():
            asked = str(signature.parameters[name].annotation)
            wanted = [kind.strip().rpartition(".")[2] for kind in asked.split("|")]
            if "Size" not in wanted and not _kinds(given) & {kind.partition("[")[0] for kind in wanted}:
                expected = " or ".join(kind for kind in wanted if kind != "None")
                raise RunError(
                    f"'{name}' of {draw.__name__} is of type {type(given).__name__}, and {expected} is expected",
                    advice=f"see help(sd_covid.figures.{draw.__name__})",
                )
        return draw(*arguments, **settings)

    return checked


def _kinds(given: object) -> set[str]:
    """Names of the types that something may pass for in a signature."""
    found = {"None"} if given is None else {kind.__name__ for kind in type(given).__mro__}
    found |= {"float"} if "int" in found else set()
    found |= {"Mapping"} if isinstance(given, Mapping) else set()
    return found | ({"Sequence"} if isinstance(given, Sequence) and not isinstance(given, str) else set())


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
