"""The published series of a study: what each one is, and its figures.

In goes the folder of series files; out comes a `Registry` from which a series is taken by its id, with its values over
time and everything a reader must know before using them: unit, kind, method and breaks in it. Reading and refusing are
done by `sd_covid.data.registry_file` and `sd_covid.data.checks`; what a model does with a series is for calibration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sd_covid.data.connectors.settings import Refresh
from sd_covid.data.description import (
    Break,
    Comparison,
    Kind,
    Licence,
    Measure,
    Publisher,
    Revision,
    Sensitive,
    Tier,
)
from sd_covid.data.periods import Frequency, model_time, periods_between
from sd_covid.data.text import Text
from sd_covid.errors import DataError, UnknownNameError, suggest


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A published series.

    Attributes
    ----------
    id : str
    title : Text
    theme : str
        Stem of the file that holds its figures.
    unit : str
        As its source spells it; the registry's `units` say it in both languages.
    frequency : str
        One of `sd_covid.data.periods.FREQUENCIES`.
    kind : {'end', 'start', 'mean', 'flow'}
        A stock on the last or the first day of the period, a mean over it, or a total over it.
    definition : str
        Method of its first figures; see `definition_at`.
    breaks : tuple of Break
        In order of time.
    seasonally_adjusted : bool
    tier : {'A', 'B', 'C', 'D'}
        A calibrate, B check or weak fit with an offset, C forcing or cost, D prior or anecdote.
    release_lag : int or None
        Days from the end of a period to its publication; None when no release is to come.
    licence : str
        Key of the registry's `licences`.
    source, note : str
    file : Path
    rows : pandas.DataFrame
        One row a figure, indexed by Period in order: value, quality, definition, vintage, source_title, source, note
        and line (its line in `file`).
    publisher : str
        Key of the registry's `publishers`; empty when the registry names none.
    group : dict
        Dimension -> value of the part of the population that it is about, as age -> 12-25; empty for all.
    sample_size : int or None
        Respondents a period, for a survey that states it.
    revision : {'final', 'provisional', 'open'}
        Whether its last figures are final, provisional, or the publisher does not say.
    comparison : Comparison or None
        The model output that it can be compared with.
    equivalent_to : tuple of str
        Series that tell the same of the same periods; see `Registry.independent`.
    sensitive : {'suicide'} or None
        What it is about, where pages keep to rules for reporting on that.
    refresh : Refresh or None
        Where new figures are published; None when a person looks them up.
    """

    id: str
    title: Text
    theme: str
    unit: str
    frequency: Frequency
    kind: Kind
    definition: str
    breaks: tuple[Break, ...]
    seasonally_adjusted: bool
    tier: Tier
    release_lag: int | None
    licence: str
    source: str
    note: str
    file: Path
    rows: pd.DataFrame
    publisher: str = ""
    group: Mapping[str, str] = field(default_factory=dict)
    sample_size: int | None = None
    revision: Revision = "open"
    comparison: Comparison | None = None
    equivalent_to: tuple[str, ...] = ()
    sensitive: Sensitive | None = None
    refresh: Refresh | None = None

    @property
    def values(self) -> pd.Series[float]:
        """Figures in the series' unit, indexed by Period in order."""
        return self.rows["value"].rename(self.id)

    @property
    def first(self) -> pd.Period:
        """First period with a figure."""
        period: pd.Period = self.rows.index[0]
        return period

    @property
    def last(self) -> pd.Period:
        """Last period with a figure."""
        period: pd.Period = self.rows.index[-1]
        return period

    @property
    def gaps(self) -> list[pd.Period]:
        """Periods without a figure between the first and the last; none for single dates (``instant``)."""
        if self.frequency == "instant":
            return []
        due = periods_between(self.first, self.last, self.frequency)
        present = set(self.rows.index)
        return [period for period in due if period not in present]

    @property
    def spans(self) -> list[tuple[float, float]]:
        """First and last moment of the period of each figure, in model time."""
        return [model_time(period, self.frequency) for period in self.rows.index]

    def definition_at(self, period: pd.Period) -> str:
        """Method by which the figure of a period was, or will be, made."""
        current = self.definition
        for change in self.breaks:
            if change.definition is not None and change.period <= period:
                current = change.definition
        return current

    def within(self, definition: str) -> pd.Series[float]:
        """The figures made by one method.

        Raises
        ------
        UnknownNameError
            When none was.
        """
        known = list(dict.fromkeys(self.rows["definition"]))
        if definition not in known:
            reason = f"no figure of '{self.id}' is of definition '{definition}'"
            advice = suggest(definition, known) or f"it has {', '.join(known)}"
            raise UnknownNameError(reason, advice=advice, variable=definition)
        return self.values[self.rows["definition"] == definition]


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """The series of a study.

    Attributes
    ----------
    folder : Path
    definitions : dict
        Method id -> what it is.
    units : dict
        Unit as a source spells it -> the unit in both languages.
    licences : dict
    by_id : dict
        Series id -> `Series`, in the order of the registry file.
    measures : dict
        Unit -> what figures in it are: a share, a count; units of which the registry says nothing are left out.
    publishers : dict
    headings : dict
        Heading of the dashboard -> its title.
    heading_of : dict
        Theme -> its heading.
    """

    folder: Path
    definitions: Mapping[str, str]
    units: Mapping[str, Text]
    licences: Mapping[str, Licence]
    by_id: Mapping[str, Series]
    measures: Mapping[str, Measure] = field(default_factory=dict)
    publishers: Mapping[str, Publisher] = field(default_factory=dict)
    headings: Mapping[str, Text] = field(default_factory=dict)
    heading_of: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def __contains__(self, series: object) -> bool:
        return series in self.by_id

    def series(self, series: str) -> Series:
        """The series with that id.

        Raises
        ------
        UnknownNameError
            When there is none; names the nearest ids.
        """
        if series not in self.by_id:
            advice = suggest(series, self.by_id) or "'sd-covid data status' lists the series"
            raise UnknownNameError(f"no series '{series}' in {self.folder}", advice=advice, variable=series)
        return self.by_id[series]

    def independent(self, series: str) -> pd.Series[float]:
        """The figures that the series it is equivalent to do not tell already, so that none counts twice.

        A figure is told already when figures of one other series cover its whole period, as four quarters do a year.

        Raises
        ------
        UnknownNameError
            When there is no such series.
        """
        one = self.series(series)
        told = [any(_covers(self.series(name), span) for name in one.equivalent_to) for span in one.spans]
        return one.values[[not item for item in told]]

    def joined(self, *series: str) -> pd.Series[float]:
        """Series of one definition as one, each figure from the first that has it.

        Parameters
        ----------
        *series : str
            Ids, the best source first.

        Returns
        -------
        pandas.Series
            Indexed by Period in order.

        Raises
        ------
        UnknownNameError
            When an id is not known.
        DataError
            When they differ in definition, unit, frequency, kind or adjustment: such figures are never joined.
        """
        parts = [self.series(name) for name in series]
        for part in parts:
            _refuse_join(parts[0], part)
        whole = pd.concat([part.values for part in parts])
        return whole[~whole.index.duplicated()].sort_index().rename(series[0])


def _covers(series: Series, span: tuple[float, float]) -> bool:
    """Whether the periods with a figure make up a whole span of time."""
    start, end = span
    return sum(max(0.0, min(end, last) - max(start, first)) for first, last in series.spans) >= end - start


def _refuse_join(one: Series, other: Series) -> None:
    """Raise when figures of two series cannot stand in one."""
    found = {"definition": dict.fromkeys([*one.rows["definition"], *other.rows["definition"]])}
    for trait in ("unit", "frequency", "kind", "seasonally_adjusted"):
        found[trait] = dict.fromkeys([str(getattr(one, trait)), str(getattr(other, trait))])
    for trait, values in found.items():
        if len(values) > 1:
            raise DataError(
                f"'{one.id}' and '{other.id}' cannot be joined: {trait} {' and '.join(values)}",
                advice="give each its own observable, with an offset for the second",
                file=other.file,
                line=int(other.rows["line"].iloc[0]),
                variable=other.id,
            )


def read_registry(folder: str | Path) -> Registry:
    """Read and check the series of a study.

    Parameters
    ----------
    folder : path
        Holds ``registry.yaml`` and a CSV file for each theme, such as ``calibration/series``.

    Returns
    -------
    Registry

    Raises
    ------
    DataError
        When anything in the folder cannot be trusted, with file, line and what to do: an unknown unit, a period that is
        double, out of order or of another frequency, a value that is no number, two definitions in one series.
    """
    # Imported here: both build the classes above.
    from sd_covid.data.checks import read_theme
    from sd_covid.data.registry_file import read_entries

    folder = Path(folder)
    entries = read_entries(folder / "registry.yaml")
    themes = list(dict.fromkeys(series.theme for series in entries.series.values()))
    for file in sorted(folder.glob("*.csv")):
        if file.stem not in themes:
            reason = "no series of the registry has its figures in this file"
            advice = f"describe its series in registry.yaml with 'theme: {file.stem}', or remove the file"
            raise DataError(reason, advice=advice, file=file, line=1)
    read: dict[str, Series] = {}
    for theme in themes:
        read |= read_theme(folder / f"{theme}.csv", entries)
    by_id = {name: read[name] for name in entries.series}
    return Registry(
        folder,
        entries.definitions,
        entries.units,
        entries.licences,
        by_id,
        entries.measures,
        entries.publishers,
        entries.headings,
        entries.heading_of,
    )
