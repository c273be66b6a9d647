"""What the report needs beside a comparison, in the shape in which it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sd_covid.report.drawing.observed import ObservedSeries
from sd_covid.report.words.glossary import Glossary

if TYPE_CHECKING:
    from sd_covid.analysis.loops.paths import Explained
    from sd_covid.analysis.robustness.pipeline import Robust
    from sd_covid.analysis.sensitivity import Sensitivity
    from sd_covid.calibration.results import StoredFitCheck
    from sd_covid.data import Registry
    from sd_covid.engine.simulation import Simulation
    from sd_covid.report.passport.record import PassportRecord

Found = TypeVar("Found")
#: What has yet to be found when the report begins to draw; asked more than once, it tells the same.
Later = Callable[[], Found]


@dataclass(frozen=True, slots=True)
class Background:
    """What is known beside the runs.

    Attributes
    ----------
    observed : sequence of ObservedSeries
        Published figures for the charts.
    registry : Registry or None
        Titles of the series in both languages.
    check : StoredFitCheck or None
        Whether the stored draws still belong to tables and model.
    passport : PassportRecord or None
        The lights of the model; None when its passport was not kept.
    passport_holds : bool
        Whether they are of the model as it stands.
    glossary : Glossary
        What the calibrated parameters are called, and the grade of their evidence.
    command : str
        With what the report can be made again.
    judgement : mapping or None
        The record of an expert session on which the draws rest (`sd_covid.marvel.session.variant.record`).
    debt_output : str
        Output of which a unit-year is costed.
    years : tuple of int
        Years for which differences are told; those that the run does not cover are left out.
    """

    observed: Sequence[ObservedSeries] = ()
    registry: Registry | None = None
    check: StoredFitCheck | None = None
    passport: PassportRecord | None = None
    passport_holds: bool = False
    glossary: Glossary = field(default_factory=Glossary)
    command: str = ""
    judgement: Mapping[str, Any] | None = None
    debt_output: str = "households in problem debt"
    years: tuple[int, ...] = field(default=(2022, 2025, 2030, 2035))


@dataclass(frozen=True, slots=True)
class Looked:
    """What the comparison's own draws tell beyond its differences.

    Attributes
    ----------
    main : str
        Id of the package of which `over_time` and `explained` are.
    robust : Robust or None
        Of the packages that can be chosen (`sd_covid.analysis.robustness.compared`).
    over_time : tuple of Sensitivity
        Each with the path of one output (`sd_covid.analysis.sensitivity.given`).
    explained : tuple of (str, Explained)
        Output -> the paths along which it differs from the null alternative.
    simulation : Simulation or None
        Whose paths they are.
    """

    main: str
    robust: Robust | None = None
    over_time: tuple[Sensitivity, ...] = ()
    explained: tuple[tuple[str, Explained], ...] = ()
    simulation: Simulation | None = None
