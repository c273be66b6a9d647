"""The file of ranks: what a study of known truths has made so far, whole after every replicate.

In: a `Study`. Out: JSON with the plan, every replicate on a line, and what they say, and back. Truths are kept with six
digits; what is judged are the ranks.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from sd_covid.calibration.results import plain
from sd_covid.calibration.sbc.study import Plan, Replicate, Study
from sd_covid.calibration.sbc.verdict import Verdict
from sd_covid.errors import DataError
from sd_covid.files import json_of
from sd_covid.whole_files import write_whole

_WORDS = {"model_hash": "model", "data_hash": "tables"}


def write_study(study: Study, said: Verdict | None, file: Path) -> None:
    """Write a study, with what it says if that is known, whole or not at all."""
    head = {
        "plan": asdict(study.plan),
        "parameters": study.parameters,
        "verdict": said and plain(asdict(said)),
    }
    lines = [json.dumps(_written(item), allow_nan=False) for item in study.replicates]
    text = json.dumps(head, indent=1, allow_nan=False, ensure_ascii=False).removesuffix("\n}")
    body = ",\n".join(f"  {line}" for line in lines)
    write_whole(file, f'{text},\n "replicates": [\n{body}\n ]\n}}\n')


def read_study(file: Path) -> Study:
    """Read what `write_study` wrote.

    Raises
    ------
    DataError
        A missing file, or one that holds no study.
    """
    if not file.is_file():
        raise DataError("there is no file of ranks", advice="run sd-covid sbc -o FILE.json first", file=file)
    advice = "name a file that sd-covid sbc or recover wrote"
    data = json_of(file, advice)
    try:
        made = tuple(_read(item) for item in data["replicates"])
        return Study(Plan(**data["plan"]), tuple(data["parameters"]), made)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("the file holds no ranks", advice=advice, file=file) from error


def resumed(study: Study, file: Path) -> Study:
    """A study with the replicates of an earlier run of the same plan.

    Parameters
    ----------
    study : Study
        Of the plan that goes on.
    file : Path
        Where the earlier ones are; nothing there means none.

    Raises
    ------
    DataError
        The file is of another plan.
    """
    if not file.is_file():
        return study
    found = read_study(file)
    for item in fields(Plan):
        then, now = getattr(found.plan, item.name), getattr(study.plan, item.name)
        if then != now:
            what = _WORDS.get(item.name)
            reason = (
                f"its replicates were made with another {what}"
                if what
                else f"{item.name} was {then}, not {now}"
            )
            raise DataError(reason, advice="begin anew without --resume, or in another file", file=file)
    return replace(study, replicates=found.replicates)


def _written(item: Replicate) -> dict[str, Any]:
    data: dict[str, Any] = plain(asdict(item))
    data["truth"] = [float(f"{value:.6g}") for value in item.truth]
    rounded = {name: data[name] and float(f"{data[name]:.4g}") for name in ("r_hat", "ess", "seconds")}
    return data | rounded


def _read(data: dict[str, Any]) -> Replicate:
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    unknown = {key: float("nan") for key, value in data.items() if value is None}
    return Replicate(**(data | lists | unknown))
