"""The Zarr store of a sweep, and the journal of the blocks that are in it.

Chunks are written first and reach the disk; then the journal gets a line. A block counts from then on, so whatever ends
the writing, a kill included, leaves whole blocks and at most one line without an end. ``.sweep`` in the store holds the
manifest and the journal.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import DataError, RunError
from sd_covid.files import bytes_of, plain_json
from sd_covid.policy.sweep.blocks import Blocks
from sd_covid.policy.sweep.manifest import refuse_other
from sd_covid.policy.sweep.skeleton import Array, make, stored_name
from sd_covid.policy.sweep.work import Done

if TYPE_CHECKING:
    import xarray as xr
    import zarr

FOLDER = ".sweep"


@dataclass(slots=True)
class Store:
    """A store that blocks are written to, by one process.

    Attributes
    ----------
    path : Path
    blocks : Blocks
    done : dict
        (variant, number) of each block that is kept -> runs of it that failed, of one scenario.
    """

    path: Path
    blocks: Blocks
    done: dict[tuple[int, int], int] = field(default_factory=dict)
    _arrays: dict[str, zarr.Array[Any]] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        path: Path,
        blocks: Blocks,
        coords: xr.Dataset,
        arrays: Sequence[Array],
        manifest: Mapping[str, Any],
    ) -> Store:
        """A new store: there whole, or not at all.

        Raises
        ------
        RunError
            When something is there already, or the disk is full.
        """
        if path.exists():
            raise RunError("is there already", advice="add --resume, or choose another name", file=path)
        beside = path.with_name(f".{path.name}.new")
        with disk_faults(path):
            if beside.exists():  # of a process that was killed; the lock says that it is gone
                shutil.rmtree(beside)
            make(beside, coords, arrays, {name: _attribute(value) for name, value in manifest.items()})
            folder = beside / FOLDER
            folder.mkdir()
            _write(folder / "manifest.json", json.dumps(manifest, indent=1).encode())
            _write(folder / "blocks", b"")
            beside.replace(path)
            _sync(path.parent)
        return cls(path, blocks)

    @classmethod
    def reopen(cls, path: Path, blocks: Blocks, manifest: dict[str, Any]) -> Store:
        """The store of an interrupted sweep.

        Raises
        ------
        DataError, RunError
            When it is no store of a sweep, cannot be read, or another sweep made it.
        """
        refuse_other(read_manifest(path), json.loads(json.dumps(manifest)), path)
        done = read_journal(path)
        _clear(path)
        return cls(path, blocks, done)

    def write(self, block: Done) -> None:
        """Keep the runs of a block, for every scenario that comes to them.

        Raises
        ------
        RunError
            When the disk is full or cannot be written; the block does not count then.
        """
        draws, sets = self.blocks.grid.ranges(block.number)
        shape = (draws.stop - draws.start, sets.stop - sets.start)
        values: dict[str, NDArray[Any]] = dict(block.values)
        values |= _failures(block, shape[0] * shape[1])
        cut = {name: item.reshape(*shape, *item.shape[1:]) for name, item in values.items()}
        at = self.blocks.grid.place(block.number)
        self._put((block.variant, block.number), cut, (draws, sets), at, len(block.failures))

    def write_statistics(self, variant: int, values: Mapping[str, NDArray[Any]], failed: int) -> None:
        """Keep the statistics over the runs of a variant, for every scenario that comes to it.

        Raises
        ------
        RunError
            When the disk is full or cannot be written.
        """
        self._put((variant, 0), values, (), (), failed)

    def _put(
        self,
        place: tuple[int, int],
        values: Mapping[str, NDArray[Any]],
        region: tuple[slice, ...],
        chunk: tuple[int, ...],
        failed: int,
    ) -> None:
        """Write a part of each array for some scenarios, and then that it is there."""
        with disk_faults(self.path):
            for scenario in self.blocks.variants[place[0]].scenarios:
                for name, item in values.items():
                    array = self._array(stored_name(name))
                    at: tuple[int | slice, ...] = (scenario, *region)
                    array[at] = np.ascontiguousarray(item, dtype=array.dtype)
                    later = (0,) * (array.ndim - 1 - len(chunk))
                    _sync_chunk(
                        self.path.joinpath(stored_name(name), "c", *map(str, (scenario, *chunk, *later)))
                    )
            with (self.path / FOLDER / "blocks").open("ab") as journal:
                journal.write(f"{place[0]} {place[1]} {failed}\n".encode())
                journal.flush()
                os.fsync(journal.fileno())
        self.done[place] = failed

    def _array(self, name: str) -> zarr.Array[Any]:
        import zarr

        if name not in self._arrays:
            found = zarr.open_array(str(self.path / name), mode="r+")
            self._arrays[name] = found
        return self._arrays[name]


def _failures(block: Done, runs: int) -> dict[str, NDArray[Any]]:
    """Where and when the runs of a block failed; nothing where none did."""
    if not block.failures:
        return {}
    time, output = np.full(runs, np.nan), np.full(runs, -1, dtype=np.int16)
    for item in block.failures:
        time[item.member], output[item.member] = item.time, item.output
    return {"failed_time": time, "failed_output": output}


def read_manifest(path: Path) -> dict[str, Any]:
    """What a store says that it is made of.

    Raises
    ------
    DataError
        When it is no store of a sweep, or cannot be read.
    """
    file = path / FOLDER / "manifest.json"
    try:
        found = plain_json(bytes_of(file))
    except (FileNotFoundError, NotADirectoryError):
        advice = "give a store that 'sd-covid sweep' wrote"
        raise DataError("there is no sweep in it", advice=advice, file=path) from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"cannot be read: {error}", advice="restore it from a copy", file=file) from error
    if not isinstance(found, dict) or not isinstance(found.get("blocks"), int):
        raise DataError("is no manifest of a sweep", advice="restore it from a copy", file=file)
    return found


def read_journal(path: Path) -> dict[tuple[int, int], int]:
    """The blocks that a store holds: (variant, number) -> failed runs. A line without its end does not count.

    Raises
    ------
    DataError
        When the journal cannot be read.
    """
    file = path / FOLDER / "blocks"
    found: dict[tuple[int, int], int] = {}
    try:
        content = bytes_of(file)
        for line in content[: content.rfind(b"\n") + 1].splitlines():
            variant, number, failed = map(int, line.split())
            found[variant, number] = failed
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", advice="restore it from a copy", file=file) from error
    return found


def _clear(path: Path) -> None:
    """Take away what a killed process left half-written: a line of the journal, and files beside their place.

    Raises
    ------
    RunError
        When the store cannot be written.
    """
    with disk_faults(path):
        with (path / FOLDER / "blocks").open("r+b") as journal:
            journal.truncate(journal.read().rfind(b"\n") + 1)
        for pattern in ("*.partial", "*.npz.new"):  # of Zarr, and of our own
            for file in path.rglob(pattern):
                file.unlink()


def save_arrays(store: Path, file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to a file beside the journal, whole or not at all.

    Raises
    ------
    RunError
        When the disk is full or cannot be written.
    """
    # Its name is the same for each process, since the lock lets in one: what a killed one left is written over.
    beside = file.with_name(f"{file.name}.new")
    with disk_faults(store):
        with beside.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Faults of the disk are told with the store's name.

    Raises
    ------
    RunError
        In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}; the blocks that are done are kept"
        raise RunError(reason, advice="make room, then add --resume", file=path) from error


def _attribute(value: Any) -> str | int | float:
    """A value in a type that every format keeps."""
    return value if isinstance(value, str | int | float) else json.dumps(value)


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    _sync(file)


def _sync_chunk(chunk: Path) -> None:
    """Wait until a chunk is on the disk; one that holds nothing but the fill value is not written."""
    if chunk.exists():
        _sync(chunk)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
