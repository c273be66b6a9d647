"""A comparison as tables for other programs: differences that are told, and headline outcomes by year.

In goes a `Comparison`; out come data frames with one row a difference, or one a year. Numbers are not rounded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sd_covid.policy.comparison.measures import Measure
from sd_covid.policy.comparison.scenarios import Comparison, Difference
from sd_covid.policy.comparison.spread import QUANTILES, Spread

_LEVELS = [f"q{round(100 * level):02d}" for level in QUANTILES]


def differences_frame(
    comparison: Comparison,
    years: Sequence[int],
    peak: tuple[int, int],
    whole: tuple[int, int],
) -> pd.DataFrame:
    """Paired differences of every package and outcome.

    Parameters
    ----------
    comparison : Comparison
    years : sequence of int
        Of which the difference in the year is told.
    peak, whole : tuple of int
        First and last year in which the highest level is sought, and of which the mean is told.

    Returns
    -------
    DataFrame
        By scenario, output and measure with its years: mean and quantiles of the difference, medians of both
        levels, and the verdict.
    """
    asked: list[tuple[Measure, tuple[int, int]]] = [("year", (year, year)) for year in years]
    asked += [("peak", peak), ("mean", whole)]
    rows = [
        _row(comparison, comparison.measured(output.name, entry.id, measure, span), measure)
        for entry in comparison.alternatives
        for output in comparison.outputs
        for measure, span in asked
    ]
    return pd.DataFrame(rows)


def _row(comparison: Comparison, found: Difference, measure: Measure) -> dict[str, object]:
    """One difference."""
    output = found.output
    return {
        "scenario": found.scenario,
        "reference": comparison.reference,
        "output": output.name,
        "title": output.title.en,
        "unit": output.unit_title.en,
        "measure": "end of year" if measure == "year" and output.reading == "end" else measure,
        "first year": found.years[0],
        "last year": found.years[1],
        "mean": found.difference.mean,
        **_quantiles(found.difference),
        "level, median": found.level.median,
        "level of the reference, median": found.reference_level.median,
        "verdict": found.verdict,
    }


def _quantiles(spread: Spread) -> dict[str, float]:
    return dict(zip(_LEVELS, spread.quantiles, strict=True))


def courses_frame(comparison: Comparison) -> pd.DataFrame:
    """What the charts of the headline outcomes show, at each turn of the year.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    DataFrame
        By scenario, output and kind (``level``, ``difference``): the date and the quantiles over sound draws.
    """
    months = comparison.date.astype("datetime64[M]").astype(np.int64)
    at = np.flatnonzero(months % 12 == 0)
    parts = []
    for entry in comparison.scenarios:
        for output in (item for item in comparison.outputs if item.headline):
            kinds = {"level": comparison.bands}
            if entry.id != comparison.reference:
                kinds["difference"] = comparison.difference_bands
            for kind, bands in kinds.items():
                part = pd.DataFrame(bands(output.name, entry.id)[:, at].T, columns=_LEVELS)
                part.insert(0, "date", comparison.date[at].astype(str))
                for place, (name, value) in enumerate(
                    (
                        ("scenario", entry.id),
                        ("output", output.name),
                        ("kind", kind),
                        ("unit", output.unit_title.en),
                    )
                ):
                    part.insert(place, name, value)
                parts.append(part)
    return pd.concat(parts, ignore_index=True)
