"""The findings of a search among packages: front, cost and effect, contents, scenarios at their own cost.

In comes an `Optimised`; out come `Finding`s in one language. Every number is from draws that the search did not see,
but for those that the last finding sets beside them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sd_covid.analysis.optimisation.front import apart
from sd_covid.analysis.optimisation.optimise import Optimised
from sd_covid.analysis.optimisation.outcomes import Objective
from sd_covid.engine.results import versions
from sd_covid.policy.comparison.draws import draws_hash
from sd_covid.policy.comparison.scenarios import Provenance
from sd_covid.report.comparison.packages import setting_in_words
from sd_covid.report.finding.made import made_with
from sd_covid.report.finding.statement import Finding, even_decimals
from sd_covid.report.optimised.charts import contents_chart, frontier_chart, left_chart, parallel_chart
from sd_covid.report.optimised.rivals import rivals_finding
from sd_covid.report.optimised.words import effects, heading, package_name, period, tolerance, verdict
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers


def findings(found: Optimised, texts: Texts) -> list[Finding]:
    """All findings of a search; a single one where no package keeps the limits.

    Parameters
    ----------
    found : Optimised
    texts : Texts
    """
    if not found.shown:
        words = texts("optimised.empty", candidates=len(found.found.points))
        rivals = [rivals_finding(found, texts)] if found.rivals else []
        return [
            Finding(
                "front",
                texts("optimised.front.title"),
                (words,),
                _caution(found, texts),
                _front_table(found, texts),
            ),
            *rivals,
        ]
    made = [front_finding(found, texts), frontier_finding(found, texts), content_finding(found, texts)]
    if found.rivals:
        made.append(rivals_finding(found, texts))
    return [*made, curse_finding(found, texts)]


def provenance(found: Optimised, command: str, texts: Texts) -> dict[str, str]:
    """What made the findings, for the foot of their page."""
    plan, draws = found.plan, found.plan.draws
    model, numbers = plan.simulation.model, Numbers(texts.language)
    paths = ["base" if path is None else path.id for path in plan.paths]
    told = {
        "fresh": draws_hash(draws.fresh)[:16],
        "paths": ", ".join(paths),
        "runs": numbers.exact(found.runs, 0),
        "failed": numbers.exact(found.failed, 0),
    }
    attrs = {
        "model": model.name,
        "model_hash": getattr(plan.simulation, "fingerprint", ""),
        "versions": versions(),
    }
    return made_with(
        Provenance.of(attrs, "", draws_hash(draws.search), plan.effort.seed),
        command,
        texts,
        draws=texts("optimised.made.draws", search=len(draws.search), fresh=len(draws.fresh)),
        more={texts(f"optimised.made.{name}"): value for name, value in told.items()},
    )


def _front_table(found: Optimised, texts: Texts) -> pd.DataFrame:
    """Packages, then scenarios, by cost and every objective with intervals."""
    rows = []
    scenarios = [rival.scenario for rival in found.rivals]
    for place, item in enumerate([*found.shown, *scenarios]):
        own = place < len(found.shown)
        kind = "scenario" if not own else "knee" if place == found.knee else "front"
        row: dict[str, object] = {
            texts("optimised.column.package"): package_name(item, texts),
            texts("optimised.column.kind"): texts(f"optimised.kind.{kind}"),
            texts("optimised.column.cost"): float(item.cost.mean()),
        }
        for at, objective in effects(found):
            name = heading(objective, texts)
            row[name] = float(item.fresh[at])
            if objective.statistic.kind != "share":
                low, high = np.quantile(item.differences[at], (0.05, 0.95)).tolist()
                title = texts.of(objective.title)
                row |= {
                    texts("optimised.column.low", name=title): low,
                    texts("optimised.column.high", name=title): high,
                }
        rows.append(row)
    return pd.DataFrame(rows)


def _stopped(found: Optimised, texts: Texts) -> str:
    """That a search was stopped, and what is missing for it."""
    unseen = [f"‘{texts.of(item.title)}’" for item in found.unseen]
    missing = [texts("optimised.front.unseen", names=texts.listed(unseen))] if unseen else []
    return " ".join([texts("optimised.front.interrupted"), *missing])


def _caution(found: Optimised, texts: Texts) -> str:
    levers = found.plan.study.catalogue.levers
    free = {
        name
        for item in found.shown
        for name in item.levers
        if levers[name].cost.rule == "unpriced" and item.levers[name] != found.plan.base.levers[name]
    }
    names = texts.listed([texts.inside(levers[name].title) for name in sorted(free)])
    return texts(
        "optimised.front.caution",
        unpriced=texts("optimised.front.unpriced", levers=names) if free else "",
        worlds=Numbers(texts.language).exact(found.worlds[1], 0),
    )


def front_finding(found: Optimised, texts: Texts) -> Finding:
    """Packages that no other beats, over all objectives."""
    numbers = Numbers(texts.language)
    knee = found.shown[found.knee]
    name = package_name(knee, texts)
    counts = {
        "candidates": numbers.exact(len(found.found.points), 0),
        "feasible": numbers.exact(int(found.found.feasible.sum()), 0),
        "front": numbers.exact(len(found.found.front), 0),
        "objectives": str(len(found.plan.objectives)),
    }
    sentences = [texts("optimised.front.count", **counts)]
    tolerated = [item for item in found.plan.objectives if item.matters > 0]
    if tolerated:
        front = found.found.objectives[found.found.front]
        left = apart(front, np.array([item.matters for item in found.plan.objectives]))
        told = [tolerance(item, texts) for item in tolerated]
        sentences.append(
            texts("optimised.front.apart", apart=numbers.exact(len(left), 0), matters=texts.listed(told))
        )
    if found.interrupted:
        sentences.append(_stopped(found, texts))
    low, high = np.quantile(knee.cost, (0.05, 0.95)).tolist()
    at, objective = effects(found)[0]
    sentences.append(
        texts(
            "optimised.front.knee",
            package=name,
            title=texts.inside(objective.title),
            period=period(objective, texts),
            verdict=verdict(objective, knee.differences[at], name, found, texts),
            low=numbers.significant(low),
            high=numbers.significant(high),
        )
    )
    table = _front_table(found, texts)
    return Finding(
        id="front",
        title=texts("optimised.front.title"),
        sentences=tuple(sentences),
        caution=_caution(found, texts),
        table=table,
        decimals=even_decimals(table) | {texts("optimised.column.cost"): 0},
        figure=lambda: parallel_chart(found, [package_name(item, texts) for item in found.shown], texts),
        described=texts("optimised.front.described"),
    )


def frontier_finding(found: Optimised, texts: Texts) -> Finding:
    """What each objective costs among those packages."""
    best = []
    for at, item in effects(found)[:3]:
        losses = [item.as_loss(shown.fresh[at]) for shown in found.shown]
        winner = found.shown[int(np.argmin(losses))]
        name = package_name(winner, texts)
        told = verdict(item, winner.differences[at], name, found, texts)
        best.append(
            texts("optimised.frontier.sentence", package=name, title=texts.of(item.title), verdict=told)
        )
    rows = [
        {
            texts("optimised.column.package"): package_name(item, texts),
            texts("optimised.column.cost"): float(item.cost.mean()),
            texts("optimised.column.low", name=texts("optimised.column.cost")): float(
                np.quantile(item.cost, 0.05)
            ),
            texts("optimised.column.high", name=texts("optimised.column.cost")): float(
                np.quantile(item.cost, 0.95)
            ),
            **{heading(objective, texts): float(item.fresh[at]) for at, objective in effects(found)},
        }
        for item in [*found.shown, *(rival.scenario for rival in found.rivals)]
    ]
    table = pd.DataFrame(rows)
    costs = [name for name in map(str, table) if name.startswith(texts("optimised.column.cost"))]
    return Finding(
        id="frontier",
        title=texts("optimised.frontier.title"),
        sentences=tuple(best),
        caution=texts("optimised.frontier.caution"),
        table=table,
        decimals=even_decimals(table) | dict.fromkeys(costs, 0),
        figure=lambda: frontier_chart(found, [texts.of(item.title) for item in found.plan.objectives], texts),
        described=texts("optimised.frontier.described"),
    )


def content_finding(found: Optimised, texts: Texts) -> Finding:
    """Which measures each package holds, and how they are set."""
    levers, base = found.plan.study.catalogue.levers, found.plan.base
    decided = [item.lever for item in found.plan.space.decisions]
    told = [item for item in found.shown if item.levers]
    always = [name for name in decided if told and all(name in item.levers for item in told)]
    never = [name for name in decided if not any(name in item.levers for item in told)]
    rows = [
        {
            texts("optimised.column.package"): package_name(item, texts),
            texts("optimised.column.lever"): texts.of(levers[name].title),
            texts("optimised.column.setting"): setting_in_words(
                setting, base.levers[name], texts, found.plan.outputs
            ),
            texts("optimised.column.evidence"): levers[name].grade,
        }
        for item in told
        for name, setting in item.levers.items()
    ]
    heads = [texts(f"optimised.column.{name}") for name in ("package", "lever", "setting", "evidence")]
    used = [name for name in decided if name not in never]
    weak = [name for name in used if levers[name].grade == "D"]
    inside = np.array([[name in item.levers for item in told] for name in used], dtype=np.bool_)
    return Finding(
        id="content",
        title=texts("optimised.content.title"),
        sentences=(
            _named("always", always, len(told), found, texts),
            _named("never", never, len(told), found, texts),
            texts("optimised.content.weak", used=len(used), weak=len(weak)),
        ),
        caution=texts("optimised.content.caution"),
        table=pd.DataFrame(rows, columns=heads),
        figure=(
            lambda: contents_chart(
                [package_name(item, texts) for item in told],
                [texts.of(levers[name].title) for name in used],
                inside,
            )
        )
        if inside.size
        else None,
        described=texts("optimised.content.described"),
    )


def _named(kind: str, names: list[str], count: int, found: Optimised, texts: Texts) -> str:
    """Which measures are in all packages, or in none; or that there is no such one."""
    levers = found.plan.study.catalogue.levers
    if not names:
        return texts(f"optimised.content.not_{kind}", count=count)
    listed = texts.listed([texts.inside(levers[name].title) for name in names])
    return texts(f"optimised.content.{kind}", count=count, names=listed)


def curse_finding(found: Optimised, texts: Texts) -> Finding:
    """How far effects on fresh draws lie from those that the packages were chosen by."""
    rows = []
    shares: list[tuple[float, Objective]] = []
    for at, objective in effects(found):
        searched = np.array([item.searched[at] for item in found.shown])
        fresh = np.array([item.fresh[at] for item in found.shown])
        size = float(np.abs(searched).mean())
        if size > 0:
            shares.append((float((fresh - searched).mean()) / size, objective))
        rows += [
            {
                texts("optimised.column.package"): package_name(item, texts),
                texts("optimised.column.objective"): heading(objective, texts),
                texts("optimised.column.searched"): float(item.searched[at]),
                texts("optimised.column.fresh"): float(item.fresh[at]),
                texts("optimised.column.gap"): float(item.fresh[at] - item.searched[at]),
            }
            for item in found.shown
        ]
    numbers = Numbers(texts.language)
    worlds = {"searched": str(found.worlds[0]), "fresh": str(found.worlds[1])}
    said = [texts("optimised.curse.worlds", **worlds)]
    titles = [texts.of(objective.title) for _, objective in shares]
    gaps = np.array([100 * share for share, _ in shares])
    if shares:
        share, objective = max(shares, key=lambda item: abs(item[0]))
        title = texts.of(objective.title)
        said.append(texts("optimised.curse.sentence", title=title, share=numbers.plain(100 * abs(share), 2)))
    return Finding(
        id="left-of-the-search",
        title=texts("optimised.curse.title"),
        sentences=tuple(said),
        caution=texts("optimised.curse.caution"),
        table=pd.DataFrame(rows),
        figure=(lambda: left_chart(titles, gaps, texts("optimised.curse.axis"), texts)) if shares else None,
        described=texts("optimised.curse.described"),
    )
