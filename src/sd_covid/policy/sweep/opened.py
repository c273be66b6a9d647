"""Open the store of a sweep as an xarray Dataset, read from the disk as it is needed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.errors import DataError
from sd_covid.policy.sweep.store import read_journal, read_manifest

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

#: What zarr, its codecs and xarray raise for a store that is damaged.
_DAMAGED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError,
    struct.error,
)  # fmt: skip


def open_sweep(path: str | Path, *, partial: bool = False) -> xr.Dataset:
    """Open the store of a sweep.

    Parameters
    ----------
    path : path
        What ``sd-covid sweep`` wrote.
    partial : bool
        Open a store whose sweep is not done too; runs that are missing are NaN.

    Returns
    -------
    Dataset
        Dimensions scenario, draw, assumption, time, subscripts; ``date`` beside ``time`` where a calendar gives it.
        Values are read when they are used (`values_of` says so when they cannot be), names and places at once.
        ``failed_time`` and ``failed_output`` locate runs that did not stay finite.
        Attributes hold the manifest, and ``blocks_done``.

    Raises
    ------
    DataError
        When it is no store of a sweep, cannot be read, or is not done.
    """
    path = Path(path)
    told, done = read_manifest(path), read_journal(path)
    if len(done) < told["blocks"] and not partial:
        raise DataError(
            f"{len(done)} of {told['blocks']} blocks are done",
            advice="carry it on with --resume, or open it with partial=True",
            file=path,
        )
    import xarray as xr

    try:
        found = xr.open_dataset(path, engine="zarr", consolidated=True, chunks=None)
        for place in found.coords.values():
            if place.ndim == 1:
                place.load()
    except _DAMAGED as error:
        raise DataError(f"cannot be read: {error}", advice="restore it from a copy", file=path) from error
    return found.assign_attrs(blocks_done=len(done))


def values_of(found: xr.DataArray) -> NDArray[Any]:
    """What an array of a store holds.

    Parameters
    ----------
    found : DataArray

    Returns
    -------
    ndarray
        As it is stored.

    Raises
    ------
    DataError
        When it cannot be read from the disk.
    """
    try:
        return found.to_numpy()
    except _DAMAGED as error:
        reason = f"'{found.name}' of the store cannot be read: {error}"
        raise DataError(reason, advice="restore the store from a copy, or sweep again") from error
