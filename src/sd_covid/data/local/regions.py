"""Municipalities, the provinces and GGD regions that they make up, and what became of those that were merged.

In comes ``regions.csv``; out come `Regions`, which find a region by code or name and say of what municipalities of the
latest division it consists.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sd_covid.data.local.faults import said, word
from sd_covid.data.tables import Line, read_lines
from sd_covid.errors import DataError, RunError, UnknownNameError, suggest

LEVELS = ("country", "province", "ggd", "municipality")
_COLUMNS = ("region", "level", "name", "province", "ggd", "successor", "first", "last")


@dataclass(frozen=True, slots=True)
class Region:
    """A municipality, GGD region, province or the country.

    Attributes
    ----------
    code : str
        That of CBS; GGD regions go by the name of their safety region.
    level : {'country', 'province', 'ggd', 'municipality'}
    name : str
    province, ggd : str
        Codes; of a municipality.
    successor : str
        Code of the municipality into which it was merged; empty for one that stands or was divided.
    first, last : int or None
        Years of the first and last division known here that have it; `last` is None where it stands.
    """

    code: str
    level: str
    name: str
    province: str = ""
    ggd: str = ""
    successor: str = ""
    first: int | None = None
    last: int | None = None

    def stands_in(self, year: int) -> bool:
        """Whether the division of a year has it."""
        return (self.first is None or self.first <= year) and (self.last is None or year <= self.last)


@dataclass(frozen=True)
class Regions:
    """All regions by code, in the order of the file."""

    by_code: Mapping[str, Region]

    @cached_property
    def municipalities(self) -> tuple[Region, ...]:
        """Those of the latest division; local arrays have them in this order."""
        return tuple(
            item for item in self.by_code.values() if item.level == "municipality" and item.last is None
        )

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Position of each of `municipalities` by its code."""
        return {item.code: place for place, item in enumerate(self.municipalities)}

    def at(self, level: str) -> tuple[Region, ...]:
        """The regions of a level; of municipalities those of the latest division."""
        if level == "municipality":
            return self.municipalities
        return tuple(item for item in self.by_code.values() if item.level == level)

    def find(self, name: str, language: str = "en") -> Region:
        """A region by its code or name, of which case does not count; that there is none is told in a language.

        Raises
        ------
        UnknownNameError
            No region, with the nearest names; a name that several have, with their codes.
        """
        if name in self.by_code:
            return self.by_code[name]
        wanted = name.strip().casefold()
        for item in self.by_code.values():
            if wanted == item.code.casefold():
                return item
        named = [item for item in self.by_code.values() if wanted == item.name.casefold()]
        if len(named) > 1:
            levels = (word(f"level.{item.level}", language) for item in named)
            codes = word("or", language).join(
                f"{item.code} ({level})" for item, level in zip(named, levels, strict=True)
            )
            reason, advice = said("several", language, name=name, codes=codes)
            raise UnknownNameError(reason, advice=advice)
        if not named:
            reason, advice = said("region", language, name=name)
            near = suggest(name, [item.name for item in self.by_code.values()], language)
            raise UnknownNameError(reason, advice=near or advice)
        return named[0]

    def standing(self, name: str, language: str = "en") -> Region:
        """A region as `find` gives it, of which municipalities of the latest division can be told.

        Raises
        ------
        UnknownNameError
            As `find`.
        RunError
            It was divided among others.
        """
        found = self.find(name, language)
        if not self.within(found):
            reason, advice = said("divided", language, name=found.name)
            raise RunError(reason, advice=advice)
        return found

    def now(self, region: Region) -> Region | None:
        """The municipality of the latest division in which one lies; None for one that was divided."""
        while region.last is not None:
            if not region.successor:
                return None
            region = self.by_code[region.successor]
        return region

    def within(self, region: Region) -> tuple[int, ...]:
        """Positions among `municipalities` of those of which a region consists."""
        if region.level == "municipality":
            stands = self.now(region)
            return () if stands is None else (self.places[stands.code],)
        return tuple(
            place
            for place, item in enumerate(self.municipalities)
            if region.level == "country" or region.code in (item.province, item.ggd)
        )


def read_regions(path: Path) -> Regions:
    """Read the regions of a study.

    Raises
    ------
    DataError
        A code that comes twice, a level or a reference that there is not, a municipality without province, one that
        was merged into itself; with file and line.
    """
    lines = read_lines(path, _COLUMNS)
    found: dict[str, Region] = {}
    for line in lines:
        if line["region"] in found:
            raise line.error("region", f"'{line['region']}' comes twice", "keep one of the two")
        found[line["region"]] = _region(line)
    for line in lines:
        _check(line, found)
    return Regions(found)


def _region(line: Line) -> Region:
    years = [None if not line[name] else int(line.number_in(name)) for name in ("first", "last")]
    return Region(
        line["region"],
        line.choice("level", LEVELS),
        line["name"],
        line["province"],
        line["ggd"],
        line["successor"],
        *years,
    )


def _check(line: Line, found: Mapping[str, Region]) -> None:
    """References that are there and of the right level, and no merger that goes round."""
    item = found[line["region"]]
    for column, level in (("province", "province"), ("ggd", "ggd"), ("successor", "municipality")):
        code = line[column]
        needed = item.level == "municipality" and column != "successor"
        if not code and not needed:
            continue
        known = [name for name, other in found.items() if other.level == level]
        if code not in known:
            advice = suggest(code, known) or f"write the code of a {level} of this file"
            raise line.error(column, f"there is no {level} '{code}'", advice)
    if item.successor and item.last is None:
        raise line.error("last", "was merged and has no last year", "write the last year of its division")
    passed, place = {item.code}, item
    while place.successor:
        place = found[place.successor]
        if place.code in passed:
            raise line.error("successor", "is merged into itself", "name the municipality that stands")
        passed.add(place.code)


def local_folder(study: Path) -> Path:
    """Where a study keeps what it knows of regions.

    Raises
    ------
    DataError
        When it has nothing of the kind.
    """
    folder = study / "calibration" / "local"
    if not folder.is_dir():
        raise DataError(
            "the study has no local figures", advice="put them into calibration/local", file=folder
        )
    return folder


def groups_of(regions: Regions, level: str) -> tuple[int, ...]:
    """For each municipality the position of its region among those of a level."""
    places = {item.code: place for place, item in enumerate(regions.at(level))}
    if level == "municipality":
        return tuple(range(len(places)))
    if level == "country":
        return tuple(itertools.repeat(0, len(regions.municipalities)))
    return tuple(places[getattr(item, level)] for item in regions.municipalities)
