"""A calibration problem written as files: the YAML and its tables.

In: a `Problem`, or tables made elsewhere. Out: files that `petab.read_problem` reads back to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.tables import Table, write_table
from sd_covid.errors import ProblemError
from sd_covid.whole_files import write_whole


def write_problem(problem: Problem, folder: Path | str) -> Path:
    """Write a problem's YAML and tables, as they were read, to another folder.

    Parameters
    ----------
    problem : Problem
    folder : path
        Made when missing. Tables keep their place below the folder of the problem, others go to the top;
        the model's location is written as it stands.

    Returns
    -------
    Path
        The new ``problem.yaml``.
    """
    placed = {
        kind: [_place(problem, folder, table) for table in tables] for kind, tables in problem.tables.items()
    }
    names = {
        f"{kind}_files": [table.file.relative_to(folder).as_posix() for table in tables]
        for kind, tables in placed.items()
        if tables
    }
    return write_files(
        Path(folder) / problem.path.name,
        {**problem.config, **names},
        [table for tables in placed.values() for table in tables],
    )


def _place(problem: Problem, folder: Path | str, table: Table) -> Table:
    """A table with its file in another folder: where it lay below the problem's, or at the top."""
    own = problem.folder.resolve()
    below = table.file.relative_to(own) if table.file.is_relative_to(own) else Path(table.file.name)
    return Table(Path(folder) / below, table.columns, table.rows)


def write_files(target: Path, config: Mapping[str, Any], tables: Iterable[Table]) -> Path:
    """Write a problem's YAML and its tables, each to its own file.

    Parameters
    ----------
    target : Path
        ``problem.yaml``; folders are made when missing.
    config : mapping
        What it says.
    tables : iterable of Table

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    ProblemError
        Two tables have the same file.
    """
    taken: set[Path] = set()
    for table in tables:
        if table.file in taken:
            advice = "give them different names"
            raise ProblemError("two tables would be written to this file", advice=advice, file=table.file)
        taken.add(table.file)
        write_table(table, table.file)
    write_whole(target, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
    return target
