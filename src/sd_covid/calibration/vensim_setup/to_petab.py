"""A ``.voc`` and a ``.vpd`` with their data, as a PEtab problem.

In: what is searched for, what is compared, and files of data. Out: a folder with ``problem.yaml`` and its tables. What
``*C`` does to squares, normal noise does to the likelihood: a weight 1/sd becomes the noise formula ``1/weight``, a
variance (``K``) its root, a robust scale (``R``) Laplace noise, ``L`` the logarithmic forms. Vensim adds squares
without the half of a logarithm of the normal density, so its payoff is twice ours and the best values are the same.

The weight of ``*CG`` is refused unless the user says which it is: we found it described as 1/sd and as sd.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.problem.petab_write import write_files
from sd_covid.calibration.tables import RESERVED, Row, Table
from sd_covid.calibration.vensim_setup.changes import constant_cells
from sd_covid.calibration.vensim_setup.control import Control, Search
from sd_covid.calibration.vensim_setup.lines import Line
from sd_covid.calibration.vensim_setup.payoff import CALIBRATION, Element
from sd_covid.errors import ProblemError, UnknownNameError, suggest
from sd_covid.model.external.data_files import Series, read_series
from sd_covid.model.names import key
from sd_covid.study_folder import study_folder

if TYPE_CHECKING:
    from sd_covid.engine.simulation import Simulation

NOISE = {
    ("normal", "inverse"): "1/{}",
    ("gaussian", "inverse"): "1/{}",
    ("gaussian", "sd"): "{}",
    ("variance", ""): "sqrt({})",
    ("robust", ""): "{}",
}


@dataclass(frozen=True, slots=True)
class Setup:
    """What is written, and what was left behind.

    Attributes
    ----------
    path : Path
        ``problem.yaml``.
    figures : int
        Measurements written.
    outside : int
        Figures of the data outside the model's time, which are not compared.
    """

    path: Path
    figures: int
    outside: int


class _Names:
    """Identifiers for names of the model, one each, and the mapping between them."""

    def __init__(self) -> None:
        self.by_id: dict[str, str] = {}

    def identifier(self, name: str) -> str:
        slug = re.sub(r"\W+", "_", name.strip().strip('"'), flags=re.ASCII).strip("_") or "x"
        slug = f"x_{slug}" if slug[0].isdigit() else slug
        slug = f"{slug}_" if slug.lower() in RESERVED else slug
        wanted, count = slug, 1
        while key(self.by_id.setdefault(wanted, name)) != key(name):
            count += 1
            wanted = f"{slug}_{count}"
        return wanted


def write_petab(
    simulation: Simulation,
    control: Control,
    payoff: Sequence[Element],
    data: Iterable[Path],
    folder: Path,
    gaussian: str | None = None,
) -> Setup:
    """Write the problem.

    Parameters
    ----------
    simulation : Simulation
        The model, read from a file of its own.
    control : Control
    payoff : sequence of Element
        Of calibration only.
    data : iterable of Path
        CSV, tab-separated text, Excel or ``.dat``; of a series that is in several, the last counts, as in Vensim.
    folder : Path
    gaussian : str, optional
        What the weight of ``*CG`` is: ``sd`` or ``inverse``.

    Returns
    -------
    Setup

    Raises
    ------
    ProblemError
        A name that the model or the data do not have, a payoff that compares nothing, a folder that holds a problem.
    """
    _refuse_empty(control, payoff)
    found = {name: series for file in data for name, series in read_series(Path(file))}
    names = _Names()
    parameters = [_parameter(item, names, simulation) for item in control.searches]
    tables: dict[str, list[dict[str, str]]] = {"parameter": parameters, "observable": [], "measurement": []}
    searched = {row["parameterId"] for row in parameters}
    outside = 0
    for number, item in enumerate(payoff, 1):
        parameters += _weight(item, names, searched, simulation)
        tables["observable"].append(_observable(item, number, names, simulation, gaussian))
        rows = _measurements(item, tables["observable"][-1]["observableId"], found, simulation)
        outside += len(_series(item, found)[0]) - len(rows)
        tables["measurement"] += rows
    mapped = [{"petabEntityId": a, "modelEntityId": b} for a, b in names.by_id.items() if a != b]
    target = _write(folder, simulation, tables | ({"mapping": mapped} if mapped else {}))
    return Setup(target, len(tables["measurement"]), outside)


def _refuse_empty(control: Control, payoff: Sequence[Element]) -> None:
    if not control.searches or not payoff:
        what = "payoff" if control.searches else "control"
        advice = "add a line below *C" if control.searches else "add a line 0 <= NAME = 1 <= 2"
        raise ProblemError(f"the {what} holds no line to calibrate with", advice=advice)


def _write(folder: Path, simulation: Simulation, rows: Mapping[str, list[dict[str, str]]]) -> Path:
    """Write, and read what was written: the tables' own checks are the last word.

    A model outside the problem's study is copied beside it.
    """
    target = folder / "problem.yaml"
    files = {kind: folder / f"{kind}s.tsv" for kind in rows}
    tables = [
        Table(files[kind], list(items[0]), [Row(item, files[kind], at) for at, item in enumerate(items, 2)])
        for kind, items in rows.items()
    ]
    source = Path(simulation.model.path or "")
    if source.suffix.lower() not in (".mdl", ".xmile", ".stmx"):
        raise ProblemError("a single model is expected", advice="give a .mdl or .xmile", file=source)
    below = source.resolve().is_relative_to(study_folder(target))
    location = os.path.relpath(source.resolve(), folder.resolve()) if below else source.name
    language = "vensim" if source.suffix.lower() == ".mdl" else "xmile"
    config = {
        "format_version": "2.0.0",
        "id": source.stem,
        "model_files": {source.stem: {"location": Path(location).as_posix(), "language": language}},
        **{f"{kind}_files": [file.name] for kind, file in files.items()},
        "extensions": {"sd_covid": _extension(rows["observable"])},
    }
    copy = [] if below else [folder / source.name]
    for file in (target, *files.values(), *copy):
        if file.exists():
            raise ProblemError("is there already", advice="choose another folder", file=file)
    before = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for file in copy:
            shutil.copyfile(source, file)
        from sd_covid.calibration.density.objective import model_names

        model_names(read_problem(write_files(target, config, tables)), simulation)
    except Exception:
        for file in (target, *files.values(), *copy):
            file.unlink(missing_ok=True)
        if not before:
            shutil.rmtree(folder)
        raise
    return target


def _extension(observables: Iterable[Mapping[str, str]]) -> dict[str, object]:
    """Vensim compares at an instant, not over a period."""
    observations = {item["observableId"]: {"aggregation": "end"} for item in observables}
    return {"version": "1.0", "required": True, "observations": observations}


def _number(value: float) -> str:
    """The shortest text that gives the same number back."""
    return repr(float(value)).removesuffix(".0")


def _parameter(item: Search, names: _Names, simulation: Simulation) -> dict[str, str]:
    spelled = _constant(item.constant, item.line, simulation)
    low, high = (_value(bound, item.line, simulation) for bound in (item.low, item.high))
    start = simulation.constants[spelled] if item.start is None else item.start
    return {
        "parameterId": names.identifier(spelled),
        "estimate": "true",
        "lowerBound": _number(low),
        "upperBound": _number(high),
        "nominalValue": _number(start),
    }


def _constant(name: str, line: Line, simulation: Simulation) -> str:
    cells = constant_cells(name, line, simulation)
    if len(cells) > 1:
        advice = f"write one line for each, such as {simulation.names.spell(cells[0])}"
        raise line.error(f"'{name}' has {len(cells)} elements", advice)
    return simulation.names.spell(cells[0])


def _value(bound: float | str | None, line: Line, simulation: Simulation) -> float:
    if bound is None:
        raise line.error("a parameter to estimate needs both bounds", "write 0 <= NAME = 1 <= 2")
    return bound if isinstance(bound, float) else simulation.constants[_constant(bound, line, simulation)]


def _weight(item: Element, names: _Names, searched: set[str], simulation: Simulation) -> list[dict[str, str]]:
    """The parameter that a weight is, where it is a constant that is not searched for and not yet there."""
    if isinstance(item.weight, float):
        return []
    spelled = _constant(item.weight, item.line, simulation)
    identifier = names.identifier(spelled)
    if identifier in searched:
        if item.form == "normal":
            reason = f"the weight '{item.weight}' is searched for, and *C has no best weight"
            raise item.line.error(reason, "use *CG, *CK or *CR, which weigh the size of the noise as well")
        return []
    searched.add(identifier)
    value = _number(simulation.constants[spelled])
    return [
        {
            "parameterId": identifier,
            "estimate": "false",
            "lowerBound": "",
            "upperBound": "",
            "nominalValue": value,
        }
    ]


def _observable(
    item: Element, number: int, names: _Names, simulation: Simulation, gaussian: str | None
) -> dict[str, str]:
    if item.kind != CALIBRATION:
        raise item.line.error("a policy compares with no figures", "leave it out of the calibration")
    if item.form == "gaussian" and gaussian is None:
        reason = "the weight of *CG is described in two ways"
        raise item.line.error(
            reason, "say --gaussian sd or --gaussian inverse, or write *CK with the variance"
        )
    try:
        cells = simulation.names.cells(item.variable)
    except UnknownNameError as error:
        raise item.line.placed(error) from error
    if len(cells) > 1:
        spelled = simulation.names.spell(cells[0])
        reason = f"'{item.variable}' has {len(cells)} elements"
        raise item.line.error(reason, f"write one line for each, such as {spelled}")
    meaning = {"normal": "inverse", "gaussian": gaussian or ""}.get(item.form, "")
    weight = item.weight
    if isinstance(weight, float):
        if not weight > 0:
            raise item.line.error(f"the weight {weight:g} is not above zero", "leave the line out instead")
        term = _number(weight)
    else:
        term = names.identifier(_constant(weight, item.line, simulation))
    name = names.identifier(simulation.names.spell(cells[0]))
    shape = "laplace" if item.form == "robust" else "normal"
    return {
        "observableId": f"obs_{number}_{name}",
        "observableFormula": name,
        "noiseFormula": NOISE[item.form, meaning].format(term),
        "noiseDistribution": f"log-{shape}" if item.logarithmic else shape,
    }


def _series(item: Element, found: Mapping[tuple[str, ...], Series]) -> Series:
    base, _, inside = item.data.partition("[")
    elements = inside.removesuffix("]").split(",") if inside else []
    wanted = (key(base), *map(key, elements))
    if wanted not in found:
        known = [name[0] + (f"[{','.join(name[1:])}]" if name[1:] else "") for name in found]
        advice = suggest(item.data, known) or "add the file that holds it with --data"
        raise item.line.error(f"'{item.data}' is in no file of data", advice)
    return found[wanted]


def _measurements(
    item: Element, observable: str, found: Mapping[tuple[str, ...], Series], simulation: Simulation
) -> list[dict[str, str]]:
    """The figures within the model's time."""
    constants = {key(name): value for name, value in simulation.constants.items()}
    first, last = constants.get("initial time", 0.0), constants["final time"]
    rows = [
        {
            "observableId": observable,
            "experimentId": "",
            "measurement": _number(value),
            "time": _number(time),
        }
        for time, value in zip(*_series(item, found), strict=True)
        if first <= time <= last
    ]
    if not rows:
        reason = f"no figure of '{item.data}' lies between time {first:g} and {last:g}"
        raise item.line.error(reason, "compare the unit of time of data and model")
    return rows
