"""Numbers along an axis in the spelling of a language.

A class of a module, not of a function: it goes with a figure that is drawn in another process.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import Formatter

from sd_covid.report.words.wording import Numbers


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
