"""Sets of assumptions for a sweep: every combination of some values, a sample of ranges, or the rows of a file.

In goes what stands under ``assumptions:``; out comes a table with one row a set, columns constants of the model. Levers
are never among them: what a government sets stands in scenarios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sd_covid.data.csv_rows import read_csv
from sd_covid.data.keyed_yaml import Node
from sd_covid.engine.run.ensemble import memory_limit
from sd_covid.errors import DataError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.names import ConstantNames
from sd_covid.policy.catalogue.ranges import SHAPES, Range, Shape
from sd_covid.policy.comparison.draws import assumed_columns, moving_assumptions
from sd_covid.policy.reading import named_file, read_number, read_whole
from sd_covid.policy.study import Study

_DESIGNS = ("factorial", "lhs", "sobol", "file")
_MOST = 10_000_000  # sets of a factorial design that are not thought a slip
_COPIES = 3  # of a table while it is made: points of the unit cube, quantiles, and the table


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of assumptions.

    Attributes
    ----------
    table : DataFrame, shape (set, constant)
        Without columns, and with one row, where nothing is varied.
    labels : dict
        Constant -> id of the assumption, or the constant's name where it is no assumption.
    chosen : bool
        Whether each was named in the sweep; a scenario that sets one of them too is then at odds with it.
    """

    table: pd.DataFrame
    labels: dict[str, str]
    chosen: bool = True


NOTHING = Sets(pd.DataFrame(index=[0]), {})


class Assumable:
    """What can be varied: the study's assumptions by id, and constants that belong to no lever.

    Parameters
    ----------
    names : ConstantNames
        Of the model.
    study : Study or None
        None where the model has no calendar or no study.
    """

    def __init__(self, names: ConstantNames, study: Study | None) -> None:
        self.names, self.study = names, study

    def constant(self, name: str, node: Node) -> str:
        """The constant that a name stands for, in the model's spelling.

        Raises
        ------
        DataError
            A name that is neither, or a constant of a lever.
        """
        assumptions = {} if self.study is None else self.study.assumptions
        if name in assumptions:
            name = assumptions[name].constant
        elif name not in self.names:
            near = suggest(name, [*assumptions, *self.names.all])
            raise node.error(f"there is no assumption or constant '{name}'", near or "check its name")
        lever = None if self.study is None else self.study.of_lever(name)
        if lever is not None:
            raise node.error(f"'{name}' belongs to a lever", f"set it in a scenario, as '{lever}'")
        if name not in self.names:
            raise node.error(f"the model has no constant '{name}'", "leave it out")
        return self.names.spelling(name)


def read_sets(node: Node | None, known: Assumable, calibrated: list[str]) -> Sets:
    """The sets of assumptions of a sweep.

    Parameters
    ----------
    node : Node or None
        None: one set, in which nothing is varied.
    known : Assumable
    calibrated : list of str
        Constants that the draws hold: ``over: all`` leaves them out.

    Returns
    -------
    Sets

    Raises
    ------
    DataError
        With file, line and key.
    """
    if node is None:
        return NOTHING
    top = dict(node.entries())
    if "design" not in top:
        raise node.error("the key 'design' is missing", f"add 'design:', one of {', '.join(_DESIGNS)}")
    design = top["design"].choice(_DESIGNS)
    if design == "factorial":
        return _factorial(node.fields(("design", "values"))["values"], known)
    if design == "file":
        return _from_file(node.fields(("design", "file"))["file"], known)
    return _sample(node, design, known, calibrated)


def refuse_too_many(node: Node, rows: int, columns: int, what: str) -> None:
    """Refuse a table of draws or sets that would not fit in memory, where its size is asked for.

    Raises
    ------
    DataError
    """
    size, limit = 8.0 * _COPIES * rows * columns, memory_limit(None)
    if size > limit:
        raise node.error(
            f"{rows:g} {what} of {columns} values need {size / 2**30:.3g} GiB, more than the limit of "
            f"{limit / 2**30:.3g} GiB",
            "ask for fewer: several sweeps with seeds of their own come to the same",
        )


def _factorial(node: Node, known: Assumable) -> Sets:
    """Every combination of listed values; the last assumption listed varies fastest."""
    values: dict[str, list[float]] = {}
    labels: dict[str, str] = {}
    for name, entry in node.entries():
        constant = _new(name, entry, known, labels)
        values[constant] = [read_number(item) for item in entry.items()]
        labels[constant] = name
        if not values[constant]:
            raise entry.error("no value is listed", "list at least one")
    if not values:
        raise node.error("no assumption is listed", "write 'name: [1, 2]' lines")
    if math.prod(map(len, values.values())) > _MOST:
        raise node.error("these are more combinations than anyone can run", "sample them: 'design: sobol'")
    rows = np.stack(np.meshgrid(*values.values(), indexing="ij"), axis=-1).reshape(-1, len(values))
    return Sets(pd.DataFrame(rows, columns=list(values)), labels)


def _new(name: str, node: Node, known: Assumable, labels: Mapping[str, str]) -> str:
    """The constant of a name that is not varied yet."""
    constant = known.constant(name, node)
    base = key(constant.partition("[")[0])
    for other, label in labels.items():
        if key(other) == key(constant) or (
            key(other.partition("[")[0]) == base and ("[" in other) != ("[" in constant)
        ):
            raise node.error(f"'{label}' sets '{constant}' already", "leave one of the two out")
    return constant


def _from_file(node: Node, known: Assumable) -> Sets:
    """The rows of a CSV file whose header names assumptions or constants."""
    file = named_file(node)
    labels: dict[str, str] = {}

    def check(path: Path, header: list[str]) -> None:
        for name in header:
            here = Node(path, name, 1, node.raw)
            labels[_new(name, here, known, labels)] = name

    rows = []
    for line, row in read_csv(file, check, "name a file of the study"):
        rows.append([_cell(file, line, name, text) for name, text in row.items()])
    if not rows or not labels:
        raise DataError(
            "there is no set of assumptions in it", advice="write a row for each", file=file, line=1
        )
    return Sets(pd.DataFrame(np.array(rows), columns=list(labels)), labels)


def _cell(file: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"'{text}' is not a number", advice="write a number", file=file, line=line, variable=name
        )
    return value


def _sample(node: Node, design: str, known: Assumable, calibrated: list[str]) -> Sets:
    """A Latin hypercube (McKay, Beckman & Conover 1979) or a scrambled Sobol sequence (Owen 1998) of ranges."""
    found = node.fields(("design", "size", "seed"), ("over", "ranges"))
    size, seed = read_whole(found["size"], 1), read_whole(found["seed"], 0)
    if design == "sobol" and size & (size - 1):
        raise found["size"].error(
            f"{size} is not a power of two", "take for example 256: a part is no Sobol set"
        )
    moved, spread, labels, everything = _ranges(node, found, known, calibrated)
    refuse_too_many(found["size"], size, len(spread), "sets")
    cube = _unit_cube(design, len(spread), size, seed)
    sample = pd.DataFrame(
        {name: item.quantile(cube[:, k]) for k, (name, item) in enumerate(spread.items())}, dtype=np.float64
    )
    assumptions = {} if known.study is None else known.study.assumptions
    return Sets(assumed_columns(assumptions, moved, sample), labels, chosen=not everything)


def _ranges(
    node: Node, found: Mapping[str, Node], known: Assumable, calibrated: list[str]
) -> tuple[dict[str, list[str]], dict[str, Range], dict[str, str], bool]:
    """Of each name its constants and its range; of each constant its name; whether all of the study are meant."""
    moved: dict[str, list[str]] = {}
    spread: dict[str, Range] = {}
    labels: dict[str, str] = {}
    everything = "over" in found and found["over"].is_value
    assumptions = {} if known.study is None else known.study.assumptions
    if everything:
        found["over"].choice(("all",))
        moved = moving_assumptions(assumptions, known.names, calibrated)
        spread = {name: assumptions[name].range for name in moved}
        labels = {constant: name for name, constants in moved.items() for constant in constants}
    for entry in found["over"].items() if "over" in found and not everything else ():
        name = entry.text()
        if name not in assumptions:
            near = suggest(name, assumptions)
            raise entry.error(
                f"there is no assumption '{name}'", near or "give a range of its own in 'ranges'"
            )
        constant = _new(name, entry, known, labels)
        moved[name], spread[name], labels[constant] = [constant], assumptions[name].range, name
    for name, entry in found["ranges"].entries() if "ranges" in found else ():
        constant = _new(name, entry, known, labels)
        moved[name], spread[name], labels[constant] = [constant], _range(entry), name
    if not moved:
        raise node.error("nothing is varied", "name assumptions in 'over', or give 'ranges'")
    return moved, spread, labels, everything


def _range(node: Node) -> Range:
    """A range of its own: low, high, distribution; a central value where it has a mode."""
    found = node.fields(("low", "high", "distribution"), ("central",))
    low, high = read_number(found["low"]), read_number(found["high"])
    shape = cast(Shape, found["distribution"].choice(SHAPES))
    if shape == "triangular" and "central" not in found:
        raise node.error("the key 'central' is missing", "add the mode, 'central:'")
    central = read_number(found["central"]) if "central" in found else (low + high) / 2
    spread = Range(low, high, central, shape)
    fault = spread.fault()
    if fault is not None:
        raise node.error(fault, "mend low, high, central or distribution")
    return spread


def _unit_cube(
    design: str, dimensions: int, size: int, seed: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Points in the open unit cube, shape (size, dimensions)."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    if design == "lhs":
        points = qmc.LatinHypercube(dimensions, rng=rng).random(size)
    else:
        points = qmc.Sobol(dimensions, rng=rng).random(size)
    edge = 2.0**-53  # a quantile at 0 or 1 need not be a number
    return np.clip(points, edge, 1 - edge)
