"""What the built-in functions do to units, as a table.

A rule is read from left to right: the units of the arguments, then those of the result. ``time`` is the model's unit
of time, ``1`` dimensionless, ``_`` anything; another letter stands for units that must agree within one call. ``...``
repeats the argument before it. Meanings follow Vensim's reference manual and section 3.5 of XMILE 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pint.util import UnitsContainer

from sd_covid.model.names import key
from sd_covid.model.units.text import Vocabulary

ANYTHING = "_"
TIME = "time"
_WORDS = Vocabulary()


@dataclass(frozen=True)
class Rule:
    """Units of the arguments and of the result of a function.

    Attributes
    ----------
    arguments : tuple of str
        One for each argument.
    result : str
    repeats : bool
        Whether more arguments are like the last one.
    """

    arguments: tuple[str, ...]
    result: str
    repeats: bool = False

    def argument(self, position: int) -> UnitsContainer | None:
        """What an argument must be; None when anything will do."""
        if position < len(self._arguments):
            return self._arguments[position]
        return self._arguments[-1] if self.repeats and self._arguments else None

    @cached_property
    def _arguments(self) -> tuple[UnitsContainer | None, ...]:
        return tuple(_pattern(text) for text in self.arguments)

    @cached_property
    def gives(self) -> UnitsContainer | None:
        """What comes out; None when it may be anything."""
        return _pattern(self.result)


def _pattern(text: str) -> UnitsContainer | None:
    return None if text == ANYTHING else _WORDS.parse(text)


def _rule(text: str) -> Rule:
    """A rule from ``u, time -> u``."""
    left, _, right = text.partition("->")
    repeats = "..." in left
    arguments = tuple(part.strip() for part in left.replace("...", "").split(",") if part.strip())
    return Rule(arguments, right.strip(), repeats)


_TABLE = """
ABS, INTEGER, XMILE INT, XMILE ROUND, INITIAL, GAME, REINITIAL, SUM, VMIN, VMAX: u -> u
XMILE PREVIOUS: u, u -> u
XMILE HISTORY: u, time -> u
XMILE NORMAL SHARE: u, u, u, u -> 1
XMILE NORMAL QUANTILE: 1 -> 1
EXP, LN, SIN, COS, TAN, ARCSIN, ARCCOS, ARCTAN, SINH, COSH, TANH, GAMMA LN: 1 -> 1
LOG: 1, 1 -> 1
PROD: 1 -> 1
ELMCOUNT: _ -> 1
INTEG, INTEG NON NEGATIVE: u/time, u -> u
SINTEG: u/time, u, _ ... -> u
MIN, MAX: u, u ... -> u
MODULO, XMILE MODULO, QUANTUM: u, u -> u
ACTIVE INITIAL, SIMULTANEOUS: u, u -> u
FIND ZERO: _, _, _, u, _ ... -> u
IF THEN ELSE: _, u, u -> u
X IF MISSING, IF MISSING: u, u -> u
ZIDZ: a, b -> a/b
XIDZ, XMILE SAFEDIV: a, b, a/b -> a/b
STEP: u, time -> u
PULSE: time, time -> 1
PULSE TRAIN: time, time, time, time -> 1
RAMP: u/time, time, time -> u
XMILE PULSE: u*time, time, time -> u
SMOOTH, SMOOTHI, SMOOTH3, SMOOTH3I: u, time, u -> u
SMOOTH N: u, time, u, 1 -> u
DELAY1, DELAY1I, DELAY3, DELAY3I, DELAY FIXED: u, time, u -> u
DELAY N: u, time, u, 1 -> u
DELAY MATERIAL: u/time, time, u/time, u/time -> u/time
DELAY INFORMATION: u, time, u, u -> u
DELAY CONVEYOR: u/time, time, 1/time, _, u, time -> u/time
DELAY BATCH: u/time, u, time, u, time, u -> u/time
DELAY PROFILE: _, u, time, u, 1/time -> u
QUEUE FIFO: u/time, u/time, _, u, time -> u
QUEUE FIFO ATTRIB: u/time, u/time, a, a/time, _, _, u, a, time -> u
QUEUE AGE AVERAGE: u, u -> time
QUEUE AGE IN RANGE: u, time, time -> u
QUEUE AGE OLDEST: _ -> time
QUEUE ATTRIB IN RANGE: u, _, _ -> u
QUEUE ATTRIB QUANTITY: u, _ -> u
QUEUE ATTRIB AVERAGE: u, u -> _
QUEUE ATTRIB MAX, QUEUE ATTRIB MIN: _ -> _
DEPRECIATE STRAIGHTLINE: u, time, time, u -> u
DEPRECIATE BY SCHEDULE: u, _, _, time, time -> u
INTERNAL RATE OF RETURN: u/time, time, u, time -> 1
TREND: u, time, 1/time -> 1/time
FORECAST: u, time, time, 1/time -> u
SAMPLE IF TRUE: _, u, u -> u
SHIFT IF TRUE: u, _, _, _, u -> u
SAMPLE UNTIL: time, u, u -> u
TIME BASE: u, u/time -> u
NPV, NPVE: u, 1/time, u*time, 1 -> u*time
WITH LOOKUP: _, _ -> _
GET DATA AT TIME: u, time -> u
GET DATA BETWEEN TIMES: u, time, _ -> u
GET DATA LAST TIME, GET DATA FIRST TIME: _ -> time
GET DATA MIN, GET DATA MAX, GET DATA MEAN, GET DATA MEDIAN, GET DATA STDV: u, time, time -> u
GET DATA TOTAL POINTS: _ -> 1
GET TIME VALUE: _, _, _ -> _
TIME SHIFT: u, time -> u
VECTOR SELECT: _, u, u, _, _ -> u
VECTOR ELM MAP: u, _ -> u
VECTOR REORDER: u, _ -> u
VECTOR SORT ORDER, VECTOR RANK: _, _ -> 1
XMILE RANK: u, _, _ -> 1
XMILE ROW: u ... -> u
XMILE CONVEYOR: time, u, u, u/time, _, _, u/time, u/time, u/time, _ ... -> u
XMILE CONVEYOR AT BEGINNING, XMILE CONVEYOR EVENLY, XMILE CONVEYOR AS CONTENT: u -> u
XMILE CONVEYOR BY PROFILE, XMILE CONVEYOR BY SOURCE: u, _ ... -> u
XMILE QUEUE: u, _ ... -> u
XMILE QUEUE TO ALL, XMILE QUEUE TO CONVEYOR: _ ... -> _
XMILE CONVEYOR OUTFLOW, XMILE CONVEYOR WHOLE INFLOW: u -> u/time
XMILE CONVEYOR LEAK: u, _ -> u/time
XMILE CONVEYOR INFLOW: u, u/time, u/time -> u/time
XMILE CONVEYOR ROOM: u -> _
XMILE CONVEYOR SIZE: u -> 1
XMILE CONVEYOR MIN, XMILE CONVEYOR MAX, XMILE CONVEYOR STDDEV: u -> u
XMILE CONVEYOR SLAT: u, _ -> u
XMILE QUEUE OUTFLOW: u, _ -> u/time
XMILE QUEUE SIZE: u -> 1
XMILE QUEUE MIN, XMILE QUEUE MAX, XMILE QUEUE STDDEV: u -> u
XMILE QUEUE BATCH: u, _ -> u
VECTOR LOOKUP: u, _ ... -> u
INVERT MATRIX: u, _ -> 1/u
ALLOCATE AVAILABLE: u, _, u -> u
ALLOCATE BY PRIORITY: u, _, _, _, u -> u
DEMAND AT PRICE, SUPPLY AT PRICE: u, _, _ -> u
FIND MARKET PRICE: u, _, u, _ -> _
MARKETP: u, p, _, p, u -> p
ALLOC P: u, p, p, p -> u
CUMULATE, CUMULATEF: u -> u
RANDOM 0 1: -> 1
RANDOM UNIFORM: u, u, _ -> u
RANDOM NORMAL: u, u, u, u, _ -> u
RANDOM PINK NOISE: u, u, time, _ -> u
RANDOM TRIANGULAR: u, u, u, u, u, _ -> u
RANDOM EXPONENTIAL, RANDOM LOGNORMAL: u, u, u, u, _ -> u
RANDOM POISSON, RANDOM GAMMA, RANDOM WEIBULL: u, u, _, u, u, _ -> u
RANDOM BETA, RANDOM BINOMIAL, RANDOM NEGATIVE BINOMIAL: u, u, _, _, u, u, _ -> u
RANDOM LOOKUP: _, u, u, u, u, _ -> u
GET DIRECT DATA, GET XLS DATA, GET DIRECT CONSTANTS, GET XLS CONSTANTS, GET DIRECT LOOKUPS, GET XLS LOOKUPS: _ ... -> _
"""

#: By key. A function that is not here can give any units.
RULES: dict[str, Rule] = {
    key(name): _rule(text)
    for line in _TABLE.strip().splitlines()
    for names, _, text in [line.partition(":")]
    for name in names.split(",")
}
#: Functions that take a lookup variable and places on one of its axes, by key: that axis, and the result, in terms of
#: the units x and y of the two axes.
LOOKUP_RULES: dict[str, tuple[str, str]] = {
    "lookup forward": ("x", "y"),
    "lookup backward": ("x", "y"),
    "lookup extrapolate": ("x", "y"),
    "lookup slope": ("x", "y/x"),
    "lookup area": ("x", "y*x"),
    "lookup invert": ("y", "x"),
}
