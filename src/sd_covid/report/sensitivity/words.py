"""What a sensitivity analysis says of its factors and measures, in one language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_covid.analysis.sensitivity import (
    MEASURES,
    OF_VARIANCE,
    Factor,
    Indices,
    Method,
    PathSensitivity,
    Sensitivity,
)
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit, printed

#: How many factors a sentence names, and the part of the largest index below which it names none.
_NAMED, _SMALL = 3, 0.1


@dataclass(frozen=True, slots=True)
class Words:
    """Names, numbers and sentences of an analysis.

    Attributes
    ----------
    found : Sensitivity
    texts : Texts
    """

    found: Sensitivity
    texts: Texts

    @property
    def numbers(self) -> Numbers:
        """Numbers in the language."""
        return Numbers(self.texts.language)

    @property
    def method(self) -> Method:
        """The method of the analysis."""
        return self.found.method

    @property
    def of_variance(self) -> bool:
        """Whether the indices are shares of the variance."""
        return self.method in OF_VARIANCE

    @property
    def measure(self) -> str:
        """What the leading measure is called."""
        return self.label(MEASURES[self.method][0])

    @property
    def columns(self) -> list[str]:
        """Headings of the measures in a table, with those of their intervals."""
        labels = [self.label(name) for name in MEASURES[self.method]]
        return [*labels, *(self.texts("sens.column.half", name=label) for label in labels)]

    def label(self, measure: str) -> str:
        """What a measure is called."""
        return self.texts(f"sens.measure.{measure}")

    def value(self, index: float) -> str:
        """An index: two decimals, or two significant digits where it has a unit."""
        return self.numbers.significant(index) if self.method == "morris" else self.numbers.exact(index, 2)

    def name(self, factor: Factor, *, inside: bool = False) -> str:
        """A factor with the grade of its evidence; `inside` a sentence with its article, or a small letter."""
        if inside and factor.kind == "posterior":
            return self.texts("sens.calibrated")
        title = self.texts.inside(factor.title) if inside else self.texts.of(factor.title)
        return self.texts("depends.graded", name=title, grade=factor.grade) if factor.grade else title

    def ranked(self, indices: Indices) -> list[int]:
        """Positions of the factors that have an index, the largest first."""
        leading = indices.leading
        order = np.argsort(-np.nan_to_num(leading, nan=-np.inf), kind="stable")
        return [int(position) for position in order if np.isfinite(leading[position])]

    def named(self, indices: Indices) -> str:
        """The factors that matter most, each with its index and interval; none that chance alone could bring there."""
        ranked = self.ranked(indices)
        # Above what idle factors reach, and with an interval that excludes zero; where either was sought.
        sure = indices.leading - np.nan_to_num(indices.leading_half_width) > 0
        sure &= indices.leading > np.nan_to_num(indices.floor)
        large = indices.leading >= _SMALL * indices.leading[ranked[0]]
        shown = [at for at in ranked[:_NAMED] if sure[at] and large[at]] or ranked[:1]
        return self.texts.listed([self._named(indices, position) for position in shown])

    def _named(self, indices: Indices, position: int) -> str:
        name = self.name(self.found.factors[position], inside=True)
        value, half = float(indices.leading[position]), float(indices.leading_half_width[position])
        if not np.isfinite(half):
            return self.texts("sens.named_only", name=name, value=self.value(value))
        return self.texts("sens.named", name=name, **self.interval(value, half))

    def interval(self, value: float, half: float) -> dict[str, str]:
        """An index and the ends of its interval; none lies below nil."""
        ends = {"low": max(value - half, 0.0), "high": value + half}
        return {"value": self.value(value)} | {name: self.value(end) for name, end in ends.items()}

    def most(self, indices: Indices) -> str:
        """What a quantity depends on most."""
        sure = np.isfinite(indices.leading_half_width).any()
        interval = self.texts("sens.most_interval") if sure else ""
        return self.texts("sens.most", names=self.named(indices), measure=self.measure, interval=interval)

    def means(self, indices: Indices) -> str:
        """What the leading measure means."""
        floor = float(np.nanmax(indices.floor)) if np.isfinite(indices.floor).any() else float("nan")
        return self.texts(f"sens.means.{self.method}", floor=self.value(floor))

    def size(self, scenario: str, output: Output, when: str, values: tuple[float, float, float]) -> str:
        """How large a difference, or a level of the reference, is; from its median and 90 % interval."""
        median, low, high = printed(output, values, self.numbers)
        common = {"scenario": self._scenario(scenario), "period": when}
        common |= {"median": median, "low": low, "high": high}
        if scenario == self.found.reference:
            return self.texts("sens.level", **common, unit=self.texts.of(output.unit_title))
        reference = self._scenario(self.found.reference)
        return self.texts(
            "sens.size", **common, reference=reference, unit=difference_unit(output, self.texts)
        )

    def path_title(self, path: PathSensitivity) -> str:
        """What a path is called."""
        return self.texts("sens.path.title", output=self.texts.of(path.output.title))

    def widest_title(self, path: PathSensitivity) -> str:
        """What a path is called at the moment where its spread is largest."""
        month = self.texts.month(path.date[path.widest].astype(object))
        return f"{self.texts.of(path.output.title)}, {month}"

    def _scenario(self, scenario: str) -> str:
        title = next(item.title for item in self.found.scenarios if item.id == scenario)
        return f"‘{self.texts.of(title)}’"
