"""Pooled judgements of links as priors of the constants that stand for them, labelled as expert judgement.

The link has a strength in the diagram at which its constant is as it was before; a group that finds it twice as strong
has a constant in mind twice as far from where the link does nothing. So the prior is that of before, its median moved
and its spread set by the ratio of the pooled strength to the diagram's: a choice of our own, which lends a class the
precision of a number. It takes the place of a prior of grade C or D; evidence of grade A or B is not overruled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sd_covid.calibration.problem.petab import Parameter, Problem
from sd_covid.calibration.problem.priors import Prior
from sd_covid.marvel.session.answers import ends_of
from sd_covid.marvel.session.pool import Pooled, PooledLink
from sd_covid.marvel.session.ties import Tie
from sd_covid.model.names import key
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.evidence import EvidenceRow
from sd_covid.policy.catalogue.ranges import Z95

#: The least probability that must fall within what a constant can be.
_LEAST_INSIDE = 0.5
_STRONG = ("A", "B")

Reason = Literal["not judged", "strong evidence", "contradicted", "not varied"]


@dataclass(frozen=True, slots=True)
class Before:
    """What stood before the session.

    Attributes
    ----------
    parameter : Parameter or None
        Of the calibration; None of an assumption that was not calibrated.
    quantiles : tuple of float
        5, 50 and 95 %.
    bounds : tuple of float
    logarithmic : bool
    evidence : EvidenceRow
    """

    parameter: Parameter | None
    quantiles: tuple[float, float, float]
    bounds: tuple[float, float]
    logarithmic: bool
    evidence: EvidenceRow


@dataclass(frozen=True, slots=True)
class ExpertPrior:
    """A prior by judgement.

    Attributes
    ----------
    tie : Tie
    judged : PooledLink
    id : str
        Of the parameter.
    before : Before
    prior : Prior
        Within the bounds of before.
    outside : float
        Probability by the judgement that lies where the constant cannot be; the prior is without it.
    """

    tie: Tie
    judged: PooledLink
    id: str
    before: Before
    prior: Prior
    outside: float

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """5, 50 and 95 % of the new prior."""
        import numpy as np

        low, middle, high = self.prior.quantile(np.array([0.05, 0.5, 0.95])).tolist()
        return low, middle, high


@dataclass(frozen=True, slots=True)
class Kept:
    """A tie of which the prior stays as it was, and why.

    Attributes
    ----------
    tie : Tie
    reason : Reason
    grade : str
        Of the evidence, where there is any.
    outside : float
        As of `ExpertPrior`, where the judgement contradicts what the constant can be; else NaN.
    """

    tie: Tie
    reason: Reason
    grade: str = ""
    outside: float = math.nan


def expert_priors(
    pooled: Pooled,
    ties: Iterable[Tie],
    problem: Problem,
    assumptions: Mapping[str, Assumption],
    evidence: Sequence[EvidenceRow],
) -> tuple[tuple[ExpertPrior, ...], tuple[Kept, ...]]:
    """Turn pooled judgements into priors.

    Parameters
    ----------
    pooled : Pooled
    ties : iterable of Tie
    problem : Problem
        The study's.
    assumptions : mapping
        Those of the study, by id.
    evidence : sequence of EvidenceRow
        The models' table.

    Returns
    -------
    priors : tuple of ExpertPrior
    kept : tuple of Kept
        Nobody who counts judged the link; evidence of grade A or B; more than half of the judgement where the constant
        cannot be; a constant that neither the calibration nor a comparison varies by itself.
    """
    known = _Known(problem, assumptions, evidence)
    judged = {ends_of(item.link): item for item in pooled.told}
    found: list[ExpertPrior] = []
    kept: list[Kept] = []
    for tie in ties:
        item, before = judged.get(ends_of(tie.link)), known.before(tie.constant)
        grade = "" if before is None else before.evidence.grade
        if item is None:
            kept.append(Kept(tie, "not judged", grade))
        elif before is None:
            kept.append(Kept(tie, "not varied"))
        elif grade in _STRONG:
            kept.append(Kept(tie, "strong evidence", grade))
        else:
            prior, outside = _prior(tie, item, before)
            if prior is None:
                kept.append(Kept(tie, "contradicted", grade, outside))
            else:
                found.append(ExpertPrior(tie, item, known.id(tie.constant), before, prior, outside))
    return tuple(found), tuple(kept)


def _prior(tie: Tie, judged: PooledLink, before: Before) -> tuple[Prior | None, float]:
    """The new prior, None when it hardly fits; and the probability that lies outside."""
    effect = judged.effect
    assert effect is not None
    reference = before.quantiles[1] - tie.without
    logarithmic = before.logarithmic and tie.without == 0
    if logarithmic:
        # A coefficient that is positive by definition: what is said of it holds given the direction of the diagram.
        low, high = (0.0, math.inf) if tie.strength > 0 else (-math.inf, 0.0)
        low, high = max(low, float(effect.edges[0])), min(high, float(effect.edges[-1]))
        agreeing = effect.below(high) - effect.below(low)
        if agreeing < _LEAST_INSIDE:
            return None, 1 - agreeing
        ratios = sorted(value / tie.strength for value in effect.within(low, high).quantiles())
        ends = [math.log(reference * max(ratio, 1e-6)) for ratio in ratios]
        prior = Prior("log-normal", (ends[1], (ends[2] - ends[0]) / (2 * Z95)), *before.bounds)
        outside = 1 - agreeing * prior.mass
    else:
        values = sorted(tie.without + reference * value / tie.strength for value in effect.quantiles())
        prior = Prior("normal", (values[1], (values[2] - values[0]) / (2 * Z95)), *before.bounds)
        outside = 1 - prior.mass
    return (prior, outside) if 1 - outside >= _LEAST_INSIDE else (None, outside)


class _Known:
    """What the study knew of constants before the session."""

    def __init__(
        self, problem: Problem, assumptions: Mapping[str, Assumption], evidence: Sequence[EvidenceRow]
    ) -> None:
        named = {alias.entity: alias.model_name for alias in problem.aliases}
        self._problem = problem
        self._parameters = {
            key(named.get(item.id, item.id)): item for item in problem.estimated if item.prior is not None
        }
        # Of those that add up to one, none can have a prior of its own.
        bound = {name for item in assumptions.values() if item.rest_of for name in (item.id, *item.rest_of)}
        self._assumptions = {
            key(item.constant): item for item in assumptions.values() if item.swept and item.id not in bound
        }
        self._evidence = {key(row.constant): row for row in evidence}

    def id(self, constant: str) -> str:
        """The id of the parameter of a constant: its own, or one that is not taken."""
        parameter = self._parameters.get(key(constant))
        if parameter is not None:
            return parameter.id
        name = re.sub(r"\W+", "_", constant).strip("_").lower()
        taken = {*self._problem.parameters, *(alias.entity for alias in self._problem.aliases)}
        while name in taken:
            name += "_"
        return name

    def before(self, constant: str) -> Before | None:
        """Prior or range, with its evidence; None of what nothing varies or no evidence names."""
        import numpy as np

        at = np.array([0.05, 0.5, 0.95])
        row = self._evidence.get(key(constant))
        if row is None:
            return None
        parameter, assumption = (table.get(key(constant)) for table in (self._parameters, self._assumptions))
        if isinstance(parameter, Parameter) and parameter.prior is not None:
            prior = parameter.prior
            low, middle, high = prior.quantile(at).tolist()
            bounds = parameter.lower, parameter.upper
            return Before(parameter, (low, middle, high), bounds, prior.logarithmic, row)
        if isinstance(assumption, Assumption):
            spread = assumption.range
            low, _, high = spread.quantile(at).tolist()
            return Before(None, (low, spread.central, high), spread.bounds, False, row)
        return None
