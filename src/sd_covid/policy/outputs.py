"""The variables that a comparison reports: how they are called, read and judged.

In comes ``scenarios/outputs.yaml``; out come `Output` objects, in the order of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.policy.reading import read_number, read_text, scenario_faults


@dataclass(frozen=True, slots=True)
class Output:
    """A variable that is reported.

    Attributes
    ----------
    name : str
        Name in the model, with its element where it is an array: ``problem debt share by group[vulnerable]``.
    title : Text
    units : str
        As the model states them.
    unit_title : Text
        As a reader sees them: ``% of the labour force``.
    reading : {'mean', 'end'}
        What "in 2025" means: the mean over that year (a rate), or the value on its last day (a stock).
    better : {'lower', 'higher'}
        Which direction is good for welfare.
    relevance : float
        The smallest difference that matters, in `units`; 0 when every difference does.
    headline : bool
        Whether it leads the report; others are side effects and groups.
    """

    name: str
    title: Text
    units: str = ""
    unit_title: Text = field(default_factory=Text)
    reading: Literal["mean", "end"] = "end"
    better: Literal["lower", "higher"] = "lower"
    relevance: float = 0.0
    headline: bool = True


def read_outputs(path: str | Path) -> tuple[Output, ...]:
    """Read the outputs of a study.

    Raises
    ------
    ScenarioError
        With file, line and key, when the file is missing or says something it cannot.
    """
    with scenario_faults():
        return tuple(_read_output(name, node) for name, node in read_yaml(Path(path)).entries())


def _read_output(name: str, node: Node) -> Output:
    """One entry; its key is the name in the model."""
    found = node.fields(("title", "unit", "reading", "better", "relevance", "headline"))
    return Output(
        name=name,
        title=read_text(found["title"]),
        unit_title=read_text(found["unit"]),
        reading=cast("Literal['mean', 'end']", found["reading"].choice(("mean", "end"))),
        better=cast("Literal['lower', 'higher']", found["better"].choice(("lower", "higher"))),
        relevance=read_number(found["relevance"], low=0.0),
        headline=found["headline"].flag(),
    )
