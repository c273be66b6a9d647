"""What is projected for municipalities: which cells of the model, which figures, which priors.

In comes ``indicators.yaml``; out come `Indicator`s. What the keys mean stands at the head of that file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from sd_covid.analysis.local.profile import FIELDS
from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.local.figures import Figures
from sd_covid.data.local.regions import Regions
from sd_covid.data.text import Text
from sd_covid.errors import UnknownNameError
from sd_covid.policy.catalogue.outputs import Output, named_output
from sd_covid.policy.reading import read_number, read_text

COMPOSITION = "composition"
Kind = Literal["percent", "share", "number"]


@dataclass(frozen=True, slots=True)
class Estimated:
    """The figures on which deviations are estimated: what, noise on the log odds, whether chosen for being extreme."""

    series: str
    method: str
    noise: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Indicator:
    """An outcome that is projected for municipalities.

    Attributes
    ----------
    output : Output
        With title, unit and relevance of its share in per cent.
    numerator : str
        Variable of the model, by cell.
    is_share : bool
        Whether it is a share of the denominator in each cell, instead of a number.
    denominator : str
    times : float
        By which the numerator is multiplied: 12 for a monthly flow told by the year.
    ages : mapping of str to tuple of str
        Element of the cells -> fields of the profile; empty where cells have no ages.
    by : str
        Field that stands for numbers; empty where `ages` do.
    scale : str
        Field by which numbers of each municipality are scaled, or empty.
    level : {'province', 'ggd'}
        Of the regions of which municipalities share a deviation.
    estimated : Estimated or None
    slopes : mapping of str to tuple of float
        Composition, then fields of the profile -> mean and standard deviation beforehand.
    region_sd, own_sd : float
    persistence : float
    start : mapping of str to str
        Constants of the model that hold the level at its start -> what they are in: percent, share, or number.
    note : Text
        What the estimate rests on.
    """

    output: Output
    numerator: str
    is_share: bool
    denominator: str
    times: float
    ages: Mapping[str, tuple[str, ...]]
    by: str
    scale: str
    level: str
    estimated: Estimated | None
    slopes: Mapping[str, tuple[float, float]]
    region_sd: float
    own_sd: float
    persistence: float
    start: Mapping[str, Kind]
    note: Text


def read_indicators(
    path: Path, outputs: Sequence[Output], figures: Figures, regions: Regions
) -> tuple[Indicator, ...]:
    """Read what is projected for municipalities.

    Raises
    ------
    DataError
        No entry, an output, series, field or key that there is not, a number out of bounds; with file and line.
    """
    read = read_yaml(path)
    found = tuple(_indicator(name, node, outputs, figures, regions) for name, node in read.entries())
    if not found:
        raise read.error("nothing is projected", "write an entry for each outcome")
    return found


def _indicator(
    name: str, node: Node, outputs: Sequence[Output], figures: Figures, regions: Regions
) -> Indicator:
    keys = node.fields(
        ("of", "region", "slopes", "spread", "persistence", "note"),
        ("number", "share", "times", "ages", "by", "scale", "figures", "title", "unit", "relevance", "start"),
    )
    if ("number" in keys) == ("share" in keys):
        raise node.error("'number' or 'share' says what is counted", "write one of the two")
    if ("ages" in keys) == ("by" in keys):
        raise node.error("'ages' or 'by' says how many live where", "write one of the two")
    named = next((item for item in outputs if item.name == name), None)
    ages = {
        element: tuple(item.choice(FIELDS) for item in fields.items())
        for element, fields in (keys["ages"].entries() if "ages" in keys else ())
    }
    region_sd, own_sd = _spread(keys["spread"], figures, regions)
    output = named if named is not None else named_output(_key(node, name), outputs)
    return Indicator(
        _told(output, keys),
        keys["number" if "number" in keys else "share"].text(),
        "share" in keys,
        keys["of"].text(),
        read_number(keys["times"], 0.0, 1e6) if "times" in keys else 1.0,
        ages,
        keys["by"].choice(FIELDS) if "by" in keys else "",
        keys["scale"].choice(FIELDS) if "scale" in keys else "",
        keys["region"].choice(("province", "ggd")),
        _estimated(keys["figures"], figures) if "figures" in keys else None,
        _slopes(keys["slopes"]),
        region_sd,
        own_sd,
        read_number(keys["persistence"], 0.0, 1.0),
        {
            constant: cast("Kind", item.choice(get_args(Kind)))
            for constant, item in (keys["start"].entries() if "start" in keys else ())
        },
        read_text(keys["note"]),
    )


def _told(output: Output, keys: Mapping[str, Node]) -> Output:
    """The output as it is told of regions: a share, where the country's is a number."""
    return replace(
        output,
        title=read_text(keys["title"]) if "title" in keys else output.title,
        unit_title=read_text(keys["unit"]) if "unit" in keys else output.unit_title,
        relevance=read_number(keys["relevance"], 0.0) if "relevance" in keys else output.relevance,
    )


def _key(node: Node, name: str) -> Node:
    """The name of an entry, as a node that can be refused."""
    import yaml

    return Node(node.file, node.path, node.line, yaml.ScalarNode("tag:yaml.org,2002:str", name))


def _estimated(node: Node, figures: Figures) -> Estimated:
    keys = node.fields(("series", "method", "noise", "chosen"))
    series = _series(keys["series"], figures)
    methods = {item.definition.method for item in figures.of(series)}
    return Estimated(
        series, keys["method"].choice(methods), read_number(keys["noise"], 1e-6, 5.0), keys["chosen"].flag()
    )


def _series(node: Node, figures: Figures) -> str:
    try:
        figures.of(node.text())
    except UnknownNameError as error:
        raise node.error(error.reason, error.advice or "see definitions.csv") from error
    return node.text()


def _slopes(node: Node) -> dict[str, tuple[float, float]]:
    found = {}
    for name, item in node.entries():
        pair = list(item.items())
        if name not in (COMPOSITION, *FIELDS) or len(pair) != 2:
            raise item.error(
                f"'{name}' is no slope of two numbers", f"write {COMPOSITION} or a field, and [mean, sd]"
            )
        found[name] = (read_number(pair[0], -10.0, 10.0), read_number(pair[1], 0.0, 10.0))
    if next(iter(found), None) != COMPOSITION:
        raise node.error(f"'{COMPOSITION}' comes first", f"write {COMPOSITION}: [1, 0.5]")
    return found


def _spread(node: Node, figures: Figures, regions: Regions) -> tuple[float, float]:
    """Standard deviations of regions, and of municipalities within them.

    The lowest and highest municipality tell of all that sets municipalities apart; what regions have is taken off.
    """
    keys = node.fields(("region", "municipality"))
    region, own = (_deviation(keys[name], figures, regions) for name in ("region", "municipality"))
    if keys["municipality"].is_mapping:
        if own <= region:
            raise keys["municipality"].error("is below the spread of regions", "check the two ranges")
        own = math.sqrt(own**2 - region**2)
    return region, own


def _deviation(node: Node, figures: Figures, regions: Regions) -> float:
    if not node.is_mapping:
        return read_number(node, 1e-6, 5.0)
    keys = node.fields(("low", "high", "of"))
    ends = [_figure(keys[name], figures, regions) for name in ("low", "high")]
    count = keys["of"].whole() or 0
    if count < 2:
        raise keys["of"].error("a range is of two regions at least", "write how many there are")
    low, high = (math.log(value / (100 - value)) for value in ends)
    return (high - low) / mean_range(count)


def _figure(node: Node, figures: Figures, regions: Regions) -> float:
    keys = node.fields(("series", "region"))
    series = _series(keys["series"], figures)
    try:
        region = regions.find(keys["region"].text())
    except UnknownNameError as error:
        raise keys["region"].error(error.reason, error.advice or "use a code") from error
    found = [item for item in figures.of(series) if item.region == region]
    if not found:
        raise node.error(f"'{series}' has no figure of {region.name}", "name a region that has one")
    return max(found, key=lambda item: item.when).value


@cache
def mean_range(count: int) -> float:
    """Mean of the range of so many independent standard normal values (Tippett 1925); 1.128 for two."""
    from scipy.stats import norm

    at = np.linspace(-12.0, 12.0, 24001)
    return float(np.trapezoid(1 - norm.cdf(at) ** count - norm.sf(at) ** count, at))
