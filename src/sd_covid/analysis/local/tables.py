"""Local projections as tables: quantiles of regions, and every draw of every municipality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.analysis.local.project import Local
from sd_covid.data.local.regions import LEVELS, Region
from sd_covid.policy.comparison import Provenance

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
        Columns ``indicator, scenario, level, region, name, basis, year``, the quantiles in per cent, and ``number``, the
        median of the numerator in the units of the model.
    """
    parts = []
    for local in found:
        regions = local.profiles.regions
        wanted = [chosen] if chosen else [item for level in LEVELS for item in regions.at(level)]
        for region in wanted:
            places = list(regions.within(region))
            number = np.median(local.number[..., places].sum(axis=-1), axis=1)
            bands = np.quantile(local.rate(region), QUANTILES, axis=1)
            for place, scenario in enumerate(local.scenarios):
                columns = {f"q{round(100 * level):02d}": bands[k, place] for k, level in enumerate(QUANTILES)}
                head = {
                    "indicator": local.indicator.output.name,
                    "scenario": scenario,
                    "level": region.level,
                    "region": region.code,
                    "name": region.name,
                    "basis": local.basis(region),
                    "year": local.years,
                }
                parts.append(pd.DataFrame(head | columns | {"number": number[place]}))
    return pd.concat(parts, ignore_index=True)


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
        share = np.asarray(100 * local.number / local.of)
        variables[name] = (dims, share, {"units": "percent", "long_name": output.title.en})
        variables[f"{name}, number"] = (dims, local.number, {"long_name": f"{local.indicator.numerator}, number"})
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
