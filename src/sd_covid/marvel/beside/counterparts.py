"""Which lever stands for which intervention and which output for which variable: ``levers.csv`` and ``outputs.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sd_covid.errors import suggest
from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.faults import fault, nearest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.levers import Lever, LeverSetting
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.files.tables import Cell, Tables, read_tables
from sd_covid.policy.study import Study

LEVERS = ("intervention", "lever", "without", "with", "start", "end", "budget", "reason")
OUTPUTS = ("variable", "output", "direction", "series", "relevance", "reason")
_SHEETS = {"levers": LEVERS, "outputs": OUTPUTS}


@dataclass(frozen=True, slots=True)
class Measure:
    """How the model does an intervention.

    Attributes
    ----------
    intervention : str
        Its id in the diagram.
    without, done : dict of str to LeverSetting
        Lever -> setting without the intervention and with it; empty where the model has no lever for it.
    reason : str
    """

    intervention: str
    without: dict[str, LeverSetting]
    done: dict[str, LeverSetting]
    reason: str


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What the model has in the place of a variable.

    Attributes
    ----------
    variable : str
        Its id in the diagram.
    output : Output or None
        None where the model has none.
    direction : int
        1 where both rise together, -1 where one rises as the other falls.
    reason : str
    """

    variable: str
    output: Output | None
    direction: int
    reason: str


@dataclass(frozen=True, slots=True)
class Counterparts:
    """What stands for what.

    Attributes
    ----------
    measures : dict of str to Measure
        By intervention.
    variables : dict of str to Counterpart
        By variable.
    """

    measures: dict[str, Measure]
    variables: dict[str, Counterpart]


def read_counterparts(
    folder: Path, diagram: Diagram, study: Study, outputs: Sequence[Output], language: str = "en"
) -> Counterparts:
    """Read what stands for what.

    Parameters
    ----------
    folder : Path
        With ``levers.csv`` and ``outputs.csv``: that of the diagram.
    diagram : Diagram
    study : Study
        Of the model.
    outputs : sequence of Output
        Those that the study reports, which have a relevance; of another variable of the model the table may say it.
    language : {'nl', 'en'}

    Raises
    ------
    DiagramError, ScenarioError
        An intervention, variable, lever or output that there is not, with the nearest; a row without reason; a level
        outside the range of its lever.
    """
    tables = read_tables(folder, tuple(_SHEETS), "two layers", language)
    return Counterparts(
        _measures(tables, diagram, study, language), _variables(tables, diagram, study, outputs, language)
    )


def _measures(tables: Tables, diagram: Diagram, study: Study, language: str) -> dict[str, Measure]:
    known = {key(item.id): item.id for item in diagram.interventions}
    found: dict[str, Measure] = {}
    for row in tables.rows("levers", LEVERS):
        name = _known(row["intervention"], known, language)
        reason = _reason(row["reason"], language)
        measure = found.setdefault(name, Measure(name, {}, {}, reason))
        if row["lever"].empty:
            continue
        lever_id = row["lever"].text
        levers = study.catalogue.levers
        if lever_id not in levers or not study.has(lever_id):
            advice = suggest(lever_id, levers) or "see scenarios/levers.yaml"
            raise row["lever"].error(f"the model has no lever '{lever_id}'", advice)
        for settings, column in ((measure.without, "without"), (measure.done, "with")):
            settings[lever_id] = _setting(
                row[column], row["start"], row["end"], row["budget"], levers[lever_id]
            )
    return found


def _setting(level: Cell, start: Cell, end: Cell, budget: Cell, lever: Lever) -> LeverSetting:
    """A setting of a lever: as it was, but for what the row says."""
    actual = lever.actual
    made = replace(
        actual,
        level=level.number(lever.low, lever.high),
        start=actual.start if start.empty else start.day(),
        end=actual.end if end.empty else end.day(),
        budget=actual.budget if budget.empty else budget.number(0.0),
        then=(),
        later=(),
    )
    if made.end <= made.start:
        raise end.error(f"it ends on {made.end}, not after its start on {made.start}", "mend one of the two")
    return made


def _variables(
    tables: Tables, diagram: Diagram, study: Study, outputs: Sequence[Output], language: str
) -> dict[str, Counterpart]:
    known = {key(item.id): item.id for item in diagram.variables}
    reported = {key(item.name): item for item in outputs}
    in_model = {key(name): name for name in study.variables}
    found: dict[str, Counterpart] = {}
    for row in tables.rows("outputs", OUTPUTS):
        name = _known(row["variable"], known, language)
        if name in found:
            raise fault("twice", language, {"name": name}, at=row["variable"])
        output = None
        if not row["output"].empty:
            wanted = key(row["output"].text)
            if wanted not in reported and wanted not in in_model:
                advice = suggest(row["output"].text, study.variables) or "name a variable of the model"
                raise row["output"].error(f"the model has no variable '{row['output'].text}'", advice)
            label = next(item.label for item in diagram.variables if item.id == name)
            output = reported.get(wanted) or Output(in_model[wanted], label)
            if not row["relevance"].empty:
                output = replace(output, relevance=row["relevance"].number(0.0))
        direction = row["direction"].text or "+"
        if direction not in "+-":
            raise fault("choice", language, {"found": direction, "advice": "+, -"}, at=row["direction"])
        found[name] = Counterpart(
            name, output, 1 if direction == "+" else -1, _reason(row["reason"], language)
        )
    return found


def _known(cell: Cell, known: dict[str, str], language: str) -> str:
    if key(cell.text) not in known:
        advice = nearest(cell.text, known.values(), language)
        raise fault("choice", language, {"found": cell.text, "advice": advice}, at=cell)
    return known[key(cell.text)]


def _reason(cell: Cell, language: str) -> str:
    if cell.empty:
        raise fault("empty", language, at=cell)
    return cell.text
