"""The built-in functions that a model may call: how many arguments each takes, and what it gives.

This is what the reader checks calls by, so that a function that cannot be run is an error when a model is read. What a
function computes is for the engine. Meanings follow Vensim's reference manual (vensim.com/documentation).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function.

    Attributes
    ----------
    name : str
        Vensim's spelling.
    arguments : str
        Their names, for messages: ``"x, base"``.
    meaning : str
    whole : bool
        Whether a call must be the whole right side of an equation.
    reduces : bool
        Whether it reduces over subscripts marked ``!``.
    """

    name: str
    arguments: str
    meaning: str
    whole: bool = False
    reduces: bool = False

    @property
    def count(self) -> int:
        """Number of arguments."""
        return len(self.arguments.split(", "))


_TABLE = (
    Function("ABS", "x", "absolute value"),
    Function("EXP", "x", "e to the power x"),
    Function("LN", "x", "natural logarithm"),
    Function("LOG", "x, base", "logarithm to a base"),
    Function("POWER", "base, exponent", "base to a power"),
    Function("SQRT", "x", "square root"),
    Function("SIN", "x", "sine, x in radians"),
    Function("COS", "x", "cosine, x in radians"),
    Function("TAN", "x", "tangent, x in radians"),
    Function("ARCSIN", "x", "inverse sine, in radians"),
    Function("ARCCOS", "x", "inverse cosine, in radians"),
    Function("ARCTAN", "x", "inverse tangent, in radians"),
    Function("SINH", "x", "hyperbolic sine"),
    Function("COSH", "x", "hyperbolic cosine"),
    Function("TANH", "x", "hyperbolic tangent"),
    Function("INTEGER", "x", "x without its fraction"),
    Function("MODULO", "x, base", "remainder of x by base"),
    Function("QUANTUM", "x, quantum", "x cut to a multiple of quantum"),
    Function("MIN", "a, b", "the smaller"),
    Function("MAX", "a, b", "the larger"),
    Function("IF THEN ELSE", "condition, if true, if false", "one of two values"),
    Function("ZIDZ", "a, b", "a / b, or 0 where b is 0"),
    Function("XIDZ", "a, b, x", "a / b, or x where b is 0"),
    Function("STEP", "height, time", "0 until time, then height"),
    Function("PULSE", "start, duration", "1 from start for duration, else 0"),
    Function("PULSE TRAIN", "start, duration, repeat time, end", "a pulse at every repeat time until end"),
    Function("RAMP", "slope, start, end", "0 until start, then rising by slope until end"),
    Function("INTEG", "rate, initial value", "a stock", whole=True),
    Function("INITIAL", "x", "x at the initial time"),
    Function("ACTIVE INITIAL", "x, initial value", "x, and another value for the initial time"),
    Function("SMOOTH", "x, time", "first-order exponential average"),
    Function("SMOOTHI", "x, time, initial value", "SMOOTH that starts elsewhere"),
    Function("SMOOTH3", "x, time", "third-order exponential average"),
    Function("SMOOTH3I", "x, time, initial value", "SMOOTH3 that starts elsewhere"),
    Function("SMOOTH N", "x, time, initial value, order", "exponential average of any order"),
    Function("DELAY1", "x, time", "first-order material delay"),
    Function("DELAY1I", "x, time, initial value", "DELAY1 that starts elsewhere"),
    Function("DELAY3", "x, time", "third-order material delay"),
    Function("DELAY3I", "x, time, initial value", "DELAY3 that starts elsewhere"),
    Function("DELAY N", "x, time, initial value, order", "material delay of any order"),
    Function("DELAY FIXED", "x, time, initial value", "x as it was a fixed time ago"),
    Function("TREND", "x, time, initial trend", "fractional growth rate of x"),
    Function("FORECAST", "x, time, horizon", "x carried on by its trend"),
    Function("SAMPLE IF TRUE", "condition, x, initial value", "x as it was when the condition last held"),
    Function("WITH LOOKUP", "x, (points)", "a table at x"),
    Function("SUM", "x[D!]", "sum over subscripts", reduces=True),
    Function("PROD", "x[D!]", "product over subscripts", reduces=True),
    Function("VMIN", "x[D!]", "smallest over subscripts", reduces=True),
    Function("VMAX", "x[D!]", "largest over subscripts", reduces=True),
    Function("ELMCOUNT", "dimension", "number of elements"),
    Function("GAME", "x", "x, where a player does not set it"),
    Function(
        "GET DIRECT DATA", "'file', 'tab', 'time row or column', 'cell'", "a series from a file", whole=True
    ),
    Function(
        "GET XLS DATA", "'file', 'tab', 'time row or column', 'cell'", "a series from a file", whole=True
    ),
    Function("GET DIRECT CONSTANTS", "'file', 'tab', 'cell'", "constants from a file", whole=True),
    Function("GET XLS CONSTANTS", "'file', 'tab', 'cell'", "constants from a file", whole=True),
    # What XMILE files mean where it is not what Vensim means; the reader of those files writes these.
    Function("XMILE INT", "x", "the next lower whole number"),
    Function("XMILE ROUND", "x", "the nearest whole number"),
    Function("XMILE MODULO", "x, base", "remainder of x by base, with the sign of base"),
    Function("XMILE SAFEDIV", "a, b, x", "a / b, or x where b is 0"),
    Function("XMILE PULSE", "magnitude, first time, interval", "magnitude / TIME STEP for one step"),
    Function("XMILE PREVIOUS", "x, initial value", "x one step ago"),
    Function("XMILE RANK", "x[D!], rank", "index of the element of that rank, ascending", reduces=True),
    Function("INTEG NON NEGATIVE", "rate, initial value", "a stock that stops at 0", whole=True),
)

#: By key.
FUNCTIONS: dict[str, Function] = {function.name.lower(): function for function in _TABLE}

#: Functions of Vensim that are known but cannot be run, by key, with advice where there is some.
UNSUPPORTED: dict[str, str | None] = {
    "a function of": "Vensim writes A FUNCTION OF where an equation is still to be written: write the equation",
    **dict.fromkeys(
        """allocate available, allocate by priority, demand at price, supply at price, find market price, find zero,
        delay batch, delay conveyor, delay material, delay information, delay profile, depreciate by schedule,
        depreciate straightline, gamma ln, get 123 data, get 123 constants, get 123 lookups, get data at time,
        get data between times, get data first time, get data last time, get data max, get data mean,
        get data median, get data min, get data stdv, get data total points, get direct lookups,
        get direct subscript, get odbc data, get time value, get vdf data, get vdf constants, get xls lookups,
        get xls subscript, if missing, internal rate of return, invert matrix, lookup area, lookup backward,
        lookup extrapolate, lookup forward, lookup invert, lookup slope, message, multival, npv, queue age in range,
        queue fifo, random 0 1, random beta, random binomial, random exponential, random gamma,
        random lookup, random negative binomial, random normal, random pink noise, random poisson, random triangular,
        random uniform, random weibull, reinitial, sample until, shift if true, simultaneous, sinteg, sorder,
        ssum, tabbed array, time base, time shift, vector elm map, vector lookup, vector rank, vector reorder,
        vector select, vector sort order, x if missing""".replace("\n", " ").split(", "),
        None,
    ),
}
UNSUPPORTED = {" ".join(name.split()): advice for name, advice in UNSUPPORTED.items()}
