"""A YAML file with the line of every key, so that a fault in it can be shown where it lies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sd_covid.errors import ProblemError, suggest
from sd_covid.files import text_of
from sd_covid.study_folder import named_in_study
from sd_covid.yaml_nodes import YamlFault, compose, plain_values

Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A mapping read from YAML.

    Attributes
    ----------
    path : Path
    data : dict
    lines : dict
        Line of every key, by its path of keys from the top.
    """

    path: Path
    data: dict[str, Any]
    lines: dict[Path_, int]

    def error(self, where: Path_, reason: str, advice: str | None = None) -> ProblemError:
        """A fault at a key; the line is that of the nearest key above that is in the file."""
        place = where
        while place and place not in self.lines:
            place = place[:-1]
        key = ".".join(where)
        return ProblemError(
            f"{key}: {reason}", advice=advice, file=self.path, line=self.lines.get(place, 1), variable=key
        )

    def check_keys(self, where: Path_, known: Iterable[str]) -> None:
        """Refuse keys below ``where`` that are not known.

        Raises
        ------
        ProblemError
        """
        node: Any = self.data
        for key in where:
            node = node[key]
        names = list(known)
        for key in node:
            if key not in names:
                advice = suggest(str(key), names) or "known are " + ", ".join(names)
                raise self.error((*where, str(key)), "is not a known key", advice)

    def choice(self, where: Path_, found: Any, choices: tuple[Any, ...]) -> Any:
        """A value that must be one of a closed set.

        Raises
        ------
        ProblemError
        """
        if found not in choices:
            reason = f"'{found}' is not one of {', '.join(map(str, choices))}"
            near = suggest(found, [str(item) for item in choices]) if isinstance(found, str) else None
            raise self.error(where, reason, near or "use one of these")
        return found

    def number(self, where: Path_, found: Any, *, positive: bool = False) -> float:
        """A value that must be a finite number, above zero if asked for.

        Raises
        ------
        ProblemError
        """
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
            raise self.error(where, f"'{found}' is not a number", "write it as 0.25 or 1.0e-3")
        if positive and found <= 0:
            raise self.error(where, f"{found:g} is not above zero", "write a number above zero")
        return float(found)

    def below_study(self, where: Path_, name: str) -> Path:
        """A file named at a key, which must lie in the study's folder, links resolved.

        Raises
        ------
        ProblemError
        """
        found = named_in_study(name, self.path)
        if found is None:
            raise self.error(where, f"'{name}' lies outside the study folder", "move the file into the study")
        if not found.is_file():
            raise self.error(where, f"the file '{name}' does not exist", "check its name and place")
        return found


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file whose top is a mapping.

    Raises
    ------
    ProblemError
        A missing file, a syntax error, a repeated key, or a top that is not a mapping.
    """
    try:
        text = text_of(path)
        node = compose(text)
        data = None if node is None else plain_values(node)
    except FileNotFoundError as error:
        raise ProblemError("the file does not exist", advice="check the path", file=path) from error
    except IsADirectoryError as error:
        raise ProblemError("is a folder", advice="name the file in it", file=path) from error
    except (UnicodeDecodeError, OSError) as error:
        raise ProblemError(
            "the file is not readable UTF-8 text", advice="save it as UTF-8", file=path
        ) from error
    except YamlFault as fault:
        reason, advice = f"not valid YAML: {fault.reason}", "mend the syntax on this line"
        raise ProblemError(reason, advice=advice, file=path, line=fault.line or 1) from fault
    if not isinstance(data, dict):
        raise ProblemError(
            "a mapping of keys is expected", advice="write 'key: value' lines", file=path, line=1
        )
    lines: dict[Path_, int] = {}
    _collect(node, (), lines, path)
    return YamlFile(path, data, lines)


def _collect(node: Any, where: Path_, lines: dict[Path_, int], path: Path) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        place = (*where, str(key.value))
        line = key.start_mark.line + 1
        if place in lines:
            reason = f"the key '{key.value}' occurs twice"
            raise ProblemError(reason, advice="keep one", file=path, line=line, variable=".".join(place))
        lines[place] = line
        _collect(value, place, lines, path)
