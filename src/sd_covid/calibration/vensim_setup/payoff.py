"""``.vpd``: what Vensim's optimiser makes large.

In: headings ``*C`` (distance to data) and ``*P`` (a variable to maximise), each with letters that say how, and lines
``variable|data/weight`` or ``variable/weight`` below them. Out: one `Element` for each line. Letters that we could not
verify in the manual are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sd_covid.calibration.vensim_setup.lines import Line, parts, read_lines

CALIBRATION, POLICY = "calibration", "policy"
DISTRIBUTIONS = {"": "normal", "G": "gaussian", "K": "variance", "R": "robust"}
TIMES = {"": "integral", "I": "initial", "F": "final"}


@dataclass(frozen=True, slots=True)
class Element:
    """One line of a payoff.

    Attributes
    ----------
    kind : str
        ``calibration`` or ``policy``.
    logarithmic : bool
        Whether logarithms are taken (``L``).
    form : str
        Of a calibration: ``normal`` (squares, weight 1/sd), ``gaussian`` (``G``), ``variance`` (``K``) or ``robust``
        (``R``). Of a policy: ``integral``, ``initial`` (``I``) or ``final`` (``F``).
    variable : str
    data : str
        The data series, where the line names none the variable itself; empty for a policy.
    weight : float or str
        A number, or the name of a constant.
    line : Line
    """

    kind: str
    logarithmic: bool
    form: str
    variable: str
    data: str
    weight: float | str
    line: Line


def read_payoff(path: Path | str) -> list[Element]:
    """Read a ``.vpd``.

    Raises
    ------
    ProblemError
        A heading that is not known, a line without a heading or a weight, data in a policy.
    """
    heading: tuple[str, bool, str] | None = None
    found = []
    for line in read_lines(path):
        if line.text.startswith("*"):
            heading = _heading(line)
        elif heading is None:
            raise line.error("no heading stands above this line", "write *C or *P above it")
        else:
            found.append(_element(line, *heading))
    return found


def _heading(line: Line) -> tuple[str, bool, str]:
    word = line.text[1:].strip().upper()
    if word in ("CALIBRATION", "POLICY"):
        word = word[0]
    letters = word[1:]
    if word[:1] not in ("C", "P") or len(set(letters)) != len(letters):
        raise line.error(
            f"'{line.text}' is not a known heading", "use *C or *P, with the letters of the manual"
        )
    kind, forms = (CALIBRATION, DISTRIBUTIONS) if word[0] == "C" else (POLICY, TIMES)
    form = letters.replace("L", "")
    if form not in forms:
        known = ", ".join(f"*{word[0]}{letter}" for letter in forms)
        raise line.error(f"'{line.text}' is not supported", f"use one of {known}, with or without L")
    return kind, "L" in letters, forms[form]


def _element(line: Line, kind: str, logarithmic: bool, form: str) -> Element:
    what, *weight = parts(line.text, "/")
    names = parts(what, "|")
    if len(weight) != 1 or not all(weight) or len(names) > 2 or not all(names):
        expected = "variable|data/weight" if kind == CALIBRATION else "variable/weight"
        raise line.error(f"'{line.text}' is not a line of a payoff", f"write {expected}")
    if kind == POLICY and len(names) == 2:
        raise line.error("a policy has no data", "write variable/weight, or put the line below *C")
    data = names[-1] if kind == CALIBRATION else ""
    try:
        size: float | str = float(weight[0])
    except ValueError:
        size = weight[0]
    return Element(kind, logarithmic, form, names[0], data, size, line)
