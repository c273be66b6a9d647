"""Arrays, modules, macros and conveyors of XMILE, and a run beside PySD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sd_covid
from sd_covid.errors import ModelError
from sd_covid.model import Model, read
from sd_covid.model.names import key
from tests.model.xmile.files import SPECS, Write, refused

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
