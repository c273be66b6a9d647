"""All indices of an analysis as one table, for a file."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from sd_covid.analysis.sensitivity.indices import Indices
from sd_covid.analysis.sensitivity.results import Sensitivity


def as_frame(found: Sensitivity) -> pd.DataFrame:
    """All indices as a table.

    Parameters
    ----------
    found : Sensitivity

    Returns
    -------
    DataFrame
        One row for each outcome and factor, then for each output, moment and factor: every measure of the method with
        the half width of its 90 % interval.
    """
    frames = []
    for item in found.outcomes:
        asked = item.outcome
        frames.append(
            _indices_frame(
                found,
                item.indices,
                outcome=asked.id,
                scenario=asked.scenario,
                reference=found.reference,
                output=asked.output,
                measure=asked.measure,
                first_year=asked.years[0],
                last_year=asked.years[1],
            )
        )
    for path in found.paths:
        measure = "level" if path.scenario == found.reference else "difference"
        frames += [
            _indices_frame(
                found,
                path.indices.of(position),
                outcome="",
                scenario=path.scenario,
                reference=found.reference,
                output=path.output.name,
                measure=measure,
                time=moment,
                date=str(path.date[position]),
            )
            for position, moment in enumerate(path.time.tolist())
        ]
    return pd.concat(frames, ignore_index=True)


def _indices_frame(found: Sensitivity, indices: Indices, **named: str | float) -> pd.DataFrame:
    """The factors of one quantity, then pairs of them where they were told apart, with what names it in every row."""
    columns: dict[str, object] = {
        "method": found.method,
        "factor": [factor.id for factor in found.factors],
        "kind": [factor.kind for factor in found.factors],
    }
    for name, values in indices.values.items():
        spelled = f"{name}_order" if name in ("total", "first") else name
        columns |= {spelled: values, f"{spelled}_half_width": indices.half_widths[name]}
    frame = pd.DataFrame({**named, **columns, "blocks": indices.blocks})
    if indices.pairs is None or indices.pair_half_widths is None:
        return frame
    rows = [
        {
            "factor": f"{found.factors[one].id} × {found.factors[other].id}",
            "kind": "pair",
            "second_order": indices.pairs[one, other],
            "second_order_half_width": indices.pair_half_widths[one, other],
        }
        for one, other in combinations(range(len(found.factors)), 2)
    ]
    pairs = pd.DataFrame(rows).assign(**named, method=found.method, blocks=indices.blocks)
    return pd.concat([frame, pairs], ignore_index=True)
