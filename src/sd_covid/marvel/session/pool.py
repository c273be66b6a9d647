"""What a group thinks of every link: judgements pooled to distributions of direction, strength and delay.

A judgement is a triangle about the value of its class, reaching to the neighbouring classes, half as far where the
participant is sure and twice where not; so who is unsure of a weak effect leaves some room for the other direction. "No
difference" is a strength of zero. Linear pooling is the mixture of these (Stone 1961, Annals of Mathematical Statistics
32, 1339-1342); logarithmic pooling their weighted geometric mean (Genest and Zidek 1986, Statistical Science 1,
114-135), for which each keeps a hundredth even over the scale, so that nobody vetoes. The triangles and that hundredth
are choices of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sd_covid.marvel.diagram import LONGEST, SHORTEST, Diagram, Link, Range
from sd_covid.marvel.faults import fault
from sd_covid.marvel.session.agreement import agreement
from sd_covid.marvel.session.answers import Judgement, Session, ends_of
from sd_covid.marvel.session.performance import CUTOFF, Performance, performance
from sd_covid.marvel.session.words import classes_of

Floats = NDArray[np.float64]
Method = Literal["linear", "log", "performance"]
METHODS: tuple[Method, ...] = get_args(Method)

_CELLS = 601  # of strength: odd, so that one is about zero
_DELAYS = 400  # cells, even in the logarithm
_FLOOR = 0.01


@dataclass(frozen=True, slots=True)
class Density:
    """Probabilities of cells.

    Attributes
    ----------
    edges : ndarray, shape (cell + 1,)
    mass : ndarray, shape (cell,)
        Adding to one.
    """

    edges: Floats
    mass: Floats

    def quantile(self, chance: float) -> float:
        """The value below which a share of the probability lies, even within a cell."""
        return float(np.interp(chance, np.concatenate([[0.0], np.cumsum(self.mass)]), self.edges))

    def quantiles(self) -> tuple[float, float, float]:
        """5, 50 and 95 %."""
        return self.quantile(0.05), self.quantile(0.5), self.quantile(0.95)

    def below(self, value: float) -> float:
        """The probability of less."""
        return float(np.interp(value, self.edges, np.concatenate([[0.0], np.cumsum(self.mass)])))

    def within(self, low: float, high: float) -> Density:
        """The same, given that it lies between bounds.

        Raises
        ------
        ValueError
            Nothing lies there.
        """
        edges = np.concatenate([[low], self.edges[(self.edges > low) & (self.edges < high)], [high]])
        mass = np.diff([self.below(edge) for edge in edges])
        if mass.sum() <= 0:
            raise ValueError("nothing lies between the bounds")
        return Density(edges, mass / mass.sum())


@dataclass(frozen=True, slots=True)
class PooledLink:
    """What the group says of one link.

    Attributes
    ----------
    link : Link
        As the diagram has it.
    answers, unknown, missing : int
        Participants who judged it, who said not to know, and who left it open.
    counts : tuple of int
        How many chose each place, from the strongest "less" by "no difference" to the strongest "more".
    agreement : float
        Van der Eijk's A of those counts, everybody counting alike.
    effect : Density or None
        Of the signed strength; None where nobody who counts judged it.
    delay : Density or None
        Years; None where nobody who counts sees an effect.
    """

    link: Link
    answers: int
    unknown: int
    missing: int
    counts: tuple[int, ...]
    agreement: float
    effect: Density | None
    delay: Density | None

    @property
    def chances(self) -> tuple[float, float, float]:
        """Probabilities that the cause raises the effect, lowers it, and makes no difference."""
        assert self.effect is not None
        at = len(self.effect.mass) // 2
        mass = self.effect.mass
        return float(mass[at + 1 :].sum()), float(mass[:at].sum()), float(mass[at])


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a group says of all links.

    Attributes
    ----------
    session : Session
    method : {'linear', 'log', 'performance'}
    weights : ndarray, shape (participant,)
    performance : Performance or None
        On the seed questions; None where there are none or nobody answered them all.
    links : tuple of PooledLink
    """

    session: Session
    method: Method
    weights: Floats
    performance: Performance | None
    links: tuple[PooledLink, ...]

    @property
    def told(self) -> tuple[PooledLink, ...]:
        """The links of which somebody who counts said something."""
        return tuple(item for item in self.links if item.effect is not None)


def pool(
    session: Session, method: Method = "linear", cutoff: float | None = CUTOFF, language: str = "en"
) -> Pooled:
    """Pool the judgements of a session.

    Parameters
    ----------
    session : Session
    method : {'linear', 'log', 'performance'}
        The mixture or the geometric mean of all participants alike, or the mixture by performance on seed questions.
    cutoff : float or None
        Calibration from which a participant counts, with 'performance'; None for the best one, see `performance`.
    language : {'nl', 'en'}
        Of an error.

    Raises
    ------
    DiagramError
        Performance without seed questions, or nobody who performs.
    """
    file, found = session.diagram.path, None
    if session.questions and session.seeds.complete.any():
        found = performance(session.seeds, cutoff)
    if method == "performance":
        if found is None:
            kind = "session.nobody answered" if session.questions else "session.unweighted"
            raise fault(kind, language, file=file)
        if not found.weights.any():
            bound = f"{found.cutoff:g}".replace(".", "," if language == "nl" else ".")
            raise fault("session.nobody reaches", language, {"cutoff": bound}, file=file)
    count = len(session.forms)
    weights = found.weights if method == "performance" and found is not None else np.full(count, 1 / count)
    scale = _Scale(session.diagram)
    links = tuple(_pooled(session, link, weights, scale, method) for link in session.links)
    return Pooled(session, method, weights, found, links)


def _pooled(session: Session, link: Link, weights: Floats, scale: _Scale, method: Method) -> PooledLink:
    ends = ends_of(link)
    judged = [
        (form.judgements[ends], weight)
        for form, weight in zip(session.forms, weights.tolist(), strict=True)
        if ends in form.judgements
    ]
    unknown = sum(ends in form.unknown for form in session.forms)
    counting = [(item, weight) for item, weight in judged if weight > 0]
    acting = [(item, weight) for item, weight in counting if item.delay is not None]
    counts = scale.counts([item for item, _ in judged])
    return PooledLink(
        link,
        len(judged),
        unknown,
        len(session.forms) - len(judged) - unknown,
        counts,
        agreement(counts),
        _mixed(scale.strengths, [(scale.effect(item), weight) for item, weight in counting], method),
        _mixed(scale.years, [(scale.delay(item), weight) for item, weight in acting], method),
    )


def _mixed(edges: Floats, parts: Sequence[tuple[Floats, float]], method: Method) -> Density | None:
    """The pool of distributions over the same cells; None of nothing."""
    if not parts:
        return None
    mass = np.array([part for part, _ in parts])
    weights = np.array([weight for _, weight in parts])
    weights = weights / weights.sum()
    if method == "log":
        even = np.diff(edges) if edges[0] < 0 else np.diff(np.log(edges))
        floored = (1 - _FLOOR) * mass + _FLOOR * even / even.sum()
        pooled = np.exp(weights @ np.log(floored))
        return Density(edges, pooled / pooled.sum())
    return Density(edges, weights @ mass)


class _Scale:
    """The cells of strength and of delay on which judgements of a diagram are pooled."""

    def __init__(self, diagram: Diagram) -> None:
        strengths = classes_of(diagram.classes, "strength")
        factors = [item.value for item in diagram.classes.confidence.values()] or [1.0]
        reach = [item.wider(max(factors)) for item in strengths]
        limit = max(max(item.high, -item.low) for item in reach)
        self.strengths = np.linspace(-limit, limit, _CELLS + 1)
        self.years = np.geomspace(SHORTEST, LONGEST, _DELAYS + 1)
        self._ranked = sorted(item.value for item in strengths)

    def counts(self, judged: Sequence[Judgement]) -> tuple[int, ...]:
        """How many chose each place, from the strongest "less" to the strongest "more"."""
        places = [place_of(item, self._ranked) for item in judged]
        furthest = len(self._ranked)
        return tuple(places.count(place) for place in range(-furthest, furthest + 1))

    def effect(self, item: Judgement) -> Floats:
        """The signed strength that a participant has in mind."""
        if item.strength is None:
            found = np.zeros(_CELLS)
            found[_CELLS // 2] = 1.0
            return found
        mass = np.diff(_triangle(item.strength.wider(item.sure), self.strengths))
        return mass if item.sign > 0 else mass[::-1]

    def delay(self, item: Judgement) -> Floats:
        """The delay that a participant has in mind, years."""
        assert item.delay is not None
        return np.diff(_triangle(item.delay.wider(item.sure, SHORTEST), self.years))


def place_of(item: Judgement, ranked: Sequence[float]) -> int:
    """The place of a judgement on the ordered scale: 0 for no difference, then the classes by strength, signed."""
    return 0 if item.strength is None else item.sign * (1 + list(ranked).index(item.strength.value))


def _triangle(item: Range, at: Floats) -> Floats:
    """The chance of less than each value, by a triangular distribution; a step where it has no width."""
    low, mode, high = item.low, item.value, item.high
    if high <= low:
        return np.where(at < mode, 0.0, 1.0)
    rise = (at - low) ** 2 / ((high - low) * (mode - low)) if mode > low else np.zeros_like(at)
    fall = 1 - (high - at) ** 2 / ((high - low) * (high - mode)) if high > mode else np.ones_like(at)
    return np.clip(
        np.where(at <= low, 0.0, np.where(at >= high, 1.0, np.where(at <= mode, rise, fall))), 0, 1
    )
