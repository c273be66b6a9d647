"""A package as the text of a scenario file, which ``run`` and ``compare`` read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.catalogue.levers import LeverSetting
from sd_covid.policy.catalogue.triggers import Trigger
from sd_covid.policy.scenario import Scenario
from sd_covid.study_folder import study_folder


def scenario_text(package: dict[str, LeverSetting], base: Scenario, title: Text, rationale: Text) -> str:
    """A package as a scenario file.

    Parameters
    ----------
    package : dict
        Lever -> setting, otherwise than in the base.
    base : Scenario
        On top of which it lies; one that is the actual package under another name needs not be named.
    title, rationale : Text

    Returns
    -------
    str
        YAML; read again, it sets the same.
    """
    told: dict[str, Any] = {name: {"nl": item.nl, "en": item.en} for name, item in _heads(title, rationale)}
    if not _is_actual(base):
        told["extends"] = base.id
    if package:
        told["levers"] = {name: _lever(item) for name, item in package.items()}
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=120)


def refuse_folder(folder: Path, base: Scenario) -> None:
    """Raise a RunError where scenarios written to a folder could not be read: outside the study, or away from the base.

    For a command to ask before it begins.
    """
    study = study_folder(base.file)
    if not folder.resolve().is_relative_to(study):
        raise RunError(
            f"scenarios in {folder} would lie outside the study",
            advice=f"write into a folder within {study}",
            file=folder,
        )
    if not _is_actual(base) and folder.resolve() != Path(base.file).resolve().parent:
        raise RunError(
            f"packages on top of '{base.id}' must lie beside it",
            advice=f"write into {Path(base.file).parent}",
            file=folder,
        )


def _heads(title: Text, rationale: Text) -> tuple[tuple[str, Text], ...]:
    return ("title", title), ("rationale", rationale)


def _is_actual(base: Scenario) -> bool:
    """Whether a base is the actual package: all that a file without ``extends`` lies on."""
    return not (base.constants or base.assumptions or base.changes or base.path) and base.id == "actual"


def _lever(setting: LeverSetting) -> Any:
    """A setting as it is written: a mapping, or a list of periods."""
    if setting.later:
        return [_period(item) for item in setting.all_periods]
    written = _period(setting)
    if setting.then:
        steps = [(setting.start, setting.level), *((step.day, step.value) for step in setting.then)]
        written["level"] = [{"from": day, "level": level} for day, level in steps]
        del written["start"]
    if setting.trigger is not None:
        written["trigger"] = _trigger(setting.trigger)
    return written


def _period(item: LeverSetting) -> dict[str, Any]:
    parts = ("level", "start", "end", "budget", "delivery", "target")
    return {part: getattr(item, part) for part in parts if getattr(item, part) is not None}


def _trigger(trigger: Trigger) -> dict[str, Any]:
    return {
        "when": trigger.indicator,
        "above" if trigger.above else "below": trigger.threshold,
        "for": f"{trigger.wait:g} months",
        "lasts": f"{trigger.lasts:g} months",
    }
