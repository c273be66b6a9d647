"""Findings about the answers of an expert session: who filled in what, where the group agrees, and who differs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sd_covid.marvel.session.answers import Ends, ends_of
from sd_covid.marvel.session.pool import Pooled, PooledLink, place_of
from sd_covid.marvel.session.words import class_word, classes_of
from sd_covid.report.finding.statement import Finding
from sd_covid.report.session.charts import answers_chart
from sd_covid.report.session.findings import link_label, performance_finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

_DRAWN = 16  # links in a chart
_APART = 2  # places from the middle from which somebody is named


def answer_findings(pooled: Pooled, texts: Texts) -> list[Finding]:
    """Who filled in what, where the group agrees, and how it performs on seed questions.

    Parameters
    ----------
    pooled : Pooled
    texts : Texts
    """
    told = _Told(pooled, texts)
    performed = [] if pooled.performance is None else [performance_finding(pooled, texts)]
    return [told.answers(), told.agreement(), *performed]


def agreement_finding(pooled: Pooled, texts: Texts) -> Finding:
    """Each link: how many chose what, how far they agree, and who differs."""
    return _Told(pooled, texts).agreement()


@dataclass(frozen=True)
class _Told:
    """The findings of one session."""

    pooled: Pooled
    texts: Texts

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.texts.language)

    @cached_property
    def _ranked(self) -> list[float]:
        return sorted(item.value for item in classes_of(self.pooled.session.diagram.classes, "strength"))

    @cached_property
    def _places(self) -> dict[Ends, dict[str, int]]:
        """Link -> participant -> the place chosen on the scale of direction and strength."""
        forms = self.pooled.session.forms
        return {
            ends_of(item.link): {
                form.participant: place_of(form.judgements[ends_of(item.link)], self._ranked)
                for form in forms
                if ends_of(item.link) in form.judgements
            }
            for item in self.pooled.links
        }

    def _apart(self, ends: Ends) -> dict[str, float]:
        """Participant -> places from the middle of the group."""
        chosen = self._places[ends]
        middle = float(np.median(list(chosen.values()))) if chosen else 0.0
        return {name: abs(place - middle) for name, place in chosen.items()}

    def answers(self) -> Finding:
        """Each participant: what is filled in, and how far from the middle of the group."""
        texts, session, links = self.texts, self.pooled.session, self.pooled.links
        apart = [self._apart(ends_of(item.link)) for item in links]
        distances = [
            float(np.mean([own[form.participant] for own in apart if form.participant in own] or [np.nan]))
            for form in session.forms
        ]
        judged = [len(form.judgements) for form in session.forms]
        unknown = [len(form.unknown) for form in session.forms]
        questions = len(links) * len(session.forms)
        table = pd.DataFrame(
            {
                texts("session.column.participant"): [form.participant for form in session.forms],
                texts("session.column.field"): [form.expertise for form in session.forms],
                texts("session.column.judged"): judged,
                texts("session.column.unknown"): unknown,
                texts("session.column.open"): [
                    len(links) - one - other for one, other in zip(judged, unknown, strict=True)
                ],
                texts("session.column.seeds"): [len(form.seeds) for form in session.forms],
                texts("session.column.distance"): distances,
            }
        )
        furthest = int(np.nanargmax(distances)) if np.isfinite(distances).any() else None
        sentences = [
            texts(
                "session.answers.all",
                participants=len(session.forms),
                links=len(links),
                all=len(session.diagram.links),
                asked=questions,
                share=self._per_cent(sum(judged) + sum(unknown), questions),
                unknown=self._per_cent(sum(unknown), questions),
            )
        ]
        if furthest is not None and len(session.forms) > 2:
            sentences.append(
                texts(
                    "session.answers.furthest",
                    participant=session.forms[furthest].participant,
                    distance=self.numbers.exact(distances[furthest], 1),
                )
            )
        return Finding(
            "answers",
            texts("session.answers"),
            tuple(sentences),
            texts("session.answers.caution"),
            table,
            {texts("session.column.distance"): 1},
        )

    def _per_cent(self, part: int, whole: int) -> str:
        return self.numbers.exact(100 * part / max(whole, 1), 0)

    def agreement(self) -> Finding:
        """Each link: how many chose what, how far they agree, and who differs."""
        texts, pooled = self.texts, self.pooled
        items = sorted(pooled.links, key=lambda item: (np.nan_to_num(item.agreement, nan=2.0), -item.answers))
        half = len(items[0].counts) // 2 if items else 0
        less, none, more = (
            [sum(item.counts[part]) for item in items]
            for part in (slice(0, half), slice(half, half + 1), slice(half + 1, None))
        )
        labels = [link_label(pooled, item.link, texts) for item in items]
        table = pd.DataFrame(
            {
                texts("session.column.link"): labels,
                texts("session.column.agreement"): [item.agreement for item in items],
                texts("session.column.more"): more,
                texts("session.column.none"): none,
                texts("session.column.less"): less,
                texts("session.column.unknown"): [item.unknown for item in items],
                texts("session.column.open"): [item.missing for item in items],
                texts("session.column.differs"): [self._who_differs(item) for item in items],
            }
        )
        split = sum(bool(one and other) for one, other in zip(less, more, strict=True))
        camps = sum(item.agreement < 0 for item in items)
        sentences = (
            [
                texts("session.agreement.split", split=split, links=len(items), camps=camps),
                texts(
                    "session.agreement.least",
                    link=f"'{labels[0]}'",
                    agreement=self.numbers.exact(items[0].agreement, 2),
                    more=more[0],
                    none=none[0],
                    less=less[0],
                ),
            ]
            if split
            else [texts("session.agreement.none_split", links=len(items))]
        )
        shown = items[:_DRAWN]
        return Finding(
            "agreement",
            texts("session.agreement"),
            tuple(sentences),
            texts("session.agreement.caution"),
            table,
            {texts("session.column.agreement"): 2},
            lambda: answers_chart(
                [item.counts for item in shown], labels[:_DRAWN], self._class_names(), texts
            ),
            texts("session.agreement.described"),
        )

    def _class_names(self) -> list[str]:
        found = sorted(
            classes_of(self.pooled.session.diagram.classes, "strength"), key=lambda item: item.value
        )
        return [class_word("strength", item, self.texts.language) for item in found]

    def _who_differs(self, item: PooledLink) -> str:
        """The participants furthest from the middle, where that is two places or more."""
        apart = self._apart(ends_of(item.link))
        far = sorted((name for name in apart if apart[name] >= _APART), key=lambda name: (-apart[name], name))
        return ", ".join(far[:3]) + (", …" if len(far) > 3 else "")
