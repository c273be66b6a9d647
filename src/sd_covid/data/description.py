"""What a registry says about series beside their figures: units, methods, publishers, headings and model outputs.

Small records without behaviour, but for the bounds of a measure: what a share, a count or a rate can be at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

Kind = Literal["end", "start", "mean", "flow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Tier = Literal["A", "B", "C", "D"]
TIERS: tuple[Tier, ...] = get_args(Tier)
Revision = Literal["final", "provisional", "open"]
REVISIONS: tuple[Revision, ...] = get_args(Revision)
Sensitive = Literal["suicide"]
SENSITIVE: tuple[Sensitive, ...] = get_args(Sensitive)
Measure = Literal["count", "rate", "share", "fraction", "index", "score", "amount", "change", "balance"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

BOUNDS: Mapping[Measure, tuple[float, float]] = {
    "count": (0.0, math.inf),
    "rate": (0.0, math.inf),
    "share": (0.0, 100.0),
    "fraction": (0.0, 1.0),
    "index": (0.0, math.inf),
    "score": (0.0, 100.0),
    "amount": (0.0, math.inf),
    "change": (-math.inf, math.inf),
    "balance": (-100.0, 100.0),
}
"""Lowest and highest figure that a measure can have: a share is in per cent, a balance is of two shares."""


@dataclass(frozen=True, slots=True)
class Break:
    """A change in how a series is made.

    Attributes
    ----------
    period : pandas.Period
        First period of the new way.
    definition : str or None
        Method from then on, when it starts a new level; None for a later vintage of the same method.
    what : str
        What changed.
    """

    period: pd.Period
    definition: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of use of a publisher, and the address where they are stated."""

    terms: str
    url: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes a series.

    Attributes
    ----------
    name : str
    url : str
        Empty where none is known.
    lag_source : str
        Where the publisher states when its figures come out; empty when the release lags are estimates.
    """

    name: str
    url: str
    lag_source: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The model output that a series can be compared with.

    Attributes
    ----------
    output : str
        Variable of the model, with its element; the cumulative one for a flow.
    scale : float
        Figure = scale * output.
    offset : bool
        Whether its method has a level of its own, to be estimated.
    """

    output: str
    scale: float
    offset: bool
