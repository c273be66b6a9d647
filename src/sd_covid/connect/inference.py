"""A stored posterior in the groups that ArviZ knows: draws, predictions, figures and their densities.

In goes a problem with its stored draws (`sd_covid.calibration.stored.store`); out comes a DataTree, which ArviZ 1 takes
as it is, or the InferenceData of ArviZ 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from sd_covid.calibration.density.objective import Objective, Series
from sd_covid.calibration.density.pointwise import figure_densities
from sd_covid.calibration.sbc.synthetic import replicated
from sd_covid.calibration.stored.store import Posterior
from sd_covid.calibration.types import Array
from sd_covid.calibration.weigh import StoredFit, read_fit
from sd_covid.connect import library
from sd_covid.errors import DataError

if TYPE_CHECKING:
    from arviz import InferenceData

_DRAWS = ("chain", "draw")


def inference_data(fit: StoredFit | str | Path, *, draws: int | None = None, seed: int = 0) -> InferenceData:
    """A stored posterior as ArviZ's `InferenceData`; arguments, groups and errors as of `inference_tree`.

    Raises
    ------
    RunError
        Also when ArviZ is not installed.
    """
    arviz: Any = library("arviz", "sd-covid[calibration]")
    tree = inference_tree(fit, draws=draws, seed=seed)
    groups = {name: node.to_dataset() for name, node in tree.children.items()}
    if not hasattr(arviz, "InferenceData"):  # ArviZ 1 has no class of its own
        return tree  # type: ignore[return-value]
    return arviz.InferenceData(attrs=dict(tree.attrs), **groups)  # type: ignore[no-any-return]


def inference_tree(fit: StoredFit | str | Path, *, draws: int | None = None, seed: int = 0) -> xr.DataTree:
    """A stored posterior in ArviZ's groups.

    Parameters
    ----------
    fit : StoredFit or path
        As `sd_covid.calibration.weigh.read_fit` gives it, or its ``problem.yaml``.
    draws : int, optional
        How many of each chain, spread over all that are stored; by default every one. The model runs once for each.
    seed : int
        Of the noise of the predictions.

    Returns
    -------
    DataTree
        ``posterior``: each estimated parameter by its PEtab id, dimensions chain and draw. ``posterior_predictive`` and
        ``log_likelihood``: each observable over chain, draw and its figures; ``observed_data``: its figures;
        ``constant_data``: whether a figure was held out. The figures of an observable have a dimension of its name and
        ``_figure``, whose labels are the periods; coordinates with ``_time`` are the ends of the periods in model time.
        Soft facts are named ``fact_`` and their id, and have a density only. ``sample_stats``: the log posterior,
        ``lp``.

    Raises
    ------
    ProblemError, ModelError
        When the problem or its model cannot be read.
    DataError
        When no fit is stored, it belongs to other tables or another model, or the model fails at a stored draw.

    Notes
    -----
    The density of a figure is that given all other figures, so that leaving one out (``arviz.loo``) is right where
    noise remembers too (Bürkner, Gabry & Vehtari 2021, doi 10.1007/s00180-020-01045-4). A prediction is of a figure
    anew: noise that does not know the figures.
    """
    if not isinstance(fit, StoredFit):
        fit = read_fit(fit)
    objective = Objective(fit.problem, fit.simulator)
    stored = fit.posterior.values.shape[1]
    kept = np.linspace(0, stored - 1, min(draws or stored, stored)).astype(int)
    frame = fit.posterior.frame[fit.posterior.frame["draw"].isin(kept)]
    posterior = Posterior(frame, fit.posterior.provenance)
    x = posterior.parameters.to_numpy(dtype=np.float64)
    lead = {"chain": frame["chain"].unique(), "draw": kept}
    shape = len(lead["chain"]), len(kept)
    groups = {
        "posterior": _posterior(posterior, fit, lead),
        "sample_stats": xr.Dataset({"lp": (_DRAWS, frame["log_posterior"].to_numpy().reshape(shape))}, lead),
        **_figures(fit, objective, x, lead, np.random.default_rng(seed)),
    }
    tree = xr.DataTree.from_dict(groups)
    told = posterior.provenance
    tree.attrs = {
        "inference_library": "sd-covid",
        **{
            name: str(told[name])
            for name in ("method", "model_hash", "data_hash", "versions")
            if name in told
        },
    }
    return tree


def _posterior(posterior: Posterior, fit: StoredFit, lead: dict[str, Array]) -> xr.Dataset:
    """Every parameter, with its unit and name."""
    shape = len(lead["chain"]), len(lead["draw"])
    rows = {item.id: item.row for item in fit.problem.estimated}
    values: dict[str, Any] = {}
    for name, column in posterior.parameters.items():
        row = rows[str(name)]
        told = {"units": row.text("unit"), "long_name": row.text("parameterName")}
        values[str(name)] = (
            _DRAWS,
            column.to_numpy().reshape(shape),
            {what: text for what, text in told.items() if text},
        )
    return xr.Dataset(values, lead)


def _figures(
    fit: StoredFit, objective: Objective, x: Array, lead: dict[str, Array], rng: np.random.Generator
) -> dict[str, xr.Dataset]:
    """The groups that have figures."""
    densities = figure_densities(objective, x)
    if not np.isfinite(densities).all():
        advice = f"run sd-covid calibrate {fit.problem.path}"
        raise DataError("the model fails at a stored draw", advice=advice, file=fit.problem.path)
    groups: dict[str, dict[str, Any]] = {
        name: {} for name in ("posterior_predictive", "log_likelihood", "observed_data", "constant_data")
    }
    shape = len(lead["chain"]), len(lead["draw"])
    coordinates: dict[str, Any] = {}
    parameters = objective.values(x)
    column = 0
    for experiment, outputs in objective.runs(x):
        for series in experiment.series:
            name = _name(series, experiment.id)
            dims = (f"{name}_figure",)
            coordinates |= _labels(series, name)
            count = len(series.figures)
            drawn = replicated(series, series.observation.figures(outputs, parameters).predicted, rng)
            told = {"units": series.observation.observable.unit}
            groups["posterior_predictive"][name] = (*_DRAWS, *dims), drawn.reshape(*shape, count), told
            density = densities[:, column : column + count]
            groups["log_likelihood"][name] = (*_DRAWS, *dims), density.reshape(*shape, count)
            groups["observed_data"][name] = dims, series.figures, told
            groups["constant_data"][f"{name}_holdout"] = dims, series.holdout
            column += count
        for fact in experiment.facts:
            groups["log_likelihood"][f"fact_{fact.fact.id}"] = _DRAWS, densities[:, column].reshape(shape)
            column += 1
    return {name: xr.Dataset(values, _used(values, lead | coordinates)) for name, values in groups.items()}


def _name(series: Series, experiment: str) -> str:
    """What the figures of an observable are called: with their experiment where it is not the model as it stands."""
    observable = series.observation.observable.id
    return f"{observable}_{experiment}" if experiment else observable


def _labels(series: Series, name: str) -> dict[str, Any]:
    """The periods of figures and their ends, as coordinates; figures without a period are numbered."""
    dim, ends = f"{name}_figure", series.observation.ends
    periods = [item.period or str(place) for place, item in enumerate(series.measurements)]
    return {dim: (dim, periods), f"{name}_time": (dim, ends, {"long_name": "end of the period, model time"})}


def _used(values: dict[str, Any], coordinates: dict[str, Any]) -> dict[str, Any]:
    """The coordinates whose dimensions some variables have."""
    dims = {dim for item in values.values() for dim in item[0]}
    return {
        name: item
        for name, item in coordinates.items()
        if (item[0] if isinstance(item, tuple) else name) in dims
    }
