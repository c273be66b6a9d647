"""How packages and objectives of a search are told: names, periods, units and verdicts."""

from __future__ import annotations

from sd_covid.analysis.optimisation.optimise import Optimised, Shown
from sd_covid.analysis.optimisation.outcomes import Objective
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Difference
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.types import Floats
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers, difference_unit, sentence


def package_name(item: Shown, texts: Texts) -> str:
    """What a package is called: ``Package 3``; a scenario by its title."""
    kind, _, number = item.scenario.id.rpartition("-")
    if kind == "package":
        return texts("optimised.package", number=number)
    return texts.of(item.scenario.title)


def found_title(item: Shown, found: Optimised, texts: Texts) -> str:
    """The title of a package as a scenario of its own."""
    for rival in found.rivals:
        if rival.package is item:
            return texts("optimised.instead", scenario=texts.of(rival.scenario.scenario.title))
    return texts("optimised.found", package=package_name(item, texts))


def objective_name(item: Objective, texts: Texts) -> str:
    """An objective with its statistic, as a heading."""
    level = Numbers(texts.language).plain(item.statistic.level)
    share = Numbers(texts.language).plain(100 * (1 - item.statistic.level))
    return texts(
        f"optimised.statistic.{item.statistic.kind}", name=texts.of(item.title), level=level, share=share
    )


def period(item: Objective, texts: Texts) -> str:
    """When an objective is read: ``mean over 2021 to 2034``."""
    first, last = (str(year) for year in item.years)
    if item.measure == "peak":
        return texts("optimised.peak", first=first, last=last)
    if item.measure == "year" or first == last:
        return texts("optimised.in", first=first)
    return texts("optimised.per_year" if item.per_year else "optimised.sum", first=first, last=last)


def effects(found: Optimised) -> list[tuple[int, Objective]]:
    """Objectives other than cost, with their places."""
    return [(place, item) for place, item in enumerate(found.plan.objectives) if item.output is not None]


def verdict(item: Objective, differences: Floats, package: str, found: Optimised, texts: Texts) -> str:
    """What may be said of a package by an objective."""
    assert item.output is not None
    output = Output(
        item.output.name,
        item.title,
        unit_title=item.unit,
        reading=item.output.reading,
        better="lower" if item.lower else "higher",
        relevance=item.output.relevance,
    )
    spread = Spread.of(differences)
    difference = Difference(
        output,
        package,
        found.plan.base.id,
        item.years,
        spread,
        spread,
        spread,
        spread.verdict(output.relevance),
    )
    return sentence(difference, package, f"‘{texts.of(found.plan.base.title)}’", texts)


def heading(item: Objective, texts: Texts) -> str:
    """A column's heading, with unit and period; a share of worlds has no unit."""
    assert item.output is not None
    if item.statistic.kind == "share":
        return f"{objective_name(item, texts)} ({period(item, texts)})"
    unit = difference_unit(Output(item.output.name, item.title, unit_title=item.unit), texts)
    return f"{objective_name(item, texts)} ({unit}, {period(item, texts)})"


def tolerance(item: Objective, texts: Texts) -> str:
    """The smallest difference that matters by an objective: ``unemployment 0.05 percentage points``."""
    value = Numbers(texts.language).plain(item.matters)
    unit = ""
    if item.statistic.kind != "share" and item.output is not None:
        unit = difference_unit(Output(item.output.name, item.title, unit_title=item.unit), texts)
    return f"{texts.inside(item.title)} {value} {unit}".strip()
