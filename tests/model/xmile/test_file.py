"""What the reader of XMILE files takes, and what it says about the rest; model and expectation stand side by side.

Meanings are those of the standard (OASIS XMILE 1.0); where a file shows what Vensim or xmutil writes, the test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.errors import ModelError
from sd_covid.model import Method, read
from tests.model.xmile.files import SPECS, STANDARD, Write, refused

# --- the file --------------------


@pytest.mark.parametrize("suffix", [".xmile", ".xml", ".stmx", ".itmx", ".XMILE"])
def test_every_suffix_of_the_format_is_read(write: Write, suffix: str):
    path = write("<aux name='x'><eqn>3</eqn></aux>", name=f"m{suffix}")
    assert sd_covid.load(path).run()["x"][0] == 3


def test_the_namespace_before_the_standard_is_read(write: Write):
    path = write("<aux name='x'><eqn>3</eqn></aux>")
    path.write_text(path.read_text("utf-8").replace(STANDARD, "http://www.systemdynamics.org/XMILE"), "utf-8")
    assert next(iter(read(path).variables)) == "x"


def test_variables_directly_below_the_model_are_read(write: Write):
    path = write("<aux name='x'><eqn>3</eqn></aux>")
    text = path.read_text("utf-8").replace("<variables>", "").replace("</variables>", "")
    path.write_text(text, "utf-8")
    assert "x" in read(path).variables


def test_isee_prefix_without_declaration_is_read_as_xmutil_writes_it(write: Write):
    specs = SPECS.replace("<sim_specs>", '<isee:prefs layer="model"/><sim_specs isee:save_interval="2">')
    run = sd_covid.load(write("<aux name='x'><eqn>3</eqn></aux>", specs=specs)).run()
    np.testing.assert_array_equal(run["time"], [0, 2, 4])


def test_an_end_tag_left_out_before_the_next_variable_is_remarked(write: Write):
    model = read(write("<aux name='x'><eqn>3</eqn>\n<aux name='y'><eqn>4</eqn></aux>"))
    assert list(model.variables)[:2] == ["x", "y"]
    assert [note.text for note in model.notes] == [
        "line 5: <aux> is not closed, so it ends where the next variable begins"
    ]


@pytest.mark.parametrize(
    ("variables", "line", "reason"),
    [
        ("<aux name='x'><eqn>3</eqn>", 5, "<aux> is not closed"),
        ("<aux name='x'>\n<eqn>3</aux>", 6, "<eqn> is not closed"),
        ("<aux name='x'><eqn>3 < 4</eqn></aux>", 5, "no well-formed"),
        ("<aux name='x'><eqn>&unknown;</eqn></aux>", 5, "no well-formed"),
        ("<aux name='x' name='y'/>", 5, "no well-formed"),
        ("<aux>\n<eqn>3</eqn></aux>", 5, "has no name"),
    ],
)
def test_xml_that_is_not_well_formed_is_refused(write: Write, variables: str, line: int, reason: str):
    error = refused(write(variables))
    assert error.line == line
    assert reason in error.reason


@pytest.mark.parametrize(
    "definition",
    [
        '<!DOCTYPE xmile [<!ENTITY a "b">]>',
        '<!DOCTYPE xmile SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE xmile [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_document_types_are_refused(tmp_path: Path, definition: str):
    path = tmp_path / "m.xmile"
    path.write_text(f'<?xml version="1.0"?>\n{definition}\n<xmile xmlns="{STANDARD}">&a;</xmile>', "utf-8")
    error = refused(path)
    assert (error.line, "DOCTYPE" in error.reason) == (2, True)


def test_comments_hold_anything(value: Callable[..., float]):
    assert value("1<!-- 2 -- &lt;!DOCTYPE <eqn> -->") == 1


def test_other_xml_is_refused(tmp_path: Path):
    path = tmp_path / "m.xml"
    path.write_text("<html xmlns='http://www.w3.org/1999/xhtml'/>", "utf-8")
    assert "is not XMILE" in refused(path).reason


# --- places --------------------


@pytest.mark.parametrize(
    ("variables", "line", "variable", "reason"),
    [
        ("<aux name='x'>\n<eqn>\n1 +\n(2 * 3\n</eqn></aux>", 8, "x", "a '(' is not closed"),
        ("<aux name='x'><eqn>y + 1</eqn></aux>", 5, "x", "'y' is used but not defined"),
        ("<aux name='x'><eqn>FROB(1)</eqn></aux>", 5, "x", "'FROB' is no known function or lookup"),
        ("<aux name='x'><eqn>SMTH1(1)</eqn></aux>", 5, "x", "SMTH1 does not take 1 arguments"),
        ("<aux name='x'>\n\n<eqn> ??? </eqn></aux>", 7, "x", "the equation is '???'"),
        ("<aux name='x'><eqn/></aux>", 5, "x", "has no equation"),
        ("<aux name='x'><eqn>{nothing}</eqn></aux>", 5, "x", "has no equation"),
        ("<aux name='x'><eqn>1 {open</eqn></aux>", 5, "x", "a comment's '{' is not closed"),
        (
            "<aux name='x'><eqn>1</eqn></aux>\n<flow name='X'><eqn>2</eqn></flow>",
            6,
            "X",
            "'X' is defined twice",
        ),
        ("<stock name='s'><eqn>1</eqn>\n<inflow>f</inflow></stock>", 5, "s", "flow 'f' is not defined"),
        ("<aux name='x'><eqn>y</eqn></aux><aux name='y'><eqn>x</eqn></aux>", 5, "x", "simultaneous"),
        ("<aux name='time'><eqn>1</eqn></aux>", 5, "time", "'Time' cannot be defined"),
        (
            "<aux name='x'><eqn>1</eqn><gf><ypts>1,2</ypts></gf></aux>",
            5,
            "x",
            "neither <xpts> nor an <xscale>",
        ),
        (
            "<aux name='x'><eqn>1</eqn><gf><xpts>1,2,3</xpts><ypts>1,2</ypts></gf></aux>",
            5,
            "x",
            "3 <xpts> and 2",
        ),
        (
            "<aux name='x'><eqn>1</eqn><gf><xpts>2,1</xpts><ypts>1,2</ypts></gf></aux>",
            5,
            "x",
            "do not ascend",
        ),
        (
            "<aux name='x'><eqn>1</eqn><gf><xpts>1,b</xpts><ypts>1,2</ypts></gf></aux>",
            5,
            "x",
            "'b' is no number",
        ),
    ],
)
def test_errors_name_line_and_variable(write: Write, variables: str, line: int, variable: str, reason: str):
    path = write(variables)
    with pytest.raises(ModelError) as caught:
        sd_covid.load(path)
    assert (caught.value.line, caught.value.variable) == (line, variable)
    assert reason in caught.value.reason


def test_places_have_columns(write: Write):
    model = read(write("<aux name='x'><eqn>1 &gt; TIME +\n  DT</eqn></aux>"))
    expression = model.variables["x"].equations[0].expression
    places = [
        (node.place.line, node.place.column) for node in (expression.right.left, expression.right.right)
    ]
    assert places == [(5, 27), (6, 3)]


def test_a_misspelt_name_has_advice(write: Write):
    path = write("<aux name='birth rate'><eqn>1</eqn></aux><aux name='x'><eqn>birth_rat * 2</eqn></aux>")
    assert refused(path).advice == "did you mean 'birth rate'?"


# --- what is said about the whole --------------------


def test_start_stop_and_steps_are_constants_of_the_run(write: Write):
    specs = (
        "<sim_specs method='RK4' time_units='Week'><start>-2</start><stop>1</stop>"
        "<dt reciprocal='true'>8</dt></sim_specs>"
    )
    simulation = sd_covid.load(write("<aux name='x'><eqn>TIME</eqn></aux>", specs=specs))
    found = {name: simulation.constants[name] for name in ("INITIAL TIME", "FINAL TIME", "TIME STEP")}
    assert found == {"INITIAL TIME": -2.0, "FINAL TIME": 1.0, "TIME STEP": 0.125}
    assert simulation.model.settings.method is Method.RK4
    assert simulation.model.variables["time step"].units == "Week"
    assert simulation.run({"FINAL TIME": 0})["x"][-1] == 0


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("Euler", Method.EULER),
        ("rk2", Method.RK2),
        ("RK4", Method.RK4),
        ("gear, rk4", Method.ADAPTIVE),
        ("", Method.EULER),
    ],
)
def test_methods_by_the_names_of_the_standard(write: Write, method: str, expected: Method):
    specs = SPECS.replace("<sim_specs>", f"<sim_specs method='{method}'>" if method else "<sim_specs>")
    assert read(write("<aux name='x'><eqn>1</eqn></aux>", specs=specs)).settings.method is expected


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ("", "<sim_specs> is missing"),
        ("<sim_specs><start>0</start></sim_specs>", "<stop> is missing"),
        ("<sim_specs><start>a</start><stop>1</stop></sim_specs>", "<start> is 'a', which is no number"),
        (
            "<sim_specs method='leapfrog'><start>0</start><stop>1</stop></sim_specs>",
            "'leapfrog' is not supported",
        ),
        (
            "<sim_specs><start>0</start><stop>1</stop><dt reciprocal='true'>0</dt></sim_specs>",
            "reciprocal of 0",
        ),
    ],
)
def test_run_specifications_that_mean_nothing_are_refused(write: Write, specs: str, reason: str):
    assert reason in refused(write("<aux name='x'><eqn>1</eqn></aux>", specs=specs)).reason


def test_control_variables_of_xmutil_must_agree_with_the_run_specifications(write: Write):
    agreeing = read(write("<aux name='FINAL TIME'><eqn>4</eqn><units>Month</units></aux>"))
    assert agreeing.variables["final time"].units == "Month"
    error = refused(write("<aux name='FINAL TIME'><eqn>5</eqn></aux>"))
    assert "'FINAL TIME' is 5, and <sim_specs> on line 3 say 4" in error.reason


def test_documentation_units_limits_and_groups_are_kept(write: Write):
    model = read(
        write(
            "<group name='Persons'><entity name='x'/></group>"
            "<aux name='x'><eqn>1</eqn><units>people/month</units><range min='0' max='9'/>"
            "<doc> Those who\n  wait. </doc></aux>"
        )
    )
    x = model.variables["x"]
    assert (x.units, x.limits, x.documentation, x.group) == (
        "people/month",
        (0.0, 9.0, None),
        "Those who\nwait.",
        "Persons",
    )


def test_names_of_one_unit_are_equivalent(write: Write):
    aliases = "<alias>people</alias><alias>persons</alias>"
    units = f"<model_units><unit name='person'>{aliases}</unit><unit name='Kg'/></model_units>"
    model = read(write("<aux name='x'><eqn>1</eqn></aux>", before=units))
    assert model.settings.unit_equivalences == [("person", "people", "persons")]


def test_the_whole_model_can_be_non_negative(write: Write):
    behavior = "<behavior><flow><non_negative/></flow></behavior>"
    path = write(
        "<flow name='f'><eqn>-1</eqn></flow><flow name='g'><eqn>-1</eqn><non_negative>false</non_negative></flow>",
        before=behavior,
    )
    run = sd_covid.load(path).run()
    assert (float(run["f"][0]), float(run["g"][0])) == (0, -1)
