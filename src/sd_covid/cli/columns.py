"""The option ``--columns``: which variables of a run, and elements of arrays, are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAME,…",
        help="The variables to keep, separated by commas, or @FILE.lst; may be repeated.",
    ),
]


def choose_columns(simulation: Simulation, texts: Sequence[str] | None, *, flat: bool) -> list[str] | None:
    """Names of what is to be kept.

    Parameters
    ----------
    simulation : Simulation
    texts : sequence of str or None
        From ``--columns``: each one name, several separated by commas outside brackets, or ``@`` and a save list.
        None: every variable.
    flat : bool
        Whether an array is taken apart into the elements that have an equation.

    Returns
    -------
    list of str or None
        None for every variable, arrays whole.

    Raises
    ------
    UnknownNameError
        When the model has no such variable or element.
    """
    if texts is None and not flat:
        return None
    names = (
        _every_variable(simulation)
        if texts is None
        else [name for text in texts for name in _named(simulation, text)]
    )
    if not names:
        raise RunError("--columns names nothing", advice="leave it out to keep every variable")
    return [element for name in names for element in _elements(simulation, name)] if flat else names


def _named(simulation: Simulation, text: str) -> list[str]:
    """The names in one ``--columns``."""
    if not text.startswith("@"):
        return split_names(text)
    from sd_covid.calibration.vensim_setup import saved_names

    return saved_names(text[1:], simulation)


def _every_variable(simulation: Simulation) -> list[str]:
    """Names of the variables that have values over time; a lookup has none."""
    from sd_covid.model.structure import Kind

    variables = simulation.model.variables.values()
    return [item.name for item in variables if item.equations[0].kind is not Kind.LOOKUP]


def _elements(simulation: Simulation, name: str) -> list[str]:
    """An array's name with each of its elements, in the spelling of `name`; any other name as it is."""
    if "[" in name:
        return [name]
    spelled = [simulation.names.spell(cell) for cell in simulation.names.cells(name)]
    return [name + whole[whole.index("[") :] if "[" in whole else name for whole in spelled]


def split_names(text: str) -> list[str]:
    """Split at the commas that stand outside square brackets and double quotes.

    Examples
    --------
    >>> split_names("jobs, rate[youth,regular]")
    ['jobs', 'rate[youth,regular]']
    """
    names, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "[") - (character == "]")
        if character == "," and depth == 0 and not quoted:
            names.append("")
        else:
            names[-1] += character
    return [name.strip() for name in names if name.strip()]
