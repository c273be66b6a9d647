"""A finding about what interventions in a diagram bring for what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.scores import Scores
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


def costs_finding(diagram: Diagram, scores: Scores, texts: Texts) -> Finding | None:
    """Difference in score for each unit of cost, of each intervention alone; None where none has a cost.

    Parameters
    ----------
    diagram : Diagram
    scores : Scores
    texts : Texts
    """
    costed = [(k, item.cost) for k, item in enumerate(diagram.interventions) if item.cost]
    if not costed:
        return None
    places = np.array([k for k, _ in costed])
    cost = np.array([value for _, value in costed])
    alone = 2**places
    each = (scores.scores[alone] - scores.scores[0]) / cost
    columns = [int(np.flatnonzero(scores.sampled == row)[0]) for row in alone]
    nothing = int(np.flatnonzero(scores.sampled == 0)[0])
    by_sample = (scores.by_sample[:, columns] - scores.by_sample[:, [nothing]]) / cost
    if len(by_sample):
        low, high = np.quantile(by_sample, [0.05, 0.95], axis=0)
        best = 100 * np.bincount(by_sample.argmax(axis=1), minlength=len(cost)) / len(by_sample)
    else:
        low = high = best = np.full(len(cost), np.nan)
    order = np.argsort(-each, kind="stable")
    names = [texts.of(diagram.interventions[k].label) for k in places]
    # A score is a share of a whole, and costs may be millions: told per thousand so that digits are left.
    table = pd.DataFrame(
        {
            texts("marvel.column.intervention"): [names[k] for k in order],
            texts("marvel.column.cost"): cost[order],
            texts("marvel.column.difference"): (scores.scores[alone] - scores.scores[0])[order],
            texts("marvel.column.per_cost"): 1000 * each[order],
            texts("marvel.column.per_cost_low"): 1000 * low[order],
            texts("marvel.column.per_cost_high"): 1000 * high[order],
            texts("marvel.column.best_per_cost"): best[order],
        }
    )
    first = int(order[0])
    without = len(diagram.interventions) - len(costed)
    numbers = Numbers(texts.language)
    sentences = [
        texts(
            "marvel.costs.best",
            intervention=texts.inside(diagram.interventions[places[first]].label),
            share=numbers.exact(float(best[first]), 0),
        ),
        *(
            [texts("marvel.costs.without", without=without, all=len(diagram.interventions))]
            if without
            else []
        ),
    ]
    return Finding(
        "costs",
        texts("marvel.costs"),
        tuple(sentences),
        texts("marvel.costs.caution"),
        table,
        {texts("marvel.column.difference"): 3, texts("marvel.column.best_per_cost"): 0},
    )
