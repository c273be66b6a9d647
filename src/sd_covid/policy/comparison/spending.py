"""What the levers of a scenario cost in a run of the model, by the rule of each lever.

In come a lever, the scenario that sets it and the scenario's runs; out comes a `CostLine`, one path of spending a
member where it depends on what happens. The rules are `sd_covid.policy.catalogue.costs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.catalogue.costs import CostLine, budget_path, spent_path
from sd_covid.policy.catalogue.levers import Lever, LeverSetting
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    import xarray as xr


def cost_line(lever: Lever, scenario: Scenario, run: xr.Dataset, study: Study) -> CostLine:
    """What a lever costs in a scenario, over all years of the run.

    Parameters
    ----------
    lever : Lever
    scenario : Scenario
    run : Dataset
        With dimensions member and time, and the variables that the lever's cost counts (`Cost.variables`).
    study : Study
    """
    setting = scenario.levers[lever.id]
    return CostLine(
        scenario=scenario.id,
        lever=lever.id,
        title=lever.title,
        payer=lever.payer,
        delivery=setting.delivery or lever.delivery,
        years=cost_years(study),
        nominal=nominal_cost(lever, setting, run, study),
        priced=lever.cost.rule != "unpriced",
        grade=lever.cost.grade,
        source=lever.cost.source,
        note=lever.cost.note,
    )


def cost_years(study: Study) -> tuple[int, ...]:
    """The years of a run, over which costs are told."""
    return tuple(range(study.first.year, study.last.year + (study.last > study.last.replace(month=1, day=1))))


def nominal_cost(lever: Lever, setting: LeverSetting, run: xr.Dataset, study: Study) -> Floats:
    """What a lever costs by year, million euro, nominal.

    Parameters
    ----------
    lever : Lever
    setting : LeverSetting
        Of which a cost by budget takes account; one by what was spent follows from the run.
    run : Dataset
        As for `cost_line`.
    study : Study

    Returns
    -------
    ndarray, shape (member, year) or (1, year)
        Over `cost_years`; one row when it is the same in every run, NaN where no price is known.
    """
    years = cost_years(study)
    if lever.cost.rule == "budget":
        paths = [
            budget_path(lever.cost, held.level, held.start, held.end, years, held.budget)
            for held in setting.held
        ]
        return np.asarray(np.sum(paths, axis=0), dtype=np.float64)
    if lever.cost.rule == "spent":
        time = run["time"].to_numpy().astype(np.float64)
        year_of = np.array([study.calendar.date(float(now)).year for now in time[:-1]], dtype=np.int64)
        return spent_path(_total(run[lever.cost.spending]), year_of, years)
    return np.full((1, len(years)), np.nan)


def _total(variable: xr.DataArray) -> Floats:
    """A variable summed over its elements, shape (member, time)."""
    elements = [dim for dim in variable.dims if dim not in ("member", "time")]
    summed = variable.sum(elements, skipna=False).transpose("member", "time")
    return np.asarray(summed.to_numpy(), dtype=np.float64)
