"""What switches a lever on: an indicator that has been past a threshold for some months, within the lever's dates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trigger:
    """What switches a lever on, once, between its start and its end.

    Attributes
    ----------
    indicator : str
        A variable of the model, with its element where it is an array.
    threshold : float
        In the indicator's unit.
    wait : float
        Months in a row that the indicator must have been past the threshold, counted from any time.
    lasts : float
        Months that the lever is then in force, also beyond the lever's end.
    above : bool
        Whether past is above the threshold, or below it.
    """

    indicator: str
    threshold: float
    wait: float
    lasts: float
    above: bool = True

    def settings(self, lever: str) -> dict[str, float]:
        """The trigger of a lever as constants of a model that `sd_covid.policy.comparison.adaptive` has made."""
        parts = {"on": 1.0, "threshold": self.threshold, "side": 1.0 if self.above else -1.0}
        parts |= {"wait": self.wait, "lasts": self.lasts}
        return {trigger_name(lever, part): value for part, value in parts.items()}


def trigger_name(lever: str, part: str) -> str:
    """The name of a constant or state of a lever's trigger."""
    return f"{name_stem(lever)} trigger {part}"


def name_stem(lever: str) -> str:
    """A lever's id as names of a model's variables begin with it."""
    return lever.replace("-", " ")
