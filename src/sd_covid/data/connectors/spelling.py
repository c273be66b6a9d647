"""Periods as publishers spell them: CBS ``2020KW01``, Eurostat ``2020-Q1``, or as the series files do.

In goes a code of a publisher and the frequency of a series; out comes the period, or None for one of another frequency:
a table of a publisher holds months, quarters and years side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, get_args

import pandas as pd

from sd_covid.data.periods import Frequency, parse_period
from sd_covid.errors import DataError

Spelling = Literal["cbs", "eurostat", "series"]
SPELLINGS: tuple[Spelling, ...] = get_args(Spelling)

_CBS_KIND: dict[str, Frequency] = {
    "MM": "month",
    "KW": "quarter",
    "HJ": "half-year",
    "JJ": "year",
    "SJ": "school year",
}


def read_period(code: str, spelling: Spelling, frequency: Frequency) -> pd.Period | None:
    """The period that a publisher's code stands for.

    Parameters
    ----------
    code : str
    spelling : {'cbs', 'eurostat', 'series'}
    frequency : str
        Of the series.

    Returns
    -------
    pandas.Period or None
        None when the code is a period of another frequency.

    Raises
    ------
    DataError
        When the code is not a period in that spelling.

    Examples
    --------
    >>> read_period("2020KW03", "cbs", "quarter")
    Period('2020Q3', 'Q-DEC')
    >>> read_period("2019SJ00", "cbs", "school year")  # 2019/'20, named after the year in which it ends
    Period('2020', 'Y-DEC')
    >>> read_period("2020-S2", "eurostat", "half-year")
    Period('2020-12', 'M')
    """
    kind, text = _READERS[spelling](code, frequency)
    same = kind == frequency or (kind, frequency) == ("month", "instant")
    return parse_period(text, frequency) if same else None


def _cbs(code: str, frequency: Frequency) -> tuple[Frequency | None, str]:
    """Four digits of the year, two letters of the kind, two digits of the number within the year."""
    match = re.fullmatch(r"(\d{4})([A-Z]{1,2})(\w{2,3})", code, re.ASCII)
    if match is None or len(code) != 8:
        raise DataError(
            f"'{code}' is not a period of CBS", advice="CBS writes 2020MM01, 2020KW01 or 2020JJ00"
        )
    year, kind, number = int(match[1]), _CBS_KIND.get(match[2]), match[3]
    texts = {
        "month": f"{year}-{number}",
        "quarter": f"{year}-Q{number.removeprefix('0')}",
        "half-year": f"{year}-{'06' if number == '01' else '12'}",
        "year": f"{year}",
        "school year": f"{year + 1}",
    }
    return kind, "" if kind is None else texts[kind]


def _eurostat(code: str, frequency: Frequency) -> tuple[Frequency | None, str]:
    """ISO years and months, with ``Q`` and ``S`` for quarters and half-years, and weeks and days."""
    shapes: dict[str, Frequency | None] = {
        r"\d{4}-\d{2}": "month",
        r"\d{4}-Q[1-4]": "quarter",
        r"\d{4}-S[12]": "half-year",
        r"\d{4}": "year",
        r"\d{4}-W\d{2}|\d{4}-\d{2}-\d{2}": None,
    }
    for shape, kind in shapes.items():
        if re.fullmatch(shape, code, re.ASCII):
            return kind, code.replace("-S1", "-06").replace("-S2", "-12")
    raise DataError(
        f"'{code}' is not a period of Eurostat", advice="Eurostat writes 2020-01, 2020-Q1 or 2020"
    )


def _series(code: str, frequency: Frequency) -> tuple[Frequency | None, str]:
    return frequency, code


_READERS: dict[Spelling, Callable[[str, Frequency], tuple[Frequency | None, str]]] = {
    "cbs": _cbs,
    "eurostat": _eurostat,
    "series": _series,
}
