"""Our extension of PEtab, ``extensions: {sd_covid: ...}`` of the problem file.

It says what PEtab has no words for: over which period an output is aggregated before it is compared with a figure,
that the noise of a series remembers (AR(1)), that two series carry the same figures, and by which process a series
moves that no output of the model expresses. It changes what the problem means, so it is marked ``required: true``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sd_covid.calibration.yamlfile import Path_, YamlFile

AGGREGATIONS = ("end", "start", "mean", "change")
FREQUENCIES = (1, 3, 6, 12)
KINDS = ("ar1", "random_walk", "trend")
SCALES = ("identity", "log", "logit")


@dataclass(frozen=True, slots=True)
class ObservationSetting:
    """How an observable is taken from the model's outputs.

    Attributes
    ----------
    aggregation : str or dict
        One of ``end`` (value at the period's end), ``start`` (at its start), ``mean`` (over the period, trapezoid rule
        on the saved points), ``change`` (end minus start, for a flow by its cumulative stock); or one for each output.
    period : int
        Length of the period in months: 1, 3, 6 or 12.
    autocorrelation : str or None
        Id of the parameter that is the correlation of the noise one month apart; None for independent noise.
    equivalent_to : str or None
        Observable whose figures this one repeats; it is then predicted but not fitted.
    difference_sd : float
        Standard deviation of the difference to that observable's figures (rounding, later vintages), in its unit.
    by_definition : dict of str to str
        Override of the observable's one placeholder for each definition of the series: a parameter id or a number.
    """

    aggregation: str | Mapping[str, str] = "mean"
    period: int = 1
    autocorrelation: str | None = None
    equivalent_to: str | None = None
    difference_sd: float = 0.0
    by_definition: Mapping[str, str | float] = field(default_factory=dict)

    def of_output(self, name: str) -> str:
        """Aggregation of one output of the formula."""
        return self.aggregation if isinstance(self.aggregation, str) else self.aggregation.get(name, "mean")


@dataclass(frozen=True, slots=True)
class ProcessSetting:
    """By which process a series moves that no output of the model expresses.

    Attributes
    ----------
    series : str
        The registry's series, whose own history gives the process's parameters.
    kind : str
        ``ar1`` (returns to its mean), ``random_walk`` (stays where it is) or ``trend`` (goes on at its mean growth).
    scale : str
        ``identity``, ``log`` or ``logit`` (of a percentage): on which scale it moves.
    seasonal : bool
        Whether each month, quarter or half-year has its own level.
    leader : str or None
        Another predicted series (observable or process) that this one follows: the process is then that of the
        difference to the leader, averaged over this series' period.
    sd : float or None
        A first idea of the standard deviation of its innovation in one month, on its scale; it counts for four
        figures. Needed for a series of few figures.
    """

    series: str
    kind: str = "random_walk"
    scale: str = "identity"
    seasonal: bool = False
    leader: str | None = None
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """The whole block.

    Attributes
    ----------
    observations : dict
        `ObservationSetting` by observable id; an observable not named has the defaults.
    processes : dict
        `ProcessSetting` by the id under which it is predicted.
    origins : tuple of str
        Months (``2020-03``) after which a 12-month forecast is made for the rolling validation.
    scored : tuple of str
        Observables scored there.
    observed_drivers : tuple of str
        What those forecasts take as observed, in words for the reader of the report.
    """

    observations: Mapping[str, ObservationSetting] = field(default_factory=dict)
    processes: Mapping[str, ProcessSetting] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    observed_drivers: tuple[str, ...] = ()

    def observation(self, observable: str) -> ObservationSetting:
        """Setting of an observable."""
        return self.observations.get(observable, ObservationSetting())


ROOT: Path_ = ("extensions", "sd_covid")


def read_extension(document: YamlFile) -> Extension:
    """Read the extension block; other extensions are refused when they are required.

    Raises
    ------
    ProblemError
        A required extension that is not ours, an unknown key or value.
    """
    extensions = document.data.get("extensions") or {}
    if not isinstance(extensions, dict):
        raise document.error(
            ("extensions",), "a mapping by name is expected", "write {sd_covid: {version, required}}"
        )
    for name, block in extensions.items():
        if name != "sd_covid" and (not isinstance(block, dict) or block.get("required", True)):
            reason = f"the extension '{name}' is required and not known here"
            raise document.error(("extensions", str(name)), reason, "only sd_covid is supported")
    block = extensions.get("sd_covid")
    if block is None:
        return Extension()
    sections = ("version", "required", "observations", "processes", "origins", "scored", "observed_drivers")
    document.check_keys(ROOT, sections)
    if str(block.get("version")) != "1.0":
        raise document.error(
            (*ROOT, "version"), f"'{block.get('version')}' is not known", 'write version: "1.0"'
        )
    return Extension(
        {key: _observation(document, key, item) for key, item in (block.get("observations") or {}).items()},
        {key: _process(document, key, item) for key, item in (block.get("processes") or {}).items()},
        _texts(document, block, "origins"),
        _texts(document, block, "scored"),
        _texts(document, block, "observed_drivers"),
    )


def _texts(document: YamlFile, block: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = block.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise document.error((*ROOT, key), "a list of texts is expected", f"write {key}: ['…', '…']")
    return tuple(found)


def _choice(document: YamlFile, where: Path_, found: Any, choices: tuple[Any, ...]) -> Any:
    if found not in choices:
        raise document.error(
            where, f"'{found}' is not one of {', '.join(map(str, choices))}", "use one of these"
        )
    return found


def _observation(document: YamlFile, name: str, item: Any) -> ObservationSetting:
    where = (*ROOT, "observations", str(name))
    if not isinstance(item, dict):
        raise document.error(where, "a mapping is expected", "write {aggregation: mean, period: 1}")
    document.check_keys(where, ObservationSetting.__slots__)
    aggregation = item.get("aggregation", "mean")
    kinds = aggregation.values() if isinstance(aggregation, dict) else [aggregation]
    for kind in kinds:
        _choice(document, (*where, "aggregation"), kind, AGGREGATIONS)
    _choice(document, (*where, "period"), item.get("period", 1), FREQUENCIES)
    difference = item.get("difference_sd", 0.0)
    if not isinstance(difference, (int, float)) or difference < 0:
        reason = f"'{difference}' is not a standard deviation"
        raise document.error((*where, "difference_sd"), reason, "write a number of at least zero")
    definitions = item.get("by_definition", {})
    if not isinstance(definitions, dict):
        raise document.error(
            (*where, "by_definition"), "a mapping is expected", "write {definition: parameter}"
        )
    return ObservationSetting(**item)


def _process(document: YamlFile, name: str, item: Any) -> ProcessSetting:
    where = (*ROOT, "processes", str(name))
    if not isinstance(item, dict) or "series" not in item:
        raise document.error(
            where, "a mapping with a series is expected", "write {series: ID, kind: random_walk}"
        )
    document.check_keys(where, ProcessSetting.__slots__)
    _choice(document, (*where, "kind"), item.get("kind", "random_walk"), KINDS)
    _choice(document, (*where, "scale"), item.get("scale", "identity"), SCALES)
    _choice(document, (*where, "seasonal"), item.get("seasonal", False), (True, False))
    sd = item.get("sd", 1.0)
    if not isinstance(sd, (int, float)) or sd <= 0:
        raise document.error(
            (*where, "sd"), f"'{sd}' is not a standard deviation", "write a number above zero"
        )
    return ProcessSetting(**item)
