"""The diagram that a session comes to: the pooled judgements in place of the links that were asked about."""

from __future__ import annotations

from dataclasses import replace

from sd_covid.marvel.diagram import Diagram, Link, Range
from sd_covid.marvel.session.answers import ends_of
from sd_covid.marvel.session.pool import Pooled, PooledLink


def pooled_diagram(pooled: Pooled, named: str) -> Diagram:
    """A diagram with the judgements of a session.

    Parameters
    ----------
    pooled : Pooled
    named : str
        The session and its day, for the source of each link.

    Returns
    -------
    Diagram
        A link has the likelier direction, and in that direction the median of its strength with 5 and 95 % as bounds;
        likewise its delay. Links that nobody judged are as they were; one that is likelier to make no difference than
        to act in either direction has strength 0.
    """
    found = {ends_of(item.link): item for item in pooled.told}
    diagram = pooled.session.diagram
    links = tuple(
        _judged(link, found[ends_of(link)], named) if ends_of(link) in found else link
        for link in diagram.links
    )
    return replace(diagram, name=f"{diagram.name}, {named}", links=links, path=None)


def _judged(link: Link, item: PooledLink, named: str) -> Link:
    effect = item.effect
    assert effect is not None
    more, less, none = item.chances
    sign = 1 if more >= less else -1
    low, middle, high = effect.quantiles()
    low, middle, high = (low, middle, high) if sign > 0 else (-high, -middle, -low)
    strength = Range(*_ordered(max(low, 0.0), max(middle, 0.0), max(high, 0.0)))
    if none > max(more, less):
        strength = Range(*_ordered(0.0, 0.0, max(high, 0.0)))
    delay = link.delay
    if item.delay is not None:
        early, mean, late = item.delay.quantiles()
        delay = Range(*_ordered(early, mean, late))
    source = f"expert judgement: {named}, {item.answers} answers; before: {link.source or 'no source'}"
    return replace(
        link, sign=sign, strength=strength, delay=delay, order=link.order, confidence="", source=source
    )


def _ordered(low: float, middle: float, high: float) -> tuple[float, float, float]:
    """Value, low and high, as a range has them; four digits are more than any judgement bears."""
    middle, low, high = (float(f"{value:.4g}") for value in (middle, low, high))
    return middle, low, high
