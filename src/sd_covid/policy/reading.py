"""What the YAML files of a study's scenarios have in common: bilingual texts, numbers, dates, and their faults.

In comes a `Node` of `sd_covid.data.keyed_yaml`; out come typed values. Every fault is a `ScenarioError` with file, line
and key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import Reference, cited, named
from sd_covid.data.text import Text
from sd_covid.errors import DataError, ScenarioError, suggest
from sd_covid.study_folder import is_there, named_in_study, study_folder

_DATE = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
#: What Python takes beside this, such as 1_000, is rather a slip.
_NUMBER = re.compile(r"\s*[-+]?(\d+(?:\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)


@contextmanager
def scenario_faults() -> Iterator[None]:
    """Faults of the YAML below are faults of a scenario.

    Raises
    ------
    ScenarioError
        In place of a `DataError`, with the same fields.
    """
    try:
        yield
    except DataError as fault:
        raise ScenarioError(
            fault.reason, advice=fault.advice, file=fault.file, line=fault.line, variable=fault.variable
        ) from fault


def between(low: float, high: float) -> str:
    """Bounds in words, of which one may be infinite: ``2 or more``."""
    if high == math.inf:
        return f"{low:g} or more"
    return f"{high:g} or less" if low == -math.inf else f"between {low:g} and {high:g}"


def read_number(node: Node, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number between `low` and `high`.

    Raises
    ------
    DataError
        Any other value.
    """
    text = node.text()
    value = as_number(text)
    if value is None:
        raise node.error(f"'{text}' is not a number", "write a number, with a point for decimals")
    if not low <= value <= high:
        raise node.error(f"{value:g} is not {between(low, high)}", "choose a value in that range")
    return value


def read_whole(node: Node, least: int, most: float = math.inf) -> int:
    """A whole number from `least` to `most`.

    Raises
    ------
    DataError
        Any other value.
    """
    value = read_number(node, least, most)
    if value != int(value):
        raise node.error(f"{value:g} is not a whole number", "write for example 1024")
    return int(value)


def read_years(node: Node, span: tuple[date, date]) -> tuple[int, int]:
    """A year, which then comes twice, or a first and a last one, within a run from one day to another.

    Raises
    ------
    DataError
        Anything else.
    """
    years = [read_whole(year, 1900, 2200) for year in node.items()]
    if len(years) not in (1, 2) or years != sorted(years):
        raise node.error("a year, or a first and a last year, are expected", "write '[2022, 2030]'")
    first, last = years[0], years[-1]
    if date(first, 1, 1) < span[0] or date(last + 1, 1, 1) > span[1]:
        told = f"{first} to {last}" if last > first else f"{first}"
        raise node.error(
            f"the run does not cover {told}: it goes from {span[0]} to {span[1]}",
            "choose whole years within it",
        )
    return first, last


def read_measured(
    found: Mapping[str, Node], span: tuple[date, date], measures: Sequence[str]
) -> tuple[str, tuple[int, int]]:
    """The ``measure`` of an entry, the first of `measures` where it has none, and the ``years`` that it is of.

    Raises
    ------
    DataError
        Another measure, years that the run does not cover, more of them than the measure has.
    """
    years = read_years(found["years"], span)
    measure = found["measure"].choice(measures) if "measure" in found else measures[0]
    if measure == "year" and years[0] != years[1]:
        raise found["years"].error("the measure 'year' is of one year", "write one, or 'measure: total'")
    return measure, years


def named_scenario(node: Node) -> Path:
    """The file of a scenario by its id: beside the file of a node, or in the study's folder of scenarios.

    Raises
    ------
    DataError
        There is none, with the nearest id.
    """
    name, folders = f"{node.text()}.yaml", scenario_folders(node.file)
    found = next((folder / name for folder in folders if is_there(folder / name)), None)
    if found is None or found.name != name:
        others = (item.stem for folder in folders for item in folder.glob("*.yaml"))
        raise node.error(
            f"there is no scenario '{node.text()}'", suggest(node.text(), others) or f"make {name}"
        )
    return found


def scenario_folders(file: Path) -> tuple[Path, Path]:
    """Where scenarios and paths that a file names stand: beside it, or in its study's folder of scenarios."""
    return file.parent, study_folder(file) / "scenarios"


def read_date(node: Node) -> date:
    """A date, ``2020-10-01``; a month, ``2020-10``, is its first day.

    Raises
    ------
    DataError
        Any other value.
    """
    text = node.text().strip()
    day = as_date(text)
    if day is None:
        raise node.error(f"'{text}' is not a date", "write for example 2020-10-01")
    return day


def as_number(text: str) -> float | None:
    """A finite number, or None where a text is none."""
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def as_date(text: str) -> date | None:
    """A date, or the first day of a month, or None where a text is neither."""
    match = _DATE.fullmatch(text)
    try:
        return None if match is None else date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        return None


def read_text(node: Node) -> Text:
    """A text in Dutch and English, ``{nl: …, en: …}``.

    Raises
    ------
    DataError
        When one of the two is missing.
    """
    found = node.fields(("nl", "en"))
    return Text(found["nl"].text(), found["en"].text())


def read_cited(found: Mapping[str, Node], known: Mapping[str, Reference]) -> Text:
    """The ``source`` of an entry, with what its ``references`` name in full after it.

    Parameters
    ----------
    found : mapping
        The fields of the entry.
    known : mapping of str to Reference
        What the study lists, by key.

    Returns
    -------
    Text

    Raises
    ------
    DataError
        When it is no source, or names a key that is not known.
    """
    source = read_source(found["source"])
    keys = found["references"].items() if "references" in found else ()
    rests_on = [item for node in keys for item in named(node.text(), known, node.error)]
    return Text(cited(source.nl, rests_on), cited(source.en, rests_on))


def read_source(node: Node) -> Text:
    """A source or note: in both languages, ``{nl: …, en: …}``, or a title that is the same in both.

    Raises
    ------
    DataError
        When it is neither.
    """
    if node.is_value:
        return Text(node.text(), node.text())
    return read_text(node)


def named_file(node: Node) -> Path:
    """A file named from the folder of the one that names it, within its study.

    Raises
    ------
    DataError
        When it lies outside the study, or does not exist.
    """
    path = named_in_study(node.text(), node.file)
    if path is None:
        raise node.error(f"'{node.text()}' lies outside the study", "keep the study's files in its folder")
    if not path.is_file():
        raise node.error(f"the file '{node.text()}' does not exist", "check its name and folder")
    return path


def named_model(path: str | Path) -> Path:
    """The model that a sweep or an analysis names.

    Raises
    ------
    ScenarioError
        When it names none, or one that does not exist or lies outside the study.
    """
    with scenario_faults():
        top = dict(read_yaml(Path(path)).entries())
        if "model" not in top:
            raise ScenarioError("the key 'model' is missing", advice="add 'model:'", file=path, line=1)
        return named_file(top["model"])
