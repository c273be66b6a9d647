"""Make the pictures of docs/figures.md: every figure of `sd_covid.figures`, in English and Dutch, from the Dutch study.

    python docs/figures.py             all of them, in docs/images/figures
    python docs/figures.py fan regret  only these

Designs are small, so that all of it takes minutes: the pictures show what a figure looks like, not what to conclude.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import sd_covid
from sd_covid import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.marvel.diagram import Diagram
    from sd_covid.marvel.session.answers import SeedQuestion, Session
    from sd_covid.policy.comparison.scenarios import Comparison

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "models" / "marvel" / "corona"
OUT = ROOT / "docs" / "images" / "figures"
DOTS_PER_INCH = 100
DRAWS = 100
PACKAGES = ("actual", "no-support", "early-withdrawal", "debt-relief", "integrated", "targeted")


class _Results:
    """Results of the study, each made when a figure first asks for it."""

    @cached_property
    def model(self) -> sd_covid.Simulation:
        return sd_covid.load(ROOT / "models" / "netherlands.yaml")

    @cached_property
    def study(self) -> Any:
        from sd_covid.policy import Study

        return Study.beside(ROOT / "scenarios" / "actual.yaml", self.model)

    @cached_property
    def posterior(self) -> pd.DataFrame:
        from sd_covid.calibration.stored.store import read_posterior

        return read_posterior(ROOT / "calibration" / "posterior.parquet").constants

    @cached_property
    def draws(self) -> pd.DataFrame:
        from sd_covid.policy.comparison.draws import joint_draws

        return joint_draws(self.posterior, self.study.assumptions, self.study.names, DRAWS, 0)

    @cached_property
    def glossary(self) -> Any:
        from sd_covid.calibration.stored.store import read_posterior
        from sd_covid.report import read_glossary

        constants = read_posterior(ROOT / "calibration" / "posterior.parquet").provenance["constants"]
        titles, evidence = ROOT / "calibration" / "titles.yaml", ROOT / "models" / "evidence.csv"
        return read_glossary(titles, evidence, constants)

    @cached_property
    def ensemble(self) -> Any:
        return self.model.run(self.draws, outputs=["unemployment rate"])

    @cached_property
    def observed(self) -> pd.Series[float]:
        from sd_covid.data import read_registry

        return read_registry(ROOT / "calibration" / "series").series("unemp_rate_eurostat_m").values

    @cached_property
    def comparison(self) -> Comparison:
        from sd_covid.policy import read_scenario
        from sd_covid.policy.catalogue.outputs import outputs_in, read_outputs
        from sd_covid.policy.comparison.run import run_scenarios

        outputs = outputs_in(read_outputs(ROOT / "scenarios" / "outputs.yaml"), self.model.model.variables)
        files = [ROOT / "scenarios" / f"{name}.yaml" for name in PACKAGES]
        scenarios = [read_scenario(file, self.model, study=self.study) for file in files]
        return run_scenarios(self.model, scenarios, self.draws, outputs, study=self.study)

    @cached_property
    def sensitivity(self) -> Any:
        from sd_covid.analysis.sensitivity import analyse, read_plan

        plan = read_plan(ROOT / "scenarios" / "sensitivity.yaml", self.model)
        return analyse(replace(plan, samples=64))

    @cached_property
    def over_time(self) -> Any:
        from sd_covid.analysis.sensitivity import analyse, read_plan

        plan = read_plan(ROOT / "scenarios" / "sensitivity-over-time.yaml", self.model)
        return analyse(replace(plan, samples=32))

    @cached_property
    def robust(self) -> Any:
        from sd_covid.analysis.robustness.pipeline import judge
        from sd_covid.analysis.robustness.plan_file import read_plan
        from sd_covid.policy.appraisal.assessment import Catalogues

        plan = read_plan(ROOT / "scenarios" / "robust.yaml", self.model)
        benefits = Catalogues.beside(ROOT, self.model.model.variables).benefits
        return judge(plan, benefits if plan.needs_balance else None)

    @cached_property
    def optimised(self) -> Any:
        from sd_covid.analysis.optimisation.optimise import optimise
        from sd_covid.analysis.optimisation.plan_file import read_plan

        plan = read_plan(ROOT / "scenarios" / "optimise.yaml", self.model)
        return optimise(replace(plan, effort=replace(plan.effort, population=40, generations=8)))

    @cached_property
    def youth(self) -> sd_covid.Simulation:
        return sd_covid.load(ROOT / "models" / "unemployment.mdl")

    @cached_property
    def titles(self) -> Any:
        from sd_covid.policy.titles import read_titles

        return read_titles(ROOT)

    @cached_property
    def loops(self) -> Any:
        from sd_covid.analysis.loops.study import study_loops

        return study_loops(self.youth)

    @cached_property
    def courses(self) -> Any:
        """Equations of the model, and its runs with the NOW and without."""
        from sd_covid.engine.separate.course import record
        from sd_covid.engine.separate.equations import separate

        simulation = self.model.stepping(["NOW level"])
        equations = separate(simulation)
        return (
            simulation,
            equations,
            *(record(simulation, equations, settings) for settings in ({}, {"NOW level": 0.0})),
        )

    @cached_property
    def explained(self) -> tuple[Any, Any]:
        from sd_covid.analysis.loops.paths import explain, outcome_of

        simulation, equations, first, second = self.courses
        return explain(first, second, outcome_of(simulation, equations, JOBS)), simulation

    @cached_property
    def cut(self) -> Any:
        from sd_covid.analysis.loops.knockout import knock_out, link_between

        simulation, equations, _, _ = self.courses
        links = link_between(simulation, equations, *LINK)
        return knock_out(simulation, equations, links, JOBS)

    @cached_property
    def stacked(self) -> tuple[Any, Any]:
        from sd_covid.analysis.stacking.count import count, variables
        from sd_covid.analysis.stacking.definition import read_associations, read_definition
        from sd_covid.policy.calendar import Calendar

        definition = read_definition(ROOT / "scenarios" / "stacking.yaml")
        associations = read_associations(ROOT / "models" / "associations.csv", definition.problems)
        wanted, _ = variables(definition, self.model.model.variables)
        run = self.model.run({}, wanted)
        return count(run, definition, associations, draws=50, seed=1), Calendar.of(self.model.model)

    @cached_property
    def expected(self) -> Any:
        from sd_covid.calibration.newest.outlook import outlook

        found = outlook(ROOT / "calibration" / "problem.yaml", date.today(), simulator=self.model)
        return next(item for item in found.series if item.observable == "obs_distress_quarterly")

    @cached_property
    def runs(self) -> Any:
        from sd_covid.marvel.read import read_diagram
        from sd_covid.marvel.run import Runs

        return Runs(read_diagram(STARTER))

    @cached_property
    def diagram(self) -> tuple[Any, Any]:
        from sd_covid.marvel.scores import score_all

        return self.runs, score_all(self.runs, 50)

    @cached_property
    def layers(self) -> tuple[Any, Any]:
        from sd_covid.marvel.beside.layers import two_layers

        return two_layers(self.runs, STARTER, self.model, samples=100, draws=40)

    @cached_property
    def pooled(self) -> Any:
        """A session that never was: eight forms with the classes of the diagram, or one beside them."""
        from sd_covid.marvel.session.pool import pool
        from sd_covid.marvel.session.seeds import read_seeds

        return pool(invented_session(self.runs.diagram, read_seeds(STARTER / "seeds.csv")), "performance")

    @cached_property
    def judged(self) -> tuple[Any, Any, Any]:
        """What that session makes of ten constants that no figure informs, and draws of these."""
        from sd_covid.calibration.problem.petab import read_problem
        from sd_covid.calibration.stored.store import read_posterior
        from sd_covid.marvel.session.draws import judged_draws
        from sd_covid.marvel.session.priors import expert_priors
        from sd_covid.marvel.session.ties import read_ties
        from sd_covid.policy.catalogue.evidence import read_evidence

        problem = read_problem(ROOT / "calibration" / "problem.yaml")
        ties = read_ties(STARTER / "constants.csv", self.runs.diagram, self.study.names)
        evidence = read_evidence(ROOT / "models" / "evidence.csv")
        priors, _ = expert_priors(self.pooled, ties, problem, self.study.assumptions, evidence)
        chosen = tuple(item for item in priors if item.before.parameter is None)[:10]
        stored = read_posterior(ROOT / "calibration" / "posterior.parquet")
        return self.pooled, chosen, judged_draws(problem, self.model, stored, chosen, seed=0)

    @cached_property
    def signals(self) -> tuple[Any, Any, Any]:
        from sd_covid.data import read_registry
        from sd_covid.marvel.signals import Signal, series_of

        diagram = self.runs.diagram
        registry = read_registry(ROOT / "calibration" / "series")
        variable = next(item for item in diagram.variables if item.id == "homelessness")
        notes = [
            Signal(day, "Own town", variable, direction, "invented", "invented")
            for day, direction in ((date(2020, 5, 1), 1), (date(2021, 3, 15), 1), (date(2022, 9, 1), -1))
        ]
        return notes, series_of(STARTER, diagram, registry)[variable.id], registry

    @cached_property
    def local(self) -> Any:
        from sd_covid.cli.local_runs import projected, read_local

        files = [ROOT / "scenarios" / f"{name}.yaml" for name in ("actual", "no-support")]
        return projected(read_local(ROOT), files, ["distress prevalence"], DRAWS, 1)

    @cached_property
    def published(self) -> Any:
        from sd_covid.cli.local_runs import read_local

        return read_local(ROOT).figures


def invented_session(diagram: Diagram, questions: tuple[SeedQuestion, ...]) -> Session:
    """Eight participants who choose the nearest class of a link or one beside it, and err by a quarter on numbers."""
    from sd_covid.marvel.session.answers import Form, Judgement, Session, ends_of
    from sd_covid.marvel.session.words import classes_of

    random = np.random.default_rng(1)
    strengths, speeds = (
        sorted(classes_of(diagram.classes, kind), key=lambda item: item.value)
        for kind in ("strength", "speed")
    )

    def near(classes: list[Any], value: float) -> Any:
        place = int(np.argmin([abs(item.value - value) for item in classes]))
        return classes[int(np.clip(place + random.choice([-1, 0, 0, 0, 1]), 0, len(classes) - 1))]

    def form(name: str) -> Form:
        judgements = {
            ends_of(link): Judgement(
                link.sign, near(strengths, link.strength.value), near(speeds, link.delay.value)
            )
            if random.random() < 0.9
            else Judgement(0)
            for link in diagram.links
        }
        middles = {item.id: item.truth * np.exp(random.normal(0, 0.25)) for item in questions}
        seeds = {id_: (0.66 * middle, middle, 1.5 * middle) for id_, middle in middles.items()}
        return Form(name, Path("invented"), judgements, seeds=seeds)

    return Session(diagram, questions, tuple(form(f"p{number}") for number in range(1, 9)))


TITLES = {"en": "Unemployment", "nl": "Werkloosheid"}
UNITS = {"en": "% of the labour force", "nl": "% van de beroepsbevolking"}
LINK = ("flexible job loss", "job loss")
NOW = {"en": ("with the NOW", "without it"), "nl": ("met de NOW", "zonder")}
DEBT, JOBS = "households in problem debt", "unemployment rate"
GALLERY: dict[str, Callable[[_Results, str], Figure]] = {
    "fan": lambda found, language: figures.fan(
        found.ensemble,
        JOBS,
        observed=found.observed,
        title=TITLES[language],
        unit=UNITS[language],
        language=language,
    ),
    "levels": lambda found, language: figures.levels(found.comparison, DEBT, language=language),
    "difference": lambda found, language: figures.difference(
        found.comparison, DEBT, "integrated", language=language
    ),
    "observed_and_expected": lambda found, language: figures.observed_and_expected(
        found.expected, language=language
    ),
    "sensitivity": lambda found, language: figures.sensitivity(
        found.sensitivity,
        found.sensitivity.outcomes[0].outcome.id,
        glossary=found.glossary,
        language=language,
    ),
    "sensitivity_over_time": lambda found, language: figures.sensitivity_over_time(
        found.over_time, DEBT, language=language
    ),
    "sensitivity_convergence": lambda found, language: figures.sensitivity_convergence(
        found.sensitivity, language=language
    ),
    "regret": lambda found, language: figures.regret(found.robust, "debt", language=language),
    "best_buy": lambda found, language: figures.best_buy(found.robust, "debt", language=language),
    "information": lambda found, language: figures.information(
        found.robust, glossary=found.glossary, language=language
    ),
    "metric_ranks": lambda found, language: figures.metric_ranks(found.robust, "debt", language=language),
    "best_shares": lambda found, language: figures.best_shares(found.robust, language=language),
    "targets": lambda found, language: figures.targets(found.robust, language=language),
    "reversals": lambda found, language: figures.reversals(found.robust, language=language),
    "failure_box": lambda found, language: figures.failure_box(
        found.robust, glossary=found.glossary, language=language
    ),
    "failure_regions": lambda found, language: figures.failure_regions(
        found.robust, glossary=found.glossary, language=language
    ),
    "packages": lambda found, language: figures.packages(found.optimised, language=language),
    "pareto": lambda found, language: figures.pareto(found.optimised, language=language),
    "package_contents": lambda found, language: figures.package_contents(found.optimised, language=language),
    "package_rivals": lambda found, language: figures.package_rivals(found.optimised, language=language),
    "optimisers_curse": lambda found, language: figures.optimisers_curse(found.optimised, language=language),
    "sensitivity_within": lambda found, language: figures.sensitivity_within(
        found.sensitivity, glossary=found.glossary, language=language
    ),
    "sensitivity_screening": lambda found, language: figures.sensitivity_screening(
        found.over_time, language=language
    ),
    "difference_paths": lambda found, language: figures.difference_paths(
        *found.explained, JOBS, NOW[language], titles=found.titles, language=language
    ),
    "link_cut": lambda found, language: figures.link_cut(
        found.cut, found.model.model, JOBS, LINK, titles=found.titles, language=language
    ),
    "loop_shares": lambda found, language: figures.loop_shares(
        found.loops, found.youth.model, titles=found.titles, language=language
    ),
    "loop_gains": lambda found, language: figures.loop_gains(
        found.loops, found.youth.model, language=language
    ),
    "stacking": lambda found, language: figures.stacking(*found.stacked, language=language),
    "diagram_effects": lambda found, language: figures.diagram_effects(*found.diagram, language=language),
    "diagram_scores": lambda found, language: figures.diagram_scores(*found.diagram, language=language),
    "differences": lambda found, language: figures.differences(found.comparison, DEBT, language=language),
    "region": lambda found, language: figures.region(
        found.local.found[0],
        "Zutphen",
        found.published,
        [item.title for item in found.local.comparison.scenarios],
        language=language,
    ),
    "region_ranks": lambda found, language: figures.region_ranks(
        found.local.found[0], 2025, language=language
    ),
    "elections": lambda found, language: figures.elections(found.local.comparison, language=language),
    "session_answers": lambda found, language: figures.session_answers(found.pooled, language=language),
    "session_weights": lambda found, language: figures.session_weights(found.pooled, language=language),
    "session_strengths": lambda found, language: figures.session_strengths(found.pooled, language=language),
    "session_priors": lambda found, language: figures.session_priors(*found.judged, language=language),
    "signals": lambda found, language: figures.signals(*found.signals, language=language),
    "layers": lambda found, language: figures.layers(found.layers[0], language=language),
    "layer_ranks": lambda found, language: figures.layer_ranks(found.layers[1], language=language),
}


def main(names: list[str]) -> None:
    """Make the figures of some names, or all."""
    unknown = [name for name in names if name not in GALLERY]
    if unknown:
        sys.exit(f"no figure '{unknown[0]}'; there are {', '.join(GALLERY)}")
    OUT.mkdir(parents=True, exist_ok=True)
    found = _Results()
    for name in names or GALLERY:
        for language in ("en", "nl"):
            file = OUT / f"{name.replace('_', '-')}-{language}.png"
            GALLERY[name](found, language).savefig(file, dpi=DOTS_PER_INCH, metadata={"Software": None})
            sys.stdout.write(f"{file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
