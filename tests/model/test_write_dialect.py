"""Models read from XMILE, written for Vensim: in its words, with the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ModelError
from sd_covid.model import Kind, Model, read, write_mdl
from sd_covid.model.write.mdl import mdl_text

MODELS = Path(__file__).parents[2] / "tests/models"
XMILE = """<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" version="1.0">
<header><vendor>x</vendor><product version="1">x</product></header>
<sim_specs><start>-2</start><stop>4</stop><dt>0.25</dt></sim_specs>
<model><variables>{}</variables></model></xmile>
"""


@pytest.fixture(autouse=True)
def _interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models: compiling them takes longer than running them."""
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")


def same_bits(model: Model, other: Model) -> bool:
    names = [item.name for item in model.variables.values() if item.equations[0].kind is not Kind.LOOKUP]
    return Simulation(model).run(outputs=names).equals(Simulation(other).run(outputs=names))


@pytest.mark.parametrize(
    "name", ["xmile_arrays", "xmile_functions", "xmile_graphs", "xmile_macros", "xmile_modules"]
)
def test_models_of_xmile_give_the_same_bits(name: str, tmp_path: Path):
    model = read(MODELS / f"{name}.xmile")
    write_mdl(model, tmp_path / "written.mdl")
    assert same_bits(model, read(tmp_path / "written.mdl"))


@pytest.mark.parametrize(
    "equation",
    [
        "INT(TIME * 1.5)",
        "ROUND(TIME * 2)",
        "(TIME * 3) MOD 2",
        "TIME MOD -1.5",
        "SAFEDIV(1, TIME, 7)",
        "PULSE(3, 1)",
        "PULSE(3, 0, 0.75)",
        "PULSE(3, 0, IF TIME &lt; 2 THEN 1 ELSE 0)",
        "TIME = 1",
    ],
)
def test_functions_of_xmile_are_written_in_vensims_words(equation: str, tmp_path: Path):
    path = tmp_path / "model.xmile"
    path.write_text(XMILE.format(f'<aux name="x"><eqn>{equation}</eqn></aux>'))
    model = read(path)
    write_mdl(model, tmp_path / "written.mdl")
    assert "XMILE" not in (tmp_path / "written.mdl").read_text()
    assert same_bits(model, read(tmp_path / "written.mdl"))


def test_what_remembers_is_not_written_twice(tmp_path: Path):
    """Two draws would differ, and two averages cost twice as much; the function keeps its name."""
    path = tmp_path / "model.xmile"
    path.write_text(XMILE.format('<aux name="x"><eqn>INT(SMTH1(TIME, 2))</eqn></aux>'))
    text = mdl_text(read(path))
    assert "XMILE INT(SMOOTHI(Time, 2, Time))" in text


def test_a_stock_that_stops_at_zero_takes_no_more_than_it_holds(tmp_path: Path):
    """The same to rounding: Vensim's stock may end a step a last bit below zero."""
    path = tmp_path / "model.xmile"
    path.write_text(
        XMILE.format(
            '<stock name="s"><eqn>3</eqn><outflow>f</outflow><non_negative/></stock>'
            '<flow name="f"><eqn>0.7</eqn></flow>'
        )
    )
    model = read(path)
    write_mdl(model, tmp_path / "written.mdl")
    runs = [Simulation(item).run(outputs=["s"])["s"] for item in (model, read(tmp_path / "written.mdl"))]
    assert 0 == runs[0].to_numpy()[-1]
    assert np.abs(runs[0] - runs[1]).max() < 1e-15  # less than the last bit of 3


def test_a_conveyor_is_refused_with_its_variable():
    with pytest.raises(ModelError, match=r"an \.mdl has no function 'XMILE CONVEYOR") as error:
        mdl_text(read(MODELS / "xmile_conveyor.xmile"))
    assert error.value.variable is not None
    assert error.value.line is not None
