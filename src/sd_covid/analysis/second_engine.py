"""A model run in PySD, the independent second engine, in a process of its own.

In goes a model that our reader has accepted and our writer has written: PySD turns text into Python code, so a
stranger's file never reaches it as it came. Out comes a table of its results. Comparing is done elsewhere.

As a program, ``python -m sd_covid.analysis.second_engine MODEL.mdl OUT.parquet UNTIL`` is that process.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError, RunError

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.model.structure import Model


def run_in_pysd(model: Model, until: float | None = None) -> pd.DataFrame:
    """Run a model in PySD, by Euler's method, saving what it saves.

    PySD takes an array of one element for a number, so a dimension of one element is left out of what it gets.

    Parameters
    ----------
    model : Model
    until : float, optional
        Stop at this model time; PySD takes minutes where ours takes milliseconds.

    Returns
    -------
    DataFrame
        Index: time. Columns as PySD names them: ``name``, or ``name[Element A,Element B]``.

    Raises
    ------
    RunError
        When PySD cannot read or run the model, it cannot be written for PySD, or there is no PySD; says why.
    """
    if importlib.util.find_spec("pysd") is None:
        raise RunError(
            "PySD is not installed (pip install 'sd-covid[pysd]')", advice="the comparison is left out"
        )
    import pandas as pd

    from sd_covid.model import write_mdl
    from sd_covid.model.single import Flattened

    flat = Flattened(model)
    with tempfile.TemporaryDirectory(prefix="sd-covid-") as folder:
        text, out = Path(folder) / "model.mdl", Path(folder) / "results.parquet"
        try:
            write_mdl(flat.model, text, for_pysd=True)
        except ModelError as error:  # as of a conveyor, which no .mdl holds
            raise RunError(
                f"PySD cannot run {model.name}: '{error.variable}': {error.reason}",
                advice="the comparison is left out",
            ) from error
        last = "" if until is None else str(until)
        program = [sys.executable, "-P", "-W", "ignore", "-m", __name__, str(text), str(out), last]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise RunError(f"PySD cannot run {model.name}: {said[-1]}", advice="the comparison is left out")
        return pd.read_parquet(out).rename(columns=flat.spelled)


def _main(model: str, out: str, until: str) -> None:
    """Run PySD on a file and write what it finds."""
    import pysd

    results = pysd.read_vensim(model).run(final_time=float(until) if until else None, progress=False)
    results.columns = results.columns.astype(str)
    results.astype("float64").to_parquet(out)


if __name__ == "__main__":
    _main(*sys.argv[1:])
