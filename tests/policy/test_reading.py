"""Numbers as tables and files write them. Expected: what Python's own `float` makes of the text."""

from __future__ import annotations

import pytest

from sd_covid.policy.reading import as_number


@pytest.mark.parametrize("text", ["1", "1.", "1.5", ".5", "-2e3", " +0.25E-2 ", "9" * 300])
def test_a_number_is_read_as_python_does(text: str) -> None:
    assert float(text) == as_number(text)


@pytest.mark.parametrize("text", ["", ".", "1,5", "1e", "nan", "inf", "1_000", "²", "9" * 400, "0x10"])
def test_what_is_no_finite_number_is_none(text: str) -> None:
    assert as_number(text) is None


def test_a_long_row_of_digits_is_gone_through_once() -> None:
    """Were each of its parts tried as a number, as once, a hundred thousand digits would take a quarter of an hour."""
    assert as_number("1" * 100_000 + "x") is None
