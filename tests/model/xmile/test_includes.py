"""Files that an XMILE file includes (section 2.11 of the standard), and data that it would import (section 2.8)."""

from __future__ import annotations

from pathlib import Path

import pytest

import sd_covid
from sd_covid.errors import ModelError
from sd_covid.model import read

STANDARD = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
DOUBLE = "<macro name='DOUBLE'><parm>x</parm><eqn>2 * x</eqn></macro>"


def write(folder: Path, content: str, *includes: str, name: str = "m.xmile", variables: str = "") -> Path:
    """A file with what is included, on line 3, then what it holds; a model only when there are variables."""
    named = "".join(f"<include resource='{resource}'/>" for resource in includes)
    specs = "<sim_specs><start>0</start><stop>1</stop><dt>1</dt></sim_specs>" if variables else ""
    model = f"<model><variables>{variables}</variables></model>" if variables else ""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"<?xml version='1.0'?>\n<xmile version='1.0' xmlns='{STANDARD}'>\n"
        f"<header><includes>{named}</includes></header>{specs}{content}{model}</xmile>",
        "utf-8",
    )
    return path


def value(path: Path, name: str = "y") -> float:
    return float(sd_covid.load(path).run()[name][0])


@pytest.mark.parametrize(
    "resource", ["macros/double.xml", "file:macros/double.xml", "macros/*", "macros/dou*.xml"]
)
def test_macros_of_included_files_may_be_called(tmp_path: Path, resource: str):
    write(tmp_path, DOUBLE, name="macros/double.xml")
    path = write(tmp_path, "", resource, variables="<aux name='y'><eqn>DOUBLE(4)</eqn></aux>")
    assert value(path) == 8


def test_included_files_include_others_and_a_file_of_its_own_counts_once(tmp_path: Path):
    write(tmp_path, DOUBLE, "b.xml", name="a.xml")
    more = "<macro name='FOUR TIMES'><parm>x</parm><eqn>DOUBLE(DOUBLE(x))</eqn></macro>"
    write(tmp_path, more, "a.xml", "m.xmile", name="b.xml")
    path = write(tmp_path, "", "a.xml", variables="<aux name='y'><eqn>FOUR_TIMES(3)</eqn></aux>")
    assert value(path) == 12


def test_a_module_may_stand_for_a_model_of_an_included_file(tmp_path: Path):
    model = "<model name='inner'><variables><aux name='z'><eqn>7</eqn></aux></variables></model>"
    write(tmp_path, model, name="parts.xml")
    variables = "<module name='inner'/><aux name='y'><eqn>inner.z</eqn></aux>"
    assert value(write(tmp_path, "", "parts.xml", variables=variables)) == 7


def test_a_macro_of_the_file_itself_goes_before_one_that_is_included(tmp_path: Path):
    write(tmp_path, DOUBLE, name="a.xml")
    own = "<macro name='DOUBLE'><parm>x</parm><eqn>x + 100</eqn></macro>"
    assert value(write(tmp_path, own, "a.xml", variables="<aux name='y'><eqn>DOUBLE(4)</eqn></aux>")) == 104


def test_a_resource_on_the_net_is_not_fetched_and_remarked(tmp_path: Path):
    path = write(tmp_path, "", "http://example.org/m.xml", variables="<aux name='y'><eqn>1</eqn></aux>")
    notes = [note.text for note in read(path).notes]
    assert notes == ["line 3: 'http://example.org/m.xml' is not included, for nothing is fetched"]


@pytest.mark.parametrize(
    "resource", ["missing.xml", "../outside.xml", "/etc/hosts", "../*", "file:///etc/hosts"]
)
def test_files_elsewhere_are_refused(tmp_path: Path, resource: str):
    folder = tmp_path / "study"
    folder.mkdir()
    write(tmp_path, DOUBLE, name="outside.xml")
    path = write(folder, "", resource, variables="<aux name='y'><eqn>1</eqn></aux>")
    with pytest.raises(ModelError, match="no file beside the model or below it") as caught:
        read(path)
    assert (caught.value.file, caught.value.line) == (str(path), 3)


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path):
    other = write(tmp_path, "\n<macro name='BAD'><parm>x</parm></macro>", name="a.xml")
    path = write(tmp_path, "", "a.xml", variables="<aux name='y'><eqn>1</eqn></aux>")
    with pytest.raises(ModelError, match="macro 'BAD' has no equation") as caught:
        read(path)
    assert (caught.value.file, caught.value.line) == (str(other), 4)


def test_data_are_not_imported_and_remarked(tmp_path: Path):
    data = "<data><import resource='a.csv'/><import resource='b.csv' enabled='false'/></data>"
    path = write(tmp_path, data, variables="<aux name='y'><eqn>1</eqn></aux>")
    notes = [note.text for note in read(path).notes]
    assert notes == ["line 3: 'a.csv' is not imported, so the values in the file hold"]


def test_the_variable_of_a_macro_that_is_its_parameter_may_stand_empty(tmp_path: Path):
    macro = (
        "<macro name='HOLD'><parm>x</parm><eqn>kept</eqn><variables><aux name='x'/>"
        "<aux name='kept'><eqn>x + 1</eqn></aux></variables></macro>"
    )
    assert value(write(tmp_path, macro, variables="<aux name='y'><eqn>HOLD(2)</eqn></aux>")) == 3
