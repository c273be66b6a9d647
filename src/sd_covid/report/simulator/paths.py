"""Along what a measure reaches an outcome: the strongest paths, found once and kept beside the declaration.

Finding them takes minutes, so it is not done when a page is made: ``sd-covid simulator --find-paths`` writes a file,
which names the model that it is of. Each lever is taken by itself, as the first preset has it that changes it, against
the baseline, in the best fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.files import json_of
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.scenario import Scenario

#: A path is followed while it carries this share of the difference, and no more ways than this. Shares move with both,
#: for feedback through variables that are not followed is missing from them; most where paths cancel, and there
#: nothing is told of them.
FOLLOWED, MOST = 0.05, 80
#: What is told of a lever and an outcome.
TOLD = 3
#: Paths are told where all that were followed come to the difference up to this share of it.
UNTOLD = 0.5


@dataclass(frozen=True, slots=True)
class Strongest:
    """The strongest paths from a lever to an outcome.

    Attributes
    ----------
    lever, output : str
        Id, and name in the model.
    preset : str
        The scenario whose setting of the lever is taken.
    time : float
        Model time at which the difference is largest.
    difference : float
        Then, in the outcome's unit.
    paths : list of (list of str, float)
        Variables from lever to outcome, and the share of the difference that they carry then; none where what was
        followed does not come to the difference.
    """

    lever: str
    output: str
    preset: str
    time: float
    difference: float
    paths: list[tuple[list[str], float]]


def find_paths(
    simulation: Simulation,
    levers: Mapping[str, Lever],
    presets: Sequence[Scenario],
    outputs: Sequence[str],
    point: Mapping[str, float],
    seed: int,
) -> Iterator[Strongest]:
    """Find them, lever by lever.

    Parameters
    ----------
    simulation : Simulation
        With the steps that presets need.
    levers : mapping
        Id -> `Lever`.
    presets : sequence of Scenario
        The first is the baseline.
    outputs : sequence of str
        Names in the model.
    point : mapping
        Constants of the best fit.
    seed : int

    Raises
    ------
    RunError
        As for `sd_covid.analysis.loops.paths.explain`.
    """
    from sd_covid.analysis.loops.paths import outcome_of
    from sd_covid.analysis.loops.shares import share_out
    from sd_covid.analysis.loops.ways import Ways
    from sd_covid.engine.separate.course import record
    from sd_covid.engine.separate.equations import separate

    equations = separate(simulation)
    baseline = {**point, **presets[0].settings}
    first = record(simulation, equations, baseline, seed)
    ends = {name: outcome_of(simulation, equations, name) for name in outputs}
    at = np.arange(0, len(first.times), first.every)
    for lever in levers.values():
        preset, settings = _canonical(lever, presets)
        if preset is None:
            continue
        shared = share_out(first, record(simulation, equations, {**baseline, **settings}, seed))
        for name, outcome in ends.items():
            difference = shared.differences[outcome].sum(axis=0)[at]
            if not np.isfinite(difference).all() or not difference.any():
                continue
            ways = Ways(shared, outcome)
            ways.grow(FOLLOWED, MOST)
            ways.settle()
            peak = int(np.abs(difference).argmax())
            carried = [(list(path), values[at][peak] / difference[peak]) for path, values in ways.carried()]
            found = sorted(carried, key=lambda item: -abs(item[1]))
            told = abs(1 - sum(share for _, share in found)) <= UNTOLD
            yield Strongest(
                lever.id,
                name,
                preset.id,
                float(first.times[at][peak]),
                float(difference[peak]),
                [(path, round(float(share), 4)) for path, share in found[:TOLD]] if told else [],
            )


def _canonical(lever: Lever, presets: Sequence[Scenario]) -> tuple[Scenario | None, dict[str, float]]:
    """The first preset that changes a lever, and what it sets of it; none where no preset does."""
    own = set(lever.constants.values())
    base = presets[0].settings
    for preset in presets[1:]:
        settings = {
            name: value
            for name, value in preset.settings.items()
            if name.partition("(step")[0].strip() in own
        }
        if any(base.get(name) != value for name, value in settings.items()):
            return preset, settings
    return None, {}


def write_paths(path: Path, model: str, found: Sequence[Strongest]) -> None:
    """Keep paths, with the fingerprint of their model; one row a line."""
    rows = ",\n".join(json.dumps(asdict(item), ensure_ascii=False) for item in found)
    path.write_text(f'{{"model": "{model}", "paths": [\n{rows}\n]}}\n', encoding="utf-8")


def read_paths(path: Path, model: str) -> list[Strongest] | None:
    """Paths that were kept; None where they are of another model.

    Raises
    ------
    DataError, RunError
        When the file is missing or cannot be read, or is none of `write_paths`.
    """
    advice = "make it with sd-covid simulator --find-paths"
    kept: Any = json_of(path, advice)
    try:
        found = [Strongest(**row) for row in kept["paths"]]
        of = kept["model"]
    except (ValueError, TypeError, KeyError) as error:
        raise RunError("this is no file of paths", advice=advice, file=path) from error
    return found if of == model else None
