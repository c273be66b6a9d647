"""A model file comes from a stranger: whatever is in it, the reader answers with a model or with one of its errors."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sd_covid.engine.lower.model import lower
from sd_covid.errors import SdCovidError
from sd_covid.model import Model, read
from sd_covid.model.check import check
from sd_covid.model.source import Source
from sd_covid.model.vensim.parse import parse_expression
from sd_covid.model.vensim.reader import model_of
from tests.model.conftest import CONTROL

#: Pieces that mean something, so that what is drawn comes further than the first character.
MARKS = r"""x y D d1 1 - + * ^ = == := ( ) [ ] , ; : ! ~ | " ' { } -> <-> *** INTEG( SUM( (0,1) :EXCEPT: :NA: :RAW:
    :AND: ~~| ///---\\\ \\\---/// 15:0,0,0,1"""
OTHERS = ["WITH LOOKUP(", "GET DIRECT DATA('f', ',', 'A', 'B2')", "\\\n", "\n", " ", "\n///---\\\\\\\n"]
PIECES = st.sampled_from(MARKS.split() + OTHERS)
texts = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))
any_file = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(texts)
@settings(max_examples=400, deadline=None)
@example("x=1~~|" * 3)
def test_any_text_is_a_model_or_an_error(text: str):
    with contextlib.suppress(SdCovidError):
        assert isinstance(model_of(Source(text), "any"), Model)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_any_expression_is_an_expression_or_an_error(text: str):
    with contextlib.suppress(SdCovidError):
        parse_expression(text)


@given(st.one_of(st.binary(), texts.map(str.encode), texts.map(lambda text: (text + CONTROL).encode())))
@any_file
def test_any_bytes_are_a_model_or_an_error(tmp_path: Path, raw: bytes):
    path = tmp_path / "any.mdl"
    path.write_bytes(raw)
    with contextlib.suppress(SdCovidError):
        assert isinstance(read(path), Model)


@given(st.one_of(st.binary(), st.text().map(str.encode)))
@any_file
def test_any_bytes_are_a_study_or_an_error(tmp_path: Path, raw: bytes):
    path = tmp_path / "any.yaml"
    path.write_bytes(raw)
    with contextlib.suppress(SdCovidError):
        assert isinstance(read(path), Model)


@pytest.mark.parametrize(
    "entry",
    [
        "t([__import__('os').remove('KEEP')],(0,0),(1,1))~~|\n",
        "t = WITH LOOKUP(1, ([__import__('os').remove('KEEP')],(0,0),(1,1)))~~|\n",
        "t = __import__('os').remove('KEEP')~~|\n",
        "t := GET DIRECT DATA('KEEP' or 1, ',', 'A', 'B2')~~|\n",
    ],
)
def test_text_of_a_model_is_never_run(tmp_path: Path, entry: str):
    keep = tmp_path / "keep"
    keep.touch()
    path = tmp_path / "model.mdl"
    path.write_text(entry.replace("KEEP", str(keep)) + CONTROL)
    with pytest.raises(SdCovidError):
        read(path)
    assert keep.exists()


WHOLE = """:MACRO: CLIPPED(x, low : over)
CLIPPED = MAX(low, x)~~|
over = INTEG(x - CLIPPED, 0)~~|
:END OF MACRO:
D: a, (b1-b2) -> (E: p, q, r)~~|
E: p, q, r~~|
x[D] = 1, 2, 3~~|
f([(0,0)-(1,1)],(0,1),(2,3))~~|
y[E] :EXCEPT: [p] = CLIPPED(x[D] * f(Time), 2 : spill) + SUM(x[D!])^2 {note} ~ m [0,?] ~ text |
y[p] = IF THEN ELSE(Time > 3 :AND: :NOT: x[a] = :NA:, 1, 2)~~|
stock = INTEG(y[q] - "my rate" * stock, SMOOTH(x[b1], 2))~~|
"my rate" == .5~~|
check :TEST INPUT: x[a] = 1~~|
"""


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A model that means something, with pieces taken out, doubled, moved or replaced."""
    text = WHOLE + CONTROL
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 25)))
        piece = draw(st.one_of(PIECES, st.just(""), st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.filterwarnings("ignore:no data for")  # what has lost its equation is data that are not there
@given(mutated())
@settings(max_examples=150, deadline=None)
def test_a_mutated_model_is_a_program_or_an_error(text: str):
    with contextlib.suppress(SdCovidError):
        model = model_of(Source(text), "any")
        check(model)
        lower(model)


MANY = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "x=" + "(" * MANY,
        "x=" + "-" * MANY + "1~~|",
        "x=" + "1" * MANY + "y~~|",
        "x" + " " * MANY + "=1" + " " * MANY + "y~~|",
        "x((" + " " * MANY + "1" + " " * MANY + ",1),~~|",
        "x=" + "{" * MANY + "1~~|",
        "x=" + '"' * MANY + "1~~|",
        "x=" + "a" * MANY + "~~|",
        "D: " + "a1," * MANY + "a2~~|",
        "".join(f"D{i}: D{i + 1}, D{i + 2}~~|\n" for i in range(60)) + "D60: a~~|\nD61: b~~|",
        ":MACRO:" * MANY,
    ],
    ids=range(11),
)
def test_hostile_text_is_refused_without_delay(text: str):
    with pytest.raises(SdCovidError):
        check(model_of(Source(text), "any"))
