"""An XMILE file comes from a stranger: whatever is in it, the reader soon gives a model, or one of its errors."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sd_covid.engine.lower.model import lower
from sd_covid.errors import ModelError, SdCovidError
from sd_covid.model import Model, read
from sd_covid.model.source import Source
from sd_covid.model.xmile.document import document_of
from sd_covid.model.xmile.reader import model_of
from sd_covid.model.xmile.text import EquationText, parse_list

FOLDER = Path(__file__).parents[2] / "models"
HEAD = '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
SPECS = "<sim_specs><start>0</start><stop>1</stop></sim_specs>"

#: Pieces that mean something, so that what is drawn comes further than the first character.
MARKS = r"""x y D a 1 - + * ^ = < > <> ( ) [ ] , : . @1 * // % { } " \n IF THEN ELSE AND OR NOT MOD SUM( MAX( SMTH1(
    LOOKUP( PREVIOUS( SELF TIME DT RANK( m.x D.a ??? ; 1e999 @9 std. INIT("""
PIECES = st.sampled_from(MARKS.split())
equations = st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join))
_TAGS = """stock flow aux gf module group eqn init_eqn inflow outflow dimensions dim element non_negative conveyor len
    capacity sample arrest leak queue overflow macro parm model variables connect xpts ypts xscale units doc range
    sim_specs start stop dt behavior elem unit alias"""
TAGS = _TAGS.split()
VALUES = ["x", "y", "D", "a", "1", "0", "-1", "true", "1e999", "", "x.y", "a,b", "1,2", "nan", "m", "²"]
ATTRIBUTES = [
    "name",
    "subscript",
    "size",
    "to",
    "from",
    "min",
    "max",
    "sep",
    "type",
    "access",
    "method",
    "reciprocal",
]
attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=3)


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An element of XMILE's around others, in any order."""
    body = st.one_of(
        st.lists(inner, max_size=4).map("".join), st.lists(PIECES, max_size=4).map(" ".join).map(quoted)
    )
    return st.builds(tagged, st.sampled_from(TAGS), attributes, body)


def quoted(text: str) -> str:
    """Text as XML holds it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tagged(tag: str, given_: dict[str, str], body: str) -> str:
    """One element."""
    return f"<{tag}{''.join(f' {name}={chr(34)}{text}{chr(34)}' for name, text in given_.items())}>{body}</{tag}>"


documents = st.recursive(
    st.builds(tagged, st.sampled_from(TAGS), attributes, st.just("")), element, max_leaves=25
)
files = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def answer(text: str) -> None:
    """Read a text and lower it; only errors of our own may come out."""
    with contextlib.suppress(SdCovidError):
        model = model_of(document_of(Source(text)), "any")
        assert isinstance(model, Model)


@given(equations)
@settings(max_examples=200, deadline=None)
def test_any_equation_is_expressions_or_an_error(text: str):
    with contextlib.suppress(SdCovidError):
        parse_list(EquationText(text, None, 1, 1), "x")


@given(equations)
@settings(max_examples=100, deadline=None)
def test_any_equation_in_a_model_is_a_model_or_an_error(text: str):
    printable = "".join(c for c in text if c.isprintable())
    dimensions = "<dimensions><dim name='D'><elem name='a'/><elem name='b'/></dim></dimensions>"
    variables = (
        f"<aux name='y'><dimensions><dim name='D'/></dimensions><eqn>{quoted(printable)}</eqn></aux>"
        f"<stock name='x'><eqn>{quoted(printable)}</eqn></stock>"
    )
    answer(f"{HEAD}{SPECS}{dimensions}<model><variables>{variables}</variables></model></xmile>")


@given(st.lists(documents, max_size=6).map("".join))
@files
def test_any_elements_are_a_model_or_an_error(body: str):
    answer(f"{HEAD}{SPECS}<model><variables>{body}</variables></model>{body}</xmile>")


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("xmile_*.xmile")))
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_files_are_a_model_or_an_error(tmp_path: Path, name: str, data: st.DataObject):
    """Three hundred mutations in all, each read and lowered as a user would."""
    raw = bytearray((FOLDER / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "copy", "swap"])):
            case "byte":
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 40))]
            case "copy":
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 200))]
            case _:
                other = data.draw(st.integers(0, len(raw) - 1))
                raw[at], raw[other] = raw[other], raw[at]
        if not raw:
            return
    path = tmp_path / "m.xmile"
    path.write_bytes(bytes(raw))
    with contextlib.suppress(SdCovidError):
        lower(read(path))


def model(variables: str, before: str = "", after: str = "") -> str:
    """A file of some variables."""
    return f"{HEAD}{SPECS}{before}<model><variables>{variables}</variables></model>{after}</xmile>"


LAUGHS = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
NESTED_MACROS = "".join(
    f"<macro name='F{k}'><parm>x</parm><eqn>F{k - 1}(x) + F{k - 1}(x)</eqn></macro>" for k in range(1, 19)
)
NESTED_MODULES = "".join(
    f"<model name='m{k}'><variables><module name='p' simlin:model_name='m{k - 1}'/>"
    f"<module name='q' simlin:model_name='m{k - 1}'/><aux name='x'><eqn>1</eqn></aux></variables></model>"
    for k in range(1, 19)
).replace("<model name", "<model xmlns:simlin='urn:any' name")
MANY = "<dimensions><dim name='D' size='1000'/></dimensions>"
BIG = "<dimensions>" + "<dim name='D'/>" * 9 + "</dimensions>"

HOSTILE = {
    "a billion laughs": f'<!DOCTYPE xmile [<!ENTITY l0 "ha">{LAUGHS}]>{HEAD}&l9;</xmile>',
    "a file of the machine": f'<!DOCTYPE xmile [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}&a;</xmile>',
    "elements in elements": HEAD + "<aux>" * 5_000 + "</aux>" * 5_000 + "</xmile>",
    "signs before signs": model(f"<aux name='x'><eqn>{'-' * 5_000}1</eqn></aux>"),
    "a sum of a hundred thousand terms": model(f"<aux name='x'><eqn>{'1+' * 100_000}1</eqn></aux>"),
    "comments that do not end": HEAD + "<!--" * 50_000 + "</xmile>",
    "braces that do not end": model(f"<aux name='x'><eqn>{'{' * 50_000}</eqn></aux>"),
    "a name of many words": model(f"<aux name='x'><eqn>{'a ' * 20_000}</eqn></aux>"),
    "macros that double": model(
        "<aux name='x'><eqn>F18(1)</eqn></aux>",
        f"<macro name='F0'><parm>x</parm><eqn>x</eqn></macro>{NESTED_MACROS}",
    ),
    "arguments that double": model(
        f"<aux name='x'><eqn>{'T(' * 60}1{')' * 60}</eqn></aux>",
        "<macro name='T'><parm>x</parm><eqn>x * x</eqn></macro>",
    ),
    "forecasts of forecasts": model(f"<aux name='x'><eqn>{'FORCST(' * 60}1{', 1, 1)' * 60}</eqn></aux>"),
    "modules that double": model(
        "<module name='m18'/>", after=f"<model name='m0'><variables/></model>{NESTED_MODULES}"
    ),
    "an array of a thousand to the ninth": model(f"<aux name='x'>{BIG}<eqn>1</eqn></aux>", MANY),
    "a calculated subscript in each of nine": model(
        f"<aux name='v'>{BIG}<eqn>1</eqn></aux><aux name='x'><eqn>v[{','.join(['TIME'] * 9)}]</eqn></aux>",
        "<dimensions><dim name='D' size='50'/></dimensions>",
    ),
    "a dimension without end": model(
        "<aux name='x'><eqn>1</eqn></aux>", "<dimensions><dim name='D' size='999999999'/></dimensions>"
    ),
    "a size of many figures": model(
        "<aux name='x'><eqn>1</eqn></aux>", f"<dimensions><dim name='D' size='{'9' * 6_000}'/></dimensions>"
    ),
    "an element of many figures": model(
        "<aux name='x'><dimensions><dim name='D'/></dimensions>"
        f"<element subscript='{'9' * 6_000}'><eqn>1</eqn></element></aux>",
        "<dimensions><dim name='D' size='3'/></dimensions>",
    ),
    "a program for a name": model("<aux name='__import__(&quot;os&quot;)'><eqn>__import__('os')</eqn></aux>"),
    "no text at all": "",
    "a null": f"{HEAD}\0</xmile>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path):
    path = tmp_path / "m.xmile"
    path.write_text(HOSTILE[name], "utf-8")
    with pytest.raises(ModelError):
        lower(read(path))


def test_deep_calls_are_read():
    """Within the depth that an expression may have, no walk through it runs out of frames."""
    deep = f"{'ABS(' * 240}-3{')' * 240}"
    assert (
        lower(model_of(document_of(Source(model(f"<aux name='x'><eqn>{deep}</eqn></aux>"))), "any"))
        is not None
    )


def test_many_equations_on_one_line_are_read():
    """A file without line feeds, as programs write it: no search runs over the whole line for each equation."""
    variables = "".join(f"<aux name='x{k}'><eqn>{k}</eqn></aux>" for k in range(3_000))
    assert len(model_of(document_of(Source(model(variables))), "any").variables) == 3_003
