"""Findings about an expert session: how its participants perform on seed questions, and what the group says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sd_covid.marvel.diagram import Link
from sd_covid.marvel.session.answers import ends_of
from sd_covid.marvel.session.performance import group_of
from sd_covid.marvel.session.pool import Pooled
from sd_covid.model.names import key
from sd_covid.report.finding.statement import Finding
from sd_covid.report.session.charts import strengths_chart, weights_chart
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import ARROW, Numbers

_DRAWN = 16  # links in a chart


def link_label(pooled: Pooled, link: Link, texts: Texts) -> str:
    """A link in words: cause → effect."""
    labels = {key(variable.id): texts.of(variable.label) for variable in pooled.session.diagram.variables}
    return ARROW.join(labels[end] for end in ends_of(link))


def performance_finding(pooled: Pooled, texts: Texts) -> Finding:
    """Each participant's calibration and information on the seed questions; the weights where they were pooled by."""
    numbers, found = Numbers(texts.language), pooled.performance
    assert found is not None
    names = [form.participant for form in pooled.session.forms]
    weighing = pooled.method == "performance"
    calibration, information, weight = (
        texts(f"session.column.{name}") for name in ("calibration", "information", "weight")
    )
    columns = {
        texts("session.column.participant"): names,
        calibration: found.calibration,
        information: found.information,
    }
    out = texts(
        "session.performance.out" if weighing else "session.performance.out.alike",
        out=int((found.weights == 0).sum()),
        participants=len(names),
        cutoff=numbers.plain(found.cutoff, 2),
    )
    return Finding(
        "performance",
        texts("session.performance"),
        (_group_told(pooled, texts, "best" if weighing else "best.alike"), out),
        texts("session.performance.caution", questions=len(pooled.session.questions)),
        pd.DataFrame(columns | ({weight: 100 * found.weights} if weighing else {})),
        {calibration: 4, information: 2, weight: 1},
        (lambda: weights_chart(100 * found.weights, names, texts)) if weighing else None,
        texts("session.performance.described") if weighing else "",
    )


def _group_told(pooled: Pooled, texts: Texts, kind: str) -> str:
    """How the group does on the seed questions by the weights of performance, beside equal ones."""
    found, complete, exact = pooled.performance, pooled.session.seeds.complete, Numbers(texts.language).exact
    assert found is not None
    if not found.weights.any():
        return texts("session.performance.nobody")
    equal = group_of(pooled.session.seeds, complete / complete.sum())
    return texts(
        f"session.performance.{kind}",
        calibration=exact(found.group_calibration, 2),
        information=exact(found.group_information, 2),
        equal_calibration=exact(equal[0], 2),
        equal_information=exact(equal[1], 2),
    )


def pooled_finding(pooled: Pooled, texts: Texts) -> Finding:
    """Each link: probability of its direction, and strength and delay with their intervals."""
    items = pooled.told
    labels = [link_label(pooled, item.link, texts) for item in items]
    strengths = np.array([item.effect.quantiles() for item in items if item.effect is not None])
    absent = (np.nan, np.nan, np.nan)
    delays = np.array([absent if item.delay is None else item.delay.quantiles() for item in items])
    known = np.array([item.link.sign * item.link.strength.value for item in items])
    chances = np.array([item.chances for item in items])
    table = pd.DataFrame(
        {
            texts("session.column.link"): labels,
            texts("session.column.answers"): [item.answers for item in items],
            texts("session.column.p_more"): 100 * chances[:, 0],
            texts("session.column.p_less"): 100 * chances[:, 1],
            texts("session.column.strength_low"): strengths[:, 0],
            texts("session.column.strength"): strengths[:, 1],
            texts("session.column.strength_high"): strengths[:, 2],
            texts("session.column.diagram"): known,
            texts("session.column.delay_low"): delays[:, 0],
            texts("session.column.delay"): delays[:, 1],
            texts("session.column.delay_high"): delays[:, 2],
        }
    )
    outside = (known < strengths[:, 0]) | (known > strengths[:, 2])
    turned = (chances[:, 0] > chances[:, 1]) != (known > 0)
    order = np.argsort(-np.abs(strengths[:, 1] - known), kind="stable")[:_DRAWN]
    sentences = (
        texts(
            "session.pooled.method",
            method=texts(f"session.method.{pooled.method}"),
            counting=int((pooled.weights > 0).sum()),
            participants=len(pooled.session.forms),
        ),
        texts("session.pooled.other", other=int(outside.sum()), links=len(items), turned=int(turned.sum())),
    )
    places: dict[str, int] = dict.fromkeys(table.columns[4:], 2)
    return Finding(
        "pooled",
        texts("session.pooled"),
        sentences,
        texts("session.pooled.caution"),
        table,
        places | dict.fromkeys(table.columns[2:4], 0),
        lambda: strengths_chart(strengths[order], known[order], [labels[k] for k in order], texts),
        texts("session.pooled.described"),
    )


def interval(values: Sequence[float], numbers: Numbers) -> str:
    """Three quantiles in a cell."""
    return " · ".join(numbers.significant(value, 3) for value in values)
