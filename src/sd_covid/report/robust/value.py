"""Findings on what packages give for their money, and on what knowing more would be worth.

In go the names and results of a study of robustness; out come `Finding`s.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from sd_covid.analysis.information.value import Value
from sd_covid.analysis.robustness.pipeline import Learnt
from sd_covid.analysis.robustness.plan import Buying
from sd_covid.analysis.robustness.worth import Worth
from sd_covid.report.finding.statement import Finding
from sd_covid.report.robust.charts import Worthwhile, information_chart, worth_chart
from sd_covid.report.robust.names import RobustNames

#: Single parameters and series that a chart of information shows.
_SHOWN = 12
#: Share of the longest bar below which one is left out of the chart; the table has it.
_VISIBLE = 0.02
#: Share of a parameter's uncertainty below which a series says hardly anything of it.
_TELLS = 0.05


def worth_finding(names: RobustNames, buying: Buying, found: Worth) -> Finding:
    """Which package pays best, over the value of a unit."""
    texts, numbers = names.texts, names.numbers
    objective = names.robust.outcomes.objective(buying.objective)
    packages = [names.package(item) for item in buying.scenarios]
    one, euro = texts.of(buying.one), buying.euro(objective)
    values, agreed = euro * found.values, found.acceptable[np.arange(len(found.values)), found.frontier]
    turns = [int(np.abs(found.values - lead.low).argmin()) for lead in found.leads[1:]]
    least = min(turns, key=lambda place: float(agreed[place])) if turns else int(agreed.argmin())
    unpriced = [names.lever(item) for item in names.robust.outcomes.unpriced]
    said = f" {texts('worth.unpriced', levers=', '.join(unpriced))}" if unpriced else ""
    value, chosen = texts("worth.value", one=one), texts("worth.chosen")
    table = pd.DataFrame({value: values, chosen: [packages[place] for place in found.frontier.tolist()]})
    for place, name in enumerate(packages):
        table[texts("worth.share", package=name)] = 100 * found.acceptable[:, place]
    for place, name in enumerate(packages):
        table[texts("worth.loss", package=name)] = found.loss[:, place]
    for place, name in enumerate(packages):
        benefit = found.values * found.effect[place] - found.cost[place]
        table[texts("worth.benefit", package=name)] = benefit
    return Finding(
        id=f"worth-{objective.id}",
        title=texts("worth.title", objective=names.objective(objective)),
        sentences=(
            texts("worth.leads", leads=_leads(names, buying, found, euro)),
            texts(
                "worth.sure",
                share=numbers.exact(100 * float(agreed[least]), 0),
                loss=numbers.significant(float(found.loss.min(axis=1).max())),
            ),
        ),
        caution=texts("worth.caution") + said,
        table=table,
        decimals={str(name): 0 for name in table if name != chosen},
        figure=lambda: worth_chart(
            packages, values, found.acceptable, agreed, found.loss, texts("worth.axis", one=one), texts
        ),
        described=texts("worth.described"),
    )


def _leads(names: RobustNames, buying: Buying, found: Worth, euro: float) -> str:
    """The ranges of the value of a unit over which each package leads."""
    texts, said = names.texts, []
    for lead in found.leads:
        package = names.quoted(buying.scenarios[lead.package])
        low, high = (
            names.numbers.significant(euro * end) if np.isfinite(end) else "" for end in (lead.low, lead.high)
        )
        if len(found.leads) == 1:
            return texts("worth.always", package=package)
        if lead.low == 0:
            said.append(texts("worth.below", package=package, one=texts.of(buying.one), value=high))
        elif high:
            said.append(texts("worth.range", package=package, low=low, high=high))
        else:
            said.append(texts("worth.above", package=package, value=low))
    return texts.listed(said)


def information_finding(names: RobustNames, learnt: Learnt) -> Finding:
    """What knowing more would be worth, and which figures would tell."""
    texts, numbers, value = names.texts, names.numbers, learnt.value
    objective = names.robust.outcomes.objective(learnt.learning.objective)
    unit = names.unit(objective)
    table = _valued(names, learnt, unit)
    # What has no title for its reader is in the chart only where it stands out; the table has it by its model's name.
    untitled = {names.constant(name) for name in value.parts if not names.titled(name)}
    every = [
        Worthwhile(str(name), float(worth), float(error), kind == texts("inform.figure"))
        for name, kind, worth, error in table.iloc[1:, :4].itertuples(index=False)
    ]
    every = [bar for bar in every if bar.value > value.chance or bar.name not in untitled]
    most = max((bar.value for bar in every), default=0.0)
    bars = [bar for bar in every if bar.value > _VISIBLE * most] or every[:_SHOWN]
    return Finding(
        id="information",
        title=texts("inform.title"),
        sentences=(
            texts(
                "inform.everything",
                objective=texts.inside(objective.title),
                package=names.quoted(value.options[value.chosen]),
                value=numbers.significant(value.everything.corrected),
                **_interval(names, value.everything),
                unit=unit,
            ),
            *_most(names, learnt, unit),
            *_awaiting(names, learnt, unit),
        ),
        caution=texts("inform.caution"),
        table=table,
        decimals={texts("inform.share"): 0, texts("inform.already"): 0},
        figure=lambda: information_chart(bars, value.chance, texts("inform.axis", unit=unit), texts),
        described=texts("inform.described"),
    )


def _most(names: RobustNames, learnt: Learnt, unit: str) -> list[str]:
    """The single parameter most worth knowing, and the figures that would tell; or that none stands out."""
    texts, numbers, value = names.texts, names.numbers, learnt.value
    first, told = next(iter(learnt.tellers.items()), ("", ()))
    single = [name for name in value.parts if name not in learnt.learning.groups]
    most = first or max(single, key=lambda name: value.parts[name].corrected, default="")
    if not most or value.parts[most].corrected <= value.chance:
        return [texts("inform.nothing", chance=f"{numbers.significant(value.chance)} {unit}")]
    found = value.parts[most]
    said = [
        texts(
            "inform.most",
            name=names.constant(most),
            value=f"{numbers.significant(found.corrected)} {unit}",
            **_interval(names, found),
        )
    ]
    if told:
        years = f"{learnt.learning.years[0]}–{learnt.learning.years[1]}"
        share = numbers.exact(100 * told[0].share, 0)
        if told[0].share < _TELLS:
            said.append(texts("inform.none_tells", years=years, share=share))
        else:
            series = _series(names, learnt, told[0].series)
            said.append(texts("inform.tells", series=series, years=years, share=share))
    return said


def _awaiting(names: RobustNames, learnt: Learnt, unit: str) -> list[str]:
    """The series most worth awaiting; none where none is worth more than chance shows."""
    numbers = names.numbers
    series = max(learnt.figures, key=lambda name: learnt.figures[name].corrected, default="")
    if not series or learnt.figures[series].corrected <= learnt.value.chance:
        return []
    found = learnt.figures[series]
    return [
        names.texts(
            "inform.awaiting",
            series=_series(names, learnt, series),
            value=f"{numbers.significant(found.corrected)} {unit}",
            **_interval(names, found),
            years=f"{learnt.learning.years[0]}–{learnt.learning.years[1]}",
        )
    ]


def _half_width(value: Value) -> float:
    """Half the 90 % interval of a value, by its standard error."""
    return float(ndtri(0.95)) * value.error


def _interval(names: RobustNames, value: Value) -> dict[str, str]:
    """The ends of the 90 % interval of a value, by its standard error; knowing is never worth less than nothing."""
    half = _half_width(value)
    ends = {"low": max(value.corrected - half, 0.0), "high": value.corrected + half}
    return {name: names.numbers.significant(end) for name, end in ends.items()}


def _series(names: RobustNames, learnt: Learnt, output: str) -> str:
    """The title of a series that might be awaited."""
    title = next(item.title for item in learnt.learning.figures if item.name == output)
    return names.texts.inside(title)


def _valued(names: RobustNames, learnt: Learnt, unit: str) -> pd.DataFrame:
    """Everything, groups, the most valuable parameters and all series, with their value."""
    texts, value, groups = names.texts, learnt.value, learnt.learning.groups
    columns = [
        texts("inform.what"),
        texts("inform.kind"),
        texts("inform.value", unit=unit),
        texts("inform.error"),
    ]
    columns += [texts(f"inform.{name}") for name in ("bias", "already", "teller", "share")]
    everything = texts("inform.everything_row")
    rows = [(everything, "", value.everything, np.nan, "–", np.nan)]
    for name, (title, _) in groups.items():
        rows.append((texts.of(title), texts("inform.group"), value.parts[name], np.nan, "–", np.nan))
    single = [name for name in value.parts if name not in groups]
    for name in sorted(single, key=lambda item: -value.parts[item].corrected)[:_SHOWN]:
        told = learnt.tellers.get(name, ())
        teller, share = (
            (_series(names, learnt, told[0].series), 100 * told[0].share) if told else ("–", np.nan)
        )
        known = names.known_already(name)
        rows.append(
            (names.constant(name), texts("inform.parameter"), value.parts[name], known, teller, share)
        )
    for name, found in sorted(learnt.figures.items(), key=lambda item: -item[1].corrected):
        rows.append((_series(names, learnt, name), texts("inform.figure"), found, np.nan, "–", np.nan))
    return pd.DataFrame(
        [(what, kind, v.corrected, _half_width(v), v.bias, *rest) for what, kind, v, *rest in rows],
        columns=columns,
    )
