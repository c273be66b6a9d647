"""The sections of the report that come of looking further at the comparison's own draws, as findings ready to be set.

In goes a `Looked`; out come, for each section, its lead and findings with their charts: robustness, what must be true,
what it depends on over time, paths that carry the difference, and for a modeller every metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sd_covid.analysis.sensitivity import Sensitivity
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.effects import quoted
from sd_covid.report.comparison.inputs import Looked
from sd_covid.report.comparison.sections import Level
from sd_covid.report.drawing.charts import chart_style
from sd_covid.report.drawing.draw import Draw
from sd_covid.report.finding.statement import Finding, shown_finding
from sd_covid.report.loops.between import paths_finding
from sd_covid.report.loops.words import Told
from sd_covid.report.robust.boxes import box_finding
from sd_covid.report.robust.compared import compared_findings
from sd_covid.report.robust.findings import findings as every_metric
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.sensitivity.paths import path_finding
from sd_covid.report.sensitivity.words import Words
from sd_covid.report.words.depends import LEADING
from sd_covid.report.words.glossary import Glossary
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers

#: Calibrated parameters that a sentence names.
_PARAMETERS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its lead, its findings as the macro sets them, and of what is decided a sentence."""

    lead: tuple[str, ...]
    findings: tuple[dict[str, Any], ...]
    decided: str = ""


def looked_parts(
    looked: Looked,
    comparison: Comparison,
    names: RobustNames | None,
    glossary: Glossary,
    level: Level,
    draw: Draw,
    texts: Texts,
) -> dict[str, Part | None]:
    """The sections by name; None where there is nothing to tell, or the level has it not.

    Parameters
    ----------
    looked : Looked
    comparison : Comparison
    names : RobustNames or None
        Of its robustness, where that was judged.
    glossary : Glossary
        What calibrated parameters are called.
    level : Level
        What it does not show is not drawn.
    draw : Draw
    texts : Texts
    """
    detailed = level != "minister"
    parts: dict[str, Part | None] = dict.fromkeys(("robust", "must", "over_time", "explained", "metrics"))
    if names is not None:
        first, last = (str(year) for year in names.robust.scores[-1].objective.years)
        lead = (
            *_not_chosen(looked, comparison, texts),
            texts("robust.of_draws", first=first, last=last),
        )
        if detailed:
            parts["robust"] = _part(lead, compared_findings(names), draw, texts)
        boxes = [_box(names, place) for place in range(len(names.robust.boxes))]
        lead = (texts("must.lead"), *((texts("must.rule"),) if detailed else ()))
        parts["must"] = _part(lead, boxes, draw if detailed else None, texts, _decided(names))
        if level == "modeller":
            parts["metrics"] = _part((texts("metrics.lead"),), every_metric_of(names), draw, texts)
    if detailed and looked.over_time:
        told = [_over_time(item, glossary, texts) for item in looked.over_time]
        package = quoted(comparison, looked.main, texts)
        lead = (
            texts(
                "over_time.lead",
                package=package,
                draws=Numbers(texts.language).exact(looked.over_time[0].kept, 0),
            ),
        )
        parts["over_time"] = _part(lead, told, draw, texts)
    if detailed and looked.explained:
        parts["explained"] = _part(
            (texts("explained.lead"),), _explained(looked, comparison, glossary, texts), draw, texts
        )
    return parts


def every_metric_of(names: RobustNames) -> list[Finding]:
    """Every finding of a study of robustness but the boxes, which have a section of their own."""
    return [
        item
        for item in every_metric(names.robust, names.glossary, names.texts)
        if not item.id.startswith("box-")
    ]


def _part(
    lead: Sequence[str], findings: Sequence[Finding], draw: Draw | None, texts: Texts, decided: str = ""
) -> Part:
    """Findings with their charts drawn; without `draw` they have none."""
    shown = []
    for item in findings:
        chart = None
        if item.figure is not None and draw is not None:
            with chart_style():
                chart = draw(item.figure(), item.id, item.title, item.described)
        shown.append(shown_finding(item, chart, texts))
    return Part(tuple(lead), tuple(shown), decided)


def _not_chosen(looked: Looked, comparison: Comparison, texts: Texts) -> tuple[str, ...]:
    """That some scenarios are courses that the country takes and no choices, where there are any."""
    chosen = looked.robust.outcomes.packages if looked.robust is not None else ()
    others = [quoted(comparison, entry.id, texts) for entry in comparison.scenarios if entry.id not in chosen]
    if not others:
        return ()
    return (
        texts(
            "robust.not_chosen" if len(others) > 1 else "robust.not_chosen_one", names=texts.listed(others)
        ),
    )


def _box(names: RobustNames, place: int) -> Finding:
    """When a package misses its target; how boxes are chosen is said once for all of them."""
    found = box_finding(names, place, names.robust.boxes[place])
    return replace(found, sentences=found.sentences[:-1], caution=names.texts("must.caution"))


def _decided(names: RobustNames) -> str:
    """Which packages are not told of, since whether they meet their targets is decided by more than the draws."""
    asked = {item.search.scenario for item in names.robust.boxes}
    left = [names.quoted(name) for name in names.robust.outcomes.packages[1:] if name not in asked]
    return names.texts("must.decided", packages=names.texts.listed(left)) if left else ""


def _over_time(item: Sensitivity, glossary: Glossary, texts: Texts) -> Finding:
    """What a difference depends on over time, with the parameters that carry what calibration left open."""
    (path,) = item.paths
    found = path_finding(path, Words(item, texts))
    sentences = list(found.sentences)
    inside = [row for row in (path.within.shares if path.within else ()) if row[1] >= LEADING][:_PARAMETERS]
    if inside:
        known = [texts("over_time.within", name=texts.inside(glossary.constant(name)[0]),
                       share=Words(item, texts).value(share)) for name, share, _ in inside]  # fmt: skip
        sentences.append(texts("over_time.parameters", names=texts.listed(known)))
    return replace(found, sentences=tuple(sentences), caution=texts("over_time.caution"))


def _explained(looked: Looked, comparison: Comparison, glossary: Glossary, texts: Texts) -> list[Finding]:
    """Along which paths outputs differ between the null alternative and the main package."""
    assert looked.simulation is not None  # comes with what it explains
    scenarios = {entry.id: entry.title for entry in comparison.scenarios}
    told = Told(looked.simulation.model, texts, glossary.named, scenarios)
    pair = (comparison.reference, looked.main)
    return [paths_finding(found, looked.simulation, name, pair, told) for name, found in looked.explained]
