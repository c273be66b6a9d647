"""Soft facts read from the problem file, each fault shown on its line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from scipy.special import ndtri

from sd_covid.calibration import formula as formulas
from sd_covid.calibration.facts.distribution import Distribution, LogNormal, Normal, SoftTriangle, SoftUniform
from sd_covid.calibration.facts.setting import WINDOWS, SoftFact, Term
from sd_covid.calibration.formula import Formula, Symbol
from sd_covid.calibration.tables import IDENTIFIER
from sd_covid.calibration.yamlfile import Path_, YamlFile
from sd_covid.data import model_time, parse_period
from sd_covid.errors import DataError, suggest

FACT = ("terms", "formula", "distribution", "unit", "source", "experiment", "split")
TERM = ("of", "at", "from", "to", "take")
HOLDS = 0.9  # what 'between' means of a normal when no probability is given


def read_fact(document: YamlFile, where: Path_, name: str, item: Any) -> SoftFact:
    """Read one soft fact.

    Raises
    ------
    ProblemError
        An unknown key, a formula that cannot be read, a distribution that is none.
    """
    if not isinstance(item, dict) or not {"terms", "distribution"} <= set(item):
        advice = "write {terms: {peak: {of: OUTPUT, at: 2021-06}}, distribution: {…}}"
        raise document.error(where, "a mapping with terms and a distribution is expected", advice)
    document.check_keys(where, FACT)
    terms = item["terms"]
    if not isinstance(terms, dict) or not terms:
        advice = "write {peak: {of: OUTPUT, at: 2021-06}}"
        raise document.error((*where, "terms"), "a mapping by name is expected", advice)
    found = {str(key): _term(document, (*where, "terms", str(key)), value) for key, value in terms.items()}
    if "formula" not in item and len(found) > 1:
        reason = f"{len(found)} terms and no formula of them"
        raise document.error(where, reason, f"write formula: {' - '.join(list(found)[:2])}")
    formula: Formula = Symbol(next(iter(found)))
    if "formula" in item:
        formula = _formula(document, (*where, "formula"), item["formula"])
    split = document.choice((*where, "split"), item.get("split", "fit"), ("fit", "holdout"))
    return SoftFact(
        name,
        found,
        formula,
        _distribution(document, (*where, "distribution"), item["distribution"]),
        unit=str(item.get("unit", "")),
        source=str(item.get("source", "")),
        experiment=str(item.get("experiment", "")),
        holdout=split == "holdout",
    )


def _formula(document: YamlFile, where: Path_, text: Any) -> Formula:
    try:
        return formulas.parse(str(text))
    except formulas.FormulaSyntaxError as error:
        advice = "see docs/calibration.md for the functions there are"
        raise document.error(where, str(error), advice) from error


def _term(document: YamlFile, where: Path_, item: Any) -> Term:
    if not isinstance(item, dict) or "of" not in item:
        advice = "write {of: OUTPUT, at: 2021-06}, or {of: OUTPUT, from: 2020-03, to: 2021-06, take: maximum}"
        raise document.error(where, "a mapping with 'of' is expected", advice)
    if IDENTIFIER.fullmatch(where[-1]) is None:
        raise document.error(where, f"'{where[-1]}' is not an identifier", "use letters, digits and _")
    document.check_keys(where, TERM)
    formula = _formula(document, (*where, "of"), item["of"])
    if "at" in item:
        extra = next((key for key in ("from", "to", "take") if key in item), None)
        if extra is not None:
            raise document.error((*where, extra), "a value at a time has no window", "leave out at, or this")
        end = _moment(document, (*where, "at"), item["at"], 1)
        return Term(formula, "value", end, end)
    for key in ("from", "to", "take"):
        if key not in item:
            raise document.error(where, f"'{key}' is missing", "give at, or all of from, to and take")
    take = document.choice((*where, "take"), item["take"], WINDOWS)
    start = _moment(document, (*where, "from"), item["from"], 0)
    end = _moment(document, (*where, "to"), item["to"], 1)
    if start >= end:
        raise document.error((*where, "to"), "the window ends before it begins", "write from before to")
    return Term(formula, take, start, end)


def _moment(document: YamlFile, where: Path_, found: Any, side: int) -> float:
    """Model time of a number, or of the beginning (0) or end (1) of a month."""
    if isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found):
        return float(found)
    try:
        month: pd.Period = parse_period(str(found), "month")
    except DataError as error:
        advice = "write 2021-06, or months since January 2015"
        raise document.error(where, f"'{found}' is not a month", advice) from error
    return model_time(month, "month")[side]


class _Numbers:
    """The numbers of a distribution, as they are asked for."""

    def __init__(self, document: YamlFile, where: Path_, item: Mapping[str, Any]) -> None:
        self.document, self.where, self.item = document, where, item

    def has(self, key: str) -> bool:
        return key in self.item

    def one(self, key: str, *, positive: bool = False) -> float:
        if key not in self.item:
            raise self.document.error(self.where, f"'{key}' is missing", f"give {key}")
        return self.document.number((*self.where, key), self.item[key], positive=positive)

    def between(self) -> tuple[float, float]:
        found, where = self.item.get("between"), (*self.where, "between")
        if not isinstance(found, list) or len(found) != 2:
            raise self.document.error(where, "two bounds are expected", "write between: [0.25, 0.35]")
        low, high = (self.document.number(where, value) for value in found)
        if low >= high:
            raise self.document.error(where, f"{low:g} is not below {high:g}", "write [low, high]")
        return low, high

    def spread(self) -> float:
        """How many standard deviations a bound lies from the middle."""
        holds = self.one("probability") if self.has("probability") else HOLDS
        if not 0 < holds < 1:
            reason = f"{holds:g} is no share between 0 and 1"
            raise self.document.error((*self.where, "probability"), reason, "write 0.9 for nine in ten")
        return float(ndtri(0.5 + holds / 2))

    def edge(self, low: float, high: float) -> float:
        edge = self.one("edge", positive=True)
        if edge > (high - low) / 2:
            reason = f"{edge:g} is more than half the width between the bounds"
            raise self.document.error((*self.where, "edge"), reason, "use a normal distribution instead")
        return edge


def _normal(read: _Numbers) -> Distribution:
    if not read.has("between"):
        return Normal(read.one("mean"), read.one("sd", positive=True))
    low, high = read.between()
    return Normal((low + high) / 2, (high - low) / 2 / read.spread())


def _log_normal(read: _Numbers) -> Distribution:
    if not read.has("between"):
        return LogNormal(read.one("median", positive=True), read.one("sd", positive=True))
    low, high = read.between()
    if low <= 0:
        reason = f"{low:g} has no logarithm"
        raise read.document.error((*read.where, "between"), reason, "use a normal distribution")
    return LogNormal(math.sqrt(low * high), math.log(high / low) / 2 / read.spread())


def _soft_uniform(read: _Numbers) -> Distribution:
    low, high = read.between()
    return SoftUniform(low, high, read.edge(low, high))


def _triangular(read: _Numbers) -> Distribution:
    low, high = read.between()
    mode = read.one("mode")
    if not low < mode < high:
        reason = f"{mode:g} does not lie between {low:g} and {high:g}"
        raise read.document.error((*read.where, "mode"), reason, "move it or the bounds")
    return SoftTriangle(low, mode, high, read.edge(low, high))


KINDS: dict[str, tuple[Callable[[_Numbers], Distribution], tuple[str, ...]]] = {
    "normal": (_normal, ("mean", "sd", "between", "probability")),
    "log-normal": (_log_normal, ("median", "sd", "between", "probability")),
    "soft-uniform": (_soft_uniform, ("between", "edge")),
    "triangular": (_triangular, ("between", "mode", "edge")),
}


def _distribution(document: YamlFile, where: Path_, item: Any) -> Distribution:
    if not isinstance(item, dict) or "kind" not in item:
        advice = "write {kind: soft-uniform, between: [0.25, 0.35], edge: 0.02}"
        raise document.error(where, "a mapping with a kind is expected", advice)
    kind = item["kind"]
    if kind not in KINDS:
        advice = suggest(str(kind), list(KINDS)) or "use one of " + ", ".join(KINDS)
        raise document.error((*where, "kind"), f"'{kind}' is not one of {', '.join(KINDS)}", advice)
    build, keys = KINDS[kind]
    document.check_keys(where, ("kind", *keys))
    middle = next((key for key in ("mean", "median", "sd") if key in item), None)
    if "between" in item and middle is not None:
        raise document.error((*where, middle), "'between' says it already", f"leave out between or {middle}")
    if "probability" in item and "between" not in item:
        raise document.error((*where, "probability"), "there is no 'between' that it is of", "leave it out")
    return build(_Numbers(document, where, item))
