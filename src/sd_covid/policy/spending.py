"""What the levers of a scenario cost in a run of the model: what was counted, priced by the rule of each lever.

In come a lever, the scenario that sets it and the scenario's runs; out comes a `CostLine`, one path of spending a
member where it depends on what happens. The rules are `sd_covid.policy.costs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sd_covid.policy.costs import CostLine, budget_path, reach_path, spent_path, unit_path
from sd_covid.policy.levers import Lever, LeverSetting
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
    years = tuple(
        range(study.first.year, study.last.year + (study.last > study.last.replace(month=1, day=1)))
    )
    if lever.cost.rule == "budget":
        nominal = budget_path(lever.cost, setting.level, setting.start, setting.end, years, setting.budget)
    elif lever.cost.rule == "unpriced":
        nominal = np.full((1, len(years)), np.nan)
    else:
        nominal = _counted(lever, setting, run, study, years)
    return CostLine(
        scenario=scenario.id,
        lever=lever.id,
        title=lever.title,
        payer=lever.payer,
        delivery=setting.delivery or lever.delivery,
        years=years,
        nominal=nominal,
        priced=lever.cost.rule != "unpriced",
        grade=lever.cost.grade,
        source=lever.cost.source,
        note=lever.cost.note,
    )


def _counted(
    lever: Lever, setting: LeverSetting, run: xr.Dataset, study: Study, years: tuple[int, ...]
) -> Floats:
    """Spending by year, shape (member, year), under a rule that counts."""
    cost, prices = lever.cost, study.catalogue.prices
    time = run["time"].to_numpy().astype(np.float64)
    year_of = np.array([study.calendar.date(float(now)).year for now in time[:-1]], dtype=np.int64)
    if cost.rule == "spent":
        return spent_path(_total(run[cost.quantity]), year_of, years)
    months = _months(setting, time, study)
    if cost.rule == "unit":
        quantity = _total(run[cost.quantity])
        return unit_path(cost, setting.level, months / np.diff(time), quantity, year_of, prices, years)
    stock, inflow = (_sum(run, names, cost.reached) for names in (cost.stock, cost.inflow))
    return reach_path(cost, setting.level, months, stock, inflow, year_of, prices, years)


def _months(setting: LeverSetting, time: Floats, study: Study) -> Floats:
    """Months of each interval between saved times in which a lever is in force, shape (time - 1,)."""
    start, end = study.calendar.time(setting.start), study.calendar.time(setting.end)
    return np.asarray(np.maximum(np.minimum(time[1:], end) - np.maximum(time[:-1], start), 0.0))


def _sum(run: xr.Dataset, names: tuple[str, ...], reached: str) -> Floats:
    """Variables added up over themselves and their elements, times the share reached; shape (member, time)."""
    parts = [run[name] * run[reached] if reached else run[name] for name in names]
    return np.asarray(sum(_total(part) for part in parts), dtype=np.float64)


def _total(variable: xr.DataArray) -> Floats:
    """A variable summed over its elements, shape (member, time)."""
    elements = [dim for dim in variable.dims if dim not in ("member", "time")]
    summed = variable.sum(elements, skipna=False).transpose("member", "time")
    return np.asarray(summed.to_numpy(), dtype=np.float64)
