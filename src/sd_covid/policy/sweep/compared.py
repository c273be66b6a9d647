"""The runs of a sweep as a comparison: what was stored is judged like what was run.

In come an open store and the scenarios and outputs that it kept; out come a `Comparison` and what varied. A store has
no costs, so neither has the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.errors import DataError, suggest
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.comparison.levels import elements
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.saved_points import dates_of
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.sweep.opened import values_of
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    import xarray as xr


def comparison_of(
    store: xr.Dataset, scenarios: Sequence[Scenario], outputs: Sequence[Output], study: Study
) -> tuple[Comparison, pd.DataFrame]:
    """The runs of a sweep, as if they had been compared.

    Parameters
    ----------
    store : Dataset
        As `sd_covid.open` gives it, with the course of every output.
    scenarios : sequence of Scenario
        The first is the null alternative.
    outputs : sequence of Output
    study : Study

    Returns
    -------
    comparison : Comparison
        One member for every draw under every set of assumptions.
    varied : DataFrame, shape (member, constant)
        What draws and sets gave to each.

    Raises
    ------
    DataError
        A store of statistics, one that cannot be read, or one without a scenario or the course of an output.
    """
    if "draw" not in store.dims or "failed_time" not in store:
        raise DataError("the store holds statistics and no runs", advice="sweep without 'statistics'")
    ids = [str(item) for item in store["scenario"].to_numpy()]
    for item in scenarios:
        if item.id not in ids:
            raise DataError(
                f"the store has no scenario '{item.id}'", advice=suggest(item.id, ids) or f"it has {ids}"
            )
    chosen = store.sel(scenario=[item.id for item in scenarios])
    kept, levels = [], {}
    for output in outputs:
        name, found = _course(chosen, output)
        kept.append(replace(output, name=name, units=str(found.attrs.get("units", ""))))
        levels[name] = _members(found, "time")
    time = store["time"].to_numpy().astype(np.float64)
    varied = _varied(store, study)
    return (
        Comparison(
            scenarios=tuple(scenarios),
            reference=scenarios[0].id,
            outputs=tuple(kept),
            time=time,
            date=dates_of(time, study.calendar),
            member=np.arange(len(varied), dtype=np.int64),
            levels=levels,
            failures=_failures(chosen, scenarios),
            costs=(),
            prices=study.catalogue.prices,
            levers={},
            assumptions={
                name: item for name, item in study.assumptions.items() if item.constant in study.names
            },
            varied=tuple(str(name) for name in varied if varied[name].nunique() > 1),
            provenance=_provenance(store, varied),
        ),
        varied,
    )


def _course(store: xr.Dataset, output: Output) -> tuple[str, xr.DataArray]:
    """The course of an output, and its name with the element as the store spells it."""
    base, _, element = output.name.partition("[")
    names = [str(name) for name, item in store.data_vars.items() if item.attrs.get("kept") == "course"]
    for stored in (output.name, base.strip()):
        spelled = next((name for name in names if name.casefold() == stored.casefold()), None)
        if spelled is None:
            continue
        whole = store[spelled]
        wanted = "" if "[" in spelled else element.rstrip("] ")
        one = whole.isel(scenario=0, draw=0, assumption=0, drop=True)
        for name, picked in elements(one, wanted).items():
            return (f"{spelled}[{name}]" if name else spelled), whole.isel(picked)
    advice = suggest(output.name, names) or f"keep its course; it has {', '.join(names)}"
    raise DataError(f"the store has no course of '{output.name}'", advice=advice)


def _members(found: xr.DataArray, *last: str) -> Floats:
    """An array of a store by scenario and member: draws, and within them sets of assumptions."""
    values = values_of(found.transpose("scenario", "draw", "assumption", *last)).astype(np.float64)
    return values.reshape(values.shape[0], -1, *values.shape[3:])


def _varied(store: xr.Dataset, study: Study) -> pd.DataFrame:
    """What every draw and every set gives, one row a member."""
    draws, sets = store.sizes["draw"], store.sizes["assumption"]
    columns: dict[str, Floats] = {}
    if "draw_value" in store:
        values = values_of(store["draw_value"])
        for place, name in enumerate(store["constant"].to_numpy()):
            columns[str(name)] = np.repeat(values[:, place], sets)
    if "assumption_value" in store:
        values = values_of(store["assumption_value"])
        for place, label in enumerate(map(str, store["assumed"].to_numpy())):
            name = study.assumptions[label].constant if label in study.assumptions else label
            columns[name] = np.tile(values[:, place], draws)
    return pd.DataFrame(columns, index=range(draws * sets))


def _failures(store: xr.Dataset, scenarios: Sequence[Scenario]) -> tuple[Failure, ...]:
    """Members that are not finite, one for each scenario and member."""
    import json

    when, which = _members(store["failed_time"]), _members(store["failed_output"])
    try:
        names = json.loads(store["failed_output"].attrs["outputs"])
        return tuple(
            Failure(
                scenarios[row].id, int(member), str(names[int(which[row, member])]), float(when[row, member])
            )
            for row, member in np.argwhere(np.isfinite(when))
        )
    except (LookupError, TypeError, ValueError) as error:
        reason = f"the store does not say which outputs its failures are of: {error}"
        raise DataError(reason, advice="restore the store from a copy, or sweep again") from error


def _provenance(store: xr.Dataset, varied: pd.DataFrame) -> Provenance:
    """With what the store was made."""
    return Provenance.of(
        store.attrs, str(store.attrs.get("draws", "")), draws_hash(varied), int(store.attrs.get("seed", 0))
    )
