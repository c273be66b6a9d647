"""What a report says of the state of its model: the lights of its passport, and the skill and coverage of the fit.

In go the record of the passport and the report of the calibration; out come sentences and rows. A red light, a record
of another state of the model and a passport that was not made are said in a warning.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sd_covid.analysis.passport.light import Light
from sd_covid.calibration.results import FitReport
from sd_covid.report.comparison.inputs import Background
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


@dataclass(frozen=True, slots=True)
class LightRow:
    """A test whose light is not green: key of the light, its word, the test, and a sentence."""

    light: str
    word: str
    title: str
    said: str


@dataclass(frozen=True, slots=True)
class LightsView:
    """The state of the model in words.

    Attributes
    ----------
    warning : str
        What must be read before anything else; empty when there is nothing.
    notes : tuple of str
    rows : tuple of LightRow
        Red first, then amber, then what was not made.
    """

    warning: str
    notes: tuple[str, ...]
    rows: tuple[LightRow, ...] = ()


def lights_view(fit: FitReport | None, background: Background, texts: Texts) -> LightsView:
    """The state of the model: counts of lights, each that is not green, and what the fit is worth."""
    fitted = () if fit is None else _fit_notes(fit, texts)
    record = background.passport
    if record is None:
        return LightsView(texts("lights.none"), fitted)
    counts = Counter(row.light for row in record.rows)
    numbers = {str(light): counts[light] for light in Light}
    counted = texts("passport.counts", tests=len(record.rows), **numbers)
    order = (Light.RED, Light.AMBER, Light.GREY)
    rows = tuple(
        LightRow(str(light), texts(f"light.{light}"), texts(f"test.{row.test}"), texts.of(row.said))
        for light in order
        for row in record.rows
        if row.light is light
    )
    warnings = []
    if not background.passport_holds:
        warnings.append(texts("lights.stale"))
    if counts[Light.RED]:
        failed = [row.title for row in rows if row.light == Light.RED]
        warnings.append(texts("lights.red", names=texts.listed(failed)))
    return LightsView(" ".join(warnings), (counted, *fitted), rows)


def _fit_notes(fit: FitReport, texts: Texts) -> tuple[str, ...]:
    """Skill on held-out figures and coverage, over the series that the model has to explain."""
    judged = [row for row in fit.series if not row.given]
    tested = [row for row in judged if np.isfinite(row.holdout_skill)]
    notes = []
    if tested:
        better = sum(row.holdout_skill > 0 for row in tested)
        notes.append(texts("lights.skill", better=better, tested=len(tested)))
    covered = [row for row in judged if np.isfinite(row.coverage_90)]
    points = sum(row.points for row in covered)
    if points:
        share = 100 * sum(row.points * row.coverage_90 for row in covered) / points
        numbers = Numbers(texts.language)
        notes.append(
            texts("lights.coverage", share=numbers.exact(share, 0), points=numbers.exact(float(points), 0))
        )
    return tuple(notes)
