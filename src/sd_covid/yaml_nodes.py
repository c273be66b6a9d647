"""The one place where YAML is parsed: text in, nodes that know their line out, or a fault that names its line.

What the words mean, and how a fault is told, is for the reader of a file: `sd_covid.data.keyed_yaml`,
`sd_covid.calibration.yamlfile` and `sd_covid.model.study_file`.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml

# libyaml's loader is ten times as fast; builds of PyYAML without it have the pure one, which gives the same tree.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 100  # levels that a person would write
_MOST_NODES = 1_000_000  # with what is repeated by reference counted each time


class YamlFault(ValueError):
    """Text that is no YAML, or that the reader does not take.

    Parameters
    ----------
    reason : str
    line : int or None
        From 1; None when the parser does not say.
    """

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def compose(text: str, deepest: int = _DEEPEST) -> yaml.Node | None:
    """The top node of a text; None when there is nothing in it.

    Parameters
    ----------
    text : str
    deepest : int
        How deep it may be nested: composing is recursive, and would end the process.

    Returns
    -------
    yaml.Node or None

    Raises
    ------
    YamlFault
    """
    try:
        _refuse_depth(text, deepest)
        top = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _fault(error) from error
    if top is not None and "*" in text:
        _refuse_references(top, deepest)
    return top


class _Values(yaml.SafeLoader):
    """YAML's own values, save whole numbers that no double can hold."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        number = super().construct_yaml_int(node)
        if abs(number) > sys.float_info.max:
            reason = "a whole number is larger than any that is calculated with"
            raise yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
        return int(number)


_Values.add_constructor("tag:yaml.org,2002:int", _Values.construct_yaml_int)


def plain_values(node: yaml.Node) -> Any:
    """What a node holds, as Python's own values: numbers, dates, lists and dictionaries.

    Raises
    ------
    YamlFault
        When a value is not what its form or tag says, such as a date with a thirteenth month, or a whole number is
        larger than any double.
    """
    loader = _Values("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _fault(error) from error
    except ValueError as error:
        raise YamlFault(str(error), None) from error
    except AttributeError as error:  # a tag of a date on what has not the form of one
        raise YamlFault("a value is not of the kind that its tag says", None) from error
    finally:
        loader.dispose()


def _refuse_depth(text: str, deepest: int) -> None:
    """Refuse what is nested without reason, before it is composed."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > deepest:
            mark = event.start_mark
            raise YamlFault(f"nested more than {deepest} deep", None if mark is None else mark.line + 1)


def _refuse_references(top: yaml.Node, deepest: int) -> None:
    """Refuse references that hold themselves, or that together come to more than any reader walks through."""
    sizes: dict[int, tuple[int, int]] = {}  # of a node: nodes below it, itself included, and levels
    begun: set[int] = set()

    def size(node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        if id(node) not in sizes:
            line = node.start_mark.line + 1
            if id(node) in begun:
                raise YamlFault("a reference that holds itself", line)
            begun.add(id(node))
            pairs = node.value if isinstance(node, yaml.MappingNode) else [node.value]
            below = [size(item) for pair in pairs for item in pair]
            count = 1 + sum(nodes for nodes, _ in below)
            levels = 1 + max((deep for _, deep in below), default=0)
            if count > _MOST_NODES:
                raise YamlFault(f"references come to more than {_MOST_NODES} values", line)
            if levels > deepest:
                raise YamlFault(f"nested more than {deepest} deep", line)
            sizes[id(node)] = count, levels
        return sizes[id(node)]

    size(top)


def _fault(error: yaml.YAMLError) -> YamlFault:
    mark = getattr(error, "problem_mark", None)
    return YamlFault(getattr(error, "problem", None) or str(error), None if mark is None else mark.line + 1)
