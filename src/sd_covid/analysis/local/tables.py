"""Local projections as tables: quantiles of regions, and every draw of every municipality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sd_covid.analysis.local.project import Local
from sd_covid.data.local.regions import LEVELS, Region
from sd_covid.policy.comparison.scenarios import Provenance

if TYPE_CHECKING:
    import xarray as xr

QUANTILES = (0.05, 0.2, 0.5, 0.8, 0.95)


def as_frame(found: Sequence[Local], chosen: Region | None) -> pd.DataFrame:
    """Quantiles over draws, one row an indicator, scenario, region and year.

    Parameters
    ----------
    found : sequence of Local
    chosen : Region or None
        All regions of all levels where it is None.

    Returns
    -------
    DataFrame
        Columns ``indicator, scenario, level, region, name, basis, year``, the quantiles in per cent, and ``number``,
        the mean of the numerator in the units of the model: unlike quantiles, means of regions add up to the country's.
    """
    return pd.concat([_frame(local, chosen) for local in found], ignore_index=True)


def _frame(local: Local, chosen: Region | None) -> pd.DataFrame:
    """The rows of one indicator: regions, within them scenarios, within these years."""
    regions = local.profiles.regions
    wanted = [chosen] if chosen else [item for level in LEVELS for item in regions.at(level)]
    shape = (len(wanted), len(local.scenarios), len(local.years))
    number, bands = np.empty(shape), np.empty((len(QUANTILES), *shape))
    for at, region in enumerate(wanted):
        places = list(regions.within(region))
        number[at] = local.number[..., places].sum(axis=-1).mean(axis=1)
        bands[:, at] = np.quantile(local.rate(region), QUANTILES, axis=1)
    each = shape[1] * shape[2]
    heads = {
        "level": [item.level for item in wanted],
        "region": [item.code for item in wanted],
        "name": [item.name for item in wanted],
        "basis": [local.basis(item) for item in wanted],
    }
    columns: dict[str, Any] = {
        "indicator": local.indicator.output.name,
        "scenario": np.tile(np.repeat(local.scenarios, shape[2]), shape[0]),
    }
    columns |= {name: np.repeat(values, each) for name, values in heads.items()}
    columns["year"] = np.tile(local.years, shape[0] * shape[1])
    columns |= {f"q{round(100 * level):02d}": bands[k].ravel() for k, level in enumerate(QUANTILES)}
    return pd.DataFrame(columns | {"number": number.ravel()})


def as_dataset(found: Sequence[Local], provenance: Provenance) -> xr.Dataset:
    """Every draw of every municipality: for each indicator its share in per cent and its number.

    Returns
    -------
    Dataset
        Dimensions (scenario, member, year, municipality); municipalities by code, with their names beside.
    """
    import xarray as xr

    first = found[0]
    regions = first.profiles.regions.municipalities
    dims = ("scenario", "member", "year", "municipality")
    variables = {}
    for local in found:
        name, output = local.indicator.output.name, local.indicator.output
        share = np.stack([local.rates(place) for place in range(len(local.scenarios))])
        variables[name] = (dims, share, {"units": "percent", "long_name": output.title.en})
        variables[f"{name}, number"] = (
            dims,
            local.number,
            {"long_name": f"{local.indicator.numerator}, number"},
        )
    return xr.Dataset(
        variables,
        coords={
            "scenario": list(first.scenarios),
            "member": np.arange(first.number.shape[1]),
            "year": list(first.years),
            "municipality": [item.code for item in regions],
            "name": ("municipality", [item.name for item in regions]),
        },
        attrs={
            "model": provenance.model,
            "model_hash": provenance.model_hash,
            "draws": provenance.draws,
            "draws_hash": provenance.draws_hash,
            "seed": provenance.seed,
            "versions": " ".join(f"{name} {version}" for name, version in provenance.versions.items()),
        },
    )
