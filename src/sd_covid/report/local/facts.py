"""Findings about what is known of one region: its profile, the figures of it, and a check by a run of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sd_covid.analysis.local.own_run import OwnRun
from sd_covid.analysis.local.profile import COUNTS, FIELDS, Profiles
from sd_covid.analysis.local.project import Local
from sd_covid.data.local.figures import Figure
from sd_covid.data.local.regions import Region
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


def profile_finding(profiles: Profiles, region: Region, texts: Texts) -> Finding:
    """Every field of a profile, with how it is known."""
    places = list(profiles.regions.within(region))
    weights = profiles.values["population"]
    rows = []
    for field in FIELDS:
        values = profiles.values[field]
        if field in COUNTS:
            pair = values[places].sum(), values.sum()
        else:
            pair = (
                100 * np.average(values[places], weights=weights[places]),
                100 * np.average(values, weights=weights),
            )
        known = worst([profiles.provenance[field][place] for place in places])
        rows.append(
            (
                texts(f"local.field.{field}"),
                *(_told_value(value, field, texts) for value in pair),
                texts(f"local.provenance.{known}"),
                profiles.periods[field],
                known,
            )
        )
    names = [texts(f"local.column.{name}") for name in ("field", "value", "nation", "provenance", "period")]
    counted = [row[-1] for row in rows]
    kinds = {"measured": "measured", "estimated": "estimated", "average": "national average"}
    said = texts(
        "local.profile.told",
        all=len(rows),
        **{name: counted.count(kind) for name, kind in kinds.items()},
    )
    return Finding(
        "profile",
        texts("local.profile", region=region.name),
        (said, texts("local.profile.vulnerable")),
        texts("local.profile.caution"),
        pd.DataFrame([row[:-1] for row in rows], columns=names),
    )


def _told_value(value: float, field: str, texts: Texts) -> str:
    return Numbers(texts.language).exact(float(value), 0 if field in COUNTS else 1)


def worst(known: Sequence[str]) -> str:
    """How a field of several municipalities is known: as the least certain of them."""
    return next((kind for kind in ("national average", "estimated") if kind in known), "measured")


def figures_finding(shown: Sequence[tuple[Figure, Local]], region: Region, texts: Texts) -> Finding:
    """The figures that there are, as published, each with what it counts."""
    names = ("indicator", "of", "period", "value", "unit", "method", "note", "source")
    columns = [texts(f"local.column.{name}") for name in names]
    numbers = Numbers(texts.language)
    rows = [
        (
            texts.of(local.indicator.output.title),
            item.region.name,
            item.period,
            numbers.plain(item.value),
            texts.known("local.unit", item.definition.unit),
            texts.known("local.method", item.definition.method),
            item.definition.note,
            item.definition.source,
        )
        for item, local in shown
    ]
    methods = {(item.definition.series, item.definition.method) for item, _ in shown}
    said = (
        texts("local.figures.told", count=len(rows), methods=len(methods))
        if rows
        else texts("local.figures.none")
    )
    return Finding(
        "figures",
        texts("local.figures", region=region.name),
        (said,),
        texts("local.figures.caution"),
        pd.DataFrame(rows, columns=columns),
    )


def own_run_finding(found: Sequence[OwnRun], region: Region, year: int, texts: Texts) -> Finding:
    """The projection beside a run of the whole model with the region's initial values, in one year."""
    at = found[0].local.years.index(year)
    pairs = [(np.median(item.projected[:, at]), np.median(item.run[:, at])) for item in found]
    gaps = [float(np.median(item.run[:, at] - item.projected[:, at])) for item in found]
    names = ("indicator", "projected", "own_run", "apart")
    columns = [texts(f"local.column.{name}") for name in names]
    titles = [texts.of(item.local.indicator.output.title) for item in found]
    rows = [(title, *pair, gap) for title, pair, gap in zip(titles, pairs, gaps, strict=True)]
    largest = int(np.argmax(np.abs(gaps)))
    said = texts(
        "local.own_run.told",
        year=year,
        apart=Numbers(texts.language).significant(abs(gaps[largest])),
        indicator=texts.inside(found[largest].local.indicator.output.title),
    )
    return Finding(
        "own-run",
        texts("local.own_run", region=region.name),
        (said,),
        texts("local.own_run.caution"),
        pd.DataFrame(rows, columns=columns),
        dict.fromkeys(columns[1:], 2),
    )
