"""``.voc``: which constants Vensim's optimiser searches, and how.

In: options ``:KEYWORD=value``, then lines ``low <= constant = start <= high``, with an optional ``| type=tolerance``.
Out: both, as data. Keywords may be cut to four letters; of a repeated one the last counts. The options tell Vensim's
optimiser how to search and do not change what is searched for. Keywords that we could not find in the manual are
refused rather than guessed, except those of its Markov chains (``:MC…``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sd_covid.calibration.vensim_setup.lines import Line, parts, read_lines
from sd_covid.errors import suggest
from sd_covid.model.names import key

OPTIONS = (
    "optimizer",
    "sensitivity",
    "multiple start",
    "seed",
    "vector points",
    "max iterations",
    "pass limit",
    "fractional tolerance",
    "tolerance multiplier",
    "absolute tolerance",
    "stochastic",
    "trace",
    "comment",
    # written by Vensim's dialog; their meaning was not verified
    "random number",
    "output level",
    "restart max",
    "scale absolute",
)


@dataclass(frozen=True, slots=True)
class Search:
    """A constant that is searched for.

    Attributes
    ----------
    constant : str
        As spelled, with its elements.
    low, high : float or str or None
        A number, or the name of a constant; None where the line gives none.
    start : float or None
        None starts at the model's value.
    tolerance : str
        As written, empty where there is none.
    line : Line
    """

    constant: str
    low: float | str | None
    high: float | str | None
    start: float | None
    tolerance: str
    line: Line


@dataclass(frozen=True, slots=True)
class Control:
    """A ``.voc``: options by their whole keyword, and what is searched for."""

    options: dict[str, str]
    searches: list[Search]


def read_control(path: Path | str) -> Control:
    """Read a ``.voc``.

    Raises
    ------
    ProblemError
        An option that is not known or stands behind a constant, a line of another form, a constant given twice.
    """
    options: dict[str, str] = {}
    searches: dict[str, Search] = {}
    for line in read_lines(path):
        if line.text.startswith(":"):
            if searches:
                raise line.error("an option stands behind a constant", "put the options first")
            keyword, _, value = line.text[1:].partition("=")
            options[_keyword(keyword, line)] = value.strip()
            continue
        search = read_search(line)
        first = searches.setdefault(key(search.constant), search)
        if first is not search:
            reason = f"'{search.constant}' is searched for twice"
            raise line.error(reason, f"the first is on line {first.line.number}")
    return Control(options, list(searches.values()))


def _keyword(text: str, line: Line) -> str:
    """The whole keyword of one that may be cut to four letters; a comment's text follows its keyword."""
    found = key(text)
    if found.split(" ")[0][:4] == "comm":
        return "comment"
    if found.startswith("mc"):
        return found
    near = [option for option in OPTIONS if len(found) >= 4 and option.startswith(found)]
    if len(near) != 1:
        advice = suggest(found, OPTIONS) or "known are " + ", ".join(f":{name.upper()}" for name in OPTIONS)
        raise line.error(f"':{text.strip()}' is not a known option", advice.replace("'", ""))
    return near[0]


def read_search(line: Line) -> Search:
    """A line ``low <= constant = start <= high | type=tolerance``; all but the constant may be missing together.

    Raises
    ------
    ProblemError
    """
    body, *behind = parts(line.text, "|")
    pieces = parts(body, "<=")
    if len(pieces) not in (1, 3) or len(behind) > 1 or not all(pieces):
        raise line.error("a constant between two bounds is expected", "write 0 <= NAME = 1 <= 2")
    middle = pieces[len(pieces) // 2]
    name, *start = parts(middle, "=")
    if len(start) > 1 or not name or start == [""]:
        raise line.error(f"'{middle}' is not a constant with its start", "write 0 <= NAME = 1 <= 2")
    low, high = (None, None) if len(pieces) == 1 else (_bound(pieces[0]), _bound(pieces[2]))
    first = line.number_of(start[0], f"start of {name}") if start else None
    if isinstance(low, float) and isinstance(high, float):
        if not low < high:
            raise line.error(f"{low:g} is not below {high:g}", "swap or widen the bounds", name)
        if first is not None and not low <= first <= high:
            reason = f"the start {first:g} lies outside [{low:g}, {high:g}]"
            raise line.error(reason, "move it or the bounds", name)
    return Search(name, low, high, first, "".join(behind), line)


def _bound(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
