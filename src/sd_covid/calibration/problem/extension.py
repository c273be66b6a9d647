"""Reads our extension block of the problem file, each fault shown on its line.

In goes YAML; out come `sd_covid.calibration.settings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any

from sd_covid.calibration.facts.reading import read_fact
from sd_covid.calibration.season import SEASONS, Seasonal
from sd_covid.calibration.settings import (
    AGGREGATIONS,
    FREQUENCIES,
    NOISES,
    SCALES,
    Extension,
    ObservationSetting,
    ProcessSetting,
    SurveySetting,
)
from sd_covid.calibration.yamlfile import Path_, YamlFile

ROOT: Path_ = ("extensions", "sd_covid")
SECTIONS = (
    "version",
    "required",
    "observations",
    "processes",
    "soft_facts",
    "origins",
    "scored",
    "observed_drivers",
    "additive",
)


def read_extension(document: YamlFile) -> Extension:
    """Read the extension block; other extensions are refused when they are required.

    Raises
    ------
    ProblemError
        A required extension that is not ours, an unknown key or value.
    """
    extensions = document.data.get("extensions") or {}
    if not isinstance(extensions, dict):
        raise document.error(
            ("extensions",), "a mapping by name is expected", "write {sd_covid: {version, required}}"
        )
    for name, block in extensions.items():
        if name != "sd_covid" and (not isinstance(block, dict) or block.get("required", True)):
            reason = f"the extension '{name}' is required and not known here"
            raise document.error(("extensions", str(name)), reason, "only sd_covid is supported")
    block = extensions.get("sd_covid")
    if block is None:
        return Extension()
    document.check_keys(ROOT, SECTIONS)
    if str(block.get("version")) != "1.0":
        raise document.error(
            (*ROOT, "version"), f"'{block.get('version')}' is not known", 'write version: "1.0"'
        )
    return Extension(
        {key: _observation(document, key, item) for key, item in _named(document, block, "observations")},
        {key: _process(document, key, item) for key, item in _named(document, block, "processes")},
        _texts(document, block, "origins"),
        _texts(document, block, "scored"),
        _texts(document, block, "observed_drivers"),
        {
            key: read_fact(document, (*ROOT, "soft_facts", key), key, item)
            for key, item in _named(document, block, "soft_facts")
        },
        _texts(document, block, "additive"),
    )


def _named(document: YamlFile, block: Mapping[str, Any], section: str) -> Iterable[tuple[str, Any]]:
    """The entries of a section by their names."""
    found = block.get(section) or {}
    if not isinstance(found, dict):
        raise document.error((*ROOT, section), "a mapping is expected", "write a name and a colon")
    for name in found:
        if not isinstance(name, str):
            raise document.error((*ROOT, section), f"'{name}' is no name", "put it in quotes")
    return found.items()


def _texts(document: YamlFile, block: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = block.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise document.error((*ROOT, key), "a list of texts is expected", f"write {key}: ['…', '…']")
    return tuple(found)


def _observation(document: YamlFile, name: str, item: Any) -> ObservationSetting:
    where = (*ROOT, "observations", str(name))
    if not isinstance(item, dict):
        raise document.error(where, "a mapping is expected", "write {aggregation: mean, period: 1}")
    document.check_keys(where, ObservationSetting.__slots__)
    aggregation = item.get("aggregation", "mean")
    kinds = aggregation.values() if isinstance(aggregation, dict) else [aggregation]
    for kind in kinds:
        document.choice((*where, "aggregation"), kind, AGGREGATIONS)
    document.choice((*where, "period"), item.get("period", 1), FREQUENCIES)
    difference = item.get("difference_sd", 0.0)
    if not isinstance(difference, (int, float)) or difference < 0:
        reason = f"'{difference}' is not a standard deviation"
        raise document.error((*where, "difference_sd"), reason, "write a number of at least zero")
    for named in ("autocorrelation", "equivalent_to"):
        if not isinstance(item.get(named, ""), (str, NoneType)):
            raise document.error((*where, named), f"'{item[named]}' is no name", "write a name as text")
    definitions = item.get("by_definition", {})
    if not isinstance(definitions, dict):
        raise document.error(
            (*where, "by_definition"), "a mapping is expected", "write {definition: parameter}"
        )
    return ObservationSetting(**{**item, **_noise(document, where, item)})


def _noise(document: YamlFile, where: Path_, item: dict[str, Any]) -> dict[str, Any]:
    """The settings of noise, seasons and odd years, as far as they are given."""
    found: dict[str, Any] = {}
    if "noise" in item:
        found["noise"] = document.choice((*where, "noise"), item["noise"], NOISES)
    if "freedom" in item and not isinstance(item["freedom"], str):
        found["freedom"] = document.number((*where, "freedom"), item["freedom"], positive=True)
    if "each" in item:
        found["each"] = document.number((*where, "each"), item["each"], positive=True)
    if "starts_in" in item:
        found["starts_in"] = document.choice((*where, "starts_in"), item["starts_in"], tuple(range(1, 13)))
    if "independent" in item:
        found["independent"] = document.choice((*where, "independent"), item["independent"], (True, False))
    if "survey" in item:
        found["survey"] = _survey(document, (*where, "survey"), item["survey"])
    if "seasonal" in item:
        found["seasonal"] = _seasonal(document, (*where, "seasonal"), item["seasonal"])
    return found


def _survey(document: YamlFile, where: Path_, item: Any) -> SurveySetting:
    if not isinstance(item, dict) or "size" not in item:
        raise document.error(
            where, "a mapping with a size is expected", "write {size: 7500, design_effect: 1.5}"
        )
    document.check_keys(where, SurveySetting.__slots__)
    return SurveySetting(
        **{key: document.number((*where, key), value, positive=True) for key, value in item.items()}
    )


def _seasonal(document: YamlFile, where: Path_, item: Any) -> Seasonal:
    if not isinstance(item, dict) or not isinstance(item.get("terms"), dict):
        advice = "write {by: quarter, terms: {Q1: 0.3, Q2: 0.2, Q3: -0.6}}"
        raise document.error(where, "a mapping with by and terms is expected", advice)
    document.check_keys(where, Seasonal.__slots__)
    by = document.choice((*where, "by"), item.get("by"), tuple(SEASONS))
    document.check_keys((*where, "terms"), SEASONS[by])
    for key, term in item["terms"].items():
        if not isinstance(term, str):
            document.number((*where, "terms", key), term)
    seasonal = Seasonal(by, item["terms"])
    reason = seasonal.fault()
    if reason is not None:
        advice = "leave out one season: it is what the others leave"
        raise document.error((*where, "terms"), reason, advice)
    return seasonal


def _process(document: YamlFile, name: str, item: Any) -> ProcessSetting:
    where = (*ROOT, "processes", str(name))
    if not isinstance(item, dict) or "series" not in item:
        raise document.error(where, "a mapping with a series is expected", "write {series: ID, scale: log}")
    document.check_keys(where, ProcessSetting.__slots__)
    document.choice((*where, "scale"), item.get("scale", "identity"), SCALES)
    document.choice((*where, "returns"), item.get("returns", False), (True, False))
    return ProcessSetting(**item)
