"""``.vsc``: batches of runs with constants drawn at random.

In: a first line ``count, method, seed, file, warnings``, then lines ``constant=DISTRIBUTION(low,high,…)``. Out: a
design, and from it one row of constants for each run. Methods: M draws all together, L in a Latin hypercube, U one at a
time with the others at the model's values, F takes the rows of a tab-separated file. G (Latin grid) is refused.

The distributions have the arguments of the model's random functions without the stream, and are cut off at low and
high. Vensim's own stream of random numbers is not public, so its numbers are others. Not verified: that U makes the
given count of runs for each constant, and that VECTOR, which runs through values, belongs to U only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sd_covid.calibration.vensim_setup.changes import constant_cells
from sd_covid.calibration.vensim_setup.lines import Line, parts, read_lines
from sd_covid.errors import ProblemError
from sd_covid.model.names import key
from sd_covid.study_folder import named_in_study

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.engine.simulation import Simulation

COUNT, SEED = 200, 1234  # what the manual says of a first line that leaves them out
METHODS = {"M": "together", "L": "Latin hypercube", "U": "one at a time", "F": "from a file"}
ARGUMENTS = {
    "vector": ("low", "high", "increment"),
    "random uniform": ("low", "high"),
    "random normal": ("low", "high", "mean", "sd"),
    "random triangular": ("low", "high", "start", "peak", "stop"),
    "random exponential": ("low", "high", "shift", "stretch"),
    "random weibull": ("low", "high", "shape", "shift", "stretch"),
    "random gamma": ("low", "high", "order", "shift", "stretch"),
    "random beta": ("low", "high", "alpha", "beta", "shift", "stretch"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A constant and how it is drawn: a name of `ARGUMENTS` and its arguments."""

    constant: str
    distribution: str
    arguments: tuple[float, ...]
    line: Line


@dataclass(frozen=True, slots=True)
class Design:
    """A ``.vsc``. ``sample`` is the file of method F, None with any other."""

    count: int
    method: str
    seed: int
    sample: Path | None
    constants: list[Drawn]
    file: Path


def read_design(path: Path | str) -> Design:
    """Read a ``.vsc``.

    Raises
    ------
    ProblemError
    """
    lines = read_lines(path)
    if not lines:
        raise ProblemError("the file is empty", advice="begin with 200,M,1234", file=path)
    head, *rest = lines
    cells = [*(cell.strip() for cell in head.text.split(",")), "", "", "", ""]
    count, seed = _whole(head, cells[0], COUNT, "number of runs"), _whole(head, cells[2], SEED, "seed")
    if count < 1 or seed < 1:
        raise head.error("number of runs and seed are at least 1", "write 200,M,1234")
    method = head.choice(cells[1].upper() or "M", METHODS, "method")
    sample = _sample(head, cells[3]) if method == "F" else None
    constants = [] if sample else [_drawn(line) for line in rest]
    if not constants and sample is None:
        raise head.error("nothing is drawn", "add a line NAME=RANDOM UNIFORM(0,1)")
    for item in constants:
        if (item.distribution == "vector") and method != "U":
            raise item.line.error("VECTOR runs through values one constant at a time", "use method U")
    return Design(count, method, seed, sample, constants, head.file)


def _sample(line: Line, name: str) -> Path:
    """The file of method F, which must lie in the study's folder, links resolved."""
    if not name:
        raise line.error("method F needs a file", "write 200,F,1234,sample.tab")
    found = named_in_study(name, line.file)
    if found is None:
        raise line.error(f"'{name}' lies outside the study folder", "move the file into the study")
    return found


def _whole(line: Line, text: str, default: int, what: str) -> int:
    number = line.number_of(text, what) if text else float(default)
    if number != int(number):
        raise line.error(f"{what}: {number:g} is not a whole number", "write it without a point")
    return int(number)


def _drawn(line: Line) -> Drawn:
    name, *behind = parts(line.text, "=")
    call = "".join(behind)
    if len(behind) != 1 or not name or "(" not in call or not call.endswith(")"):
        raise line.error("a constant and its distribution are expected", "write NAME=RANDOM UNIFORM(0,1)")
    word, _, inside = call[:-1].partition("(")
    distribution = line.choice(key(word), ARGUMENTS, "distribution")
    texts, expected = inside.split(","), ARGUMENTS[distribution]
    if len(texts) != len(expected):
        reason = f"{word.strip()} takes {len(expected)} numbers, not {len(texts)}"
        raise line.error(reason, f"they are {', '.join(expected)}", name)
    values = tuple(line.number_of(text, what) for text, what in zip(texts, expected, strict=True))
    if not values[0] < values[1]:
        raise line.error(f"{values[0]:g} is not below {values[1]:g}", "write the lower bound first", name)
    if distribution == "vector" and not values[2] > 0:
        raise line.error("the increment is not above zero", "write VECTOR(low,high,increment)", name)
    found = Drawn(name, distribution, values, line)
    if distribution != "vector":
        quantiles(found, np.array([0.5]))
    return found


def _frozen(item: Drawn) -> Any:
    from scipy import stats  # slow to import

    _, _, *rest = item.arguments
    made: dict[str, Callable[[], Any]] = {
        "random uniform": lambda: stats.uniform(item.arguments[0], item.arguments[1] - item.arguments[0]),
        "random normal": lambda: stats.norm(rest[0], rest[1]),
        "random triangular": lambda: stats.triang(
            (rest[1] - rest[0]) / (rest[2] - rest[0]), rest[0], rest[2] - rest[0]
        ),
        "random exponential": lambda: stats.expon(rest[0], rest[1]),
        # of mean 1 before it is stretched, as in the model's random functions
        "random weibull": lambda: stats.weibull_min(rest[0], rest[1], rest[2] / math.gamma(1 + 1 / rest[0])),
        "random gamma": lambda: stats.gamma(rest[0], rest[1], rest[2]),
        "random beta": lambda: stats.beta(rest[0], rest[1], rest[2], rest[3]),
    }
    return made[item.distribution]()


def quantiles(item: Drawn, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of a distribution between its bounds.

    Raises
    ------
    ProblemError
        When the arguments make no distribution, or none of it lies between the bounds.
    """
    try:
        frozen = _frozen(item)
        low, high = (float(frozen.cdf(bound)) for bound in item.arguments[:2])
    except (ValueError, ZeroDivisionError):
        low = high = math.nan
    if not high > low:
        reason = "the distribution has no probability between its bounds"
        raise item.line.error(reason, f"they are {', '.join(ARGUMENTS[item.distribution])}", item.constant)
    return np.asarray(frozen.ppf(low + shares * (high - low)), dtype=np.float64)


def draw(design: Design, simulation: Simulation) -> pd.DataFrame:
    """One row of constants for each run.

    Parameters
    ----------
    design : Design
    simulation : Simulation

    Returns
    -------
    DataFrame
        A column for each constant, in the model's spelling. A constant with several elements gets one draw for all.

    Raises
    ------
    ProblemError
        A name that is no constant of the model, or a file of draws that cannot be used.
    """
    import pandas as pd

    if design.sample is not None:
        return _from_file(design.sample, simulation)
    cells = [constant_cells(item.constant, item.line, simulation) for item in design.constants]
    names = [[simulation.names.spell(cell) for cell in group] for group in cells]
    if design.method != "U":
        columns = _shares(design).T
        together = {
            name: quantiles(item, column)
            for item, column, group in zip(design.constants, columns, names, strict=True)
            for name in group
        }
        return pd.DataFrame(together)
    rng, blocks = np.random.default_rng(design.seed), []
    for item, group in zip(design.constants, names, strict=True):
        if item.distribution == "vector":
            low, high, step = item.arguments
            values = low + step * np.arange(
                math.floor((high - low) / step + 1e-9) + 1
            )  # rounding of the quotient
        else:
            values = quantiles(item, rng.random(design.count))
        blocks.append(pd.DataFrame(dict.fromkeys(group, values)))
    found = pd.concat(blocks, ignore_index=True)
    return found.fillna({name: simulation.constants[name] for group in names for name in group})


def _shares(design: Design) -> NDArray[np.float64]:
    """Shares of probability, evenly spread. Shape (run, constant)."""
    size = (design.count, len(design.constants))
    if design.method == "M":
        return np.random.default_rng(design.seed).random(size)
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(size[1], rng=np.random.default_rng(design.seed)).random(size[0]))


def _from_file(path: Path, simulation: Simulation) -> pd.DataFrame:
    """The rows of a tab-separated file; a cell left empty repeats the one above it."""
    import pandas as pd

    lines = read_lines(path, " ")  # a tab at the beginning stands behind an empty cell
    if len(lines) < 2:
        reason = "names and below them a row for each run are expected"
        raise ProblemError(reason, advice="separate cells by one tab", file=path)
    head, *rows = lines
    names = head.text.split("\t")
    groups = [constant_cells(name, head, simulation) for name in names]
    table: list[list[float]] = []
    for row in rows:
        cells = [*row.text.split("\t"), *[""] * len(names)][: len(names)]
        above = table[-1] if table else [simulation.constants[simulation.names.spell(g[0])] for g in groups]
        table.append(
            [
                row.number_of(cell, name) if cell.strip() else before
                for cell, name, before in zip(cells, names, above, strict=True)
            ]
        )
    spelled = [(name, at) for at, group in enumerate(groups) for name in map(simulation.names.spell, group)]
    return pd.DataFrame({name: [row[at] for row in table] for name, at in spelled})
