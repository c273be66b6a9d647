"""The report: one HTML file that needs nothing else, and its charts as PNG beside it.

In come a comparison of scenarios and, where there are, the fit and the sensitivity behind it; out goes a page in Dutch
or English. Words are chosen in `wording`, numbers set in `effects`, `money` and `evidence`, charts set in `panels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sd_covid.analysis.sensitivity import Sensitivity
from sd_covid.calibration.results import FitReport
from sd_covid.errors import RunError
from sd_covid.policy.appraisal.assessment import Assessment
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.long_run import LongRun
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.policy.comparison.spread import QUANTILES
from sd_covid.policy.scenario import Scenario
from sd_covid.report.comparison.answer import answer_view, headline_view
from sd_covid.report.comparison.effects import SEPARATE, effect_tables, findings, quoted
from sd_covid.report.comparison.evidence import assumption_rows, fit_view, lever_rows
from sd_covid.report.comparison.groups import groups_view
from sd_covid.report.comparison.inputs import Background, Later, Looked
from sd_covid.report.comparison.judgement import judged_constants, judgement_view
from sd_covid.report.comparison.lights import lights_view
from sd_covid.report.comparison.long_run import long_run_view
from sd_covid.report.comparison.looked import looked_parts
from sd_covid.report.comparison.mkba import mkba_view
from sd_covid.report.comparison.money import cost_sources, cost_tables
from sd_covid.report.comparison.packages import constants, package_rows
from sd_covid.report.comparison.panels import Panel, design_note, path_panels, sensitivity_panels
from sd_covid.report.comparison.resilience import resilience_view
from sd_covid.report.comparison.sections import Level, refuse_level, shown
from sd_covid.report.comparison.welfare import welfare_view
from sd_covid.report.drawing.charts import chart_style, first_difference
from sd_covid.report.drawing.draw import Draw, publish
from sd_covid.report.markup import render
from sd_covid.report.robust.names import RobustNames
from sd_covid.report.words.texts import Texts
from sd_covid.report.words.wording import Numbers
from sd_covid.whole_files import folder_beside

if TYPE_CHECKING:
    from sd_covid.engine.run.helper import Helper

#: The year in which the table of well-being judges and to which the headline is told, where the run covers it.
HORIZON = 2030
#: Outcomes of which a minister's page has charts.
_FEW_CHARTS = 3


def write_report(
    comparison: Comparison,
    fit: FitReport | None,
    sensitivity: Sensitivity | None,
    path: str | Path,
    language: str,
    *,
    background: Background | None = None,
    long_run: LongRun | Later[LongRun | None] | None = None,
    assessment: Assessment | None = None,
    looked: Looked | Later[Looked] | None = None,
    level: Level = "adviser",
    helper: Helper | None = None,
) -> Path:
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
        At least one package beside the null alternative.
    fit : FitReport or None
        The calibration that the draws come from.
    sensitivity : Sensitivity or None
        What differences depend on; None when it was not analysed.
    path : path
        The HTML file. Charts go to ``<stem>-figures`` beside it.
    language : {'nl', 'en'}
    background : Background, optional
        Published figures, titles of series, the command.
    long_run : LongRun, optional
        On which assumption the long run rests: told before everything else. A function is asked after the charts over
        time are begun.
    assessment : Assessment, optional
        Costs and benefits, who gains, and resilience.
    looked : Looked, optional
        What the comparison's own draws tell beyond its differences. A function is asked after the charts over time are
        begun, save those for a minister, which show the package that is told first.
    level : {'minister', 'adviser', 'modeller'}
        How much of it the page tells (`sd_covid.report.comparison.sections`).
    helper : Helper, optional
        Draws the charts while this process sets the tables.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    UnknownNameError
        Another language or level.
    RunError
        No package to compare, no year of the report within the run, or no draw that is finite in every scenario.
    """
    texts, level = Texts(language), refuse_level(level)
    path = Path(path)
    background = background or Background()
    years = comparison.covered(background.years)
    _refuse_empty(comparison, years)
    figures = path.with_name(f"{path.stem}-figures")
    seen = looked if callable(looked) else partial(_seen, comparison, looked)
    # Everything is made aside and then moved into place, so that a report is whole or not there.
    with folder_beside(path) as aside:
        draw = Draw(aside, helper)
        with chart_style():
            # Charts first: a helper draws them while this process looks further and sets the tables.
            content: dict[str, Any] = {
                "paths": _charts(comparison, background, years, level, seen, draw, texts),
                "sensitivity": []
                if sensitivity is None
                else sensitivity_panels(sensitivity, background.glossary, draw, texts),
            }
        content |= _further(comparison, seen(), assessment, background, level, draw, texts)
        content |= _content(comparison, fit, sensitivity, background, years, texts)
        content |= {"level": level, "figures": figures.name}
        rests = long_run() if callable(long_run) else long_run
        content["long_run"] = None if rests is None else long_run_view(rests, texts)
        content |= _assessed(assessment, texts)
        content["design"] = "" if sensitivity is None else design_note(sensitivity, texts)
        content["depends"] = bool(content["sensitivity"]) or content["over_time"] is None
        content |= _folded(comparison, seen().main, texts)
        content["sections"] = shown(level, content)
        page = aside / path.name
        page.write_text(
            render("comparison/page.html.j2", ("report.css", "lights.css"), texts, content), encoding="utf-8"
        )
        draw.finish()
        publish(aside, figures)
        page.replace(path)
    return path


def _folded(comparison: Comparison, main: str, texts: Texts) -> dict[str, Any]:
    """Whether tables of one package each are folded save that of the main one, which is then the first of them."""
    many = len(comparison.alternatives) > SEPARATE

    def main_first(tables: Sequence[Any]) -> Sequence[Any]:
        return sorted(tables, key=lambda table: table.scenario != main) if many else tables

    return {
        "many": many,
        "main": main,
        "main_title": quoted(comparison, main, texts),
        "main_first": main_first,
    }


def _seen(comparison: Comparison, looked: Looked | None) -> Looked:
    """What the draws tell; where nobody looked, the first package is told first."""
    return looked or Looked(comparison.alternatives[0].id)


def _further(
    comparison: Comparison,
    looked: Looked,
    assessment: Assessment | None,
    background: Background,
    level: Level,
    draw: Draw,
    texts: Texts,
) -> dict[str, Any]:
    """The answer, the headline table, and what the draws tell beyond differences."""
    names = None if looked.robust is None else RobustNames(looked.robust, background.glossary, texts)
    span = told_years(comparison)
    return {
        "answer": answer_view(comparison, span, looked.main, assessment, names, texts),
        "headline": headline_view(comparison, span, assessment, texts),
        **looked_parts(looked, comparison, names, background.glossary, level, draw, texts),
    }


def told_years(comparison: Comparison) -> tuple[int, int]:
    """The years of which the headline is the mean: from the first difference to 2030, or to the end of the run."""
    years = comparison.years
    first = max(int(first_difference(comparison)), years[0])
    return min(first, years[-1]), max(min(HORIZON, years[-1]), min(first, years[-1]))


def told_peak(comparison: Comparison) -> tuple[int, int]:
    """The years in which the highest level of the crisis is sought."""
    first = int(first_difference(comparison))
    return first, min(first + 4, int(str(comparison.date[-1])[:4]) - 1)


def _charts(
    comparison: Comparison,
    background: Background,
    years: Sequence[int],
    level: Level,
    looked: Later[Looked],
    draw: Draw,
    texts: Texts,
) -> list[Panel]:
    """The charts over time: for a minister those of the outcomes in which the main package differs most."""
    if level != "minister":
        return path_panels(comparison, background, years, draw, texts)
    main = looked().main
    headline = [item for item in comparison.outputs if item.headline]
    moved = [item for item in headline if comparison.matters(item.name, main)] or headline
    found = sorted(moved, key=lambda item: -_reach(comparison, item, main))[:_FEW_CHARTS]
    only = {item.name for item in found}
    return path_panels(comparison, background, years, draw, texts, only=only, packages={main})


def _reach(comparison: Comparison, output: Output, scenario: str) -> float:
    """The largest median difference of a package, as a multiple of what matters."""
    median = comparison.difference_bands(output.name, scenario)[len(QUANTILES) // 2]
    return float(np.abs(median).max() / (output.relevance or np.finfo(float).tiny))


def _assessed(found: Assessment | None, texts: Texts) -> dict[str, Any]:
    """Costs and benefits, who gains, and resilience; None where they were not counted."""
    if found is None:
        return {"mkba": None, "groups": None, "resilience": None}
    return {
        "mkba": mkba_view(found, texts),
        "groups": groups_view(found, texts),
        "resilience": resilience_view(found, texts),
    }


def _refuse_empty(comparison: Comparison, years: Sequence[int]) -> None:
    """Raise when there is nothing to report."""
    if not comparison.alternatives:
        raise RunError(
            "there is no package to set beside the null alternative", advice="give another scenario"
        )
    if not years:
        raise RunError("no year of the report lies within the run", advice="run to the end of 2022 or later")
    for entry in comparison.alternatives:
        if not comparison.sound(entry.id, comparison.reference).any():
            reason = f"no draw is finite in both '{entry.id}' and '{comparison.reference}'"
            raise RunError(reason, advice="look at the failures of the run")


def _content(
    comparison: Comparison,
    fit: FitReport | None,
    sensitivity: Sensitivity | None,
    background: Background,
    years: Sequence[int],
    texts: Texts,
) -> dict[str, Any]:
    """Everything in the page but the charts."""
    first = int(first_difference(comparison))
    effect_years = (first, int(str(comparison.date[-1])[:4]) - 1)
    outputs = comparison.outputs
    headline: list[Output] = [output for output in outputs if output.headline]
    others: list[Output] = [output for output in outputs if not output.headline]
    peak = told_peak(comparison)
    judged = judged_constants(background.judgement)
    costed = any(output.name == background.debt_output for output in outputs)
    debt = background.debt_output if costed else headline[0].name
    return {
        "language": texts.language,
        "span": {"first": str(comparison.date[0])[:4], "last": str(effect_years[1])},
        "packages": [
            {
                "title": texts.of(entry.title),
                "rationale": texts.of(entry.rationale),
                "file": entry.file,
                "path": _path(entry, texts),
                "constants": constants(entry, texts),
                "sources": " ".join(item.full for item in entry.references),
            }
            for entry in (comparison.scenario(comparison.reference), *comparison.alternatives)
        ],
        "question": _question(comparison, effect_years[1], texts),
        "finding_year": years[0],
        "findings": findings(
            comparison,
            years[0],
            peak,
            texts,
            later=years[1:],
            sensitivity=sensitivity,
            glossary=background.glossary,
        ),
        "levers": package_rows(comparison, texts),
        "differences": effect_tables(comparison, headline, years, peak, texts),
        "welfare": welfare_view(comparison, HORIZON if HORIZON in years else years[-1], texts),
        "side": effect_tables(comparison, others, years, peak, texts) if others else [],
        "costs": cost_tables(comparison, debt, effect_years, texts) if costed else [],
        "cost_sources": cost_sources(comparison, texts),
        "prices": _prices(comparison, texts),
        "lights": lights_view(fit, background, texts),
        "fit": fit_view(fit, background, texts),
        "judgement": judgement_view(background.judgement, texts),
        "assumptions": assumption_rows(comparison, texts, without=judged),
        "other_assumptions": assumption_rows(comparison, texts, listed=False, without=judged),
        "lever_sources": lever_rows(comparison, texts),
        "varied": len(comparison.varied),
        "command": background.command,
        "provenance": comparison.provenance,
        "drawn_from": texts.known("drawn", comparison.provenance.draws),
        "failures": _failures(comparison, texts),
    }


def _path(scenario: Scenario, texts: Texts) -> str:
    """Under which named path of assumptions a scenario runs; empty when under none."""
    if scenario.path is None:
        return ""
    title, rationale = texts.of(scenario.path.title), texts.of(scenario.path.rationale)
    return texts("packages.path", title=title, rationale=rationale)


def _question(comparison: Comparison, last: int, texts: Texts) -> list[str]:
    """What was asked, and how to read the answer."""
    packages = texts.listed([quoted(comparison, entry.id, texts) for entry in comparison.alternatives])
    asked = texts(
        "question.text",
        packages=packages,
        reference=quoted(comparison, comparison.reference, texts),
        draws=Numbers(texts.language).exact(float(comparison.member.size), 0),
        first=str(comparison.date[0])[:4],
        last=str(last),
    )
    sentences = [asked, texts("question.reading")]
    failed = len({failure.member for failure in comparison.failures})
    if failed:
        sentences.append(texts("question.failed", failed=failed))
    return sentences


def _prices(comparison: Comparison, texts: Texts) -> str:
    """Price level and discounting in a sentence."""
    prices = comparison.prices
    rate = Numbers(texts.language).plain(100 * prices.discount_rate)
    years = {"level": str(prices.level_year), "base": str(prices.base_year)}
    return texts("costs.prices", rate=rate, source=texts.of(prices.source), **years)


def _failures(comparison: Comparison, texts: Texts) -> list[str]:
    """The first failed members, each with its place."""
    return [
        texts(
            "reproduce.failure",
            member=item.member,
            output=item.output,
            scenario=item.scenario,
            time=Numbers(texts.language).plain(item.time),
        )
        for item in comparison.failures[:10]
    ]
