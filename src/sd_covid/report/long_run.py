"""The first lines of the report: on which assumption the long run rests, and the result with it and without it.

In goes a `LongRun`; out come sentences and tables of differences, set like those of the packages.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.policy.long_run import LongRun
from sd_covid.report.effects import EffectTable, cell_of, quoted, row_of
from sd_covid.report.texts import Texts
from sd_covid.report.wording import period, sentence

_SAME = "no difference that matters"


@dataclass(frozen=True, slots=True)
class LongRunView:
    """What a reader is told first.

    Attributes
    ----------
    said : str
        What the assumption is.
    findings : tuple of (str, str)
        Outcome and year, and what the assumption does to it under the null alternative.
    same : str
        The outcomes to which it makes no difference that matters.
    packages : str
        Whether the differences between packages depend on it.
    tables : tuple of EffectTable
        The null alternative with minus without; then each package minus the null alternative, with and without.
    """

    said: str
    findings: tuple[tuple[str, str], ...]
    same: str
    packages: str
    tables: tuple[EffectTable, ...]


def long_run_view(found: LongRun, texts: Texts) -> LongRunView:
    """Both results, in words and tables."""
    years = found.covered
    null, packages = found.assumed.scenario(found.assumed.reference), found.assumed.alternatives
    resting, same = [], []
    for output in found.outputs:
        rests = [found.rests(output.name, null.id, year) for year in years]
        if all(item.verdict == _SAME for item in rests):
            same.append(texts.inside(output.title))
            continue
        for item in rests:
            place = texts(
                "finding.place", output=texts.of(output.title), period=period(output, item.years[1], texts)
            )
            resting.append(
                (place, sentence(item, _named(found, True, texts), _named(found, False, texts), texts))
            )
    return LongRunView(
        said=texts.of(found.plan.said),
        findings=tuple(resting),
        same=texts("longrun.same", names=texts.listed(same)) if same else "",
        packages=_packages(found, [entry.id for entry in packages], years, texts),
        tables=(
            _resting_table(found, null.id, years, texts),
            *(_package_table(found, entry.id, years, texts) for entry in packages),
        ),
    )


def _named(found: LongRun, assumed: bool, texts: Texts) -> str:
    """The assumption, or its absence, in quotation marks."""
    return f"‘{texts.of(found.plan.called if assumed else found.plan.without.title)}’"


def _packages(found: LongRun, packages: list[str], years: tuple[int, ...], texts: Texts) -> str:
    """Whether what packages do depends on the assumption."""
    depends = [
        texts.inside(output.title)
        for output in found.outputs
        if any(found.moved(output.name, name, year) != _SAME for name in packages for year in years)
    ]
    if not depends:
        return texts("longrun.packages_same")
    return texts("longrun.packages_differ", names=texts.listed(depends))


def _resting_table(found: LongRun, scenario: str, years: tuple[int, ...], texts: Texts) -> EffectTable:
    """What the assumption does to a scenario."""
    rows = tuple(
        row_of(
            output, [cell_of(found.rests(output.name, scenario, year), "D", texts) for year in years], texts
        )
        for output in found.outputs
    )
    caption = texts(
        "longrun.resting",
        scenario=quoted(found.assumed, scenario, texts),
        assumed=_named(found, True, texts),
        without=_named(found, False, texts),
    )
    return EffectTable("", caption, tuple(map(str, years)), rows)


def _package_table(found: LongRun, scenario: str, years: tuple[int, ...], texts: Texts) -> EffectTable:
    """A package minus the null alternative under both."""
    rows = tuple(
        row_of(
            output,
            [
                cell_of(difference, "D", texts)
                for year in years
                for difference in found.package(output.name, scenario, year)
            ],
            texts,
        )
        for output in found.outputs
    )
    names = [texts.inside(found.plan.called), texts.inside(found.plan.without.title)]
    columns = tuple(f"{year}, {name}" for year in years for name in names)
    caption = texts(
        "differences.caption",
        package=quoted(found.assumed, scenario, texts),
        reference=quoted(found.assumed, found.assumed.reference, texts),
    )
    return EffectTable(texts.of(found.assumed.scenario(scenario).title), caption, columns, rows)
