"""XMILE as Vensim, xmutil and others write it, and what is in other files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sd_covid
from sd_covid.model import Method, read
from tests.model.xmile.files import SPECS, Write, refused


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
