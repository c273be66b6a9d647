"""Everything that is counted from a comparison beside its outputs: costs and benefits, who gains, resilience.

In come a `Comparison` that kept what effects are counted from, and the study's catalogues; out comes an `Assessment`.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from sd_covid.policy.appraisal.benefits import Benefits
from sd_covid.policy.appraisal.benefits_file import FILE as BENEFITS
from sd_covid.policy.appraisal.benefits_file import read_benefits
from sd_covid.policy.appraisal.distribution import GroupTable, distribution
from sd_covid.policy.appraisal.mkba import Mkba, mkba
from sd_covid.policy.appraisal.package import appraise
from sd_covid.policy.appraisal.resilience import FILE as PHASES
from sd_covid.policy.appraisal.resilience import Phases, Resilience, read_phases, resilience
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.study_folder import is_there


@dataclass(frozen=True, slots=True)
class Catalogues:
    """What a study says about effects and phases; a study without either file has none of them.

    Attributes
    ----------
    benefits : Benefits
    phases : Phases or None
    """

    benefits: Benefits
    phases: Phases | None

    @classmethod
    def beside(cls, folder: Path, variables: Container[str]) -> Catalogues:
        """Those in the folder ``scenarios`` of a study, as far as a model has the variables.

        Raises
        ------
        ScenarioError
            A file that says something it cannot.
        """
        benefits, phases = folder / "scenarios" / BENEFITS, folder / "scenarios" / PHASES
        return cls(
            read_benefits(benefits).in_model(variables) if is_there(benefits) else Benefits(),
            read_phases(phases) if is_there(phases) else None,
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is counted from a comparison.

    Attributes
    ----------
    comparison : Comparison
        With everything that effects are counted from.
    catalogues : Catalogues
    tables : dict
        Scenario id -> `Mkba`, of every package.
    groups : dict
        Scenario id -> tables of `distribution`.
    year : int
        Of which levels and gaps between groups are told.
    resilience : tuple of Resilience
        Of outcomes that lead the report or are of a group, scenario by scenario, the null alternative first.
    whole : Comparison
        The same with the path without the crisis from which losses are counted, where that was run.
    """

    comparison: Comparison
    catalogues: Catalogues
    tables: dict[str, Mkba]
    groups: dict[str, tuple[GroupTable, ...]]
    year: int
    resilience: tuple[Resilience, ...]
    whole: Comparison

    @classmethod
    def of(
        cls, comparison: Comparison, catalogues: Catalogues, year: int, whole: Comparison | None = None
    ) -> Assessment | None:
        """Assess a comparison; None where the study names no effects, or the run covers no whole year.

        Parameters
        ----------
        comparison : Comparison
        catalogues : Catalogues
        year : int
            Of which levels and gaps between groups are told; the last one of the run where it ends before.
        whole : Comparison, optional
            The same with the path without the crisis, which is no package: losses are counted from it.

        Raises
        ------
        UnknownNameError, RunError
            When something that effects are counted from was not kept.
        """
        benefits, packages = catalogues.benefits, [entry.id for entry in comparison.alternatives]
        if not benefits.effects or not comparison.years:
            return None
        at = year if year in comparison.years else comparison.years[-1]
        return cls(
            comparison=comparison,
            catalogues=catalogues,
            tables={name: mkba(appraise(comparison, benefits, name)) for name in packages},
            groups={name: distribution(comparison, benefits, name, at) for name in packages},
            year=at,
            resilience=_resilience(whole or comparison, catalogues.phases),
            whole=whole or comparison,
        )


def _resilience(comparison: Comparison, phases: Phases | None) -> tuple[Resilience, ...]:
    """Resilience of every outcome that is told and has a direction, in every scenario but that without the crisis."""
    if phases is None or not all(_covers(comparison, phase.start.year) for phase in phases.phases):
        return ()
    scenarios = [comparison.reference, *(entry.id for entry in comparison.alternatives)]
    return tuple(
        resilience(comparison, output.name, scenario, phases)
        for output in comparison.told().outputs
        if output.better != "neutral" and (output.headline or _of_group(output))
        for scenario in scenarios
        if scenario != phases.path
    )


def _covers(comparison: Comparison, year: int) -> bool:
    """Whether a year lies within the run."""
    return year in comparison.years


def _of_group(output: Output) -> bool:
    """Whether an output is of one group."""
    return " by group[" in output.name
