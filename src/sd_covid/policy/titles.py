"""What readers call the variables and constants of a study's model.

In come ``models/titles.yaml`` and the files of the study that title what they are about: outputs, levers, assumptions;
out come `Titles`. What no file titles is called as in the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.text import Text, texts_in
from sd_covid.model.names import key
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.catalogue.outputs import read_outputs
from sd_covid.policy.reading import read_text, scenario_faults
from sd_covid.policy.study import catalogues_beside
from sd_covid.study_folder import is_there

FILE = Path("models") / "titles.yaml"
_OF_THE_WHOLE = re.compile(r"\s*\[[^\]]*\]")
_NO_BRACKETS = str.maketrans("", "", "[]")


@dataclass(frozen=True, slots=True)
class Titles:
    """Titles in both languages.

    Attributes
    ----------
    names : mapping
        Of variables and constants, and of elements that have one of their own, by canonical name
        (`sd_covid.model.names.key`): ``jobs``, ``unemployment rate by group[regular]``. What stands in square brackets
        is of the whole variable only: ``Jobs [by age]``.
    elements : mapping
        Of the elements of dimensions, by canonical name.
    """

    names: Mapping[str, Text] = field(default_factory=dict)
    elements: Mapping[str, Text] = field(default_factory=dict)

    def of(self, name: str) -> Text | None:
        """The title of a variable, a constant or an element of one; None where the study has none.

        Examples
        --------
        >>> titles = Titles({"jobs": Text("Werk [naar leeftijd]", "Jobs")}, {"youth": Text("jongeren", "youth")})
        >>> titles.of("jobs")
        Text(nl='Werk naar leeftijd', en='Jobs')
        >>> titles.of("Jobs[youth]")
        Text(nl='Werk (jongeren)', en='Jobs (youth)')
        """
        found = self.names.get(key(name))
        base, bracket, rest = name.partition("[")
        if found is not None:
            return Text(found.nl.translate(_NO_BRACKETS), found.en.translate(_NO_BRACKETS))
        if not bracket:
            return None
        whole = self.names.get(key(base))
        if whole is None:
            return None
        written = [item.strip() for item in rest.rstrip().removesuffix("]").split(",")]
        told = [self.elements.get(key(item), Text(item, item)) for item in written]
        dutch, english = ", ".join(item.nl for item in told), ", ".join(item.en for item in told)
        return Text(
            f"{_OF_THE_WHOLE.sub('', whole.nl)} ({dutch})", f"{_OF_THE_WHOLE.sub('', whole.en)} ({english})"
        )


def read_titles(folder: str | Path) -> Titles:
    """Read what a study calls the variables and constants of its model.

    Parameters
    ----------
    folder : path
        Of the study; a file that it does not have gives no titles.

    Returns
    -------
    Titles

    Raises
    ------
    ScenarioError
        With file, line and key, when a file says something it cannot; also for a name that is titled twice.
    """
    folder = Path(folder)
    elsewhere = dict(_elsewhere(folder))
    with scenario_faults():
        if not is_there(folder / FILE):
            return Titles(elsewhere)
        parts = read_yaml(folder / FILE).fields(("variables",), ("elements",))
        elements = {key(name): read_text(node) for name, node in _entries(parts.get("elements"))}
        for name, node in _entries(parts["variables"]):
            if key(name) in elsewhere:
                raise node.error(
                    f"'{name}' has a title as an output, a lever or an assumption", "leave it out here"
                )
            elsewhere[key(name)] = read_text(node)
        return Titles(elsewhere, elements)


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping, none of them twice in another spelling."""
    seen: dict[str, str] = {}
    for name, entry in () if node is None else node.entries():
        if key(name) in seen:
            raise entry.error(f"'{name}' is titled twice", "keep one of the two")
        seen[key(name)] = name
        yield name, entry


def _elsewhere(folder: Path) -> Iterator[tuple[str, Text]]:
    """What other files of a study title, by canonical name."""
    scenarios = folder / "scenarios"
    catalogue, assumptions = catalogues_beside(scenarios / "levers.yaml")
    for assumption in assumptions.values():
        if assumption.listed:
            yield key(assumption.constant), assumption.title
    for lever in catalogue.levers.values():
        yield from _of_lever(lever)
    if is_there(scenarios / "outputs.yaml"):
        for output in read_outputs(scenarios / "outputs.yaml"):
            yield key(output.name), output.title


def _of_lever(lever: Lever) -> Iterator[tuple[str, Text]]:
    """The constants of a lever: its level goes by its title, the others by their part of it."""
    words = texts_in("sd_covid.policy", "lever_words.yaml")
    for part, constant in lever.constants.items():
        text = words.get(part, Text("{lever}", "{lever}"))
        yield key(constant), Text(text.nl.format(lever=lever.title.nl), text.en.format(lever=lever.title.en))
