"""The table of functions against the engine that is to compute them."""

from __future__ import annotations

from sd_covid.engine.functions import table as computed
from sd_covid.model.definition import CONSTANTS, LOOKUPS, SERIES
from sd_covid.model.functions import FUNCTIONS, UNSUPPORTED
from sd_covid.model.names import key


def test_what_the_reader_accepts_is_what_the_engine_computes():
    assert computed.names() == set(FUNCTIONS) - SERIES - CONSTANTS - LOOKUPS


def test_no_function_is_both_supported_and_not():
    assert not set(FUNCTIONS) & set(UNSUPPORTED)


def test_functions_are_found_by_key():
    assert all(name == key(name) for name in [*FUNCTIONS, *UNSUPPORTED])
