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
from sd_covid.model import Method, Model, read
from sd_covid.model.names import key

STANDARD = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
SPECS = "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes variables, which begin on line 5, as a file that is otherwise complete."""

    def writer(
        variables: str, *, specs: str = SPECS, before: str = "", after: str = "", name: str = "m.xmile"
    ) -> Path:
        path = tmp_path / name
        path.write_text(
            f'<?xml version="1.0" encoding="utf-8"?>\n<xmile version="1.0" xmlns="{STANDARD}">\n'
            f"{specs}{before}\n<model><variables>\n{variables}\n</variables></model>{after}</xmile>\n",
            encoding="utf-8",
        )
        return path

    return writer


@pytest.fixture
def value(write: Write) -> Callable[[str], float]:
    """Gives what an equation is at the start."""

    def evaluate(equation: str, **parts: str) -> float:
        run = sd_covid.load(write(f"<aux name='x'><eqn>{equation}</eqn></aux>", **parts)).run()
        return float(run["x"][0])

    return evaluate


def refused(path: Path) -> ModelError:
    """The error that reading a file gives."""
    with pytest.raises(ModelError) as caught:
        read(path)
    assert caught.value.file == str(path)
    return caught.value


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


# --- Vensim in XMILE's clothes --------------------


@pytest.mark.parametrize(
    ("vendor", "expected"), [("isee systems, inc.", -4 + 1), ("Ventana Systems, xmutil", -3 - 2)]
)
def test_a_model_of_vensims_keeps_vensims_whole_numbers(
    value: Callable[..., float], vendor: str, expected: float
):
    header = f"<header><vendor>{vendor}</vendor></header>"
    assert value("INT(-3.5) + (-5 MOD 3)", before=header) == expected


def test_vensim_writes_rk4_whatever_the_setting(write: Write):
    """All four files that Vensim wrote in test-models say RK4; their .mdl beside them say Euler."""
    specs = SPECS.replace("<sim_specs>", "<sim_specs method='RK4'>")
    header = "<header><product version='1.0' lang='en'>Vensim</product><vendor>Ventana Systems, Inc.</vendor></header>"
    model = read(write("<aux name='x'><eqn>1</eqn></aux>", specs=specs, before=header))
    assert model.settings.method is Method.EULER
    assert "Euler is taken" in model.notes[0].text


def test_a_row_of_equations_is_one_for_each_element_as_vensim_writes_it(write: Write):
    dimensions = "<dimensions><dim name='D' size='2'/><dim name='E' size='2'/></dimensions>"
    path = write(
        "<aux name='x'><dimensions><dim name='D'/></dimensions><eqn>1</eqn><eqn>2</eqn></aux>"
        "<aux name='y'><dimensions><dim name='D'/><dim name='E'/></dimensions><eqn>1,2;3,4;</eqn></aux>",
        before=dimensions,
    )
    run = sd_covid.load(path).run()
    np.testing.assert_array_equal(run["x"][0], [1, 2])
    np.testing.assert_array_equal(run["y"][0], [[1, 2], [3, 4]])


def test_a_flow_brings_more_than_it_takes_where_units_change(write: Write):
    """The unit conversion multiplier of section 4.3: 4 units a month are taken, 12 arrive."""
    stock = "<stock name='{0}'><eqn>100</eqn><{1}>f</{1}></stock>"
    variables = stock.format("a", "outflow") + stock.format("b", "inflow")
    flow = "<flow name='f'><eqn>4</eqn><multiplier>1 + k</multiplier></flow><aux name='k'><eqn>2</eqn></aux>"
    run = sd_covid.load(write(variables + flow)).run()
    np.testing.assert_array_equal([run["a"][-1], run["b"][-1], run["f"][0]], [100 - 16, 100 + 48, 4])
    belt = "<stock name='b'><eqn>0</eqn><inflow>f</inflow><outflow>o</outflow><conveyor><len>1</len></conveyor></stock>"
    error = refused(write(f"{belt}<flow name='o'/>{flow}"))
    assert (error.line, error.variable) == (5, "b")
    assert "multiplied on its way in" in error.reason


def test_an_array_whose_only_element_is_named_by_its_dimensions_is_whole_as_vensim_writes_it(write: Write):
    before = "<dimensions><dim name='D'><elem name='a'/><elem name='b'/></dim></dimensions>"
    variables = (
        "<stock name='s'><dimensions><dim name='D'/></dimensions><element subscript='D'><eqn>10 * D</eqn>"
        "<inflow>net growth</inflow></element></stock>"
        "<aux name='net_growth'><dimensions><dim name='D'/></dimensions><eqn>s[D]</eqn></aux>"
    )
    run = sd_covid.load(write(variables, before=before)).run()
    np.testing.assert_allclose(run["s"][2], [10 * 1.5**2, 20 * 1.5**2], rtol=1e-15)
    two = variables.replace("'D'><eqn>", "'a'><eqn>1</eqn></element><element subscript='b'><eqn>")
    error = refused(write(two, before=before))
    assert "other flows than each other" in error.reason


def test_a_step_that_vensim_writes_with_its_name_is_read(write: Write):
    specs = "<sim_specs><start> 0</start><stop>4</stop><dt> TIME_STEP=0.5</dt></sim_specs>"
    assert sd_covid.load(write("<aux name='x'><eqn>1</eqn></aux>", specs=specs)).constants["TIME STEP"] == 0.5


def test_what_remembers_without_flows_is_no_stock_though_vensim_writes_one(write: Write):
    delayed = (
        "<stock name='d'><eqn>\nd= \n\tDELAY_N(u, 2, 3, 4)\n</eqn></stock><aux name='u'><eqn>5</eqn></aux>"
    )
    model = sd_covid.load(write(delayed))
    assert float(model.run()["d"][0]) == 3


def test_a_function_that_xmutil_takes_for_a_lookup_is_vensims(value: Callable[..., float]):
    vendor = "<header><vendor>Ventana Systems, xmutil</vendor></header>"
    assert value("LOOKUP(COSH, 2)", before=vendor) == pytest.approx(np.cosh(2), rel=1e-15)


def test_more_choices_than_can_be_run_are_refused(write: Write):
    before = "<dimensions><dim name='D' size='1500'/></dimensions>"
    array = "<aux name='{}'><dimensions><dim name='D'/></dimensions><eqn>{}</eqn></aux>\n"
    error = refused(write(array.format("a", "D") + array.format("b", "a[a[D] + TIME]"), before=before))
    assert (error.line, error.variable) == (6, "b")
    assert "over 1500 elements, for each of 1500" in error.reason


@pytest.mark.parametrize("oven", ["<oven/>", "<isee:oven/>"])
def test_an_oven_is_refused_with_something_to_do(write: Write, oven: str):
    error = refused(write(f"<stock name='s'><eqn>0</eqn>\n{oven}</stock>"))
    assert (error.line, error.variable, error.reason) == (6, "s", "ovens are not supported")
    assert "discrete conveyor" in (error.advice or "")


def test_a_conveyor_option_that_is_not_known_is_refused(write: Write):
    belt = "<stock name='b'><eqn>0</eqn><outflow>o</outflow>\n<conveyor {}><len>1</len></conveyor></stock>"
    belt += "<flow name='o'/>"
    assert refused(write(belt.format("fifo='true'"))).line == 6
    assert "b" in read(write(belt.format("fifo='false'"))).variables
    notes = [note.text for note in read(write(belt.format("force_leak_fraction='true'"))).notes]
    assert notes == ["line 6: 'force_leak_fraction' of a conveyor is not known, and left out"]


def test_data_that_xmutil_left_out_are_not_taken_for_zero(write: Write):
    error = refused(write("<aux name='x'><eqn>0{GET_DIRECT_CONSTANTS('a.csv', ',', 'B2')}</eqn></aux>"))
    assert "wrote 0 in place of GET_DIRECT_CONSTANTS" in error.reason


def test_a_graphical_function_may_be_used_by_its_name(write: Write):
    table = "<xpts>0,10</xpts><ypts>0,5</ypts>"
    path = write(
        f"<gf name='halved'>{table}</gf><aux name='x'><eqn>4</eqn><gf name='halved'/></aux>"
        f"<aux name='y'><eqn>2</eqn><gf name='inner'>{table}</gf></aux><aux name='z'><eqn>inner(6)</eqn></aux>"
    )
    run = sd_covid.load(path).run()
    assert [float(run[name][0]) for name in "xyz"] == [2, 1, 3]


def test_a_module_may_be_in_another_file(write: Write):
    part = "<aux name='in' access='input'><eqn>1</eqn></aux><aux name='out'><eqn>in * 3 + deep.y</eqn></aux>"
    inner = "<model name='deep'><variables><aux name='y'><eqn>100</eqn></aux></variables></model>"
    write(part + "<module name='deep'/>", after=inner, name="part.xmile")
    use = "<module name='p' resource='part.xmile'><connect to='in' from='x'/></module>"
    run = sd_covid.load(write(f"{use}<aux name='x'><eqn>5</eqn></aux>")).run()
    assert (float(run["p.out"][0]), float(run["p.deep.y"][0])) == (115, 100)


@pytest.mark.parametrize(
    "resource", ["../m.xmile", "/etc/passwd", "http://example.org/m.xmile", "none.xmile", ""]
)
def test_modules_in_files_elsewhere_are_refused(write: Write, resource: str):
    error = refused(write(f"<module name='p' resource='{resource}'/>"))
    assert "no file beside the model or below it" in error.reason


def test_files_that_name_one_another_are_refused(write: Write):
    path = write("<module name='p' resource='m.xmile'/>")
    assert "more than 5 deep" in refused(path).reason


# --- arrays, modules, macros, conveyors: refusals --------------------

DIMENSION = "<dimensions><dim name='D'><elem name='a'/><elem name='b'/></dim></dimensions>"
ARRAY = "<aux name='v'><dimensions><dim name='D'/></dimensions><eqn>1</eqn></aux>\n"


@pytest.mark.parametrize(
    ("equation", "reason"),
    [
        ("v", "'v' is an array over 'D', which this equation is not"),
        ("v[*]", "'*' stands outside a function that takes an array"),
        ("v[a, b]", "'v' has 1 dimensions, not 2"),
        ("v[c]", "'c' is used but not defined"),
        ("D", "dimension 'D' is used as a number"),
        ("SUM(v[b:a])", "runs upwards"),
        ("v[@1]", "'@1' has no place on the left side"),
        ("RANK(3, 1)", "RANK takes an array"),
        ("LOOKUP(v, 1)", "'v' is no graphical function"),
    ],
)
def test_subscripts_that_mean_nothing_are_refused(write: Write, equation: str, reason: str):
    error = refused(write(f"{ARRAY}<aux name='x'><eqn>{equation}</eqn></aux>", before=DIMENSION))
    assert reason in error.reason
    assert (error.line, error.variable) == (6, "x")


def test_an_element_may_not_have_the_name_of_a_dimension(write: Write):
    dimensions = "<dimensions><dim name='D'><elem name='E'/></dim><dim name='E' size='2'/></dimensions>"
    error = refused(write("<aux name='x'><eqn>1</eqn></aux>", before=dimensions))
    assert "'E' is both an element of dimension 'D' and a dimension" in error.reason


def test_a_part_of_a_dimension_is_not_taken_for_another_dimension(write: Write):
    """The sum over both subscripts of an array needs a second name for the dimension, and 'D 2' is taken."""
    dimensions = "<dimensions><dim name='D' size='3'/><dim name='D 2' size='2'/></dimensions>"
    array = "<aux name='v'><dimensions><dim name='D'/><dim name='D'/></dimensions><eqn>1</eqn></aux>"
    run = sd_covid.load(write(f"{array}<aux name='x'><eqn>SUM(v)</eqn></aux>", before=dimensions)).run()
    assert run["x"][0] == 9


def test_an_element_may_have_the_name_of_a_variable(write: Write):
    path = write(
        f"{ARRAY}<aux name='a'><eqn>5</eqn></aux><aux name='x'><eqn>v[a] + a</eqn></aux>", before=DIMENSION
    )
    assert sd_covid.load(path).run()["x"][0] == 6


def test_an_array_function_takes_the_average_over_what_is_marked(value: Callable[..., float]):
    dimensions = "<dimensions><dim name='D' size='3'/></dimensions>"
    table = "<model name='unused'/>"
    assert value("SIZE(D)", before=dimensions, after=table) == 3


@pytest.mark.parametrize(
    ("variables", "after", "reason"),
    [
        ("<module name='m'/>", "", "module 'm' stands for model 'm', which is not there"),
        (
            "<module name='m'/>",
            "<model name='m'><variables><module name='m'/></variables></model>",
            "module 'm' holds itself",
        ),
        (
            "<module name='m'><connect to='y' from='x'/></module><aux name='x'><eqn>1</eqn></aux>",
            "<model name='m'><variables><aux name='z'><eqn>1</eqn></aux></variables></model>",
            "'y' is connected but not defined",
        ),
    ],
)
def test_modules_that_cannot_be_joined_are_refused(write: Write, variables: str, after: str, reason: str):
    assert reason in refused(write(variables, after=after)).reason


@pytest.mark.parametrize(
    ("macro", "equation", "reason"),
    [
        ("<macro name='F'><parm>n</parm><eqn>F(n - 1)</eqn></macro>", "F(3)", "macro F calls itself"),
        ("<macro name='F'><parm>n</parm><eqn>n</eqn></macro>", "F()", "macro F does not take 0 arguments"),
        ("<macro name='F'><parm>n</parm></macro>", "F(1)", "macro 'F' has no equation"),
        (
            "<macro name='F'><parm default='1'>n</parm><parm>m</parm><eqn>n</eqn></macro>",
            "F(1)",
            "has no default",
        ),
        ("<macro name='F'><parm>n</parm><parm>N</parm><eqn>n</eqn></macro>", "F(1, 2)", "is there twice"),
        (
            "<macro name='F'><eqn>1</eqn><sim_specs><start>0</start><stop>1</stop></sim_specs></macro>",
            "F()",
            "runs for a time of its own",
        ),
    ],
)
def test_macros_that_cannot_be_written_out_are_refused(write: Write, macro: str, equation: str, reason: str):
    assert reason in refused(write(f"<aux name='x'><eqn>{equation}</eqn></aux>", before=macro)).reason


def test_a_macro_may_be_called_on_what_it_gives(value: Callable[..., float]):
    macro = "<macro name='F'><parm>x</parm><eqn>x * 2</eqn></macro>"
    assert value("F(F(F(1)))", before=macro) == 8


def test_a_macro_may_not_call_itself_through_its_variables(write: Write):
    body = "<variables><aux name='y'><eqn>F(x)</eqn></aux></variables>"
    macro = f"<macro name='F'><parm>x</parm><eqn>y</eqn>{body}</macro>"
    assert (
        "macro F calls itself" in refused(write("<aux name='x'><eqn>F(1)</eqn></aux>", before=macro)).reason
    )


def test_the_variables_of_a_macro_are_named_after_their_caller(write: Write):
    macro = (
        "<macro name='HOLD'><parm>x</parm><eqn>kept</eqn><variables><stock name='kept'><eqn>x</eqn></stock>"
        "</variables></macro>"
    )
    model = read(write("<aux name='y'><eqn>HOLD(1) + HOLD(2)</eqn></aux>", before=macro))
    made = [variable.name for variable in model.variables.values() if variable.local]
    assert sorted(made) == ["y.HOLD 2.kept", "y.HOLD 2.x", "y.HOLD.kept", "y.HOLD.x"]


BELT = "<stock name='s'><eqn>4</eqn><inflow>f</inflow>{outflows}<conveyor><len>{length}</len></conveyor></stock>\n"
FLOWS = "<flow name='f'><eqn>1</eqn></flow><flow name='g'/><flow name='h'/>"


@pytest.mark.parametrize(
    ("outflows", "length", "method", "reason"),
    [
        ("<outflow>g</outflow><outflow>h</outflow>", "2", "Euler", "one outflow off its end, and this has 2"),
        ("", "2", "Euler", "one outflow off its end, and this has 0"),
        ("<outflow>g</outflow>", "1e9", "Euler", "more than the 20000 that can be run"),
        ("<outflow>g</outflow>", "2", "RK4", "a conveyor runs with Euler's method, not rk4"),
    ],
)
def test_conveyors_that_cannot_run_are_refused(
    write: Write, outflows: str, length: str, method: str, reason: str
):
    flows = FLOWS if "h" in outflows else FLOWS.replace("<flow name='h'/>", "")
    flows = flows if outflows else "<flow name='f'><eqn>1</eqn></flow>"
    specs = SPECS.replace("<sim_specs>", f"<sim_specs method='{method}'>")
    with pytest.raises(ModelError) as caught:
        sd_covid.load(write(BELT.format(outflows=outflows, length=length) + flows, specs=specs))
    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.variable) == (5, "s")


def test_the_slats_of_a_conveyor_are_a_container(write: Write):
    """1 to 8 on eight slats: mean 4.5, variance (8^2 - 1) / 12."""
    belt = BELT.format(outflows="<outflow>g</outflow>", length=4).replace("<eqn>4", "<eqn>1,2,3,4,5,6,7,8")
    flows = "<flow name='f'><eqn>0</eqn></flow><flow name='g'/>"
    asked = {"SUM(s)": 36, "MEAN(s)": 4.5, "MIN(s)": 1, "MAX(s)": 8, "SIZE(s)": 8, "STDDEV(s)^2": 63 / 12}
    asked |= {"s[1]": 1, "s[TIME + 3]": 3, "s[9]": 0, "s": 36}
    variables = [f"<aux name='x{k}'><eqn>{equation}</eqn></aux>" for k, equation in enumerate(asked)]
    run = sd_covid.load(write(belt + flows + "".join(variables))).run()
    found = [float(run[f"x{k}"][0]) for k in range(len(asked))]
    np.testing.assert_allclose(found, list(asked.values()), rtol=1e-14)


def test_distributions_have_their_means(write: Write):
    """Twenty thousand draws each: the mean lies within five standard errors of the distribution's."""
    expected = {
        "UNIFORM(2, 4)": (3, 2 / 12**0.5),
        "NORMAL(10, 2)": (10, 2),
        "NORMAL(0, 1, 7, 0, 99)": (
            0.7978845608,
            0.6028102749,
        ),  # half a normal: (2 / pi)^0.5, (1 - 2 / pi)^0.5
        "LOGNORMAL(10, 3)": (10, 3),
        "EXPRND(8)": (8, 8),
        "POISSON(4)": (2, 2**0.5),  # the arrivals of half a month
        "GAMMA(3, 2)": (6, 12**0.5),
        "BETA(2, 3)": (0.4, 0.2),
        "TRIANGULAR(0, 1, 2)": (1, 6**-0.5),
        "BINOMIAL(10, 0.3)": (3, 2.1**0.5),
        "GEOMETRIC(0.25)": (4, 12**0.5),
        "NEGBINOMIAL(3, 0.5)": (3, 6**0.5),
        "NORMAL(0, 1, NAN, -9, 9)": (0, 1),  # no seed
        "WEIBULL(1, 3)": (3, 3),  # an exponential
        "LOGISTIC(5, 2)": (5, 2 * np.pi / 3**0.5),
        "PARETO(5, 2)": (2.5, (5 / 12) ** 0.5),
        "MONTECARLO(40)": (0.2, 0.4),
    }
    variables = "".join(f"<aux name='x{k}'><eqn>{law}</eqn></aux>" for k, law in enumerate(expected))
    specs = SPECS.replace("<stop>4", "<stop>10000")
    run = sd_covid.load(write(variables, specs=specs)).run(seed=1)
    for k, (law, (mean, deviation)) in enumerate(expected.items()):
        drawn = run[f"x{k}"].to_numpy()
        assert abs(drawn.mean() - mean) < 5 * deviation / len(drawn) ** 0.5, law
        assert drawn.std() == pytest.approx(deviation, rel=0.1), law  # the fourth moments are below 10


# --- against another engine --------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PySD and of what it imports
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_delays_and_smooths_agree_with_pysd(write: Write):
    """PySD 3.14.3, which reads XMILE by its own parser; floats where an integer would truncate its states."""
    import pysd

    names = {
        "s1": "SMTH1(u, 2.5)",
        "s3": "SMTH3(u, 2.5, 1.0)",
        "sn": "SMTHN(u, 2.5, 4)",
        "d1": "DELAY1(u, 2.5)",
        "d3": "DELAY3(u, 2.5, 1.0)",
        "dn": "DELAYN(u, 2.5, 4)",
        "t": "TREND(u, 2.5, 0.1)",
        "f": "FORCST(u, 2.5, 3)",
        "r": "RAMP(2.0, 1.0, 3.0)",
        "p": "PULSE(2.0, 1.0, 1.5)",
    }
    variables = "<aux name='u'><eqn>5.5 + STEP(2.5, 1)</eqn></aux>" + "".join(
        f"<aux name='{name}'><eqn>{equation}</eqn></aux>" for name, equation in names.items()
    )
    path = write(variables)
    ours = sd_covid.load(path).run()
    theirs = pysd.read_xmile(str(path)).run()
    for name in names:
        # The states are the same sums in another order: rounding of some 10 terms a step, 8 steps.
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_flat_model_has_no_name_twice(write: Write):
    after = "<model name='m'><variables><aux name='x'><eqn>2</eqn></aux></variables></model>"
    model: Model = read(write("<aux name='x'><eqn>1</eqn></aux><module name='m'/>", after=after))
    assert {key(name) for name in ("x", "m.x")} <= set(model.variables)
