"""A finding about trust around municipal elections: that in parliament, in the months in which councils are elected.

In comes a comparison; out comes a finding. Trust in one's council is not modelled.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.errors import RunError
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.saved_points import mean_between
from sd_covid.policy.types import Floats
from sd_covid.report.drawing.charts import chart_style, number_axis
from sd_covid.report.drawing.theme import REFERENCE, package_colour
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


TRUST = "trust in parliament"
#: Councils are elected every fourth year in March (Kieswet): 2018, 2022, 2026.
_AMONG_FOUR, _MONTH = 2, 3
#: Elections of which a sentence tells: after the crisis, and the next.
COMPARED = (2022, 2026)


#: A mark for each scenario, told apart in grey too; and the part of four years over which they stand.
_MARKS = ("o", "s", "^", "D", "v", "P")
_APART = 1.6


def election_years(comparison: Comparison) -> list[int]:
    """Years with municipal elections whose March the runs cover."""
    return [year for year in comparison.years if year % 4 == _AMONG_FOUR]


def covers_elections(comparison: Comparison) -> bool:
    """Whether a comparison has trust in parliament over the elections of `COMPARED`."""
    return TRUST in comparison.levels and set(COMPARED) <= set(election_years(comparison))


def trust_at_elections(comparison: Comparison, scenario: str) -> Floats:
    """Mean trust in parliament over March of each election year, in per cent; shape (draw, year)."""
    paths = comparison.levels[TRUST][[item.id for item in comparison.scenarios].index(scenario)]
    sound = comparison.sound(*(item.id for item in comparison.scenarios))
    months = []
    for year in election_years(comparison):
        days = [np.datetime64(f"{year}-{_MONTH + step:02d}-01") for step in (0, 1)]
        start, end = (int(np.flatnonzero(comparison.date == day)[0]) for day in days)
        months.append(mean_between(comparison.time, paths[sound], start, end))
    return np.stack(months, axis=1)


def elections_finding(comparison: Comparison, texts: Texts) -> Finding:
    """Trust in parliament when councils are elected, in every scenario.

    Parameters
    ----------
    comparison : Comparison
        With ``trust in parliament`` by saved point, over the elections of `COMPARED`.
    texts : Texts

    Raises
    ------
    RunError
        Without that output, or over other years.
    """
    if not covers_elections(comparison):
        reason = f"the comparison has no '{TRUST}' over {' and '.join(map(str, COMPARED))}"
        raise RunError(reason, advice="keep it as an output, in runs that cover these years")
    years, numbers = election_years(comparison), Numbers(texts.language)
    found = {item.id: trust_at_elections(comparison, item.id) for item in comparison.scenarios}
    titles = {item.id: texts.of(item.title) for item in comparison.scenarios}
    names = [texts(f"local.column.{name}") for name in ("year", "scenario", "median", "low", "high")]
    rows = [
        (year, titles[scenario], *np.quantile(trust[:, at], (0.5, 0.05, 0.95)))
        for scenario, trust in found.items()
        for at, year in enumerate(years)
    ]
    first, last = (found[comparison.reference][:, years.index(year)] for year in COMPARED)
    change = Spread.of(last - first)
    low, high = (numbers.significant(value) for value in change.interval)
    told = texts(
        "elections.change",
        scenario=titles[comparison.reference],
        low=low,
        high=high,
        before=numbers.significant(float(np.median(first))),
        after=numbers.significant(float(np.median(last))),
    )
    return Finding(
        "elections",
        texts("elections.title"),
        (told, texts("elections.definition")),
        texts("elections.caution"),
        pd.DataFrame(rows, columns=names),
        dict.fromkeys(names[2:], 0),
        partial(_chart, years, found, titles, texts),
        texts("elections.described"),
        frozenset({names[0]}),
    )


@chart_style()
def _chart(years: list[int], found: dict[str, Floats], titles: dict[str, str], texts: Texts) -> Figure:
    from sd_covid.report.drawing.styled import Figure

    figure = Figure(figsize=(7.2, 3.4))
    axes = figure.subplots()
    for place, (scenario, trust) in enumerate(found.items()):
        low, median, high = np.quantile(trust, (0.05, 0.5, 0.95), axis=0)
        colour = package_colour(place - 1) if place else REFERENCE
        at = np.array(years) + _APART / len(found) * (place - (len(found) - 1) / 2)
        axes.vlines(at, low, high, color=colour, lw=2.5, alpha=0.55)
        mark = _MARKS[place % len(_MARKS)]
        axes.plot(at, median, mark, color=colour, ms=5.5, label=titles[scenario])
    axes.set_xticks(years)
    axes.set_xlim(years[0] - 2, years[-1] + 2)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(texts("elections.axis"))
    number_axis(axes.yaxis, texts)
    figure.legend(loc="outside lower left", ncols=2)
    return figure
