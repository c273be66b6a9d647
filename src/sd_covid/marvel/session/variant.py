"""A session as a variant of the study's problem: its priors as tables, and its draws beside them.

``NAME.yaml`` extends the problem, so that ``calibrate`` fits it fully; ``NAME.parquet`` holds the draws that were
weighed, with a record of whose judgement they rest on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sd_covid.calibration.problem.petab import Problem, read_problem
from sd_covid.calibration.stored.store import Posterior, tables_hash, write_posterior
from sd_covid.calibration.tables import Row, Table, write_table
from sd_covid.marvel.session.answers import ends_of
from sd_covid.marvel.session.draws import Judged
from sd_covid.marvel.session.pool import Pooled
from sd_covid.marvel.session.priors import ExpertPrior
from sd_covid.model.names import key
from sd_covid.whole_files import restored, write_whole

RECORD = "judgement"  # in the provenance of draws
GRADE = "D"  # of a judgement: not a figure of that very thing


@dataclass(frozen=True, slots=True)
class Told:
    """By what a session is known.

    Attributes
    ----------
    name, date : str
    """

    name: str
    date: str

    @property
    def label(self) -> str:
        """Name and day."""
        return f"{self.name}, {self.date}"


def write_variant(
    path: Path,
    problem: Problem,
    stored: Posterior,
    pooled: Pooled,
    priors: Sequence[ExpertPrior],
    judged: Judged,
    told: Told,
) -> list[Path]:
    """Write a session's priors and draws.

    Parameters
    ----------
    path : Path
        ``NAME.yaml``, below the study.
    problem : Problem
        The study's.
    stored : Posterior
        Its draws.
    pooled : Pooled
    priors : sequence of ExpertPrior
    judged : Judged
    told : Told

    Returns
    -------
    list of Path
        The files written. When one cannot be, there are those of before, or none.
    """
    named = {kind: path.with_name(f"{path.stem}-{kind}.tsv") for kind in ("parameters", "mapping")}
    draws = path.with_suffix(".parquet")
    files = [named["parameters"], *([named["mapping"]] if _mapped(priors) else []), path, draws]
    path.parent.mkdir(parents=True, exist_ok=True)
    with restored(files):
        write_table(_parameters(problem, pooled, priors, told, named["parameters"]), named["parameters"])
        config: dict[str, Any] = {
            "extends": os.path.relpath(problem.path, path.parent),
            "description": f"priors by expert judgement: {told.label}",
            "parameter_files": [named["parameters"].name],
        }
        if _mapped(priors):
            rows = [
                Row({"petabEntityId": item.id, "modelEntityId": item.tie.constant}, named["mapping"], line)
                for line, item in enumerate(_mapped(priors), start=2)
            ]
            write_table(Table(named["mapping"], ["petabEntityId", "modelEntityId"], rows), named["mapping"])
            config["mapping_files"] = [named["mapping"].name]
        write_whole(path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
        provenance = {
            **stored.provenance,
            "constants": {
                **stored.provenance["constants"],
                **{item.id: item.tie.constant for item in priors},
            },
            "best": {
                **stored.provenance["best"],
                **{item.id: judged.after[item.id][1] for item in _mapped(priors)},
            },
            "data_hash": tables_hash(read_problem(path)),
            RECORD: record(pooled, priors, judged, told),
        }
        write_posterior(Posterior(judged.frame, provenance), draws)
    return files


def record(pooled: Pooled, priors: Sequence[ExpertPrior], judged: Judged, told: Told) -> dict[str, Any]:
    """What a report says of a session whose draws it shows."""
    labels = {key(variable.id): variable.label for variable in pooled.session.diagram.variables}
    return {
        "session": told.name,
        "date": told.date,
        "diagram": pooled.session.diagram.name,
        "method": pooled.method,
        "participants": len(pooled.session.forms),
        "counting": int((pooled.weights > 0).sum()),
        "draws": len(judged.frame),
        "kept": judged.kept,
        "faults": [] if judged.moved is None else list(judged.moved.faults),
        "constants": [
            {
                "constant": item.tie.constant,
                "parameter": item.id,
                "label": {
                    language: " → ".join(labels[end].in_language(language) for end in ends_of(item.tie.link))
                    for language in ("nl", "en")
                },
                "answers": item.judged.answers,
                "agreement": item.judged.agreement,
                "grade_before": item.before.evidence.grade,
                "grade": GRADE,
                "unit": item.before.evidence.unit,
                "calibrated": item.before.parameter is not None,
                "prior_before": list(item.before.quantiles),
                "prior": list(item.quantiles),
                "draws_before": list(judged.before[item.id]),
                "draws": list(judged.after[item.id]),
                "outside": item.outside,
            }
            for item in priors
        ],
    }


def _mapped(priors: Sequence[ExpertPrior]) -> list[ExpertPrior]:
    """Those that are no parameter of the problem yet."""
    return [item for item in priors if item.before.parameter is None]


def _parameters(
    problem: Problem, pooled: Pooled, priors: Sequence[ExpertPrior], told: Told, file: Path
) -> Table:
    columns = list(problem.tables["parameter"][0].columns)
    rows = []
    for line, item in enumerate(priors, start=2):
        before = item.before.parameter
        low, high = item.before.bounds
        cells = {} if before is None else dict(before.row.cells)
        cells |= {
            "parameterId": item.id,
            "parameterName": cells.get("parameterName") or item.tie.constant,
            "estimate": "true",
            "lowerBound": repr(low),
            "upperBound": repr(high),
            "nominalValue": repr(item.prior.median),
            "priorDistribution": item.prior.distribution,
            "priorParameters": ";".join(repr(value) for value in item.prior.parameters),
            "unit": item.before.evidence.unit,
            "source": f"EXPERT JUDGEMENT, grade {GRADE}: {told.label}; {pooled.method} pool of "
            f"{item.judged.answers} answers about {item.tie.link.src} -> {item.tie.link.dst}; before: "
            f"{item.before.evidence.source}",
            "evidence": item.before.evidence.id,
        }
        rows.append(Row(cells, file, line))
    return Table(file, columns, rows)
