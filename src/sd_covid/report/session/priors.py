"""Findings about the priors that a session gives: what they were, what they are, and which stay as they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sd_covid.marvel.session.draws import Judged
from sd_covid.marvel.session.pool import Pooled
from sd_covid.marvel.session.priors import ExpertPrior, Kept, Reason
from sd_covid.marvel.session.ties import Tie
from sd_covid.report.drawing.rows import intervals_chart
from sd_covid.report.finding.statement import Finding
from sd_covid.report.session.findings import interval, link_label
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Why a prior stays as it was, what there is to talk about first.
_WHY: tuple[Reason, ...] = ("contradicted", "strong evidence", "not varied", "not judged")


def priors_finding(
    pooled: Pooled,
    priors: Sequence[ExpertPrior],
    judged: Judged,
    session: str,
    variant: Path,
    glossary: Glossary,
    texts: Texts,
) -> Finding:
    """Each prior by judgement: what it was, what it is, and the draws before and now."""
    numbers = Numbers(texts.language)
    labels = [link_label(pooled, item.judged.link, texts) for item in priors]
    fitted = sum(item.before.parameter is not None for item in priors)
    table = pd.DataFrame(
        {
            texts("session.column.link"): labels,
            texts("session.column.constant"): [_constant(item.tie, glossary, texts) for item in priors],
            texts("session.column.answers"): [item.judged.answers for item in priors],
            texts("session.column.grade"): [item.before.evidence.grade for item in priors],
            texts("session.column.before"): [interval(item.before.quantiles, numbers) for item in priors],
            texts("session.column.judgement"): [interval(item.quantiles, numbers) for item in priors],
            texts("session.column.outside"): [100 * item.outside for item in priors],
            texts("session.column.posterior"): [interval(judged.before[item.id], numbers) for item in priors],
            texts("session.column.posterior_now"): [
                interval(judged.after[item.id], numbers) for item in priors
            ],
        }
    )
    sentences = [
        texts(
            "session.priors.all",
            priors=len(priors),
            session=session,
            fitted=fitted,
            assumed=len(priors) - fitted,
        ),
        _moved(judged, numbers, texts),
        *([texts("session.priors.due", why=_why(judged, texts), variant=str(variant))] if judged.due else []),
    ]
    return Finding(
        "priors",
        texts("session.priors"),
        tuple(sentences),
        texts("session.priors.caution"),
        table,
        {texts("session.column.outside"): 0},
        lambda: priors_chart(pooled, priors, judged, texts),
        texts("session.priors.described"),
    )


def priors_chart(pooled: Pooled, priors: Sequence[ExpertPrior], judged: Judged, texts: Texts) -> Figure:
    """Draws of each constant before and now, against its median before."""
    middle = np.array([judged.before[item.id][1] for item in priors])
    before, after = (
        np.array([known[item.id] for item in priors]) / middle[:, None]
        for known in (judged.before, judged.after)
    )
    labels = [link_label(pooled, item.judged.link, texts) for item in priors]
    return intervals_chart(before, after, labels, 1.0, texts("session.priors.axis"), texts)


def _constant(tie: Tie, glossary: Glossary, texts: Texts) -> str:
    """What a constant is called; as in the model where nothing titles it."""
    return texts.of(glossary.constant(tie.constant)[0])


def _moved(judged: Judged, numbers: Numbers, texts: Texts) -> str:
    """How the draws came under the new priors."""
    draws = numbers.exact(len(judged.frame), 0)
    if judged.moved is None:
        return texts("session.priors.drawn", draws=draws)
    kept, stages = numbers.exact(judged.kept, 0), len(judged.moved.spent.stages)
    name = "session.priors.moved.one" if stages == 1 else "session.priors.moved"
    return texts(name, draws=draws, kept=kept, stages=stages)


def _why(judged: Judged, texts: Texts) -> str:
    """Why draws are not to be trusted."""
    faults = () if judged.moved is None else judged.moved.faults
    return texts.listed([texts(f"session.fault.{fault}") for fault in faults])


def kept_finding(
    pooled: Pooled, kept: Sequence[Kept], ties: int, glossary: Glossary, texts: Texts
) -> Finding:
    """The priors that stay as they were, and why; first those that contradict what the participants said."""
    numbers = Numbers(texts.language)
    kept = sorted(kept, key=lambda item: _WHY.index(item.reason))
    table = pd.DataFrame(
        {
            texts("session.column.link"): [link_label(pooled, item.tie.link, texts) for item in kept],
            texts("session.column.constant"): [_constant(item.tie, glossary, texts) for item in kept],
            texts("session.column.why"): [
                texts(
                    f"session.why.{item.reason}",
                    grade=item.grade,
                    outside=numbers.exact(100 * item.outside, 0),
                )
                for item in kept
            ],
        }
    )
    return Finding(
        "kept",
        texts("session.kept"),
        (texts("session.kept.all", ties=ties, kept=len(kept)),),
        texts("session.kept.caution"),
        table,
    )
