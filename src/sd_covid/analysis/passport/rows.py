"""The rows of the passport, one function a test: from what was found to a light, a sentence and tables.

Thresholds stand with what they judge: in `sd_covid.analysis.step_size`, `balances`, `extremes`, `links` and `loops`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sd_covid.analysis.passport.balances import AT_REST, CONSERVED, DRIFTS, Balance, Drift
from sd_covid.analysis.passport.declarations import Declarations
from sd_covid.analysis.passport.evidence import Coverage
from sd_covid.analysis.passport.extremes import Broken
from sd_covid.analysis.passport.light import Light, Row, Said, Table, Value, grey, judged
from sd_covid.analysis.passport.links import Link, Raised, Tried
from sd_covid.analysis.passport.loops import ALL, MeasuredLoop
from sd_covid.analysis.passport.reference_modes import Compared, by_series, errors
from sd_covid.analysis.passport.structure_counts import Structure
from sd_covid.analysis.step_size import HEADLINE_TOLERANCE, STOCK_TOLERANCE
from sd_covid.analysis.verification import ENGINE_TOLERANCE, Verification
from sd_covid.model.names import key
from sd_covid.policy.calendar import Calendar
from sd_covid.policy.titles import Titles

#: Of a table in which everything passed, the first rows are enough.
SHOWN = 20
#: Euler's error is of the first order; well below it, something in the model jumps with the step.
LOW_ORDER = 0.7


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def units_row(found: Verification) -> Row:
    """Dimensional consistency."""
    report = found.units
    counts: dict[str, Value] = {
        "equations": report.equations,
        "stated": report.stated,
        "without": len(report.unknown),
        "errors": len(report.errors),
        "warnings": len(report.warnings),
    }
    failed = found.failed.get("units", [])
    if not report.stated:
        return grey("units", "units.none")
    rows = tuple((item.variable, str(item.severity), item.reason) for item in report.findings[:SHOWN])
    tables = (Table("units", ("variable", "severity", "finding"), rows),) if rows else ()
    amber = bool(report.warnings or report.unknown)
    return Row("units", judged(bool(failed), amber), (Said("units", counts),), tables, tuple(failed))


def integration_row(
    found: Verification, titles: Titles | None = None, calendar: Calendar | None = None
) -> Row:
    """Integration error: half and a quarter of the step, RK4, order of convergence.

    What moves most is told by its title, and when by its month, where the study has them.
    """
    step = found.step_size
    if step is None:
        return grey("integration", "integration.none", reason=found.step_left_out)
    said = [
        Said(
            "integration",
            {
                "step": step.step,
                "method": str(step.method),
                "headline": HEADLINE_TOLERANCE,
                "stock": STOCK_TOLERANCE,
            },
        )
    ]
    for name, moved in (("half", step.half), ("rk4", step.runge_kutta)):
        largest = None if moved is None else step.largest(moved)
        if largest is not None:
            stock, share, time = largest
            title = None if titles is None else titles.of(stock)
            when = time if calendar is None else calendar.date(time)
            values: dict[str, Value] = {"stock": title or stock, "share": share, "time": time, "when": when}
            said.append(Said(f"integration.{name}", values))
    if step.runge_kutta is None and str(step.method) == "euler":
        said.append(Said("integration.no rk4"))
    low = step.order is not None and str(step.method) == "euler" and step.order < LOW_ORDER
    if step.order is not None:
        said.append(Said("integration.order", {"order": step.order}))
    judged_rows = step.half[step.half["stock"] | step.half["headline"]].sort_values(
        "difference", ascending=False
    )
    rows = tuple(
        (str(n), float(r["difference"]), float(r["time"])) for n, r in judged_rows.head(SHOWN).iterrows()
    )
    table = Table("integration", ("variable", "share", "time"), rows)
    light = judged(bool(step.failed), bool(step.warned) or low)
    return Row("integration", light, tuple(said), (table,), tuple(step.failed))


def finite_row(found: Verification) -> Row:
    """No NaN or infinity in the model's own run."""
    rows = tuple((str(name), float(time)) for name, time in found.not_finite["time"].items())
    tables = (Table("finite", ("variable", "time"), rows[:SHOWN]),) if rows else ()
    said = Said("finite.broken" if rows else "finite", {"count": len(rows)})
    return Row("finite", judged(bool(rows)), (said,), tables, tuple(name for name, _ in rows))


def engine_row(found: Verification) -> Row:
    """The same run in a second engine."""
    if found.second_engine is None:
        return grey("second engine", "engine.none", reason=found.left_out or "--no-pysd")
    table = found.second_engine.sort_values("difference", ascending=False)
    failed = found.failed.get("second engine", [])
    values: dict[str, Value] = {"count": len(table), "tolerance": ENGINE_TOLERANCE}
    values["largest"] = float(table["difference"].max()) if len(table) else 0.0
    rows = tuple((str(n), float(r["difference"]), float(r["time"])) for n, r in table.head(SHOWN).iterrows())
    shown = (Table("engine", ("variable", "share", "time"), rows),) if failed else ()
    return Row("second engine", judged(bool(failed)), (Said("engine", values),), shown, tuple(failed))


def extremes_row(conditions: int, runs: int, broken: Sequence[Broken]) -> Row:
    """Declared extreme conditions, and the ends of all ranges."""
    if not conditions and not runs:
        return grey("extremes", "extremes.none")
    names = _unique([item.run for item in broken])
    values: dict[str, Value] = {"conditions": conditions, "runs": runs, "broken": len(names)}
    rows = tuple((item.run, f"what.{item.what}", item.name, item.time, item.value) for item in broken[:SHOWN])
    tables = (Table("extremes", ("run", "what", "name", "time", "value"), rows),) if rows else ()
    said = [Said("extremes", values)]
    if not runs:
        said.append(Said("extremes.no ranges"))
    if not conditions:
        said.append(Said("extremes.no conditions"))
    light = judged(bool(broken), not (runs and conditions))
    return Row("extremes", light, tuple(said), tables, names)


def conservation_row(found: Sequence[Balance]) -> Row:
    """Sums of conserved classes."""
    if not found:
        return grey("conservation", "conservation.none")
    failed = tuple(item.name for item in found if not item.deviation < CONSERVED)
    rows = tuple((item.name, item.stocks, item.deviation, item.time) for item in found)
    worst = max(item.deviation for item in found)
    said = Said("conservation", {"classes": len(found), "worst": worst, "tolerance": CONSERVED})
    table = Table("conservation", ("class", "stocks", "share", "time"), rows)
    return Row("conservation", judged(bool(failed)), (said,), (table,), failed)


def non_negative_row(stocks: int, declared: Declarations | None, broken: Sequence[Broken]) -> Row:
    """No stock below zero in the model's own run."""
    if declared is None:
        return grey("non-negativity", "non-negativity.none", stocks=stocks, negative=len(broken))
    exempt = tuple((name, reason) for name, reason in declared.may_be_negative.items())
    said = Said(
        "non-negativity", {"stocks": stocks - len(exempt), "exempt": len(exempt), "negative": len(broken)}
    )
    tables = []
    if broken:
        rows = tuple((item.name, item.time, item.value) for item in broken[:SHOWN])
        tables.append(Table("non-negativity", ("variable", "time", "value"), rows))
    if exempt:
        tables.append(Table("exempt", ("variable", "reason"), exempt))
    failed = tuple(item.name for item in broken)
    return Row("non-negativity", judged(bool(broken)), (said,), tuple(tables), failed)


def equilibrium_row(declared: Declarations | None, found: Sequence[Drift], runs: int = 1) -> Row:
    """No stock moves when the model is at rest."""
    if declared is None or declared.at_rest is None:
        return grey("equilibrium", "equilibrium.none")
    failed = tuple(item.stock for item in found if not item.a_year < DRIFTS)
    drifting = [item for item in found if not item.a_year < AT_REST]
    worst = max((item.a_year for item in found), default=0.0)
    values: dict[str, Value] = {"stocks": len(found), "worst": worst, "limit": DRIFTS, "runs": runs}
    values["switches"] = ", ".join(f"{name} = {value:g}" for name, value in declared.at_rest.items())
    values["counters"] = len(declared.accumulators)
    order = sorted(drifting, key=lambda item: -item.a_year)
    rows = tuple((item.stock, item.a_year) for item in order[:SHOWN])
    tables = (Table("equilibrium", ("variable", "a year"), rows),) if rows else ()
    return Row(
        "equilibrium", judged(bool(failed), bool(drifting)), (Said("equilibrium", values),), tables, failed
    )


def parameters_row(found: Coverage | None) -> Row:
    """Every constant with unit, source, range and grade."""
    if found is None:
        return grey("parameters", "parameters.none")
    covered = found.constants - len(found.missing)
    values: dict[str, Value] = {"constants": found.constants, "covered": covered}
    values |= {"rows": len(found.rows), "bound": len(found.on_bound), **found.grades}
    values |= {"defined": found.defined, "chosen": found.chosen}
    said = [Said("parameters", values)]
    if found.not_swept:
        said.append(Said("parameters.not swept", {"count": len(found.not_swept)}))
    else:
        said.append(Said("parameters.swept"))
    if found.references:
        said.append(Said("parameters.references", {"count": len(found.references)}))
    tables = []
    for name, rows in (("missing", found.missing), ("not swept", found.not_swept), ("bound", found.on_bound)):
        if rows:
            tables.append(Table(name, ("constant",), tuple((row,) for row in rows)))
    if found.amiss:
        amiss = tuple((name, f"fault.{what}", how) for name, what, how in found.amiss)
        tables.append(Table("amiss", ("constant", "what", "finding"), amiss))
    if found.references:
        listed = tuple((full, len(names)) for full, names in found.references.items())
        tables.append(Table("references", ("reference", "number"), listed))
    failed = _unique([*found.missing, *(name for name, _, _ in found.amiss)])
    return Row("parameters", judged(bool(failed), bool(found.not_swept)), tuple(said), tuple(tables), failed)


def structure_row(found: Structure, declared: Declarations | None) -> Row:
    """What the model consists of, against the limits that are declared."""
    kinds = tuple((f"kind.{kind}", variables, cells) for kind, (variables, cells) in found.kinds.items())
    counts = found.counts()
    limits = {} if declared is None else declared.limits
    rows = tuple((f"count.{name}", number, limits.get(name)) for name, number in counts.items())
    tables = [
        Table("kinds", ("kind", "variables", "elements"), kinds),
        Table("counts", ("count", "number", "limit"), rows),
    ]
    for name, names in (
        ("unused", found.unused),
        ("undocumented", found.undocumented),
        ("not monotone", found.not_monotone),
    ):
        if names:
            tables.append(Table(name, ("variable",), tuple((item,) for item in names)))
    if found.embedded:
        embedded = tuple((name, value) for name, value in found.embedded)
        tables.append(Table("embedded", ("variable", "value"), embedded))
    stocks, cells = found.kinds["stocks"]
    values: dict[str, Value] = {
        "variables": sum(number for number, _ in found.kinds.values()),
        "stocks": stocks,
        "cells": cells,
        "loops": found.loops,
        "largest": found.components[0] if found.components else 0,
    }
    failed = tuple(name for name, limit in limits.items() if counts[name] > limit)
    said = (Said("structure", values), Said("structure.limits" if limits else "structure.none"))
    light = judged(bool(failed)) if limits else Light.GREY
    return Row("structure", light, said, tuple(tables), failed)


def behaviour_row(compared: Sequence[Compared] | None, reason: str = "behaviour.none") -> Row:
    """Published figures against runs: each sector alone, and coupled."""
    if not compared:
        return grey("behaviour", reason)
    modes = sorted({item.figure.mode for item in compared})
    outside = [item for item in compared if not item.within]
    verdicts = []
    for mode in modes:
        for run in dict.fromkeys(item.run for item in compared):
            those = [item for item in compared if item.figure.mode == mode and item.run == run]
            if those:
                within = sum(item.within for item in those)
                verdicts.append(
                    (str(mode), f"run.{run}", within, len(those), f"verdict.{within == len(those)}")
                )
    series = []
    for (mode, variable, _, _, run), those in by_series(compared).items():
        found = errors(those)
        if found is not None:
            shares = (found.rmse, found.mae_over_mean, found.bias, found.variation, found.covariation)
            series.append((str(mode), variable, f"run.{run}", found.points, *shares))
    figures = tuple(
        (
            str(c.figure.mode),
            f"run.{c.run}",
            c.figure.variable,
            c.figure.period,
            c.figure.value,
            c.model,
            c.figure.tolerance,
            f"verdict.{c.within}",
        )
        for c in compared
    )
    tables = [Table("modes", ("mode", "run", "within", "figures", "verdict"), tuple(verdicts))]
    if series:
        shown = ("mode", "variable", "run", "points", "rmse", "mae", "bias", "variation", "covariation")
        tables.append(Table("series", shown, tuple(series)))
    columns = ("mode", "run", "variable", "period", "figure", "model", "tolerance", "verdict")
    tables.append(Table("figures", columns, figures))
    values: dict[str, Value] = {"figures": len(compared), "modes": len(modes), "outside": len(outside)}
    failed = _unique([f"{item.figure.variable} {item.figure.period} ({item.run})" for item in outside])
    return Row("behaviour", judged(bool(outside)), (Said("behaviour", values),), tuple(tables), failed)


def loops_row(measured: Sequence[MeasuredLoop] | None, moment: float, horizon: float) -> Row:
    """Named loops: found by their waypoints, of the polarity stated, and none that feeds itself more than it got."""
    if not measured:
        return grey("loops", "loops.none")
    groups = list(dict.fromkeys(name for item in measured for name in item.gains if name != ALL))
    rows, failed, idle = [], [], []
    for item in measured:
        verdict = loop_verdict(item)
        if verdict in ("missing", "polarity", "runs away"):
            failed.append(item.loop.id)
        elif verdict == "idle":
            idle.append(item.loop.id)
        gains = [item.gains.get(name) for name in (ALL, *groups)]
        where: Value = " → ".join(item.path) if item.path else " ↛ ".join(item.missing)
        rows.append(
            (
                item.loop.id,
                item.loop.title,
                f"polarity.{item.loop.polarity}",
                *gains,
                moment if item.loop.moment is None else item.loop.moment,
                f"loop.{verdict}",
                where,
            )
        )
    columns = (
        "loop",
        "title",
        "polarity",
        "gain",
        *(f"gain of {name}" for name in groups),
        "time",
        "verdict",
        "path",
    )
    largest = max((g for m in measured for g in m.gains.values()), default=0.0)
    values: dict[str, Value] = {
        "loops": len(measured),
        "largest": largest,
        "moment": moment,
        "horizon": horizon,
    }
    said = [Said("loops", values)]
    if idle:
        said.append(Said("loops.idle", {"names": ", ".join(idle)}))
    table = Table("loops", columns, tuple(rows))
    return Row("loops", judged(bool(failed), bool(idle)), tuple(said), (table,), tuple(failed))


def loop_verdict(item: MeasuredLoop) -> str:
    """``found``, or what is the matter: ``missing``, ``idle``, ``polarity`` or ``runs away``."""
    if item.missing:
        return "missing"
    if not all(abs(gain) < float("inf") for gain in item.gains.values()) or item.runs_away:
        return "runs away"
    if item.polarity is None:
        return "idle"
    return "found" if item.polarity == item.loop.polarity else "polarity"


def links_row(
    links: Sequence[Link] | None,
    tried: Sequence[Tried] = (),
    raised: Sequence[Raised] = (),
    declared: Declarations | None = None,
) -> Row:
    """Signs of links: the effect moves as stated when its cause is nudged, in its sector alone."""
    if not links or declared is None or declared.links is None:
        return grey("links", "links.none")
    moment, horizon = declared.links
    left_out = [link for link in links if not link.modelled]
    against = [item for item in tried if item.verdict != "as stated"]
    partly = [item for item in tried if item.verdict == "as stated" and item.against]
    reasons = {key(name): reason for name, reason in declared.constants.items()}
    wrong = [
        item for item in raised if item.reason in ("other way", "still") and key(item.constant) not in reasons
    ]
    values: dict[str, Value] = {"links": len(links), "modelled": len(tried), "left out": len(left_out)}
    values |= {"against": len(against), "moment": moment, "horizon": horizon}
    said = [Said("links", values)]
    if partly:
        said.append(Said("links.partly", {"names": ", ".join(item.link.id for item in partly)}))
    counts = {reason: sum(item.reason == reason for item in raised) for reason in _REASONS}
    said.append(Said("links.constants", {"constants": len(raised), **counts}))
    if raised:
        said.append(Said("links.unexplained", {"count": len(wrong)}))
    failed = tuple(f"{item.link.id} {item.link.effect}" for item in against)
    tables = _link_tables(tried, raised, left_out, reasons)
    return Row("links", judged(bool(failed), bool(partly or wrong)), tuple(said), tables, failed)


def _link_tables(
    tried: Sequence[Tried], raised: Sequence[Raised], left_out: Sequence[Link], reasons: Mapping[str, str]
) -> tuple[Table, ...]:
    """The links as they were tried, constants that do not simply go along, and links that are not modelled."""
    rows: list[tuple[Value, ...]] = []
    for item in tried:
        link, sign = item.link, "+" if item.link.sign > 0 else "−"
        found = (item.elasticity, item.time, f"link.{item.verdict}", "; ".join(item.against))
        rows.append((link.id, link.cause, link.effect, sign, *found))
    columns = ("link", "cause", "effect", "sign", "elasticity", "time", "verdict", "against")
    tables = [Table("links", columns, tuple(rows))]
    other = tuple(
        (
            item.link.id,
            item.constant,
            item.change,
            f"reason.{item.reason}",
            reasons.get(key(item.constant), ""),
        )
        for item in raised
        if item.reason != "as stated"
    )
    if other:
        tables.append(Table("constants", ("link", "constant", "change", "reason", "explained"), other))
    if left_out:
        out = tuple((link.id, link.cause, link.effect, link.note) for link in left_out)
        tables.append(Table("left out", ("link", "cause", "effect", "reason"), out))
    return tuple(tables)


_REASONS = ("as stated", "nudged", "deviation", "duration", "zero", "still", "other way")
