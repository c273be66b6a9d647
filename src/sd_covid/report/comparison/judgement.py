"""What a report says when its draws rest on expert judgement: whose, how pooled, and what it changed.

In goes the record that a session's draws carry; out come sentences and rows. Judgement is labelled as such everywhere:
grade D, with session, day and method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.report.comparison.evidence import SourceRow
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


@dataclass(frozen=True, slots=True)
class JudgementView:
    """What a reader is told of a session.

    Attributes
    ----------
    said : str
        Whose judgement it is, for the beginning of the report.
    notes : tuple of (str, bool)
        Sentences beside the table, and whether each is a warning.
    rows : tuple of SourceRow
        A constant each: prior and draws, before and now.
    """

    said: str
    notes: tuple[tuple[str, bool], ...]
    rows: tuple[SourceRow, ...]


def judgement_view(record: Mapping[str, Any] | None, texts: Texts) -> JudgementView | None:
    """The judgement on which draws rest; None where they rest on none."""
    if record is None:
        return None
    numbers = Numbers(texts.language)
    said = texts(
        "judgement.said",
        constants=len(record["constants"]),
        session=record["session"],
        date=texts.day(date.fromisoformat(record["date"])),
        participants=record["participants"],
        counting=record["counting"],
        method=texts(f"session.method.{record['method']}"),
    )
    moved = texts(
        "judgement.fitted",
        kept=numbers.exact(record["kept"], 0),
        draws=numbers.exact(record["draws"], 0),
    )
    notes = [(moved, False), *([(texts("judgement.faulty"), True)] if record["faults"] else [])]
    return JudgementView(said, tuple(notes), tuple(_row(item, texts) for item in record["constants"]))


def judged_constants(record: Mapping[str, Any] | None) -> frozenset[str]:
    """The constants of which the prior is a judgement, as `sd_covid.model.names.key` folds them."""
    return frozenset() if record is None else frozenset(key(item["constant"]) for item in record["constants"])


def _row(item: Mapping[str, Any], texts: Texts) -> SourceRow:
    numbers = Numbers(texts.language)
    parts = [
        " · ".join(numbers.significant(value, 3) for value in item[name])
        for name in ("prior_before", "prior", "draws_before", "draws")
    ]
    label = Text(**item["label"])
    basis = texts(
        "judgement.basis",
        answers=item["answers"],
        figures=texts("judgement.figures") if item["calibrated"] else "",
    )
    cells = (item["constant"], item["grade_before"], *parts)
    return SourceRow(texts.of(label), cells, item["grade"], basis)
