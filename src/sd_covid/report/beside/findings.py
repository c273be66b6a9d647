"""Findings about the two layers: where diagram and model agree, how they rank interventions, and what to ask next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sd_covid.marvel.beside.compare import Compared, Ranking, Why
from sd_covid.marvel.beside.effects import Effect
from sd_covid.marvel.diagram import Diagram, Intervention, Variable
from sd_covid.marvel.explain import strongest_paths
from sd_covid.report.beside.charts import correlations_chart, verdicts_chart
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import ARROW, Numbers

_LONGEST = 6  # links of a path
_NAMED = 4  # disagreements that a sentence names
_ASKED: tuple[Why, ...] = ("opposite", "unsure", "diagram only", "model only")


def beside_findings(
    diagram: Diagram, found: Sequence[Compared], ranked: Sequence[Ranking], years: float, texts: Texts
) -> list[Finding]:
    """Everything that is found about two layers.

    Parameters
    ----------
    diagram : Diagram
    found : sequence of Compared
    ranked : sequence of Ranking
    years : float
        The span that changes are means of.
    texts : Texts
    """
    told = _Told(diagram, tuple(found), texts)
    return [told.verdicts(years), *([told.ranks(ranked)] if ranked else []), told.questions()]


@dataclass(frozen=True)
class _Told:
    """The findings of one comparison of layers."""

    diagram: Diagram
    found: tuple[Compared, ...]
    texts: Texts

    def verdicts(self, years: float) -> Finding:
        """Pair by pair: the verdict, why, and both effects."""
        texts, found = self.texts, self.found
        table = pd.DataFrame(
            {
                texts("beside.column.intervention"): [texts.of(item.intervention.label) for item in found],
                texts("beside.column.performance"): [texts.of(item.performance.label) for item in found],
                texts("beside.column.verdict"): [texts(f"beside.verdict.{item.verdict}") for item in found],
                texts("beside.column.why"): [texts(f"beside.why.{item.why}") for item in found],
                texts("beside.column.diagram"): [self._interval(item.diagram) for item in found],
                texts("beside.column.model"): [self._interval(item.model) for item in found],
                texts("beside.column.matters"): [self._matters(item) for item in found],
            }
        )
        counts = {verdict: self._count(verdict=verdict) for verdict in ("agree", "disagree", "cannot tell")}
        apart = [item for item in found if item.verdict == "disagree"]
        weighty = sum(item.verdict == "agree" and self._weighty(item, both=True) for item in found)
        named = "; ".join(
            f"{texts.of(item.intervention.label)}{ARROW}{texts.of(item.performance.label)}"
            for item in apart[:_NAMED]
        )
        sentences = (
            texts(
                "beside.verdicts.all",
                pairs=len(found),
                agree=counts["agree"],
                disagree=counts["disagree"],
                unsure=counts["cannot tell"],
            ),
            *([texts("beside.verdicts.weighty", weighty=weighty)] if counts["agree"] else []),
            *(
                [texts("beside.verdicts.one", pairs=named + ("; …" if len(apart) > _NAMED else ""))]
                if apart
                else []
            ),
            texts(
                "beside.verdicts.unsure",
                no_counterpart=self._why("no lever") + self._why("no output"),
                diagram_only=self._why("diagram only"),
                model_only=self._why("model only"),
                interval=self._why("unsure"),
            ),
        )
        return Finding(
            "layers",
            texts("beside.verdicts"),
            sentences,
            texts("beside.verdicts.caution", years=Numbers(texts.language).plain(years)),
            table,
            {},
            lambda: verdicts_chart(self.found, texts),
            texts("beside.verdicts.described"),
        )

    def _count(self, *, verdict: str) -> int:
        return sum(item.verdict == verdict for item in self.found)

    def _why(self, why: str) -> int:
        return sum(item.why == why for item in self.found)

    def _interval(self, effect: Effect | None) -> str:
        if effect is None:
            return "–"
        numbers = Numbers(self.texts.language)
        if effect.none:
            return "0"
        return " · ".join(numbers.significant(value, 2) for value in effect.quantiles)

    def _matters(self, item: Compared) -> str:
        inside, outside = item.diagram.matters, item.model is not None and item.model.matters
        name = {(True, True): "both", (True, False): "diagram", (False, True): "model"}.get(
            (inside, outside), "neither"
        )
        return self.texts(f"beside.in.{name}")

    def ranks(self, ranked: Sequence[Ranking]) -> Finding:
        """Outcome by outcome: the rank correlation of interventions."""
        texts, numbers = self.texts, Numbers(self.texts.language)
        table = pd.DataFrame(
            {
                texts("beside.column.performance"): [texts.of(item.performance.label) for item in ranked],
                texts("beside.column.correlation"): [item.correlation for item in ranked],
                texts("beside.column.low"): [item.low for item in ranked],
                texts("beside.column.high"): [item.high for item in ranked],
                texts("beside.column.count"): [len(item.interventions) for item in ranked],
            }
        )
        known = [item for item in ranked if np.isfinite(item.correlation)]
        sentences = [
            texts(
                "beside.ranks.all",
                told=sum(item.low > 0 for item in ranked),
                opposite=sum(item.high < 0 for item in ranked),
                outcomes=len(ranked),
            )
        ]
        if len(known) > 1:
            best, worst = (choose(known, key=lambda item: item.correlation) for choose in (max, min))
            sentences.append(
                texts(
                    "beside.ranks.best",
                    best=texts.inside(best.performance.label),
                    best_value=numbers.exact(best.correlation, 2),
                    worst=texts.inside(worst.performance.label),
                    worst_value=numbers.exact(worst.correlation, 2),
                )
            )
        return Finding(
            "ranks-of-layers",
            texts("beside.ranks"),
            tuple(sentences),
            texts("beside.ranks.caution", count=max(len(item.interventions) for item in ranked)),
            table,
            dict.fromkeys(table.columns[1:4], 2) | {texts("beside.column.count"): 0},
            lambda: correlations_chart(ranked, texts),
            texts("beside.ranks.described"),
        )

    def questions(self) -> Finding:
        """What to ask in the next session: every way in which the layers differ."""
        texts = self.texts
        asked = sorted(
            (item for item in self.found if self._asked(item)),
            key=lambda item: (_ASKED.index(item.why), not self._weighty(item), -self._size(item)),
        )
        rows = [
            (texts(f"beside.why.{item.why}"), self._question(item), self._matters(item)) for item in asked
        ]
        lacking = [
            *self._lacking("no lever", {item.intervention for item in self.found if item.why == "no lever"}),
            *self._lacking("no output", {item.performance for item in self.found if item.why == "no output"}),
        ]
        rows += lacking
        columns = [texts(f"beside.column.{name}") for name in ("kind", "question", "matters")]
        counts = {why.replace(" ", "_"): sum(item.why == why for item in asked) for why in _ASKED}
        first = (
            texts("beside.questions.all", count=len(rows), counterpart=len(lacking), **counts)
            if rows
            else texts("beside.questions.none")
        )
        return Finding(
            "questions",
            texts("beside.questions"),
            (first,),
            texts("beside.questions.caution"),
            pd.DataFrame(rows, columns=columns),
        )

    def _asked(self, item: Compared) -> bool:
        """Whether layers differ so that somebody should say why; of unsure ones those whose medians part."""
        if item.why != "unsure" or item.model is None:
            return item.why in _ASKED
        return item.diagram.quantiles[1] * item.model.quantiles[1] < 0

    def _weighty(self, item: Compared, *, both: bool = False) -> bool:
        """Whether the effect matters in one layer, or in both."""
        sides = item.diagram.matters, item.model is not None and item.model.matters
        return all(sides) if both else any(sides)

    def _size(self, item: Compared) -> float:
        return abs(item.diagram.quantiles[1])

    def _question(self, item: Compared) -> str:
        texts = self.texts
        told = {
            "intervention": texts.of(item.intervention.label),
            "performance": texts.inside(item.performance.label),
            "path": self._path(item),
            "diagram": self._moves(item.diagram),
            "model": "" if item.model is None else self._moves(item.model),
        }
        return texts(f"beside.question.{item.why}", **told)

    def _moves(self, effect: Effect) -> str:
        return self.texts("beside.more" if effect.quantiles[1] > 0 else "beside.less")

    def _path(self, item: Compared) -> str:
        """The strongest path of the diagram from the intervention to the performance."""
        labels = {variable.id: self.texts.of(variable.label) for variable in self.diagram.variables}
        start = item.intervention.variable
        if start == item.performance.id:
            return labels[start]
        ways = strongest_paths(self.diagram, start, item.performance.id, _LONGEST, 1)
        if not ways:
            return self.texts("beside.path.long", longest=_LONGEST)
        return ARROW.join(labels[name] for name in ways[0].variables)

    def _lacking(self, kind: str, items: Collection[Intervention | Variable]) -> list[tuple[str, str, str]]:
        """A question for each intervention or performance without counterpart."""
        texts = self.texts
        names = {"no lever": "intervention", "no output": "performance"}
        ordered = sorted(items, key=lambda item: item.id)
        return [
            (
                texts(f"beside.why.{kind}"),
                texts(f"beside.question.{kind}", **{names[kind]: texts.of(item.label)}),
                "–",
            )
            for item in ordered
        ]
