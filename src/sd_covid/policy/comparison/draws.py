"""Draws: a table of constants, one row a member, that every scenario of a comparison shares.

In come the stored posterior and the ranges of what it does not hold; out comes one table. The posterior keeps the
correlations between its parameters; ranges are sampled independently of it and of one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sd_covid.calibration.stored import store
from sd_covid.errors import DataError
from sd_covid.model.names import key
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.types import Simulator


def read_posterior(path: str | Path, simulation: Simulator) -> pd.DataFrame:
    """The stored draws of a calibration, as constants of the model.

    Parameters
    ----------
    path : path
        A file that a calibration wrote, which says of each parameter what constant it sets, elements of arrays
        included. Parameters of the observation (noise, offsets of definitions) are of no use in a run and left out, as
        are constants of sectors that the model does not have.
    simulation : Simulator

    Returns
    -------
    DataFrame
        Columns in the model's spelling.

    Raises
    ------
    DataError
        When the file is missing, is no stored posterior, holds no constant of the model, or a value that is not finite.
    """
    path = Path(path)
    stored = store.read_posterior(path).constants
    names = ConstantNames(simulation.constants)
    spelled = {str(column): names.spelling(str(column)) for column in stored if str(column) in names}
    draws = stored[list(spelled)].rename(columns=spelled).astype(np.float64)
    if draws.empty:
        advice = "is it the posterior of this model?"
        raise DataError("no parameter is a constant of the model", advice=advice, file=path)
    for column in draws:
        if not np.isfinite(draws[column].to_numpy()).all():
            raise DataError("a draw is not finite", file=path, variable=str(column), advice="calibrate again")
    return draws


def choose_draws(draws: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    """`size` rows at random: without replacement where there are enough, else every row before any comes twice."""
    return draws.iloc[choose_rows(len(draws), size, seed)].reset_index(drop=True)


def choose_rows(count: int, size: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` rows `choose_draws` takes, shape (size,)."""
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(count) for _ in range(-(-size // count))]
    return np.concatenate(rounds)[:size]


def sample_ranges(ranges: Mapping[str, Range], size: int, seed: int) -> pd.DataFrame:
    """A Latin hypercube sample of ranges.

    Parameters
    ----------
    ranges : mapping
        Model constant -> `Range`.
    size : int
        Number of rows.
    seed : int

    Returns
    -------
    DataFrame, shape (size, constant)
        Each column has one value in each of `size` equally probable intervals (McKay, Beckman & Conover 1979).
    """
    rng = np.random.default_rng(seed)
    columns = {}
    for name, spread in ranges.items():
        columns[name] = spread.quantile((rng.permutation(size) + rng.uniform(1e-9, 1 - 1e-9, size)) / size)
    return pd.DataFrame(columns, index=range(size), dtype=np.float64)


def sample_assumptions(
    assumptions: Mapping[str, Assumption],
    names: ConstantNames,
    calibrated: Iterable[str],
    size: int,
    seed: int,
) -> pd.DataFrame:
    """A Latin hypercube sample of the assumptions of a study that a model has and that were not calibrated.

    Parameters
    ----------
    assumptions : mapping
        Id -> `Assumption`; those that are not swept are left out.
    names : ConstantNames
        Of the model.
    calibrated : iterable of str
        Constants that the posterior holds. Of an array of which it holds some elements the others move together.
    size : int
        Number of rows.
    seed : int

    Returns
    -------
    DataFrame, shape (size, constant)
    """
    moved = moving_assumptions(assumptions, names, calibrated)
    sample = sample_ranges({name: assumptions[name].range for name in moved}, size, seed)
    return assumed_columns(assumptions, moved, sample)


def joint_draws(
    posterior: pd.DataFrame,
    assumptions: Mapping[str, Assumption],
    names: ConstantNames,
    size: int,
    seed: int,
) -> pd.DataFrame:
    """Draws of the calibrated constants, beside independent draws of the assumptions that were not calibrated.

    Parameters
    ----------
    posterior : DataFrame
        One row a stored draw, columns model constants; those that the model does not have are left out.
    assumptions : mapping
        Id -> `Assumption`.
    names : ConstantNames
        Of the model.
    size : int
        Number of rows.
    seed : int

    Returns
    -------
    DataFrame, shape (size, constant)
    """
    fitted = posterior[[name for name in posterior if str(name) in names]]
    assumed = sample_assumptions(assumptions, names, map(str, fitted), size, seed)
    return pd.concat([choose_draws(fitted, size, seed), assumed], axis=1)


def moving_assumptions(
    assumptions: Mapping[str, Assumption], names: ConstantNames, calibrated: Iterable[str]
) -> dict[str, list[str]]:
    """The assumptions of a study that are swept, that a model has and that were not calibrated.

    Parameters
    ----------
    assumptions, names, calibrated
        As for `sample_assumptions`.

    Returns
    -------
    dict
        Id -> the constants that it moves, in the model's spelling.
    """
    taken = {key(name) for name in calibrated}
    moved: dict[str, list[str]] = {}
    for item in assumptions.values():
        if not item.swept or item.constant not in names or key(item.constant.partition("[")[0]) in taken:
            continue
        elements = names.elements(item.constant)
        left = [name for name in elements if key(name) not in taken]
        moved[item.id] = [names.spelling(item.constant)] if len(left) == len(elements) else left
    return moved


def assumed_columns(
    assumptions: Mapping[str, Assumption], moved: Mapping[str, Sequence[str]], sample: pd.DataFrame
) -> pd.DataFrame:
    """A sample of assumptions as a table of constants.

    Parameters
    ----------
    assumptions : mapping
        Id -> `Assumption`.
    moved : mapping
        Id -> the constants that it moves; what is no id is a range of the sample's own.
    sample : DataFrame, shape (size, id)

    Returns
    -------
    DataFrame, shape (size, constant)
        What is the rest of others that are all in the sample is what they leave of one.
    """
    sample = sample.copy()
    for name in moved:
        others = list(assumptions[name].rest_of) if name in assumptions else []
        if others and set(others) <= set(moved):
            sample[name] = 1.0 - sample[others].sum(axis=1)
    columns = {constant: sample[name] for name, constants in moved.items() for constant in constants}
    return pd.DataFrame(columns, index=sample.index)


def draws_hash(draws: pd.DataFrame) -> str:
    """SHA-256 of the names and bits of a table of draws, in order."""
    digest = hashlib.sha256("\0".join(map(str, draws.columns)).encode())
    digest.update(np.ascontiguousarray(draws.to_numpy(dtype=np.float64)).tobytes())
    return digest.hexdigest()
