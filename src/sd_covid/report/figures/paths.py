"""Figures of runs over time: one run or many, levels of scenarios, and paired differences of one package or many.

In go datasets of the engine or a comparison; out come matplotlib figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sd_covid.errors import RunError, UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import QUANTILES
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import (
    chart_style,
    difference_chart,
    draw_fan,
    finish_years,
    levels_chart,
    new_axes,
    number_axis,
)
from sd_covid.report.drawing.multiples import differences_chart
from sd_covid.report.drawing.observed import ObservedSeries, points_of
from sd_covid.report.drawing.theme import INK, REFERENCE, SOFT
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size, sized
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

_SIZE = (5.2, 3.4)


@checked
@chart_style()
def fan(
    run: xr.Dataset,
    variable: str,
    *,
    observed: pd.Series[float] | None = None,
    title: str = "",
    unit: str = "",
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """A variable over time: a line of one run, a fan with a bold median of many.

    Parameters
    ----------
    run : xarray.Dataset
        Of `sd_covid.Simulation.run`: one run, or a dimension ``member``.
    variable : str
        As the model calls it, an element of an array as ``name[Element]``.
    observed : pandas.Series, optional
        Published figures for dots, in the unit of the variable; indexed by date, by period, or by model time.
    title, unit : str
        By default the name and the unit that the model gives.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Returns
    -------
    matplotlib.figure.Figure
        Bands hold the central 30, 60 and 90 % of the members. Members that did not stay finite count in no band, and a
        line below the chart says how many there were.

    Raises
    ------
    UnknownNameError
        A variable or element that the run does not have.
    RunError
        More dimensions than time and member, or no member that stayed finite.

    Examples
    --------
    >>> import sd_covid
    >>> model = sd_covid.load("models/netherlands.yaml")
    >>> run = model.run(outputs=["unemployment rate"])
    >>> sd_covid.figures.fan(run, "unemployment rate", language="nl").savefig("werkloosheid.svg")  # doctest: +SKIP
    """
    texts = Texts(language)
    array = _selected(run, variable)
    years, dated = _axis_of(array)
    values = (
        array.transpose("member", "time").to_numpy() if "member" in array.dims else array.to_numpy()[None]
    )
    sound = np.isfinite(values).all(axis=1)
    if not sound.any():
        reason = "no member stayed finite"
        raise RunError(reason, advice="sd_covid.failed(run) tells where they failed", variable=variable)
    unit = unit or texts.unit(str(array.attrs.get("units", "")))
    name = title or variable
    titled = texts("fig.fan.titled", name=name, unit=unit) if unit else name
    figure, axes = new_axes(titled, _SIZE)
    kept = values[sound]
    if len(kept) == 1:
        axes.plot(years, kept[0], color=REFERENCE, lw=2.1, zorder=3)
    else:
        draw_fan(axes, years, np.quantile(kept, QUANTILES, axis=0), REFERENCE)
    if observed is not None:
        at = _moments(observed, dated=dated)
        label = texts("fig.observed")
        axes.plot(at, observed.to_numpy(), "o", color=INK, ms=2.8, zorder=4, label=label)
    if dated:
        finish_years(figure, axes, texts, (years[0], years[-1]), legend=observed is not None)
    else:
        axes.set_xlim(years[0], years[-1])
        for axis in (axes.xaxis, axes.yaxis):
            number_axis(axis, texts)
        axes.set_xlabel(str(array["time"].attrs.get("units", "")))
        if observed is not None:
            figure.legend(loc="outside lower left")
    if not sound.all():
        numbers = Numbers(language)
        counts = {"failed": int((~sound).sum()), "members": len(values)}
        told = texts("fig.fan.failed", **{name: numbers.exact(count, 0) for name, count in counts.items()})
        figure.supxlabel(told, fontsize=8, color=SOFT)
    return sized(figure, size)


def _selected(run: xr.Dataset, variable: str) -> xr.DataArray:
    """A variable of a run, with time and perhaps members."""
    name, _, inside = variable.partition("[")
    known = {key(str(item)): str(item) for item in run.data_vars}
    if key(name) not in known:
        advice = suggest(name.strip(), list(known.values())) or "keep it with outputs=[…] when you run"
        raise UnknownNameError(f"the run has no '{name.strip()}'", advice=advice, variable=name.strip())
    array = run[known[key(name)]]
    if "time" not in array.dims:
        raise RunError("does not vary over time", advice="choose another variable", variable=variable)
    for element in filter(None, (part.strip() for part in inside.rstrip("] ").split(","))):
        array = _element(array, element, variable)
    left = [str(dim) for dim in array.dims if dim not in ("time", "member")]
    if left:
        some = ", ".join(str(array[dim].to_numpy()[0]) for dim in left)
        advice = f"choose an element, as '{known[key(name)]}[{some}]'"
        if left == ["scenario"]:
            advice = f"choose one with run.sel(scenario='{some}')"
        raise RunError(f"has the dimension {' and '.join(left)}", advice=advice, variable=variable)
    return array


def _element(array: xr.DataArray, element: str, variable: str) -> xr.DataArray:
    """The part of an array at an element of whichever dimension has it."""
    listed = []
    for dim in array.dims:
        if dim in ("time", "member"):
            continue
        names = [str(name) for name in array[dim].to_numpy()]
        found = [name for name in names if key(name) == key(element)]
        if found:
            return array.sel({dim: found[0]})
        listed += names
    advice = suggest(element, listed) or "it has no subscripts"
    raise UnknownNameError(f"'{variable}' has no element '{element}'", advice=advice, variable=variable)


def _axis_of(array: xr.DataArray) -> tuple[Floats, bool]:
    """Where the points stand, and whether these are calendar years."""
    if "date" not in array.coords:
        return np.asarray(array["time"].to_numpy(), dtype=np.float64), False
    return _years(array["date"].to_numpy()), True


def _years(dates: np.ndarray) -> Floats:
    """Calendar years with fractions."""
    day = dates.astype("datetime64[D]")
    year = day.astype("datetime64[Y]")
    length = ((year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")).astype(np.float64)
    since = (day - year.astype("datetime64[D]")).astype(np.float64)
    return np.asarray(1970.0 + year.astype(np.int64) + since / length, dtype=np.float64)


def _moments(observed: pd.Series[float], *, dated: bool) -> Floats:
    """Where published figures stand on the axis: a period at its middle, a date or a number as it is."""
    import pandas as pd

    index = observed.index
    if isinstance(index, pd.PeriodIndex):
        index = index.start_time + (index.end_time - index.start_time) / 2
    if isinstance(index, pd.DatetimeIndex):
        if not dated:
            reason = "the figures have dates, and the model has no calendar"
            raise RunError(reason, advice="index them by model time")
        return _years(index.to_numpy())
    if dated:
        reason = "the figures have no dates, and the chart's axis is in years"
        raise RunError(reason, advice="index them by date or period")
    return np.asarray(index.to_numpy(), dtype=np.float64)


@checked
def levels(
    comparison: Comparison,
    output: str,
    *,
    observed: Sequence[ObservedSeries] = (),
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """An output under the null alternative as a fan, with the median of each package and published figures.

    Parameters
    ----------
    comparison : Comparison
        Of `sd_covid.policy.comparison.run`.
    output : str
    observed : sequence of ObservedSeries
        Of `sd_covid.report.observed_series`; those of other outputs are left out.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An output that the comparison did not keep.

    Examples
    --------
    >>> figures.levels(comparison, "unemployment rate")  # doctest: +SKIP
    """
    chosen = comparison.output(output)
    points, texts = points_of(list(observed), chosen.name), Texts(language)
    return sized(levels_chart(comparison, chosen, points, texts), size, texts.of(chosen.title))


@checked
def difference(
    comparison: Comparison, output: str, package: str, *, language: str = "en", size: Size | None = None
) -> Figure:
    """The paired difference of a package from the null alternative, as a fan with bands of its own.

    Parameters
    ----------
    comparison : Comparison
    output : str
    package : str
        Id of a scenario.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An output or package that is not in the comparison; the null alternative differs from itself in nothing.

    Examples
    --------
    >>> figures.difference(comparison, "unemployment rate", "no-support", language="nl")  # doctest: +SKIP
    """
    chosen, texts = comparison.output(output), Texts(language)
    found = difference_chart(comparison, chosen, _package(comparison, package), texts)
    return sized(found, size, texts.of(chosen.title))


@checked
def differences(
    comparison: Comparison,
    output: str,
    packages: Sequence[str] = (),
    *,
    language: str = "en",
    size: Size | None = None,
) -> Figure:
    """Paired differences of many packages as small fans, on a common scale.

    Parameters
    ----------
    comparison : Comparison
    output : str
    packages : sequence of str
        Ids of scenarios; all but the null alternative by default.
    language : {'en', 'nl'}
    size : tuple of float, optional
        Width and height in inches.

    Raises
    ------
    UnknownNameError
        An output or package that is not in the comparison; the null alternative differs from itself in nothing.
    """
    names = [_package(comparison, name) for name in packages or [item.id for item in comparison.alternatives]]
    found, texts = comparison.output(output), Texts(language)
    figure = differences_chart(comparison, found, names, texts)
    said = figure.get_suptitle()
    return sized(figure, size, f"{texts.of(found.title)}: {said[:1].lower()}{said[1:]}")


def _package(comparison: Comparison, name: str) -> str:
    """The id of a package that differs from the null alternative."""
    ids = [entry.id for entry in comparison.alternatives]
    if name not in ids:
        advice = suggest(name, ids) or f"there are {', '.join(ids)}"
        raise UnknownNameError(f"no package '{name}' to compare", advice=advice, variable=name)
    return name
