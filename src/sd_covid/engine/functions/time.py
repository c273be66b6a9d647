"""Functions of time: steps, pulses, ramps, and what the calendar says."""

from __future__ import annotations

from sd_covid.engine.functions.elementary import Lower, one_if
from sd_covid.engine.graph.program import Update
from sd_covid.engine.lower.context import Context
from sd_covid.model.expression import Call, Number
from sd_covid.model.structure import Method

_UNITS = {"day": 1.0, "week": 7.0, "month": 30.0, "quarter": 90.0, "year": 360.0}


def time_step(here: Context) -> int:
    """TIME STEP."""
    return here.lowering.time_step(here.step)


def now(here: Context) -> int:
    """Time moved by half the spacing of the instants computed, so that rounding never moves a switch by a step.

    Vensim compares with half a step; with RK4 and midpoints the instants lie half a step apart, with adaptive steps
    anywhere.
    """
    share = {Method.RK4: 0.25, Method.MIDPOINT: 0.25, Method.ADAPTIVE: 1e-6}.get(
        here.lowering.out.method, 0.5
    )
    shift = here.add("mul", here.number(share), time_step(here))
    return here.add("add", here.lowering.time(here.step), shift)


def _step(here: Context, call: Call) -> int:
    height, start = (here.value(a) for a in call.arguments)
    return here.add("select", here.add("gt", now(here), start), height, here.number(0.0))


def _pulse_width(here: Context, width: int) -> int:
    """A pulse lasts at least one step."""
    return here.add("max", width, time_step(here))


def step_start(here: Context) -> int:
    """Time at the beginning of the step, in all stages of a method that has several."""
    if not here.step or here.lowering.out.method is Method.EULER:
        return here.lowering.time(here.step)
    start = here.at_start().lowering.time(False)

    def following(later: Context, me: int) -> int:
        return later.add("add", later.lowering.time(True), time_step(later))

    return here.remember(Update.ASSIGN, start, following, name="time")


def _of_step(here: Context, share: float) -> int:
    """The beginning of the step and a share of its length: as Vensim's manual says, pulses do not change within one."""
    return here.add("add", step_start(here), here.add("mul", here.number(share), time_step(here)))


def _pulse(here: Context, call: Call) -> int:
    start, width = (here.value(a) for a in call.arguments)
    at = _of_step(here, 0.5)
    begun = here.add("gt", at, start)
    over = here.add("lt", at, here.add("add", start, _pulse_width(here, width)))
    return one_if(here, here.add("and", begun, over))


def _pulse_train(here: Context, call: Call) -> int:
    """PULSE TRAIN(start, width, repeat, end): to its end and at it; all the time where the width exceeds the repeat."""
    start, width, repeat, end = (here.value(a) for a in call.arguments)
    width = _pulse_width(here, width)
    since = here.add("sub", _of_step(here, 0.5), start)
    phase = here.add("sub", since, here.add("mul", repeat, here.add("trunc", here.add("div", since, repeat))))
    inside = here.add("or", here.add("lt", repeat, width), here.add("lt", phase, width))
    before = here.add("lt", _of_step(here, -0.5), end)
    running = here.add("and", here.add("gt", since, here.number(0.0)), before)
    return one_if(here, here.add("and", running, inside))


def _ramp(here: Context, call: Call) -> int:
    """RAMP(slope, start, end): without an end it rises for ever."""
    slope, start = (here.value(a) for a in call.arguments[:2])
    until = here.lowering.time(here.step)
    if len(call.arguments) == 3:
        until = here.add("min", until, here.value(call.arguments[2]))
    return here.add("mul", slope, here.add("max", here.number(0.0), here.add("sub", until, start)))


def _time_base(here: Context, call: Call) -> int:
    start, slope = (here.value(a) for a in call.arguments)
    return here.add("add", start, here.add("mul", slope, here.lowering.time(here.step)))


# --- the calendar --------------------


def _whole(here: Context, call: Call, position: int, what: str) -> int:
    """An argument that decides what is computed, and so must be a number written out."""
    argument = call.arguments[position]
    if not isinstance(argument, Number) or argument.value != int(argument.value):
        raise here.error(f"{what} of {call.function} must be a whole number written out", call.place)
    return int(argument.value)


def _get_time_value(here: Context, call: Call) -> int:
    """GET TIME VALUE(relative to, offset, measure), of the model's calendar."""
    reference, measure = (_whole(here, call, k, ("the reference", "", "the measure")[k]) for k in (0, 2))
    if reference not in (0, 1):
        raise here.error(
            "GET TIME VALUE of the computer's clock would make every run another",
            call.place,
            "give the date as a constant, and NOISE SEED a value of its own",
        )
    if measure not in range(11):
        raise here.error(
            f"measure {measure} of GET TIME VALUE is unknown", call.place, "give one from 0 to 10"
        )
    base = (
        here.lowering.time(here.step)
        if reference == 0
        else here.held(here.lowering.out.control["initial time"])
    )
    moved = here.add("add", base, here.value(call.arguments[1]))
    return moved if measure == 0 else _by_calendar(here, call, moved, measure)


def _floor(here: Context, x: int) -> int:
    cut = here.add("trunc", x)
    return here.add("sub", cut, one_if(here, here.add("lt", x, cut)))


def _cycle(here: Context, x: int, length: float) -> int:
    """What is left of x above a multiple of length, never negative."""
    times = _floor(here, here.add("mul", x, here.number(1.0 / length)))
    return here.add("sub", x, here.add("mul", here.number(length), times))


def _by_calendar(here: Context, call: Call, time: int, measure: int) -> int:
    """A part of the date, from days since 1 January of the year 0.

    Vensim's manual: models in years, quarters or months count 360 days a year; days and weeks follow the calendar.
    """
    model = here.lowering.model
    calendar = model.calendar or model.settings.dates
    if calendar is None or calendar[1].casefold().rstrip("s") not in _UNITS:
        raise here.error(
            "GET TIME VALUE asks for a date, and the model says none for its Time",
            call.place,
            "give the study a calendar, such as {origin: 2015-01, unit: month}",
        )
    unit = calendar[1].casefold().rstrip("s")
    year, month, day = (*(int(part) for part in calendar[0].split("-")), 1, 1)[:3]
    add, number = here.add, here.number
    tiny = 1e-9  # a day is meant where rounding leaves a hair less
    elapsed = add("add", add("mul", time, number(_UNITS[unit])), number(tiny))
    if _UNITS[unit] >= 30:
        days = add("add", elapsed, number(360.0 * year + 30.0 * (month - 1) + day - 1))
        parts = _date_of_360(here, days)
    else:
        days = add("add", elapsed, number(float(_days_of_civil(year, month, day))))
        parts = _date_of_civil(here, _floor(here, days))
    seconds = add("mul", _cycle(here, days, 1.0), number(86400.0))
    total = add("mul", days, number(86400.0))
    return {
        1: lambda: parts[0],
        2: lambda: add(
            "add", number(1.0), _floor(here, add("mul", add("sub", parts[1], number(0.5)), number(1 / 3)))
        ),
        3: lambda: parts[1],
        4: lambda: parts[2],
        5: lambda: _cycle(
            here, add("add", _floor(here, days), number(6.0)), 7.0
        ),  # 1 January 0 was a Saturday
        6: lambda: _floor(here, days),
        7: lambda: _floor(here, add("mul", seconds, number(1 / 3600))),
        8: lambda: _floor(here, add("mul", _cycle(here, seconds, 3600.0), number(1 / 60))),
        9: lambda: _cycle(here, seconds, 60.0),
        10: lambda: _cycle(here, _floor(here, total), 500_000.0),
    }[measure]()


def _date_of_360(here: Context, days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days, with 12 months of 30."""
    whole = _floor(here, days)
    year = _floor(here, here.add("mul", here.add("add", whole, here.number(0.5)), here.number(1 / 360)))
    rest = here.add("sub", whole, here.add("mul", here.number(360.0), year))
    month = _floor(here, here.add("mul", here.add("add", rest, here.number(0.5)), here.number(1 / 30)))
    day = here.add("sub", rest, here.add("mul", here.number(30.0), month))
    one = here.number(1.0)
    return year, here.add("add", month, one), here.add("add", day, one)


def _days_of_civil(year: int, month: int, day: int) -> int:
    """Days since 1 January of the year 0 in the calendar of today, carried backwards."""
    y = year - (month <= 2)
    era, of_era = divmod(y, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year + 60


def _date_of_civil(here: Context, days: int) -> tuple[int, int, int]:
    """Year, month and day of a whole number of days: years begin in March, eras of 400 years have 146,097 days."""
    add, number = here.add, here.number

    def over(x: int, length: float) -> int:
        return _floor(here, add("mul", add("add", x, number(0.5)), number(1.0 / length)))

    def times(x: int, factor: float) -> int:
        return add("mul", x, number(factor))

    shifted = add("sub", days, number(60.0))
    era = over(shifted, 146097.0)
    of_era = add("sub", shifted, times(era, 146097.0))
    leaps = add(
        "sub", add("sub", over(of_era, 1460.0), over(of_era, 36524.0)), times(over(of_era, 146096.0), -1.0)
    )
    years = over(add("sub", of_era, leaps), 365.0)
    before = add("sub", add("add", times(years, 365.0), over(years, 4.0)), over(years, 100.0))
    of_year = add("sub", of_era, before)
    march = over(add("add", times(of_year, 5.0), number(2.0)), 153.0)
    start = over(add("add", times(march, 153.0), number(2.0)), 5.0)
    day = add("add", add("sub", of_year, start), number(1.0))
    late = add("ge", march, number(10.0))
    month = add("add", march, add("select", late, number(-9.0), number(3.0)))
    year = add("add", add("add", times(era, 400.0), years), one_if(here, late))
    return year, month, day


FUNCTIONS: dict[str, Lower] = {
    "step": _step,
    "pulse": _pulse,
    "pulse train": _pulse_train,
    "ramp": _ramp,
    "time base": _time_base,
    "get time value": _get_time_value,
}
