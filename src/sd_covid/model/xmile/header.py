"""What an XMILE file says about the whole model: times, method, dimensions, units, what is non-negative.

In goes the document; out come control variables, `Dimension` objects and settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError
from sd_covid.model.definition import RangeDefinition
from sd_covid.model.expression import Expression, Number, Place, Unary
from sd_covid.model.names import key
from sd_covid.model.ranges import MAX_ELEMENTS, resolve_ranges
from sd_covid.model.structure import Dimension, Method
from sd_covid.model.xmile.document import (
    Document,
    attribute,
    child,
    children,
    content,
    flag,
    isee_tag,
)
from sd_covid.model.xmile.text import equation_text, name_of, number

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Methods by the names that XMILE and Stella give them; the first known of a list such as ``gear, rk4`` is taken.
METHODS = {
    "euler": Method.EULER,
    "euler's": Method.EULER,
    "rk2": Method.RK2,
    "rk4": Method.RK4,
    "runge-kutta 2": Method.RK2,
    "runge-kutta 4": Method.RK4,
    "rk45": Method.ADAPTIVE,
    "gear": Method.ADAPTIVE,
}

#: Vensim writes ``<dt>TIME_STEP=0.5</dt>``.
_EQUATED = re.compile(r"\A\s*(?:INITIAL.TIME|FINAL.TIME|TIME.STEP|SAVEPER)\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Specs:
    """``<sim_specs>``: numbers in the model's unit of time.

    Attributes
    ----------
    start, stop, step : float
    save : float or None
        None when the file leaves it to the step.
    method : Method
    units : str
    place : Place
    """

    start: float
    stop: float
    step: float
    save: float | None
    method: Method
    units: str
    place: Place


def read_specs(document: Document) -> Specs:
    """The simulation specifications.

    Raises
    ------
    ModelError
        When there are none, or one is no number or an unknown method.
    """
    element = child(document.root, "sim_specs")
    if element is None:
        element = next(
            (found for model in children(document.root, "model") for found in children(model, "sim_specs")),
            None,
        )
    if element is None:
        raise document.error(document.root, "<sim_specs> is missing", "give <start>, <stop> and <dt>")
    start, stop = (_required(document, element, tag) for tag in ("start", "stop"))
    step = _number(document, element, "dt")
    found = child(element, "dt")
    if step is not None and found is not None and (found.get("reciprocal") or "").strip().lower() == "true":
        if step == 0:
            raise document.error(found, "<dt> is the reciprocal of 0", "write a positive number")
        step = 1 / step
    save = _number(document, element, "save_step")
    interval = attribute(element, "save_interval")
    if interval is not None and save is None:
        save = number(equation_text(interval, document.source, element.sourceline), "save_interval")
    units = attribute(element, "time_units") or content(element, "time_units") or ""
    return Specs(
        start,
        stop,
        1.0 if step is None else step,
        save if save is None or save > 0 else None,
        _method(document, element),
        " ".join(units.split()),
        document.place(element),
    )


def _required(document: Document, element: Element, tag: str) -> float:
    value = _number(document, element, tag)
    if value is None:
        raise document.error(element, f"<{tag}> is missing in <sim_specs>", f"add <{tag}>")
    return value


def _number(document: Document, element: Element, tag: str) -> float | None:
    found = child(element, tag)
    if found is None or not (found.text or "").strip():
        return None
    text = _EQUATED.sub("", found.text or "")
    return number(equation_text(text, document.source, found.sourceline), f"<{tag}>")


def _method(document: Document, element: Element) -> Method:
    text = (attribute(element, "method") or content(element, "method") or "euler").strip()
    for name in text.split(","):
        method = METHODS.get(name.strip().lower())
        if method is not None:
            return method
    advice = "choose Euler, RK2 or RK4 in the model's run specs"
    raise document.error(element, f"integration method '{text}' is not supported", advice)


# --- dimensions --------------------


def read_dimensions(document: Document) -> dict[str, Dimension]:
    """The dimensions, by key: with named elements, or with numbers from 1.

    Raises
    ------
    ModelError
        When one is defined twice, empty, has an element twice, or is too large.
    """
    found: list[RangeDefinition] = []
    mapped: list[tuple[str, str]] = []
    for holder in children(document.root, "dimensions"):
        for item in children(holder, "dim"):
            name = name_of(item.get("name") or "")
            if not key(name):
                raise document.error(item, "a <dim> has no name")
            elements = tuple(name_of(element.get("name") or "") for element in children(item, "elem"))
            found.append(
                RangeDefinition(name, elements or _numbered(document, item, name), place=document.place(item))
            )
            mapped += [(name, name_of(part.text or "")) for part in item if isee_tag(part) == "maps_to"]
    names = {key(definition.name) for definition in found}
    for definition in found:
        both = next((item for item in definition.items if key(item) in names), None)
        if both is not None:
            place = definition.place
            reason = f"'{both}' is both an element of dimension '{definition.name}' and a dimension"
            raise ModelError(
                reason,
                advice="rename one of the two",
                file=place.file,
                line=place.line,
                variable=definition.name,
            )
    dimensions = resolve_ranges(found, {})
    for name, target in mapped:
        source, other = dimensions[key(name)], dimensions.get(key(target))
        if other is not None and len(other.elements) == len(source.elements):
            source.mappings[other.key] = other.elements
    return dimensions


def _numbered(document: Document, element: Element, name: str) -> tuple[str, ...]:
    text = element.get("size") or "0"
    size = int(text) if text.strip().isdecimal() and len(text) < 10 else 0
    if not 0 < size <= MAX_ELEMENTS:
        reason = f"size '{text}' of dimension '{name}' is no whole number from 1 to {MAX_ELEMENTS}"
        raise document.error(element, reason, "give a size, or elements by name", name)
    return tuple(str(number) for number in range(1, size + 1))


# --- units --------------------


def read_equivalences(document: Document) -> list[tuple[str, ...]]:
    """Names of one unit, for each unit with several: its name, its aliases, and the plain name it equals."""
    found = []
    for holder in children(document.root, "model_units"):
        for item in children(holder, "unit"):
            names = [item.get("name") or "", *(alias.text or "" for alias in children(item, "alias"))]
            equal = content(item, "eqn") or ""
            if equal.strip().isidentifier():
                names.append(equal)
            same = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
            if len(same) > 1:
                found.append(same)
    return found


# --- behaviour --------------------


def non_negative_kinds(document: Document) -> frozenset[str]:
    """The kinds of variable (``stock``, ``flow``) that are non-negative unless they say otherwise."""
    found: set[str] = set()
    for holder in _behaviors(document):
        for kind in ("stock", "flow"):
            own = child(holder, kind)
            here = None if own is None else flag(own, "non_negative")
            everywhere = flag(holder, "non_negative")
            if here is True or (here is None and everywhere is True):
                found.add(kind)
            elif here is False or everywhere is False:
                found.discard(kind)
    return frozenset(found)


def _behaviors(document: Document) -> Iterator[Element]:
    yield from children(document.root, "behavior")
    for model in children(document.root, "model"):
        yield from children(model, "behavior")


def literal(expression: Expression | None) -> float | None:
    """The number that an expression is; None when it is something else."""
    match expression:
        case Number(value=value) | Unary(operator="+", operand=Number(value=value)):
            return value
        case Unary(operator="-", operand=Number(value=value)):
            return -value
        case _:
            return None
