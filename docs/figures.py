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

import pandas as pd

import sd_covid
from sd_covid import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sd_covid.policy.comparison import Comparison

ROOT = Path(__file__).resolve().parents[1]
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
        from sd_covid.calibration.store import read_posterior

        return read_posterior(ROOT / "calibration" / "posterior.parquet").constants

    @cached_property
    def draws(self) -> pd.DataFrame:
        from sd_covid.policy.draws import joint_draws

        return joint_draws(self.posterior, self.study.assumptions, self.study.names, DRAWS, 0)

    @cached_property
    def glossary(self) -> Any:
        from sd_covid.calibration.store import read_posterior
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
        from sd_covid.policy.outputs import outputs_in, read_outputs
        from sd_covid.policy.run import run_scenarios

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
        from sd_covid.policy.assessment import Catalogues

        plan = replace(read_plan(ROOT / "scenarios" / "robust.yaml", self.model), size=40)
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
    def loops(self) -> Any:
        from sd_covid.analysis.loops.study import study_loops

        return study_loops(self.youth)

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
        from sd_covid.calibration.outlook import outlook

        found = outlook(ROOT / "calibration" / "problem.yaml", date.today(), simulator=self.model)
        return next(item for item in found.series if item.observable == "obs_distress_quarterly")

    def diagram(self, language: str) -> tuple[Any, Any]:
        from sd_covid.marvel.read import read_diagram
        from sd_covid.marvel.run import Runs
        from sd_covid.marvel.scores import score_all

        runs = Runs(read_diagram(ROOT / "models" / "marvel" / "corona", language))
        return runs, score_all(runs, 50, language=language)


TITLES = {"en": "Unemployment", "nl": "Werkloosheid"}
UNITS = {"en": "% of the labour force", "nl": "% van de beroepsbevolking"}
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
    "packages": lambda found, language: figures.packages(found.optimised, language=language),
    "pareto": lambda found, language: figures.pareto(found.optimised, language=language),
    "loop_shares": lambda found, language: figures.loop_shares(
        found.loops, found.youth.model, language=language
    ),
    "loop_gains": lambda found, language: figures.loop_gains(
        found.loops, found.youth.model, language=language
    ),
    "stacking": lambda found, language: figures.stacking(*found.stacked, language=language),
    "diagram_effects": lambda found, language: figures.diagram_effects(
        *found.diagram(language), language=language
    ),
    "diagram_scores": lambda found, language: figures.diagram_scores(
        *found.diagram(language), language=language
    ),
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
