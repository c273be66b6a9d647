"""YAML with places: every value knows the line it was written on.

In goes a file; out comes a tree of `Node`, each with its value, line and path of keys, which answers questions such as
"the text under this key" and refuses everything else with file and line. Meaning is for the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from sd_covid.errors import DataError, suggest
from sd_covid.files import text_of
from sd_covid.yaml_nodes import YamlFault, compose


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a YAML file.

    Attributes
    ----------
    file : Path
    path : str
        Keys from the top, joined by dots; list positions in brackets.
    line : int
        Line of its key, from 1; of a list item, the line on which it starts.
    raw : yaml.Node
        The node as PyYAML composed it.
    """

    file: Path
    path: str
    line: int
    raw: yaml.Node

    def error(self, reason: str, advice: str) -> DataError:
        """A fault at this place."""
        return DataError(reason, advice=advice, file=self.file, line=self.line, variable=self.path or None)

    @property
    def is_mapping(self) -> bool:
        """Whether this holds keys and values, instead of one value or a list."""
        return isinstance(self.raw, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether this holds a list."""
        return isinstance(self.raw, yaml.SequenceNode)

    @property
    def is_value(self) -> bool:
        """Whether this holds one value, instead of a list or keys and values."""
        return isinstance(self.raw, yaml.ScalarNode)

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a mapping, in order.

        Raises
        ------
        DataError
            When this is not a mapping of texts, or a key occurs twice.
        """
        if not isinstance(self.raw, yaml.MappingNode):
            raise self.error("a mapping is expected here", "write 'key: value' lines")
        seen: set[str] = set()
        for name, value in self.raw.value:
            path, line = f"{self.path}.{name.value}".lstrip("."), name.start_mark.line + 1
            node = type(self)(self.file, path, line, value)
            if not isinstance(name, yaml.ScalarNode) or name.value in seen:
                raise node.error(f"the key '{name.value}' is written twice", "keep one of the two")
            seen.add(name.value)
            yield name.value, node

    def items(self) -> Iterator[Node]:
        """Members of a list, in order.

        Raises
        ------
        DataError
            When this is not a list.
        """
        if not isinstance(self.raw, yaml.SequenceNode):
            raise self.error("a list is expected here", "write one '- ' item a line")
        for position, value in enumerate(self.raw.value):
            yield type(self)(self.file, f"{self.path}[{position}]", value.start_mark.line + 1, value)

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Node]:
        """A mapping with these keys and no others.

        Raises
        ------
        DataError
            An unknown key, with the nearest known one; a missing key.
        """
        found = dict(self.entries())
        known = [*required, *optional]
        for name, node in found.items():
            if name not in known:
                raise node.error(
                    f"'{name}' is not a key here", suggest(name, known) or f"use {', '.join(known)}"
                )
        for name in required:
            if name not in found:
                raise self.error(f"the key '{name}' is missing", f"add '{name}:'")
        return found

    def text(self) -> str:
        """The value as it is spelled (``2021`` is the text 2021).

        Raises
        ------
        DataError
            When it is empty, a mapping or a list.
        """
        if not isinstance(self.raw, yaml.ScalarNode) or not self.raw.value.strip():
            raise self.error("a single value is expected here", "write one value")
        return str(self.raw.value)

    def choice(self, known: Collection[str]) -> str:
        """The value, which must be one of these.

        Raises
        ------
        DataError
            Another value, with the nearest one that is known.
        """
        value = self.text()
        if value not in known:
            raise self.error(
                f"'{value}' is not known here", suggest(value, known) or f"use one of {', '.join(known)}"
            )
        return value

    def flag(self) -> bool:
        """The value, true or false.

        Raises
        ------
        DataError
            Any other value.
        """
        value = self.text()
        if value not in ("true", "false"):
            raise self.error(f"'{value}' is not true or false", "write true or false")
        return value == "true"

    def whole(self) -> int | None:
        """The value, a whole number of zero or more, or None for ``null``.

        Raises
        ------
        DataError
            Any other value.
        """
        value = self.text()
        if value == "null":
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            raise self.error(f"'{value}' is not a whole number", "write a number such as 45, or null")
        return int(value)


def read_yaml(file: Path) -> Node:
    """The top of a YAML file.

    Raises
    ------
    DataError
        When the file is missing, empty, not UTF-8 text, or not YAML.
    """
    try:
        text = text_of(file)
    except FileNotFoundError as error:
        raise DataError("the file does not exist", advice="check its name and folder", file=file) from error
    except IsADirectoryError as error:
        raise DataError("is a folder", advice="name a file in it", file=file) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the file cannot be read as UTF-8 text", advice="save it as UTF-8", file=file
        ) from error
    try:
        top = compose(text)
    except YamlFault as fault:
        reason, advice = f"not YAML: {fault.reason}", "mind indents, quotes and colons"
        raise DataError(reason, advice=advice, file=file, line=fault.line) from fault
    if top is None:
        raise DataError("the file is empty", advice="write 'key: value' lines", file=file, line=1)
    return Node(file, "", 1, top)
