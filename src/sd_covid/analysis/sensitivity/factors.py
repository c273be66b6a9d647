"""Factors of a sensitivity analysis: what varies, and how a point of the unit cube becomes parameters of the model.

Assumptions and independent ranges are factors of their own. The calibrated parameters are one factor together: their
posterior is correlated, and Sobol indices of correlated inputs do not add up to the variance. That factor picks a whole
draw; its index is the share of what calibration left uncertain, not of any one parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError
from sd_covid.model.names import key
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.types import Floats

Kind = Literal["posterior", "assumption", "range", "group"]
CALIBRATED = Text("Geschatte parameters samen", "Calibrated parameters together")


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that varies.

    Attributes
    ----------
    id : str
    title : Text
    kind : {'posterior', 'assumption', 'range', 'group'}
        A whole draw of the calibrated parameters, an assumption of the study, the evidence range of a constant, or
        several of these that have one index together.
    constants : tuple of str
        The constants of the model that it moves.
    range : Range or None
        None for the posterior and a group.
    draws : DataFrame or None
        The posterior's draws.
    grade : str
        Evidence grade A–D of an assumption; empty where there is no single one.
    members : tuple of str
        Ids of the factors of a group.
    """

    id: str
    title: Text
    kind: Kind
    constants: tuple[str, ...]
    range: Range | None = None
    draws: pd.DataFrame | None = None
    grade: str = ""
    members: tuple[str, ...] = ()


def posterior_factor(draws: pd.DataFrame) -> Factor:
    """The calibrated parameters as one factor.

    Draws are put in the order of their first principal component: the factor then moves the model smoothly, on which
    the convergence of a Sobol sequence depends. Which draws there are, and how often each is picked, does not change.
    """
    spread = draws.std(ddof=0).to_numpy()
    scaled = (draws - draws.mean()).to_numpy() / np.where(spread > 0, spread, 1.0)
    direction = np.linalg.svd(scaled, full_matrices=False)[2][0]
    ordered = draws.iloc[np.argsort(scaled @ direction, kind="stable")].reset_index(drop=True)
    return Factor("posterior", CALIBRATED, "posterior", tuple(map(str, draws.columns)), draws=ordered)


def assumption_factor(assumption: Assumption) -> Factor:
    """An assumption as a factor, over its range."""
    constants, spread = (assumption.constant,), assumption.range
    return Factor(
        assumption.id, assumption.title, "assumption", constants, range=spread, grade=assumption.grade
    )


def range_factor(constant: str, spread: Range) -> Factor:
    """A constant with a range of its own as a factor."""
    return Factor(constant, Text(constant, constant), "range", (constant,), range=spread)


def group_factor(name: str, title: Text, members: Sequence[Factor]) -> Factor:
    """Several factors that move together and have one index."""
    constants = tuple(constant for factor in members for constant in factor.constants)
    return Factor(name, title, "group", constants, members=tuple(factor.id for factor in members))


def parameters(factors: Sequence[Factor], points: Floats, held: Sequence[Factor] = ()) -> pd.DataFrame:
    """Constants of the model at points of the unit cube.

    Parameters
    ----------
    factors : sequence of Factor
    points : ndarray, shape (row, factor)
        In the open unit cube.
    held : sequence of Factor
        Those that stay at their central values; ones with a range.

    Returns
    -------
    DataFrame, shape (row, constant)

    Raises
    ------
    ScenarioError
        When two factors move one constant.
    """
    owners: dict[str, str] = {}
    columns: dict[str, Floats] = {}
    for factor, point in zip(factors, points.T, strict=True):
        for constant in factor.constants:
            if key(constant) in owners:
                both = f"'{owners[key(constant)]}' and '{factor.id}'"
                raise ScenarioError(
                    f"{both} both vary '{constant}'", advice="leave one out", variable=constant
                )
            owners[key(constant)] = factor.id
        columns |= _columns(factor, point)
    for factor in held:
        if factor.range is not None:
            columns |= {constant: np.full(len(points), factor.range.central) for constant in factor.constants}
    return pd.DataFrame(columns)


def _columns(factor: Factor, point: Floats) -> Mapping[str, Floats]:
    """One factor's constants at points in (0, 1)."""
    if factor.draws is not None:
        rows = np.floor(point * len(factor.draws)).astype(int)
        return {str(name): factor.draws[name].to_numpy()[rows] for name in factor.draws}
    if factor.range is None:
        raise ScenarioError(f"'{factor.id}' has neither a range nor draws", variable=factor.id)
    return {factor.constants[0]: factor.range.quantile(point)}
