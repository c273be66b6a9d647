"""Findings about an expert session: who filled in what, where the group agrees, how it performs, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sd_covid.marvel.diagram import Link
from sd_covid.marvel.session.answers import Ends, ends_of
from sd_covid.marvel.session.performance import group_of
from sd_covid.marvel.session.pool import Pooled, PooledLink, place_of
from sd_covid.marvel.session.words import classes_of
from sd_covid.model.names import key
from sd_covid.report.finding import Finding
from sd_covid.report.session_charts import answers_chart, strengths_chart, weights_chart
from sd_covid.report.texts import Texts
from sd_covid.report.wording import Numbers

ARROW = " → "
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
    return [told.answers(), told.agreement(), *([told.performance()] if pooled.performance else [])]


def pooled_finding(pooled: Pooled, texts: Texts) -> Finding:
    """What the group says of each link."""
    return _Told(pooled, texts).pooled_links()


def link_label(pooled: Pooled, link: Link, texts: Texts) -> str:
    """A link in words: cause → effect."""
    labels = {key(variable.id): texts.of(variable.label) for variable in pooled.session.diagram.variables}
    return ARROW.join(labels[end] for end in ends_of(link))


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
        from sd_covid.marvel.session.words import class_word

        found = sorted(
            classes_of(self.pooled.session.diagram.classes, "strength"), key=lambda item: item.value
        )
        return [class_word("strength", item, self.texts.language) for item in found]

    def _who_differs(self, item: PooledLink) -> str:
        """The participants furthest from the middle, where that is two places or more."""
        apart = self._apart(ends_of(item.link))
        far = sorted((name for name in apart if apart[name] >= _APART), key=lambda name: (-apart[name], name))
        return ", ".join(far[:3]) + (", …" if len(far) > 3 else "")

    def performance(self) -> Finding:
        """Each participant: calibration, information and weight on the seed questions."""
        texts, pooled = self.texts, self.pooled
        found = pooled.performance
        assert found is not None
        forms = pooled.session.forms
        names = [form.participant for form in forms]
        table = pd.DataFrame(
            {
                texts("session.column.participant"): names,
                texts("session.column.calibration"): found.calibration,
                texts("session.column.information"): found.information,
                texts("session.column.weight"): 100 * found.weights,
            }
        )
        complete = pooled.session.seeds.complete
        equal = group_of(pooled.session.seeds, complete / complete.sum())
        exact = self.numbers.exact
        best = (
            texts(
                "session.performance.best",
                calibration=exact(found.group_calibration, 2),
                information=exact(found.group_information, 2),
                equal_calibration=exact(equal[0], 2),
                equal_information=exact(equal[1], 2),
            )
            if found.weights.any()
            else texts("session.performance.nobody")
        )
        out = texts(
            "session.performance.out",
            out=int((found.weights == 0).sum()),
            participants=len(forms),
            cutoff=self.numbers.plain(found.cutoff, 2),
        )
        return Finding(
            "performance",
            texts("session.performance"),
            (best, out),
            texts("session.performance.caution", questions=len(pooled.session.questions)),
            table,
            {
                texts("session.column.calibration"): 4,
                texts("session.column.information"): 2,
                texts("session.column.weight"): 1,
            },
            lambda: weights_chart(100 * found.weights, names, texts),
            texts("session.performance.described"),
        )

    def pooled_links(self) -> Finding:
        """Each link: probability of its direction, and strength and delay with their intervals."""
        texts, pooled = self.texts, self.pooled
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
            texts(
                "session.pooled.other", other=int(outside.sum()), links=len(items), turned=int(turned.sum())
            ),
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
