"""Posterior draws on disk: one small parquet file, one row a draw.

Columns: ``chain``, ``draw``, ``log_posterior`` and every estimated parameter by its PEtab id, float64, zstd. The
metadata (key ``sd_covid``, JSON) holds which parameter sets which model constant, the hashes of model and tables, the
seed and the versions, and the best fit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.types import Array
from sd_covid.errors import DataError
from sd_covid.files import plain_json
from sd_covid.whole_files import replacing

KEY = b"sd_covid"
INDEX = ("chain", "draw", "log_posterior")


@dataclass(frozen=True, slots=True)
class Posterior:
    """Stored draws.

    Attributes
    ----------
    frame : pandas.DataFrame
        Columns chain, draw, log_posterior, then parameters by PEtab id.
    provenance : dict
        constants (parameter id -> model constant), best (parameter id -> value), model_hash, data_hash, seed, versions;
        figures and settings_hash (`sd_covid.calibration.stored.seen`), updates (`sd_covid.calibration.newest.update`).
    """

    frame: pd.DataFrame
    provenance: dict[str, Any]

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a draw, columns the PEtab ids."""
        return self.frame.drop(columns=list(INDEX))

    @property
    def constants(self) -> pd.DataFrame:
        """One row a draw, columns the names of model constants: what `Simulation.run` takes as ``parameters``."""
        names = self.provenance["constants"]
        return self.frame[list(names)].rename(columns=names)

    @property
    def values(self) -> Array:
        """Draws by chain. Shape (chain, draw, parameter)."""
        chains = int(self.frame["chain"].nunique())
        return self.parameters.to_numpy(dtype=np.float64).reshape(
            chains, -1, self.frame.shape[1] - len(INDEX)
        )


def write_posterior(posterior: Posterior, file: Path) -> None:
    """Write draws and their provenance, whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(posterior.frame, preserve_index=False)
    text = json.dumps(posterior.provenance).encode()
    table = table.replace_schema_metadata({KEY: text})
    with replacing(file) as temporary:
        parquet.write_table(table, temporary, compression="zstd", use_dictionary=False)


def read_posterior(file: str | Path) -> Posterior:
    """Read draws written by `write_posterior`.

    Parameters
    ----------
    file : path

    Raises
    ------
    DataError
        A missing file, or one that is not a posterior of ours.
    """
    import pyarrow as pa
    from pyarrow import parquet

    file = Path(file)
    if not file.is_file():
        raise DataError("there are no posterior draws", advice="run sd-covid calibrate first", file=file)
    try:
        table = parquet.read_table(file)
    except (pa.ArrowException, OSError, ValueError) as error:  # what is damaged inside is any of these
        raise DataError(
            "not a parquet file", advice="run sd-covid calibrate to make it anew", file=file
        ) from error
    text = (table.schema.metadata or {}).get(KEY)
    try:
        told = None if text is None else plain_json(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not set(INDEX) <= set(table.column_names):
        reason = "the file holds no posterior written by sd-covid"
        raise DataError(reason, advice="run sd-covid calibrate to make it anew", file=file)
    frame = pd.DataFrame({name: table[name].to_numpy() for name in table.column_names})
    return Posterior(frame, told)


def tables_hash(problem: Problem, *, without: Collection[str] = ()) -> str:
    """SHA-256 of what the posterior rests on: the tables and the observation settings, whatever their layout on disk.

    Processes, origins and the like are left out: they only matter to predictions, which are made anew each time.

    Parameters
    ----------
    problem : Problem
    without : collection of str
        Kinds of tables that do not count.
    """
    content = {
        "observations": {key: item.content() for key, item in problem.extension.observations.items()},
        "tables": {
            kind: [[dict(sorted(row.cells.items())) for row in table.rows] for table in tables]
            for kind, tables in problem.tables.items()
            if kind not in without
        },
    }
    if problem.extension.facts:
        content["soft facts"] = {
            key: dataclasses.asdict(item) for key, item in problem.extension.facts.items()
        }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of what the draws depend on."""
    names = ("sd-covid", "numpy", "scipy", "nutpie", "llvmlite")
    return {name: metadata.version(name) for name in names}
