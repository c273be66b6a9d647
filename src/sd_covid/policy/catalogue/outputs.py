"""The variables that a comparison reports: how they are called, read and judged.

In comes ``scenarios/outputs.yaml``; out come `Output` objects, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text
from sd_covid.errors import suggest
from sd_covid.model.names import key
from sd_covid.policy.reading import read_number, read_text, scenario_faults

Better = Literal["lower", "higher", "neutral"]
Basis = Literal["figures", "partly assumption", "assumption"]

#: Themes of the dashboard on the social impact of the crisis (VNG 2021, with housing and safety), in its order; then
#: those beyond it: kansengelijkheid, bestaanszekerheid, gezond leven.
THEMES = (
    "work and income",
    "housing and debt",
    "mental resilience",
    "education",
    "behaviour",
    "social cohesion",
    "safety",
    "equal opportunities",
    "livelihood security",
    "healthy living",
)
#: Themes of the Monitor Brede Welvaart of Statistics Netherlands (CBS), by its Dutch names.
WELFARE = (
    "subjectief welzijn",
    "materiële welvaart",
    "gezondheid",
    "arbeid en vrije tijd",
    "wonen",
    "samenleving",
    "veiligheid",
    "milieu",
)


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
    better : {'lower', 'higher', 'neutral'}
        Which direction is good for welfare; neutral where neither is by itself.
    relevance : float
        The smallest difference that matters, in `units`; 0 when every difference does.
    headline : bool
        Whether it leads the report; others are side effects and groups.
    theme : str
        One of `THEMES`, under which the report sets it; empty where it has none.
    welfare : str
        One of `WELFARE`, the themes of CBS's Monitor Brede Welvaart; empty where it has none.
    peaks : bool
        Whether its highest level in the crisis is worth telling, as that of a rate that is back before any year told.
    basis : {'figures', 'partly assumption', 'assumption'}
        What its course rests on: published figures that the model reproduces, or assumptions.
    told : bool
        Whether a report tells it by itself; others are kept for what is counted from them.
    """

    name: str
    title: Text
    units: str = ""
    unit_title: Text = field(default_factory=Text)
    reading: Literal["mean", "end"] = "end"
    better: Better = "lower"
    relevance: float = 0.0
    headline: bool = True
    theme: str = ""
    welfare: str = ""
    basis: Basis = "figures"
    peaks: bool = True
    told: bool = True


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
    found = node.fields(
        ("title", "unit", "reading", "better", "relevance", "headline"),
        ("theme", "welfare", "basis", "peaks"),
    )
    return Output(
        name=name,
        title=read_text(found["title"]),
        unit_title=read_text(found["unit"]),
        reading=cast("Literal['mean', 'end']", found["reading"].choice(("mean", "end"))),
        better=cast("Better", found["better"].choice(get_args(Better))),
        relevance=read_number(found["relevance"], low=0.0),
        headline=found["headline"].flag(),
        theme=found["theme"].choice(THEMES) if "theme" in found else "",
        welfare=found["welfare"].choice(WELFARE) if "welfare" in found else "",
        peaks=found["peaks"].flag() if "peaks" in found else True,
        basis=cast("Basis", found["basis"].choice(get_args(Basis)) if "basis" in found else "figures"),
    )


def named_output(node: Node, outputs: Sequence[Output]) -> Output:
    """The output that a node names.

    Raises
    ------
    DataError
        There is none, with the nearest name.
    """
    wanted = node.text()
    for output in outputs:
        if key(output.name) == key(wanted):
            return output
    near = suggest(wanted, [output.name for output in outputs])
    raise node.error(f"'{wanted}' is not among the outputs", near or "add it to the file of outputs")


def outputs_in(outputs: Sequence[Output], variables: Container[str]) -> tuple[Output, ...]:
    """Those outputs that a model has; a sector that is run alone lacks those of the others.

    Parameters
    ----------
    outputs : sequence of Output
    variables : container of str
        Canonical names of the model's variables (`sd_covid.model.names.key`).
    """
    return tuple(output for output in outputs if key(output.name.partition("[")[0]) in variables)
