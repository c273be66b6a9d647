"""Findings about a diagram: what interventions do, scores of combinations, and how firm their order is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.run import Runs
from sd_covid.marvel.scores import LARGE, SMALL, Floats, Scores, moments_of, reversal, symbol
from sd_covid.report.finding.statement import Finding
from sd_covid.report.marvel.charts import effects_chart, scores_chart
from sd_covid.report.marvel.costs import costs_finding
from sd_covid.report.marvel.why import loops_finding, paths_finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

_LOOSE = 0.25
_SPELLED = 3  # interventions up to which all of them are named one by one


def findings(runs: Runs, scores: Scores, texts: Texts) -> list[Finding]:
    """Everything that is found about a diagram.

    Parameters
    ----------
    runs : Runs
    scores : Scores
    texts : Texts

    Returns
    -------
    list of Finding
    """
    told = _Told(runs, scores, texts)
    why = [paths_finding(runs.diagram, texts), loops_finding(runs.diagram, scores.stability, texts)]
    ranked = [told.ranks()] if len(runs.diagram.interventions) > 1 and len(scores.by_sample) else []
    costs = costs_finding(runs.diagram, scores, texts)
    priced = [] if costs is None else [costs]
    return [told.effects(), told.course(), told.combinations(), *priced, *ranked, *why]


@dataclass(frozen=True)
class _Told:
    """The findings of one diagram."""

    runs: Runs
    scores: Scores
    texts: Texts

    @property
    def diagram(self) -> Diagram:
        return self.runs.diagram

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.texts.language)

    @cached_property
    def interventions(self) -> list[str]:
        return [self.texts.of(item.label) for item in self.diagram.interventions]

    @cached_property
    def performances(self) -> list[str]:
        return [self.texts.of(item.label) for item in self.diagram.performances]

    def effects(self) -> Finding:
        """Intervention by performance by moment, in symbols and numbers."""
        texts, numbers = self.texts, self.numbers
        moments = moments_of(self.runs)
        changes = self.scores.effects[..., moments]
        desired = np.array([item.desired for item in self.diagram.performances], dtype=np.float64)
        good = changes * desired[:, None]
        rows = [(i, p) for i in range(len(changes)) for p in range(len(desired))]
        columns: dict[str, object] = {
            texts("marvel.column.intervention"): [self.interventions[i] for i, _ in rows],
            texts("marvel.column.performance"): [self.performances[p] for _, p in rows],
        }
        years = self._years(moments)
        decimals = {}
        for place, year in enumerate(years):
            columns[texts("marvel.column.symbol", years=year)] = [symbol(good[i, p, place]) for i, p in rows]
        name = texts("marvel.column.change", years=years[-1])
        columns[name], decimals[name] = [changes[i, p, -1] for i, p in rows], 3
        band = self._band(self.scores.effects_by_sample[..., -1]) if len(self.scores.by_sample) else None
        if band is not None:
            for bound, name in zip(band, ("low", "high"), strict=True):
                heading = texts(f"marvel.column.{name}", years=years[-1])
                columns[heading], decimals[heading] = [bound[i, p] for i, p in rows], 3
        turns = sum(bool((good[i, p] > SMALL).any() and (good[i, p] < -SMALL).any()) for i, p in rows)
        symbols = [[symbol(value) for value in line] for line in good[..., -1]]
        return Finding(
            "effects",
            texts("marvel.effects"),
            (
                self._largest(good[..., -1], changes[..., -1], band, years[-1]),
                texts("marvel.effects.symbols", small=numbers.exact(SMALL, 2), large=numbers.exact(LARGE, 2)),
                *([texts("marvel.effects.turns", turns=turns, all=len(rows))] if turns else []),
            ),
            texts("marvel.effects.caution"),
            pd.DataFrame(columns),
            decimals,
            lambda: effects_chart(good[..., -1], symbols, self.interventions, self.performances),
            texts("marvel.effects.described", years=years[-1]),
        )

    def _largest(self, good: Floats, changes: Floats, band: Floats | None, years: str) -> str:
        """The effect that does most good at the last moment, with its interval where there are samples."""
        texts, numbers = self.texts, self.numbers
        i, p = np.unravel_index(int(good.argmax()), good.shape)
        item = self.diagram.performances[p]
        words = {
            "years": years,
            "performance": texts.inside(item.label),
            "intervention": texts.inside(self.diagram.interventions[i].label),
            "change": numbers.exact(float(changes[i, p]), 2),
            "low": numbers.plain(item.low),
            "high": numbers.plain(item.high),
        }
        if band is None:
            return texts("marvel.effects.largest_one", **words)
        ends = {name: numbers.exact(float(band[k][i, p]), 2) for k, name in enumerate(("from", "to"))}
        return texts("marvel.effects.largest", **words, **ends)

    def course(self) -> Finding:
        """The same in numbers, at every moment."""
        texts = self.texts
        moments = moments_of(self.runs)
        changes = self.scores.effects[..., moments]
        rows = [(i, p) for i in range(changes.shape[0]) for p in range(changes.shape[1])]
        columns: dict[str, object] = {
            texts("marvel.column.intervention"): [self.interventions[i] for i, _ in rows],
            texts("marvel.column.performance"): [self.performances[p] for _, p in rows],
        }
        decimals = {}
        for place, year in enumerate(self._years(moments)):
            name = texts("marvel.column.change", years=year)
            columns[name], decimals[name] = [changes[i, p, place] for i, p in rows], 4
        return Finding(
            "course",
            texts("marvel.course"),
            (texts("marvel.course.read"),),
            texts("marvel.effects.caution"),
            pd.DataFrame(columns),
            decimals,
        )

    def _years(self, moments: list[int]) -> list[str]:
        return [f"{float(self.runs.times[at]):g}".replace(".", self._point()) for at in moments]

    def _point(self) -> str:
        return "," if self.texts.language == "nl" else "."

    @staticmethod
    def _band(values: Floats) -> Floats:
        return np.asarray(np.quantile(values, [0.05, 0.95], axis=0))

    def combinations(self) -> Finding:
        """Scores: each intervention alone, and the best combination of every size."""
        texts, found = self.texts, self.scores
        sizes = found.switches.sum(axis=1)
        alone = np.argsort(-np.where(sizes == 1, found.scores, -np.inf), kind="stable")[
            : len(self.interventions)
        ]
        best = [self._best(size) for size in range(2, len(self.interventions) + 1)]
        rows = [*alone.tolist(), *best]
        difference = found.scores[rows] - found.scores[0]
        low, high = (np.array([self._difference(row)[k] for row in rows]) for k in (0, 1))
        columns = {
            texts("marvel.column.combination"): [self._named(row) for row in rows],
            texts("marvel.column.size"): sizes[rows],
            texts("marvel.column.score"): found.scores[rows],
            texts("marvel.column.difference"): difference,
            texts("marvel.column.score_low"): low,
            texts("marvel.column.score_high"): high,
            texts("marvel.column.best"): [100 * self._share_best(row) for row in rows],
        }
        labels = [
            self._named(row) if sizes[row] < _SPELLED else texts("marvel.best_of", count=int(sizes[row]))
            for row in rows
        ]
        places = dict.fromkeys(columns, 3) | {
            texts("marvel.column.size"): 0,
            texts("marvel.column.best"): 0,
        }
        return Finding(
            "scores",
            texts("marvel.scores"),
            tuple(self._told_scores(best)),
            texts("marvel.scores.caution"),
            pd.DataFrame(columns),
            places,
            lambda: scores_chart(difference, low, high, labels, len(alone), texts),
            texts("marvel.scores.described"),
        )

    def _told_scores(self, best: list[int]) -> list[str]:
        """The best combination, the best pair, and how scores came about; `best` has a row for each size from two."""
        texts, numbers, found = self.texts, self.numbers, self.scores
        top = int(found.scores.argmax())
        sentences = [
            texts(
                "marvel.scores.best",
                all=len(found.switches),
                combination=self._named(top),
                score=numbers.exact(float(found.scores[top]), 3),
                nothing=numbers.exact(float(found.scores[0]), 3),
                years=f"{self.runs.times[-1]:g}".replace(".", self._point()),
            )
        ]
        if best and np.isfinite(self._share_best(best[0])):
            sentences.append(
                texts(
                    "marvel.scores.pair",
                    combination=self._named(best[0]),
                    score=numbers.exact(float(found.scores[best[0]]), 3),
                    share=numbers.exact(100 * self._share_best(best[0]), 0),
                    samples=len(found.by_sample),
                )
            )
        sentences.append(
            texts("marvel.scores.added")
            if found.added
            else texts("marvel.scores.run", chosen=len(found.sampled))
        )
        if found.unstable or found.failed:
            sentences.append(texts("marvel.scores.kept_out", unstable=found.unstable, failed=found.failed))
        return sentences

    def _best(self, size: int) -> int:
        sizes = self.scores.switches.sum(axis=1)
        return int(np.where(sizes == size, self.scores.scores, -np.inf).argmax())

    def _named(self, row: int) -> str:
        names = [name for name, on in zip(self.interventions, self.scores.switches[row], strict=True) if on]
        if len(names) == len(self.interventions) > _SPELLED:
            return self.texts("marvel.everything", count=len(names))
        return " + ".join(names) or self.texts("marvel.nothing")

    def _column(self, row: int) -> int | None:
        at = np.flatnonzero(self.scores.sampled == row)
        return int(at[0]) if len(at) and len(self.scores.by_sample) else None

    def _difference(self, row: int) -> Floats:
        """5 and 95 % of the difference from doing nothing, sample by sample; NaN without samples."""
        column, nothing = self._column(row), self._column(0)
        if column is None or nothing is None:
            return np.full(2, np.nan)
        return self._band(self.scores.by_sample[:, column] - self.scores.by_sample[:, nothing])

    def _share_best(self, row: int) -> float:
        """How often it is the best of its size; NaN where not all of that size were run on samples."""
        found = self.scores
        sizes = found.switches.sum(axis=1)
        same = np.flatnonzero(sizes == sizes[row])
        column = self._column(row)
        if column is None or not np.isin(same, found.sampled).all():
            return float("nan")
        those = found.by_sample[:, np.isin(found.sampled, same)]
        return float((found.by_sample[:, column] >= those.max(axis=1)).mean())

    def ranks(self) -> Finding:
        """How often the order of two interventions turns within the classes."""
        texts, numbers, found = self.texts, self.numbers, self.scores
        count = len(self.interventions)
        alone = 2 ** np.arange(count)
        columns = [int(np.flatnonzero(found.sampled == row)[0]) for row in alone]
        central = found.scores[alone]
        turned = reversal(central, found.by_sample[:, columns])
        pairs = sorted(
            ((i, j) for i in range(count) for j in range(count) if (-central[i], i) < (-central[j], j)),
            key=lambda pair: -turned[pair],
        )
        share = [100 * float(turned[pair]) for pair in pairs]
        i, j = pairs[0]
        loose = sum(value > 100 * _LOOSE for value in share)
        table = pd.DataFrame(
            {
                texts("marvel.column.first"): [self.interventions[i] for i, _ in pairs],
                texts("marvel.column.second"): [self.interventions[j] for _, j in pairs],
                texts("marvel.column.gap"): [float(central[i] - central[j]) for i, j in pairs],
                texts("marvel.column.reversal"): share,
            }
        )
        return Finding(
            "ranks",
            texts("marvel.ranks"),
            (
                texts(
                    "marvel.ranks.least",
                    first=texts.inside(self.diagram.interventions[i].label),
                    second=texts.inside(self.diagram.interventions[j].label),
                    share=numbers.exact(share[0], 0),
                    samples=len(found.by_sample),
                ),
                texts("marvel.ranks.firm", pairs=len(pairs), loose=loose),
            ),
            texts("marvel.ranks.caution"),
            table,
            {texts("marvel.column.gap"): 4, texts("marvel.column.reversal"): 0},
        )
