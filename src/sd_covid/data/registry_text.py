"""``registry.yaml`` with more in it: the text of the file with sections of another one added, all else as it stood.

In goes the text of a registry and sections that a person wrote in its words; out comes the text with each of them
below the section of its name. Comments and order of the old text are kept. Whether the result means anything is for
`sd_covid.data.registry_file`.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from sd_covid.data.keyed_yaml import Node
from sd_covid.yaml_nodes import compose


def with_sections(text: str, sections: Mapping[str, Node]) -> str:
    """The text of a registry with what these sections hold.

    Parameters
    ----------
    text : str
        Of a registry that can be read.
    sections : mapping of str to Node
        Section -> the mapping to add to it; a section that the registry does not have yet comes at the top.

    Returns
    -------
    str
    """
    lines = text.splitlines()
    top = compose(text)
    sections_there = top.value if isinstance(top, yaml.MappingNode) else []
    ends = {name.value: value.end_mark.line for name, value in sections_there}
    # From the last one up, so that the lines of the others stay where they are.
    for section in sorted(sections, key=lambda name: -ends.get(name, 0)):
        added = _dump(sections[section])
        if section not in ends:
            lines[0:0] = [f"{section}:", *added, ""]
            continue
        place = ends[section]
        while place > 0 and not lines[place - 1].strip():
            place -= 1
        lines[place:place] = added
    return "\n".join(lines) + "\n"


def _dump(node: Node) -> list[str]:
    """The lines of a section, indented by two."""
    value = {name: _plain(item.raw) for name, item in node.entries()}
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=False, width=1000)
    return [f"  {line}" for line in text.splitlines()]


def _plain(raw: yaml.Node) -> object:
    """A value with every word as it was spelled: 2021 and true stay what they look like."""
    if isinstance(raw, yaml.MappingNode):
        return {name.value: _plain(value) for name, value in raw.value}
    if isinstance(raw, yaml.SequenceNode):
        return [_plain(item) for item in raw.value]
    return str(raw.value)
