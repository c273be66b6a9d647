"""Whatever a service answers, the outcome is figures or a named fault: no other exception reaches a user."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sd_covid.data.connectors.client import Answer, Limits
from sd_covid.data.connectors.observe import observe
from sd_covid.errors import SourceError
from tests.data.connectors.test_protocols import CSV, EUROSTAT, ODATA3, ODATA4

# Names that the readers look for, so that documents come near to what is expected.
NAMES = st.sampled_from(
    [
        "value",
        "id",
        "size",
        "dimension",
        "category",
        "index",
        "label",
        "status",
        "geo",
        "sex",
        "time",
        "error",
        "Perioden",
        "Identifier",
        "Key",
        "Status",
        "Value",
        "Measure",
        "Geslacht",
        "@odata.nextLink",
        "0",
        "NL",
        "T",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.text(max_size=8)
LEAVES |= st.sampled_from(["2022MM12", "2022-12", "M1", "T001038", 0, 1, 1e300, 5e-324])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)


class Canned:
    """A client that gives one content to every question."""

    limits = Limits(pages=3)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def get(self, address: str, *_: object) -> Answer:
        return Answer(self.content, address)


def outcome(settings, content: bytes) -> str:
    try:
        found, _ = observe(settings, "month", Canned(content))  # type: ignore[arg-type]
    except SourceError as error:
        return str(error)
    assert all(one.value is None or math.isfinite(one.value) for one in found)
    assert any(one.value is not None for one in found)
    return "figures"


@hypothesis_settings(max_examples=40)  # each is drawn in a few hundredths of a second
@given(document=DOCUMENTS)
def test_any_json(document):
    content = json.dumps(document).encode()
    for settings in (ODATA4, ODATA3, EUROSTAT):
        assert outcome(settings, content)


@given(content=st.binary(max_size=60) | st.text(alphabet='maandl,"\n2-01.x*', max_size=60).map(str.encode))
def test_any_bytes(content):
    for settings in (CSV, ODATA4, EUROSTAT):
        assert outcome(settings, content)
        assert outcome(settings, b"maand,aantal\n2022-01,3\n" + content)


def test_a_number_of_a_million_digits_is_no_figure():
    for number in ("1e999999", "1e-999999", "0e-999999", "1" * 5000):
        text = b'{"value": [{"Measure": "M1", "Geslacht": "T001038", "Perioden": "2022MM12", "Value": %s}]}'
        assert "is not a figure" in (said := outcome(ODATA4, text % number.encode())) or "not JSON" in said
