"""The built-in functions that a model may call: how many arguments each takes, and what it gives.

This is what the reader checks calls by, so that a function that cannot be run is an error when a model is read. What a
function computes is for the engine. Meanings follow Vensim's reference manual (vensim.com/documentation).

How an argument is written in the table says what may stand there: ``x`` an expression, ``x[D!]`` one with a subscript
to reduce over, ``x[D]`` an array, by its first element or by a dimension that need not be on the left side, ``table``
and ``profile`` the name of a lookup, ``series`` a data variable, ``dimension`` the name of one, ``(points)`` a table
written out, ``'...'`` a text. ``x?`` may be left out, ``...`` stands for any number more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

MANY = 255  # arguments of a function that takes any number


class Role(StrEnum):
    """What may stand as an argument."""

    VALUE = "value"
    REDUCED = "reduced"
    VECTOR = "vector"
    LOOKUP = "lookup"
    SERIES = "series"
    DIMENSION = "dimension"
    POINTS = "points"
    TEXT = "text"


_NAMED = {
    "table": Role.LOOKUP,
    "profile": Role.LOOKUP,
    "attribute profile": Role.LOOKUP,
    "series": Role.SERIES,
    "dimension": Role.DIMENSION,
    "(points)": Role.POINTS,
}


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function.

    Attributes
    ----------
    name : str
        Vensim's spelling.
    arguments : str
        Their names, for messages: ``"x, base"``; empty for none.
    meaning : str
    whole : bool
        Whether a call must be the whole right side of an equation.
    """

    name: str
    arguments: str
    meaning: str
    whole: bool = False

    @property
    def names(self) -> list[str]:
        """The arguments as written in the table, without a final ``...``."""
        return [name for name in self.arguments.split(", ") if name and name != "..."]

    @property
    def least(self) -> int:
        """Smallest number of arguments."""
        return sum(not name.endswith("?") for name in self.names)

    @property
    def most(self) -> int:
        """Largest number of arguments."""
        return MANY if self.arguments.endswith("...") else len(self.names)

    @property
    def roles(self) -> list[Role]:
        """What may stand as each argument."""
        return _roles(self.arguments)

    @property
    def reduces(self) -> bool:
        """Whether it reduces over subscripts marked ``!``."""
        return Role.REDUCED in self.roles

    @property
    def form(self) -> str:
        """A call as it is to be written."""
        return f"{self.name}({self.arguments.replace('?', '')})"

    def takes(self) -> str:
        """The number of arguments, for messages."""
        if self.most == MANY:
            return f"{self.least} or more arguments"
        counts = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{counts} argument{'s' * (self.most != 1)}"


@cache
def _roles(arguments: str) -> list[Role]:
    return [_role(name.rstrip("?")) for name in Function("", arguments, "").names]


def _role(name: str) -> Role:
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith("'"):
        return Role.TEXT
    if name.endswith("!]"):
        return Role.REDUCED
    return Role.VECTOR if name.endswith("]") else Role.VALUE


_RANDOM = "lowest, highest"  # what comes out lies between them
_SPREAD = "shift, stretch, seed"

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
    Function("GAMMA LN", "x", "logarithm of the gamma function, x > 0"),
    Function("INTEGER", "x", "x without its fraction, towards 0"),
    Function("MODULO", "x, base", "remainder of x by base, with the sign of x"),
    Function(
        "QUANTUM", "x, quantum", "x cut to a multiple of quantum, towards 0; x where quantum is not positive"
    ),
    Function("MIN", "a, ...", "the smallest"),
    Function("MAX", "a, ...", "the largest"),
    Function("IF THEN ELSE", "condition, if true, if false", "one of two values"),
    Function("ZIDZ", "a, b", "a / b, or 0 where b is 0"),
    Function("XIDZ", "a, b, x", "a / b, or x where b is 0"),
    Function("IF MISSING", "x, otherwise", "x, or otherwise where x is :NA:"),
    Function("X IF MISSING", "x, otherwise", "x, or otherwise where x is :NA:"),
    Function("STEP", "height, time", "0 until time, then height"),
    Function("PULSE", "start, duration", "1 from start for duration (a step at least), else 0"),
    Function("PULSE TRAIN", "start, duration, repeat time, end", "a pulse at every repeat time until end"),
    Function("RAMP", "slope, start, end?", "0 until start, then rising by slope until end"),
    Function("TIME BASE", "start, slope", "start + slope * Time"),
    Function("GET TIME VALUE", "relative to, offset, measure", "a time: as it is, or by the calendar"),
    Function("INTEG", "rate, initial value", "a stock", whole=True),
    Function(
        "SINTEG",
        "rate, initial value, min, max, quantum, special, threshold",
        "a stock within bounds, in multiples of quantum, drawn to a special value; :NA: for no such limit",
        whole=True,
    ),
    Function("INITIAL", "x", "x at the initial time"),
    Function("REINITIAL", "x", "x at the initial time"),
    Function("ACTIVE INITIAL", "x, initial value", "x, and another value for the initial time"),
    Function("SIMULTANEOUS", "x, first guess", "x, where it depends on itself", whole=True),
    Function(
        "FIND ZERO",
        "scale[D], z[D], scale of z[D], first guess[D], size, skip, tolerance, most rounds, method",
        "an array for which another, that depends on it, is 0",
        whole=True,
    ),
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
    Function(
        "DELAY MATERIAL",
        "x, time, initial value, missing",
        "DELAY FIXED with a time that may change; nothing is lost",
    ),
    Function(
        "DELAY INFORMATION",
        "x, time, initial value",
        "DELAY FIXED with a time that may change; the latest counts",
    ),
    Function(
        "DELAY CONVEYOR",
        "x, time, leak, profile, initial amount, initial time",
        "a conveyor whose speed may change; leak: part lost per unit of time",
    ),
    Function(
        "DELAY BATCH",
        "x, batch size, batch time, initial batch, initial time, initial backlog",
        "x in batches, one at a time, each out in one step",
    ),
    Function(
        "DELAY PROFILE",
        "profile, x, time, initial value, initial growth",
        "x spread over time to come by a profile of waiting times with mean time",
    ),
    Function(
        "QUEUE FIFO",
        "inflow, outflow, profile, initial value, age range",
        "a stock that knows how long what it holds has waited; the oldest leaves first",
        whole=True,
    ),
    Function(
        "QUEUE FIFO ATTRIB",
        "inflow, outflow, attribute, change, profile, attribute profile, initial value, initial attribute, age range",
        "QUEUE FIFO with an attribute of what comes, which changes while it waits",
        whole=True,
    ),
    Function("QUEUE AGE AVERAGE", "queue, quantity", "mean age of the oldest in a queue; 0 or less for all"),
    Function("QUEUE AGE IN RANGE", "queue, from, to", "what of a queue has an age; :NA: for no limit"),
    Function("QUEUE AGE OLDEST", "queue", "age of the oldest in a queue"),
    Function(
        "QUEUE ATTRIB AVERAGE",
        "queue, quantity",
        "mean attribute of the oldest in a queue; 0 or less for all",
    ),
    Function(
        "QUEUE ATTRIB IN RANGE", "queue, from, to", "what of a queue has an attribute; :NA: for no limit"
    ),
    Function("QUEUE ATTRIB MAX", "queue", "largest attribute in a queue"),
    Function("QUEUE ATTRIB MIN", "queue", "smallest attribute in a queue"),
    Function(
        "QUEUE ATTRIB QUANTITY", "queue, quantity", "how many of the oldest have attributes that add up to it"
    ),
    Function("TREND", "x, time, initial trend", "fractional growth rate of x"),
    Function("FORECAST", "x, time, horizon, initial trend?", "x carried on by its trend"),
    Function("SAMPLE IF TRUE", "condition, x, initial value", "x as it was when the condition last held"),
    Function("SAMPLE UNTIL", "last time, x, initial value", "x of a step ago until last time, then held"),
    Function("NPV", "stream, discount rate, initial value, factor", "present value of a stream so far"),
    Function("NPVE", "stream, discount rate, initial value, factor", "NPV with every step's part at its end"),
    Function(
        "DEPRECIATE STRAIGHTLINE",
        "stream, life, fiscal period, initial stream",
        "depreciation in equal parts, by fiscal periods",
    ),
    Function(
        "DEPRECIATE BY SCHEDULE",
        "stream, schedule[D], initial[D], life, start of a fiscal period",
        "depreciation in given parts, by fiscal periods; initial must be 0",
    ),
    Function(
        "INTERNAL RATE OF RETURN",
        "stream, fiscal period, initial, initial time",
        "the rate per fiscal period at which a stream so far is worth nothing; :NA: for none from -0.9 to 1",
    ),
    Function(
        "SHIFT IF TRUE",
        "stock[D], condition, size, accumulate, what comes in",
        "moves stocks on by one element; what leaves the last",
        whole=True,
    ),
    Function("WITH LOOKUP", "x, (points)", "a table at x"),
    Function("LOOKUP EXTRAPOLATE", "table, x", "a table at x, its outer lines carried on"),
    Function("LOOKUP FORWARD", "table, x", "the point at x or next after it"),
    Function("LOOKUP BACKWARD", "table, x", "the point at x or last before it"),
    Function("LOOKUP INVERT", "table, y", "the smallest x where a table is y; :NA: where there is none"),
    Function("LOOKUP AREA", "table, from, to", "area below a table"),
    Function(
        "LOOKUP SLOPE", "table, x, outside", "slope of a table; outside 0, or the last (1), or :NA: (-1)"
    ),
    Function("SUM", "x[D!]", "sum over subscripts"),
    Function("PROD", "x[D!]", "product over subscripts"),
    Function("VMIN", "x[D!]", "smallest over subscripts"),
    Function("VMAX", "x[D!]", "largest over subscripts"),
    Function("ELMCOUNT", "dimension", "number of elements"),
    Function(
        "VECTOR SELECT",
        "selection[D!], x[D!], if none, what, check",
        "sum (0), product (1), smallest (2), largest (3) or mean (4) of the selected, weighted by the selection; "
        "5 product of powers; 6 to 10 without weights",
    ),
    Function("VECTOR ELM MAP", "x[D], offset", "the element of an array that lies offset further on"),
    Function("VECTOR SORT ORDER", "x[D], direction", "positions, from 0, of the elements in order"),
    Function("VECTOR RANK", "x[D], direction", "rank of each element, from 1"),
    Function("VECTOR REORDER", "x[D], order[D]", "the elements in a given order"),
    Function("VECTOR LOOKUP", "y[D], x, lowest x, highest x, mode", "a table whose points are an array"),
    Function("INVERT MATRIX", "x[D], size", "inverse of a matrix, in the last two subscripts"),
    Function(
        "ALLOCATE AVAILABLE", "request[D], priority[D], available", "a scarce quantity by priority curves"
    ),
    Function(
        "ALLOCATE BY PRIORITY",
        "request[D], priority[D], size, width, supply",
        "a scarce quantity by priority",
    ),
    Function("MARKETP", "request[D], priority[D], size, width, supply", "the priority for ALLOC P"),
    Function("ALLOC P", "request, priority, width, market priority", "ALLOCATE BY PRIORITY, in two steps"),
    Function("DEMAND AT PRICE", "quantity[D], priority[D], price", "what is asked for at a price"),
    Function("SUPPLY AT PRICE", "quantity[D], priority[D], price", "what is offered at a price"),
    Function(
        "FIND MARKET PRICE",
        "demand[D], demand priority[D], supply[D], supply priority[D]",
        "the price at which demand is supply",
    ),
    Function("GET DATA AT TIME", "series, time", "the figure at a time; :NA: where there is none"),
    Function(
        "GET DATA BETWEEN TIMES",
        "series, time, mode",
        "between figures (0), the next (1) or the last one (-1)",
    ),
    Function("GET DATA FIRST TIME", "series", "the time of the first figure"),
    Function("GET DATA LAST TIME", "series", "the time of the last figure"),
    Function("GET DATA MIN", "series, from, to", "the smallest figure of a time span"),
    Function("GET DATA MAX", "series, from, to", "the largest figure of a time span"),
    Function("GET DATA MEAN", "series, from, to", "the mean of the figures of a time span"),
    Function("GET DATA MEDIAN", "series, from, to", "the median of the figures of a time span"),
    Function(
        "GET DATA STDV", "series, from, to", "the standard deviation of the figures of a time span (n - 1)"
    ),
    Function("GET DATA TOTAL POINTS", "series, from?, to?", "the number of figures"),
    Function("TIME SHIFT", "series, shift", "a series as it will be that much later"),
    Function("CUMULATE", "series", "sum of the figures so far"),
    Function("CUMULATEF", "series", "sum of all figures"),
    Function("RANDOM 0 1", "", "between 0 and 1"),
    Function("RANDOM UNIFORM", f"{_RANDOM}, seed", "any number of a range alike"),
    Function("RANDOM NORMAL", f"{_RANDOM}, mean, standard deviation, seed", "normal, truncated"),
    Function("RANDOM EXPONENTIAL", f"{_RANDOM}, {_SPREAD}", "exponential of mean 1, truncated"),
    Function("RANDOM LOGNORMAL", f"{_RANDOM}, mean, standard deviation, seed", "lognormal, truncated"),
    Function("RANDOM TRIANGULAR", f"{_RANDOM}, start, peak, stop, seed", "triangular, truncated"),
    Function("RANDOM WEIBULL", f"{_RANDOM}, shape, {_SPREAD}", "Weibull of mean 1, truncated"),
    Function("RANDOM GAMMA", f"{_RANDOM}, order, {_SPREAD}", "gamma of scale 1, truncated"),
    Function("RANDOM BETA", f"{_RANDOM}, alpha, beta, {_SPREAD}", "beta, truncated"),
    Function("RANDOM POISSON", f"{_RANDOM}, mean, {_SPREAD}", "Poisson, truncated"),
    Function("RANDOM BINOMIAL", f"{_RANDOM}, probability, trials, {_SPREAD}", "binomial, truncated"),
    Function(
        "RANDOM NEGATIVE BINOMIAL",
        f"{_RANDOM}, probability, successes, {_SPREAD}",
        "trials until so many successes, truncated",
    ),
    Function("RANDOM LOOKUP", f"table, {_RANDOM}, {_SPREAD}", "with a table as density, truncated"),
    Function(
        "RANDOM PINK NOISE",
        "mean, standard deviation, correlation time, seed",
        "normal noise that lasts a while",
    ),
    Function("GAME", "x", "x, where a player does not set it"),
    Function(
        "GET DIRECT DATA", "'file', 'tab', 'time row or column', 'cell'", "a series from a file", whole=True
    ),
    Function(
        "GET XLS DATA", "'file', 'tab', 'time row or column', 'cell'", "a series from a file", whole=True
    ),
    Function(
        "GET DIRECT LOOKUPS", "'file', 'tab', 'row or column of x', 'cell'", "a table from a file", whole=True
    ),
    Function(
        "GET XLS LOOKUPS", "'file', 'tab', 'row or column of x', 'cell'", "a table from a file", whole=True
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
    Function("XMILE HISTORY", "x, time", "x as it was at a time that may move; 0 where there is none"),
    Function(
        "XMILE NORMAL SHARE", "left, right, mean, deviation", "the chance of a normal number between two"
    ),
    Function("XMILE NORMAL QUANTILE", "p", "the number below which a standard normal one is with chance p"),
    Function("XMILE RANK", "x[D!], rank, y[D!]?", "index of the element of that rank, ascending"),
    Function(
        "XMILE CONVEYOR",
        "transit time, initial value, capacity, inflow limit, sample, arrest, driven, fed, requested, discrete, "
        "exponential, ...",
        "a conveyor: what it holds; each leak follows with its fraction, start, end and whether whole units leak, "
        "then where inflows are laid",
        whole=True,
    ),
    Function("XMILE CONVEYOR AT BEGINNING", "inflow", "laid at the beginning"),
    Function("XMILE CONVEYOR EVENLY", "inflow", "laid evenly"),
    Function("XMILE CONVEYOR AS CONTENT", "inflow", "laid in proportion to what is there"),
    Function("XMILE CONVEYOR BY PROFILE", "inflow, (points)", "laid by a graph of the time left"),
    Function("XMILE CONVEYOR BY SOURCE", "inflow, conveyor, number", "laid as far along as it leaked"),
    Function("XMILE CONVEYOR OUTFLOW", "conveyor", "the flow off the end of a conveyor"),
    Function("XMILE CONVEYOR LEAK", "conveyor, number", "a leak of a conveyor"),
    Function("XMILE CONVEYOR INFLOW", "conveyor, before, own", "what is let in, after others before it"),
    Function("XMILE CONVEYOR WHOLE INFLOW", "conveyor", "what is let in of the only inflow"),
    Function("XMILE CONVEYOR ROOM", "conveyor", "what a queue may bring"),
    Function("XMILE CONVEYOR SIZE", "conveyor", "the number of its slats"),
    Function("XMILE CONVEYOR MIN", "conveyor", "the smallest of its slats"),
    Function("XMILE CONVEYOR MAX", "conveyor", "the largest of its slats"),
    Function("XMILE CONVEYOR STDDEV", "conveyor", "the standard deviation of its slats"),
    Function("XMILE CONVEYOR SLAT", "conveyor, number", "what one slat holds, from 1 at the exit"),
    Function(
        "XMILE QUEUE",
        "initial value, ...",
        "a queue: what it holds; its inflows follow, then how each outflow takes from it",
        whole=True,
    ),
    Function("XMILE QUEUE TO ALL", "overflow", "an outflow that nothing limits"),
    Function(
        "XMILE QUEUE TO CONVEYOR",
        "overflow, conveyor, before, one at a time, whole",
        "an outflow that a conveyor limits",
    ),
    Function("XMILE QUEUE OUTFLOW", "queue, number", "an outflow of a queue"),
    Function("XMILE QUEUE SIZE", "queue", "the number of its batches"),
    Function("XMILE QUEUE MIN", "queue", "the smallest of its batches"),
    Function("XMILE QUEUE MAX", "queue", "the largest of its batches"),
    Function("XMILE QUEUE STDDEV", "queue", "the standard deviation of its batches"),
    Function("XMILE QUEUE BATCH", "queue, number", "what one batch holds, from 1 at the front"),
    Function("XMILE ROW", "x, ...", "what fills a conveyor, from its exit"),
    Function("INTEG NON NEGATIVE", "rate, initial value", "a stock that stops at 0", whole=True),
)

#: By key.
FUNCTIONS: dict[str, Function] = {function.name.lower(): function for function in _TABLE}

#: Functions of Vensim that are known but cannot be run, by key, with what to do instead.
UNSUPPORTED: dict[str, str] = {
    "a function of": "Vensim writes A FUNCTION OF where an equation is still to be written: write the equation",
    **dict.fromkeys(
        ("get 123 data", "get 123 constants", "get 123 lookups"),
        "save the sheet as .xlsx, and write GET XLS DATA, CONSTANTS or LOOKUPS",
    ),
    **dict.fromkeys(
        ("get direct subscript", "get xls subscript"),
        "it stands alone in the definition of a subscript range",
    ),
    "get odbc data": "save the table as .csv, and write GET DIRECT DATA",
    "get vdf data": "save the run as .csv in Vensim, and write GET DIRECT DATA",
    "get vdf constants": "save the run as .csv in Vensim, and write GET DIRECT CONSTANTS",
    "message": "a run speaks to nobody: leave it out",
    "tabbed array": "it stands alone behind the equal sign, with numbers in it",
}
