"""A part of a problem, beside the model that it is for.

In: a `Problem` that takes some of another's observables or another model, and the loaded model. Out: the same without
the parameters and names that nothing in it uses.
"""

from __future__ import annotations

from dataclasses import replace

from sd_covid.calibration.problem.lint import ModelNames, used_names
from sd_covid.calibration.problem.petab import Problem
from sd_covid.calibration.tables import Table
from sd_covid.calibration.types import Simulator


def without_unused(problem: Problem, simulator: Simulator) -> Problem:
    """The problem without parameters and mapped names that neither its tables nor the model know."""
    names = ModelNames(problem, simulator)
    used = used_names(problem)
    parameters = {
        item.id: item
        for item in problem.parameters.values()
        if item.id in used or names.constant(item.id) is not None
    }
    aliases = [
        item
        for item in problem.aliases
        if item.entity in used or names.constant(item.entity) or names.output(item.entity)
    ]
    kept = {("parameterId", name) for name in parameters} | {
        ("petabEntityId", item.entity) for item in aliases
    }
    tables = dict(problem.tables)
    for kind, column in (("parameter", "parameterId"), ("mapping", "petabEntityId")):
        tables[kind] = [
            Table(t.file, t.columns, [row for row in t.rows if (column, row.text(column)) in kept])
            for t in tables[kind]
        ]
    return replace(problem, parameters=parameters, aliases=aliases, tables=tables)
