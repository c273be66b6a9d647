"""Findings about the priors that a session gives: what they were, what they are, and which stay as they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sd_covid.marvel.session.pool import Pooled
from sd_covid.marvel.session.priors import ExpertPrior, Kept
from sd_covid.marvel.session.weigh import Weighed
from sd_covid.report.finding import Finding
from sd_covid.report.session import interval, link_label
from sd_covid.report.session_charts import intervals_chart
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers


def priors_finding(
    pooled: Pooled,
    priors: Sequence[ExpertPrior],
    weighed: Weighed,
    session: str,
    variant: Path,
    texts: Texts,
) -> Finding:
    """Each prior by judgement: what it was, what it is, and the draws before and now."""
    numbers = Numbers(texts.language)
    fitted = sum(item.before.parameter is not None for item in priors)
    table = pd.DataFrame(
        {
            texts("session.column.constant"): [item.tie.constant for item in priors],
            texts("session.column.link"): [link_label(pooled, item.judged, texts) for item in priors],
            texts("session.column.answers"): [item.judged.answers for item in priors],
            texts("session.column.grade"): [item.before.evidence.grade for item in priors],
            texts("session.column.before"): [interval(item.before.quantiles, numbers) for item in priors],
            texts("session.column.judgement"): [interval(item.quantiles, numbers) for item in priors],
            texts("session.column.outside"): [100 * item.outside for item in priors],
            texts("session.column.posterior"): [
                interval(weighed.before[item.id], numbers) for item in priors
            ],
            texts("session.column.posterior_now"): [
                interval(weighed.after[item.id], numbers) for item in priors
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
        texts(
            "session.priors.worth",
            draws=numbers.exact(len(weighed.frame), 0),
            worth=numbers.exact(weighed.worth, 0),
            k=numbers.exact(weighed.pareto_k, 2),
        ),
        *([texts("session.priors.due", variant=str(variant))] if weighed.due else []),
    ]
    middle = np.array([weighed.before[item.id][1] for item in priors])
    before, after = (
        np.array([known[item.id] for item in priors]) / middle[:, None]
        for known in (weighed.before, weighed.after)
    )
    return Finding(
        "priors",
        texts("session.priors"),
        tuple(sentences),
        texts("session.priors.caution"),
        table,
        {texts("session.column.outside"): 0},
        lambda: intervals_chart(before, after, [item.tie.constant for item in priors], texts),
        texts("session.priors.described"),
    )


def kept_finding(kept: Sequence[Kept], ties: int, texts: Texts) -> Finding:
    """The priors that stay as they were, and why."""
    numbers = Numbers(texts.language)
    table = pd.DataFrame(
        {
            texts("session.column.constant"): [item.tie.constant for item in kept],
            texts("session.column.link"): [f"{item.tie.link.src} → {item.tie.link.dst}" for item in kept],
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
