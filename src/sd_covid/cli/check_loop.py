"""``sd-covid check --loop``: one named feedback loop, on the screen and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sd_covid.cli.console import say, table
from sd_covid.errors import UnknownNameError, suggest
from sd_covid.whole_files import write_whole

if TYPE_CHECKING:
    from sd_covid.analysis.passport.loops import MeasuredLoop
    from sd_covid.analysis.passport.loops_file import LoopsFile, NamedLoop
    from sd_covid.engine.simulation import Simulation

_SIGNS = {1: "+", -1: "−", 0: "0"}


def show_loop(simulation: Simulation, name: str, out: Path | None = None) -> int:
    """Print one named loop, and write it for programs where a file is asked for.

    Parameters
    ----------
    simulation : Simulation
    name : str
        Its id in ``loops.yaml``; case does not count.
    out : Path, optional
        Where the JSON goes.

    Returns
    -------
    int
        1 when the loop is not as named, else 0.

    Raises
    ------
    UnknownNameError
        When the model has no such loop.
    """
    from sd_covid.analysis.passport.loops import LoopSearch
    from sd_covid.analysis.passport.rows import loop_verdict

    file, chosen = _chosen(simulation, name)
    (measured,) = LoopSearch(simulation).measure([chosen], file)
    moment = file.moment if chosen.moment is None else chosen.moment
    verdict = loop_verdict(measured)
    if out is not None:
        told = json.dumps(loop_data(measured, moment, file.horizon), indent=1, ensure_ascii=False)
        write_whole(out, told)
    say(f"{chosen.id} {chosen.title.en}: {chosen.polarity}")
    if measured.missing:
        say(f"no path from '{measured.missing[0]}' to '{measured.missing[1]}'")
        return 1
    _show_path(measured)
    for group, gain in measured.gains.items():
        say(f"gain{f' of {group}' if group else ''} at Time {moment:g}, horizon {file.horizon:g}: {gain:.3g}")
    say(f"{chosen.id}: {'as named' if verdict == 'found' else verdict}")
    return 0 if verdict in ("found", "idle") else 1


def loop_data(measured: MeasuredLoop, moment: float, horizon: float) -> dict[str, Any]:
    """A measured loop in types that JSON knows; a gain that is not finite is null."""
    from sd_covid.analysis.passport.light import plain
    from sd_covid.analysis.passport.loops import ALL
    from sd_covid.analysis.passport.rows import loop_verdict

    return {
        "loop": measured.loop.id,
        "title": plain(measured.loop.title),
        "polarity": measured.loop.polarity,
        "moment": moment,
        "horizon": horizon,
        "verdict": loop_verdict(measured),
        "missing": list(measured.missing),
        "path": [
            {
                "cause": step.cause,
                "effect": step.effect,
                "sign": step.sign,
                "mean_stay": plain(step.mean_stay),
            }
            for step in measured.steps
        ],
        "gain": plain(measured.gain) if measured.path else None,
        "gains": {name: plain(gain) for name, gain in measured.gains.items() if name != ALL},
    }


def _chosen(simulation: Simulation, name: str) -> tuple[LoopsFile, NamedLoop]:
    """The loop of that name, and the file that names it."""
    from sd_covid.analysis.passport.loops_file import FILE, read_loops

    file = read_loops(simulation.model)
    known = {} if file is None else {item.id.casefold(): item for item in file.loops}
    chosen = known.get(name.casefold())
    if file is None or chosen is None:
        ids = [item.id for item in known.values()]
        advice = suggest(name, ids) or (
            f"its loops are {', '.join(ids)}" if ids else f"write a {FILE} beside it"
        )
        raise UnknownNameError(f"{simulation.model.name} has no loop '{name}'", advice=advice, variable=name)
    return file, chosen


def _show_path(measured: MeasuredLoop) -> None:
    """Print the links of a loop."""
    rows = [
        (
            step.cause,
            _SIGNS[step.sign],
            step.effect,
            f"stock, mean stay {step.mean_stay:.3g}" if step.mean_stay else "",
        )
        for step in measured.steps
    ]
    table("Path", ("cause", "sign", "effect", ""), rows)
