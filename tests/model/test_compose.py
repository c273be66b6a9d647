"""Sectors brought together: what comes out, and every way in which a study file can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.errors import ModelError
from sd_covid.model import Model, read
from sd_covid.model.expression import Reference, Subscript
from tests.model.conftest import CONTROL

LABOUR = "group: one, two~~|\nunemployment[group] = 3,4 ~ percent ~ |\njobs = 7 ~ person ~ |\nshared = 1~~|\n"
DEBT = (
    "group: one, two~~|\nshared = 1~~|\nunemployment input[group] = 5 ~ percent ~ |\n"
    "jobs input = 1 ~ person ~ |\narrears[group] = unemployment input[group] * 2~ percent ~ |\n"
)
STUDY = """\
name: both
calendar: {origin: 2015-01, unit: month}
sectors:
  labour: labour.mdl
  debt: debt.mdl
couplings:
  - {input: unemployment input, from: labour, source: unemployment, note: why}
"""


def write_study(folder: Path, study: str = STUDY, labour: str = LABOUR, debt: str = DEBT) -> Path:
    (folder / "calibration").mkdir(exist_ok=True)  # what makes a folder a study
    (folder / "labour.mdl").write_text(labour + CONTROL)
    (folder / "debt.mdl").write_text(debt + CONTROL)
    (folder / "study.yaml").write_text(study)
    return folder / "study.yaml"


def study(folder: Path, *changes: tuple[str, str], labour: str = LABOUR, debt: str = DEBT) -> Model:
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(write_study(folder, text, labour, debt))


def test_an_input_is_the_variable_that_it_is_coupled_to(tmp_path: Path):
    model = study(tmp_path)
    (equation,) = model.variable("unemployment input").equations
    assert equation.subscripts == ("group",)
    assert equation.expression == Reference("unemployment", (Subscript("group"),))
    assert (equation.place.file, equation.place.line) == (tmp_path / "study.yaml", 7)


def test_sectors_keep_their_names_and_share_what_is_alike(tmp_path: Path):
    model = study(tmp_path)
    assert (model.name, model.calendar) == ("both", ("2015-01", "month"))
    assert set(model.variables) == {
        "unemployment", "jobs", "shared", "unemployment input", "jobs input", "arrears",
        "initial time", "final time", "time step", "saveper",
    }  # fmt: skip
    assert list(model.dimensions) == ["group"]


def test_reading_a_study_changes_no_sector(tmp_path: Path):
    study(tmp_path)
    assert read(tmp_path / "debt.mdl").variable("unemployment input").equations[0].expression.value == 5


def test_units_may_be_stated_to_be_equivalent(tmp_path: Path):
    settings = "\n///---\\\\\\\n22:percent,%\n"
    debt = DEBT.replace("= 5 ~ percent", "= 5 ~ %")
    write_study(tmp_path, STUDY, LABOUR, debt)
    with (tmp_path / "debt.mdl").open("a") as file:
        file.write(settings)
    assert read(tmp_path / "study.yaml").variable("unemployment input").units == "%"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason", "advice"),
    [
        ("input: unemployment input", "input: unemployment inputs", 7, "not a variable of any", "unemployment input"),
        ("source: unemployment", "source: unemploymnt", 7, "not a variable of sector 'labour'", "'unemployment'"),
        ("from: labour", "from: labor", 7, "'labor' is not a sector", "'labour'"),
        ("from: labour", "from: debt", 7, "not a variable of sector 'debt'", None),
        ("source: unemployment", "source: jobs", 7, "is in 'percent' and 'jobs' in 'person'", "same unit"),
        ("input: unemployment input", "input: jobs input", 7, "is in 'person'", None),
        ("note: why", "nota: why", 7, "unknown key 'nota'", "'note'"),
        ("from: labour, ", "", 7, "key 'from' is missing", None),
        ("unit: month", "unit: fortnight", 2, "no unit of a calendar", "month"),
        ("origin: 2015-01", "origin: soon", 2, "no date", "2015-01"),
        ("name: both", "name: [a]", 1, "should be a text", None),
        ("couplings:", "coupling:", 6, "unknown key 'coupling'", "'couplings'"),
        ("debt: debt.mdl", "labour: debt.mdl", 5, "there twice", None),
        ("debt: debt.mdl", "debt: study.yaml", 5, "no sector model", None),
        ("debt: debt.mdl", "debt: ../../debt.mdl", 5, "not below the study folder", None),
        ("debt: debt.mdl", "debt: [", None, "no YAML", None),
        ("debt: debt.mdl", "debt: " + "[" * 2000, 5, "nested more than", None),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_study_file_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, reason: str, advice: str | None
):
    with pytest.raises(ModelError) as caught:
        study(tmp_path, (old, new))
    assert reason in caught.value.reason
    assert str(tmp_path / "study.yaml") == caught.value.file
    if line is not None:
        assert line == caught.value.line
    if advice is not None:
        assert advice in (caught.value.advice or "")


def test_one_input_is_coupled_once(tmp_path: Path):
    again = "  - {input: unemployment input, from: labour, source: unemployment}\n"
    with pytest.raises(ModelError, match="coupled twice, first on line 7") as caught:
        read(write_study(tmp_path, STUDY + again))
    assert caught.value.line == 8


@pytest.mark.parametrize(
    ("debt", "reason", "line"),
    [
        (DEBT.replace("shared = 1", "shared = 2"), "'shared' is not the same as on", 2),
        (DEBT.replace("one, two", "one, two, three"), "'group' is not the same as on", 1),
    ],
)
def test_what_two_sectors_define_apart_is_an_error_that_names_both_files(
    tmp_path: Path, debt: str, reason: str, line: int
):
    with pytest.raises(ModelError, match=reason) as caught:
        study(tmp_path, debt=debt)
    assert f"labour.mdl:{1 if line == 1 else 4}" in caught.value.reason
    assert (str(tmp_path / "debt.mdl"), line) == (caught.value.file, caught.value.line)


def test_subscripts_must_have_the_same_elements(tmp_path: Path):
    debt = "unemployment input = 5 ~ percent ~ |\n"
    with pytest.raises(ModelError, match="do not have the same elements") as caught:
        study(tmp_path, debt=debt)
    assert caught.value.line == 7


def test_sectors_must_be_integrated_alike(tmp_path: Path):
    write_study(tmp_path)
    with (tmp_path / "debt.mdl").open("a") as file:
        file.write("\n///---\\\\\\\n15:0,0,0,5,0,0\n")
    with pytest.raises(ModelError, match="integrated by rk4, labour by euler"):
        read(tmp_path / "study.yaml")


def test_an_error_in_a_sector_is_said_with_its_own_place(tmp_path: Path):
    with pytest.raises(ModelError) as caught:
        study(tmp_path, labour=LABOUR + "y = nothing~~|\n")
    assert (str(tmp_path / "labour.mdl"), 5, "y") == (
        caught.value.file,
        caught.value.line,
        caught.value.variable,
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "name: x\n", "sectors: {}\n", "sectors:\n", "a: &a [*a]\n", "\x00", "- - -"]
)
def test_no_study_at_all(tmp_path: Path, text: str):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ModelError):
        read(tmp_path / "study.yaml")
