"""Which section of the report is for whom: its order, from which level of detail on it is there, and what it needs.

The pages of the three levels are one template; what differs between them is this table, and where a section has a short
form, in that section's own file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sd_covid.errors import UnknownNameError

#: From the least detail to the most.
Level = Literal["minister", "adviser", "modeller"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, in ``sections/<id>.html.j2``.

    Attributes
    ----------
    id : str
    level : Level
        The first level that has it.
    needs : str
        Part of the content without which there is nothing to show; empty where there always is.
    """

    id: str
    level: Level
    needs: str = ""


#: In the order of the page: the answer, what it rests on, the numbers, what they depend on, and how to check them.
SECTIONS = (
    Section("answer", "minister"),
    Section("long-run", "adviser", "long_run"),
    Section("headline", "minister"),
    Section("question", "adviser"),
    Section("findings", "adviser"),
    Section("packages", "adviser"),
    Section("paths", "minister"),
    Section("differences", "adviser"),
    Section("welfare", "minister", "welfare"),
    Section("side", "adviser", "side"),
    Section("costs", "adviser"),
    Section("mkba", "minister", "mkba"),
    Section("accounts", "adviser", "mkba"),
    Section("groups", "adviser", "groups"),
    Section("resilience", "adviser", "resilience"),
    Section("robust", "adviser", "robust"),
    Section("must", "minister", "must"),
    Section("sensitivity", "adviser", "depends"),
    Section("over-time", "adviser", "over_time"),
    Section("explained", "adviser", "explained"),
    Section("metrics", "modeller", "metrics"),
    Section("lights", "minister"),
    Section("fit", "adviser"),
    Section("assumptions", "adviser"),
    Section("reproduce", "minister"),
)


def refuse_level(level: str) -> Level:
    """A level by its name.

    Raises
    ------
    UnknownNameError
        Another name.
    """
    for known in LEVELS:
        if known == level:
            return known
    raise UnknownNameError(f"no report for a '{level}'", advice=f"use {', '.join(LEVELS)}", variable="level")


def includes(level: Level, section: Section) -> bool:
    """Whether a level has a section."""
    return LEVELS.index(level) >= LEVELS.index(section.level)


def shown(level: Level, content: Mapping[str, Any]) -> list[str]:
    """The sections of a level for which there is content, in order."""
    return [item.id for item in SECTIONS if includes(level, item) and (not item.needs or content[item.needs])]
