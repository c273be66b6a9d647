"""JSON as sources send it: figures with every digit that is printed, and faults in place of surprises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn

from sd_covid.data.connectors.client import Answer
from sd_covid.errors import SourceError


def read_json(answer: Answer) -> dict[str, object]:
    """The object that an answer holds.

    Numbers with a point are `decimal.Decimal`; ``NaN``, which is no JSON but does occur, is None.

    Raises
    ------
    SourceError
        When it is no JSON, or no object; the end of a file that was cut short is no JSON either.
    """
    place = answer.address.partition("?")[0]

    def constant(name: str) -> None:
        if name != "NaN":
            _refuse(place, f"{name} is not a figure")

    try:
        document = json.loads(answer.content, parse_float=Decimal, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{place}: not JSON: {error}", advice="look at the address in a browser") from error
    if not isinstance(document, dict):
        _refuse(place, "a JSON object is expected")
    return document


def _refuse(place: str, reason: str) -> NoReturn:
    raise SourceError(f"{place}: {reason}", advice="look at the address in a browser")
