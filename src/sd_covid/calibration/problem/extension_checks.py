"""Checks of observation settings and soft facts beside the tables, and of soft facts beside the model.

Out: one `ProblemError` for each fault, at its line of ``problem.yaml`` or at the row of a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sd_covid.calibration.formula import Constant, symbols
from sd_covid.calibration.noise import noise_of
from sd_covid.calibration.problem.extension import ROOT
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.settings import ObservationSetting
from sd_covid.calibration.yamlfile import Path_, YamlFile, read_yaml
from sd_covid.errors import ProblemError, suggest

if TYPE_CHECKING:
    from sd_covid.calibration.problem.lint import ModelNames

SHARES = ("binomial", "beta-binomial")
COUNTS = ("poisson", "negative-binomial")
LONGEST = {"month": 1, "quarter": 3, "half-year": 6}  # months of a period that still lies in one season


def check_observation(problem: Problem, document: YamlFile, observable: str) -> Iterator[ProblemError]:
    """Faults in the setting of one observable."""
    where = (*ROOT, "observations", observable)
    setting = problem.extension.observations[observable]
    yield from _autocorrelation(problem, document, where, setting, observable)
    yield from _family(problem, document, where, setting, observable)
    yield from _survey(problem, document, where, setting, observable)
    yield from _calendar(problem, document, where, setting, observable)
    yield from _figures(problem, setting, observable)


def _parameter(
    problem: Problem, document: YamlFile, where: Path_, name: str, lower: float, upper: float, needed: str
) -> Iterator[ProblemError]:
    """That a name is a parameter, bounded as needed."""
    parameter = problem.parameters.get(name)
    if parameter is None:
        yield document.error(where, f"'{name}' is not a parameter", suggest(name, problem.parameters))
    elif parameter.lower < lower or parameter.upper > upper:
        yield document.error(where, f"'{name}' may {needed}", "bound it in the parameter table")


def _autocorrelation(
    problem: Problem, document: YamlFile, where: Path_, setting: ObservationSetting, observable: str
) -> Iterator[ProblemError]:
    rho, where = setting.autocorrelation, (*where, "autocorrelation")
    if rho is None:
        return
    yield from _parameter(problem, document, where, rho, 0.0, 1.0, "leave the interval from 0 to 1")
    if not noise_of(problem.observables[observable].distribution, setting).remembers:
        reason = "autocorrelation needs Gaussian or Student t noise"
        yield document.error(where, reason, "use normal or log-normal noise, or noise: student-t")


def _family(
    problem: Problem, document: YamlFile, where: Path_, setting: ObservationSetting, observable: str
) -> Iterator[ProblemError]:
    item = problem.observables[observable]
    student = setting.noise == "student-t"
    if student and setting.freedom is None:
        yield document.error(where, "Student t noise has degrees of freedom", "give freedom: 4")
    if setting.freedom is not None and not student:
        advice = "leave it out, or give noise: student-t"
        yield document.error((*where, "freedom"), "only Student t noise has it", advice)
    if isinstance(setting.freedom, str):
        place = (*where, "freedom")
        yield from _parameter(problem, document, place, setting.freedom, 0.0, math.inf, "be below zero")
    fits = ("normal", "log-normal") if student else ("normal",)
    if setting.noise is not None and item.distribution not in fits:
        reason = f"{setting.noise} noise takes the place of {item.distribution} noise"
        yield document.error((*where, "noise"), reason, f"write {' or '.join(fits)} in noiseDistribution")
    if setting.noise in ("binomial", "poisson") and item.noise != Constant(0.0):
        richer = {"binomial": "beta-binomial", "poisson": "negative-binomial"}[setting.noise]
        reason = f"{setting.noise} noise has no error of the model; '{observable}' has a formula of one"
        yield item.row.error("noiseFormula", reason, f"write 0, or use noise: {richer}")
    if setting.each != 1.0 and setting.noise not in COUNTS:
        yield document.error((*where, "each"), "only the noise of counts has it", "leave it out")


def _survey(
    problem: Problem, document: YamlFile, where: Path_, setting: ObservationSetting, observable: str
) -> Iterator[ProblemError]:
    survey, distribution = setting.survey, problem.observables[observable].distribution
    if survey is None:
        if setting.noise in SHARES:
            reason = f"{setting.noise} noise counts the persons of a survey"
            yield document.error(where, reason, "give survey: {size: 7500, design_effect: 1.5}")
        return
    if setting.noise not in (None, *SHARES) or distribution.endswith("laplace"):
        family = setting.noise or distribution
        reason = f"the error of a survey does not add to {family} noise"
        yield document.error((*where, "survey"), reason, "use normal, log-normal or beta-binomial noise")
    if survey.spread is not None and setting.noise in SHARES:
        reason = "the persons of a share have no spread"
        yield document.error((*where, "survey", "spread"), reason, "leave it out, or use normal noise")


def _calendar(
    problem: Problem, document: YamlFile, where: Path_, setting: ObservationSetting, observable: str
) -> Iterator[ProblemError]:
    seasonal, first = setting.seasonal, setting.starts_in
    if seasonal is not None:
        place = (*where, "seasonal")
        if setting.period > LONGEST[seasonal.by]:
            reason = f"a period of {setting.period} months lies in no one {seasonal.by}"
            yield document.error((*place, "by"), reason, "use a coarser season, or none")
        for season, name in seasonal.terms.items():
            if isinstance(name, str) and name not in problem.parameters:
                advice = suggest(name, problem.parameters)
                reason = f"'{name}' is not a parameter"
                yield document.error((*place, "terms", season), reason, advice)
    if first is None:
        return
    if setting.period != 12:
        reason = f"a period of {setting.period} months is no year"
        yield document.error((*where, "starts_in"), reason, "leave it out, or write period: 12")
    for item in problem.measurements:
        if item.observable == observable and (item.time - (first - 1)) % 12 != 0:
            reason = f"no year from month {first} ends at time {item.time:g}"
            yield item.row.error("time", reason, "correct the time, or starts_in in problem.yaml")


def _figures(problem: Problem, setting: ObservationSetting, observable: str) -> Iterator[ProblemError]:
    """That figures are shares or counts where the noise needs them to be, and sample sizes above zero."""
    for item in problem.measurements:
        if item.observable != observable:
            continue
        survey, size = setting.survey, item.row.number("sample_size")
        if survey is None and size is not None:
            yield item.row.error(
                "sample_size", f"'{observable}' is no survey", "give it a survey in problem.yaml"
            )
        if size is not None and not 0 < size < math.inf:
            yield item.row.error("sample_size", f"{size:g} persons were asked", "write a number above zero")
        if setting.noise in SHARES and survey is not None and not 0 <= item.value <= survey.per:
            reason = f"{item.value:g} is not a share between 0 and {survey.per:g}"
            yield item.row.error("measurement", reason, "correct it, or 'per' in problem.yaml")
        if setting.noise in COUNTS and item.value < 0:
            yield item.row.error("measurement", f"{item.value:g} is not a count", "correct the figure")


def check_facts(problem: Problem, document: YamlFile) -> Iterator[ProblemError]:
    """Faults in soft facts that show without the model."""
    experiments = {period.experiment for period in problem.periods}
    for name, fact in problem.extension.facts.items():
        where = (*ROOT, "soft_facts", name)
        if name in problem.observables:
            yield document.error(where, f"'{name}' is also an observable", f"call it 'fact_{name}'")
        for term in fact.terms:
            if term in problem.parameters:
                yield document.error((*where, "terms", term), "is also a parameter", "rename it")
        if fact.experiment and fact.experiment not in experiments:
            advice = suggest(fact.experiment, experiments)
            reason = f"'{fact.experiment}' is not defined"
            yield document.error((*where, "experiment"), reason, advice)
        for own in fact.names:
            if own not in fact.inside and own not in problem.parameters:
                advice = suggest(own, [*fact.terms, *problem.parameters])
                reason = f"'{own}' is neither a term nor a parameter"
                yield document.error((*where, "formula"), reason, advice)
        for term in fact.terms:
            if term not in symbols(fact.formula):
                yield document.error((*where, "terms", term), "is not in the formula", "remove it")


def check_facts_model(problem: Problem, names: ModelNames) -> Iterator[ProblemError]:
    """Names in soft facts that the model does not have."""
    for name, fact in problem.extension.facts.items():
        for inside in fact.inside:
            if inside != "time" and inside not in problem.parameters and names.output(inside) is None:
                known = [*problem.parameters, *names.entities, *names.variables.values()]
                reason = f"'{inside}' is neither an output nor a parameter"
                where = (*ROOT, "soft_facts", name, "terms")
                yield read_yaml(problem.path).error(where, reason, suggest(inside, known))
