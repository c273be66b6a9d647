"""What a simulator shows: the YAML that makes a page of any model.

In comes ``simulator.yaml``; out comes a `Declaration`. Levers, assumptions and outputs are those of the study's
catalogues by their ids, or stand in the file themselves, so that a model without catalogues can have a page too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.engine.simulation import Simulation
from sd_covid.policy.catalogue.outputs import WELFARE, Basis, Output
from sd_covid.policy.reading import (
    named_model,
    read_date,
    read_number,
    read_source,
    read_text,
    scenario_faults,
)

_SLIDER_KEYS = ("title", "low", "high")
_SLIDER_MORE = ("meaning", "unit", "step", "grade", "source", "marks")


@dataclass(frozen=True, slots=True)
class Slider:
    """One constant that a reader can move.

    Attributes
    ----------
    constant : str
        In the model; an array's name moves all its elements.
    title, meaning, source : Text
    low, high, step : float
        In the model's unit.
    unit : Text
    grade : str
        Evidence grade A–D, or nothing.
    marks : tuple of (float, Text)
        Values with a name of their own, such as that of today.
    moment : bool
        Whether it is a moment, which the page tells as a month.
    scale : float
        How many of ``unit`` there are in the model's unit: 100 where a share is told in per cent.
    """

    constant: str
    title: Text
    low: float
    high: float
    step: float
    unit: Text = field(default_factory=Text)
    meaning: Text = field(default_factory=Text)
    source: Text = field(default_factory=Text)
    grade: str = ""
    marks: tuple[tuple[float, Text], ...] = ()
    moment: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """Sliders under one heading."""

    title: Text
    sliders: tuple[Slider, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a simulator shows.

    Attributes
    ----------
    file, model : Path
    title : Text
    groups : tuple of Group
        Levers of the file's own, beside those of the study.
    catalogue : bool
        Whether the study's levers are shown, by the ministry that pays.
    assumptions : tuple of (str or Slider)
        Ids of the study's, or sliders of the file's own.
    outputs : tuple of Output
        Empty: those of the study.
    presets : tuple of Path
        Scenario files; the first is the baseline.
    charts : tuple of str
        The outputs that the two large charts open with.
    since : str
        First month that charts show; empty for the whole run.
    year : int
        The year that headline figures are of; 0 for the last whole one.
    draws : int
    numbers : tuple of int
        By which the page tells each preset: its place in the list, where '-' keeps one free.
    paths : Path or None
        Where the strongest paths from measures to outcomes are kept.
    method : str
        The method of integration of the page, where it is not that of the model.
    step : float
        Its TIME STEP; 0 for that of the model.
    """

    file: Path
    model: Path
    title: Text
    groups: tuple[Group, ...] = ()
    catalogue: bool = False
    assumptions: tuple[str | Slider, ...] = ()
    outputs: tuple[Output, ...] = ()
    presets: tuple[Path, ...] = ()
    numbers: tuple[int, ...] = ()
    charts: tuple[str, ...] = ()
    since: str = ""
    year: int = 0
    draws: int = 0
    paths: Path | None = None
    method: str = ""
    step: float = 0.0

    def integrated(self, simulation: Simulation) -> Simulation:
        """The model as the page integrates it.

        Raises
        ------
        UnknownNameError
            For a method that there is not.
        """
        if not self.method:
            return simulation
        return simulation.integrated(self.method, step=self.step or None)


def read_declaration(path: Path) -> Declaration:
    """Read a ``simulator.yaml``.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot.
    """
    with scenario_faults():
        found = read_yaml(path).fields(
            ("model", "title"),
            (
                "groups",
                "catalogue",
                "assumptions",
                "outputs",
                "presets",
                "charts",
                "since",
                "year",
                "draws",
                "paths",
                "integration",
            ),
        )
        integration = found["integration"].fields(("method",), ("step",)) if "integration" in found else {}
        presets = dict(_presets(found["presets"], path)) if "presets" in found else {}
        return Declaration(
            file=path,
            model=named_model(path),
            title=read_text(found["title"]),
            groups=tuple(map(_group, found["groups"].items())) if "groups" in found else (),
            catalogue="catalogue" in found and found["catalogue"].flag(),
            assumptions=tuple(map(_assumption, found["assumptions"].items()))
            if "assumptions" in found
            else (),
            outputs=tuple(_outputs(found["outputs"])) if "outputs" in found else (),
            presets=tuple(presets.values()),
            numbers=tuple(presets),
            charts=tuple(node.text() for node in found["charts"].items()) if "charts" in found else (),
            since=read_date(found["since"]).isoformat() if "since" in found else "",
            year=int(read_number(found["year"], low=0)) if "year" in found else 0,
            draws=int(read_number(found["draws"], low=0)) if "draws" in found else 0,
            paths=_beside(found["paths"], path) if "paths" in found else None,
            method=integration["method"].text() if integration else "",
            step=_above_zero(integration["step"]) if "step" in integration else 0.0,
        )


def _above_zero(node: Node) -> float:
    value = read_number(node, low=0)
    if value == 0:
        raise node.error("a step of 0 goes nowhere", "leave it out, or give one above 0")
    return value


def _group(node: Node) -> Group:
    found = node.fields(("title", "sliders"))
    return Group(
        read_text(found["title"]), tuple(_slider(name, item) for name, item in found["sliders"].entries())
    )


def _assumption(node: Node) -> str | Slider:
    """The id of one of the study, or ``{constant: {…}}``."""
    if node.is_value:
        return node.text()
    (name, inner), *more = node.entries()
    if more:
        raise node.error("one assumption an item is expected", f"put '{more[0][0]}' in an item of its own")
    return _slider(name, inner)


def _slider(name: str, node: Node) -> Slider:
    found = node.fields(_SLIDER_KEYS, _SLIDER_MORE)
    low, high = read_number(found["low"]), read_number(found["high"])
    if high <= low:
        raise found["high"].error("the highest value is not above the lowest", "swap the two")
    step = read_number(found["step"], low=0) if "step" in found else nice_step(low, high)
    if not 0 < step <= high - low:
        raise found["step"].error("the step does not fit between low and high", "leave it out")
    marks = found["marks"].entries() if "marks" in found else ()
    return Slider(
        constant=name,
        title=read_text(found["title"]),
        low=low,
        high=high,
        step=step,
        unit=read_text(found["unit"]) if "unit" in found else Text(),
        meaning=read_text(found["meaning"]) if "meaning" in found else Text(),
        source=read_source(found["source"]) if "source" in found else Text(),
        grade=found["grade"].choice(("A", "B", "C", "D")) if "grade" in found else "",
        marks=tuple((_marked(value, node), read_text(label)) for value, label in marks),
    )


def _marked(text: str, node: Node) -> float:
    try:
        return float(text)
    except ValueError:
        raise node.error(f"'{text}' is not a number", "write marks as {0.3: {nl: …, en: …}}") from None


def _outputs(node: Node) -> Iterator[Output]:
    """Variables of the model, each with what readers call it; the form is that of ``outputs.yaml``, with less asked."""
    for name, item in node.entries():
        found = item.fields(("title",), ("unit", "reading", "better", "headline", "basis", "welfare"))
        basis: Basis = "figures"
        if (
            "basis" in found
            and found["basis"].choice(("figures", "partly assumption", "assumption")) != basis
        ):
            basis = "assumption" if found["basis"].text() == "assumption" else "partly assumption"
        better = found["better"].choice(("lower", "higher", "neutral")) if "better" in found else "neutral"
        yield Output(
            name=name,
            title=read_text(found["title"]),
            unit_title=read_text(found["unit"]) if "unit" in found else Text(),
            reading="mean"
            if "reading" in found and found["reading"].choice(("mean", "end")) == "mean"
            else "end",
            better="lower" if better == "lower" else "higher" if better == "higher" else "neutral",
            headline="headline" not in found or found["headline"].flag(),
            welfare=found["welfare"].choice(WELFARE) if "welfare" in found else "",
            basis=basis,
        )


def _presets(node: Node, path: Path) -> Iterator[tuple[int, Path]]:
    """Scenarios by number; '-' stands for one that another page has and this one has not."""
    for number, item in enumerate(node.items()):
        if number == 0 or item.text() != "-":
            yield number, _preset(item, path)


def _preset(node: Node, path: Path) -> Path:
    """A scenario beside the file, by its name."""
    name = node.text()
    if not re.fullmatch(r"[\w-]+", name):
        raise node.error(f"'{name}' is no name of a scenario", "write it without folder and .yaml")
    file = path.parent / f"{name}.yaml"
    if not file.is_file():
        raise node.error(f"there is no scenario '{name}'", f"is there a {file.name} beside this file?")
    return file


def _beside(node: Node, path: Path) -> Path:
    """A file beside the declaration."""
    name = node.text()
    if not re.fullmatch(r"[\w-]+\.json", name):
        raise node.error(f"'{name}' is no name of a file for paths", "write a name that ends in .json")
    return path.parent / name


def nice_step(low: float, high: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, of which 20 to 50 go between two values.

    Examples
    --------
    >>> nice_step(0, 1), nice_step(0, 0.3), nice_step(0, 650)
    (0.02, 0.01, 20.0)
    """
    rough = (high - low) / 50
    power = 10.0 ** math.floor(math.log10(rough))
    factor = next(item for item in (1, 2, 5, 10) if item * power >= rough * (1 - 1e-9))
    return float(f"{factor * power:.12g}")
