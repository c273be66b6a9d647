"""How the levers and constants of each scenario are set, in words.

In goes a comparison; out come rows of text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sd_covid.model.names import key
from sd_covid.policy.catalogue.levers import Held, LeverSetting, Step
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.scenario import Scenario
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


@dataclass(frozen=True, slots=True)
class PackageRow:
    """How a lever is set in each scenario; the flag marks a setting that differs from the reference."""

    title: str
    target: str
    payer: str
    grade: str
    settings: tuple[tuple[str, bool], ...]


def package_rows(comparison: Comparison, texts: Texts) -> list[PackageRow]:
    """How every lever is set in every scenario, the reference first."""
    null = comparison.scenario(comparison.reference)
    order = [null, *comparison.alternatives]
    rows = []
    for lever in comparison.levers.values():
        settings = tuple(
            (
                setting_in_words(entry.levers.get(lever.id), lever.actual, texts, comparison.outputs),
                _differs(entry.levers.get(lever.id), null.levers.get(lever.id)),
            )
            for entry in order
        )
        rows.append(
            PackageRow(
                texts.of(lever.title), texts.of(lever.target), texts.of(lever.payer), lever.grade, settings
            )
        )
    return rows


def _differs(setting: LeverSetting | None, other: LeverSetting | None) -> bool:
    """Whether two settings of a lever do not come to the same; None where a scenario does not have it."""
    return other is not None if setting is None else setting.differs(other)


def setting_in_words(
    setting: LeverSetting | None, actual: LeverSetting, texts: Texts, outputs: Iterable[Output] = ()
) -> str:
    """A setting in words; budget and delivery where they are not as they were, an output by its title."""
    if setting is None or not setting.pulled:
        return texts("packages.off")
    numbers = Numbers(texts.language)
    dates = {"start": texts.day(setting.start), "end": texts.day(setting.end)}
    as_it_was = (setting.level, setting.start, setting.end) == (actual.level, actual.start, actual.end)
    if setting.then or setting.later:
        parts = [_sequence(setting, texts)]
    elif setting.level == actual.level:
        parts = [texts("packages.as_it_was" if as_it_was else "packages.other_dates", **dates)]
    else:
        parts = [texts("packages.level", level=numbers.plain(setting.level), **dates)]
    if setting.trigger is not None:
        parts.append(_trigger(setting.trigger, texts, outputs))
    if setting.total is not None and setting.total != actual.total:
        parts.append(texts("packages.budget", budget=numbers.plain(setting.total)))
    if setting.delivery is not None and setting.delivery != actual.delivery:
        parts.append(texts(f"packages.{setting.delivery}"))
    if setting.target is not None and not (setting.then or setting.later):
        parts.append(texts(f"packages.only_{setting.target}"))
    return "; ".join(parts)


def _trigger(trigger: Trigger, texts: Texts, outputs: Iterable[Output]) -> str:
    """What a lever waits for, with the unit of the threshold where the indicator is an output."""
    numbers = Numbers(texts.language)
    told = {word: numbers.plain(getattr(trigger, word)) for word in ("threshold", "wait", "lasts")}
    indicator = trigger.indicator
    output = next((item for item in outputs if key(item.name) == key(indicator)), None)
    if output is not None:
        indicator = texts.of(output.title)
        told["threshold"] = f"{told['threshold']} {texts.of(output.unit_title)}"
    return texts(f"packages.trigger_{'above' if trigger.above else 'below'}", indicator=indicator, **told)


def _sequence(setting: LeverSetting, texts: Texts) -> str:
    """Levels one after another, and for whom."""
    return ", ".join(_held(item, texts) for item in setting.held)


def _held(held: Held, texts: Texts) -> str:
    """A level while it is held."""
    level, dates = Numbers(texts.language).plain(held.level), (held.start, held.end)
    start, end = map(texts.day, dates)
    said = texts("packages.level", level=level, start=start, end=end)
    return said if held.target is None else f"{said} ({texts(f'packages.only_{held.target}')})"


def constants(scenario: Scenario, texts: Texts) -> str:
    """The constants and data series that a scenario sets beside levers and assumptions, as the model calls them.

    Parameters
    ----------
    scenario : Scenario
    texts : Texts

    Returns
    -------
    str
        Empty where there are none.
    """
    numbers = Numbers(texts.language)
    under = {} if scenario.path is None else scenario.path.constants
    fixed = {name: value for name, value in scenario.constants.items() if name not in under}
    parts = [f"{name} = {numbers.plain(value)}" for name, value in fixed.items()]
    for name, steps in scenario.changes.items():
        parts.append(f"{name} {', '.join(_step(step, texts) for step in steps)}")
    return texts("packages.constants", constants="; ".join(parts)) if parts else ""


def _step(step: Step, texts: Texts) -> str:
    """What a constant is from a day on."""
    numbers = Numbers(texts.language)
    value = f"× {numbers.plain(step.factor)}" if step.value is None else f"= {numbers.plain(step.value)}"
    return texts("packages.from", value=value, day=texts.day(step.day))
