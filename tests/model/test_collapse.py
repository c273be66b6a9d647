"""Variants of models: what a smaller one holds, that it runs as the larger one does, and how it can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sd_covid
from sd_covid.errors import ModelError
from sd_covid.model import Model, read, write_mdl
from sd_covid.model.names import key
from tests.model.conftest import CONTROL

BASE = """\
{UTF-8}
group: rich, middling, poor~~|
lower: middling, poor~~|
poorest: poor~~|
age: young, old~~|
share[rich] = 0.2~~|
share[lower] = 0.5, 0.3 ~ Dmnl ~ |
rate[age,group] = 1,2,3; 4,5,6; ~ 1/Month ~ |
people[group] = INTEG(-people[group] * rate[young,group] / 10, 100 * share[group]) ~ person ~ |
all people = SUM(people[group!]) ~ person ~ |
weighed = SUM(people[group!] * rate[age!,group!]) ~ person/Month ~ |
most = VMAX(share[group!]) ~ Dmnl ~ |
few[group] :EXCEPT: [poor] = 7~~|
few[poor] = 8~~|
gap = people[poor] - people[rich] ~ person ~ |
over gap = gap * 2 ~ person ~ |
"""
VARIANT = """\
name: small
extends: base.mdl
collapse:
  group: {everyone: middling}
constants:
  share: 1
  rate[young,everyone]: 2.5
without: [gap, over gap]
"""


def write(folder: Path, base: str = BASE, variant: str = VARIANT) -> Path:
    (folder / "calibration").mkdir(exist_ok=True)  # what makes a folder a study
    (folder / "base.mdl").write_text(base + CONTROL)
    (folder / "small.yaml").write_text(variant)
    return folder / "small.yaml"


def small(folder: Path, *changes: tuple[str, str], base: str = BASE) -> Model:
    variant = VARIANT
    for old, new in changes:
        assert old in variant
        variant = variant.replace(old, new)
    return read(write(folder, base, variant))


def test_elements_equations_and_numbers_that_are_not_kept_are_gone(tmp_path: Path):
    model = small(tmp_path)
    assert model.name == "small"
    assert {name: item.elements for name, item in model.dimensions.items()} == {
        "group": ("everyone",),
        "lower": ("everyone",),
        "age": ("young", "old"),
    }
    assert "gap" not in model.variables
    constants = sd_covid.load(tmp_path / "small.yaml").constants
    assert constants["share[everyone]"] == 1
    assert constants["rate[young,everyone]"] == 2.5
    assert constants["rate[old,everyone]"] == 5  # as the base has it, second of six
    assert constants["few[everyone]"] == 7


def test_a_variant_runs_as_its_equations_say(tmp_path: Path):
    small(tmp_path)
    run = sd_covid.load(tmp_path / "small.yaml").run()
    steps = np.round(run["time"].values / 0.5)
    np.testing.assert_allclose(run["all people"], 100 * (1 - 0.25 * 0.5) ** steps, rtol=1e-13)
    np.testing.assert_allclose(run["weighed"], run["all people"] * (2.5 + 5), rtol=1e-13)
    assert (run["most"] == 1).all()


def test_reading_a_variant_changes_nothing_of_its_base(tmp_path: Path):
    small(tmp_path)
    assert len(read(tmp_path / "base.mdl").dimensions["group"].elements) == 3


def test_what_keeps_every_element_is_the_model_itself(tmp_path: Path):
    variant = "extends: base.mdl\ncollapse: {group: [rich, middling, poor]}\n"
    model = read(write(tmp_path, variant=variant))
    base = read(tmp_path / "base.mdl")
    assert {name: item.equations for name, item in model.variables.items()} == {
        name: item.equations for name, item in base.variables.items()
    }
    assert model.dimensions == base.dimensions


def test_a_variant_written_as_vensim_text_reads_back_the_same(tmp_path: Path):
    model = small(tmp_path)
    write_mdl(model, tmp_path / "written.mdl")
    mine = sd_covid.load(tmp_path / "small.yaml").run()
    theirs = sd_covid.load(tmp_path / "written.mdl").run()
    for name in mine.data_vars:
        np.testing.assert_array_equal(mine[name].values, theirs[name].values, err_msg=str(name))


def test_a_variant_of_a_variant(tmp_path: Path):
    write(
        tmp_path,
        variant="extends: base.mdl\ncollapse: {group: [rich, poor]}\nconstants:\n  share[rich]: 0.7\n",
    )
    without = "[people, all people, weighed, gap, over gap]"
    (tmp_path / "tiny.yaml").write_text(
        f"extends: small.yaml\ncollapse: {{age: [old]}}\nwithout: {without}\n"
    )
    model = read(tmp_path / "tiny.yaml")
    assert model.variables["rate"].equations[0].values == (4.0, 6.0)
    values = sd_covid.load(tmp_path / "tiny.yaml").constants
    assert (values["share[rich]"], values["share[poor]"]) == (0.7, 0.3)


def test_a_computed_variable_may_be_fixed(tmp_path: Path):
    """What it used may then be gone: `gap` is of two groups, and nothing of them is asked for any more."""
    small(tmp_path, ("[gap, over gap]", "[]\nfixed: {gap: -3}"))
    run = sd_covid.load(tmp_path / "small.yaml").run()
    assert (run["over gap"] == -6).all()
    assert sd_covid.load(tmp_path / "small.yaml").constants["gap"] == -3


def test_a_study_of_sectors_may_be_its_own_variant(tmp_path: Path):
    variant = "sectors: {base: base.mdl}\ncollapse: {age: [young]}\nwithout: [weighed]\n"
    model = read(write(tmp_path, variant=variant))
    assert model.variables["rate"].equations[0].values == (1.0, 2.0, 3.0)


def test_mappings_follow_what_is_kept(tmp_path: Path):
    base = (
        BASE + "kind: fine, fair, bad -> (group: rich, middling, poor)~~|\n"
        "of kind[kind] = 1, 2, 3~~|\nheld[group] = of kind[kind]~~|\n"
    )
    both = ("group: {everyone: middling}", "group: {everyone: middling}\n  kind: [fair]")
    model = small(tmp_path, both, base=base)
    assert model.dimensions["kind"].mappings == {"group": ("everyone",)}
    assert float(sd_covid.load(tmp_path / "small.yaml").run()["held"].squeeze()[0]) == 2
    with pytest.raises(ModelError, match="is mapped to 'rich', which"):
        small(tmp_path, base=base)


def test_series_side_by_side_must_keep_the_first(tmp_path: Path):
    (tmp_path / "figures.csv").write_text("t,a,b,c\n0,1,2,3\n10,4,5,6\n")
    base = BASE + "seen[group] :HOLD BACKWARD: := GET DIRECT DATA('figures.csv', ',', 'A', 'B2')~~|\n"
    with pytest.raises(ModelError, match="series lie side by side") as caught:
        small(tmp_path, base=base)
    assert caught.value.file == str(tmp_path / "base.mdl")
    small(tmp_path, ("everyone: middling", "everyone: rich"), base=base)
    assert float(sd_covid.load(tmp_path / "small.yaml").run()["seen"].squeeze()[0]) == 1


def test_series_given_with_a_model_keep_those_of_kept_elements(tmp_path: Path):
    base = BASE + "seen[group]~~|\n"
    path = write(tmp_path, base)
    (tmp_path / "given.csv").write_text("t,seen[everyone]\n0,4\n10,4\n")
    model = read(path, [tmp_path / "given.csv"])
    assert list(model.series) == [("seen", "everyone")]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason", "advice"),
    [
        ("group: {everyone", "groups: {everyone", 4, "'groups' is not a dimension", "'group'"),
        ("middling}", "midling}", 4, "'midling' is not an element of 'group'", "'middling'"),
        ("{everyone: middling}", "{age: middling}", 4, "'age' is already a name in the model", None),
        ("{everyone: middling}", "[]", 4, "keeps no element", None),
        ("{everyone: middling}", "[poor, poor]", 4, "names an element twice", None),
        ("{everyone: middling}", "{a: poor, b: poor}", 4, "names an element twice", None),
        ("  share: 1", "  shares: 1", 6, "'shares' is not a variable of the model", "'share'"),
        ("  share: 1", "  share: one", 6, "'one' is not a number", None),
        ("  share: 1", "  share: nan", 6, "'nan' is not a number", None),
        ("  share: 1", "  people: 1", 6, "'people' is computed", "constant"),
        ("  share: 1", "  share[rich]: 1", 6, "'rich' names no element of 'share'", "everyone"),
        ("  share: 1", "  share[everyone,old]: 1", 6, "names no element of 'share'", None),
        ("[gap, over gap]", "[gaps, over gap]", 8, "'gaps' is not a variable of the model", "'gap'"),
        ("without:", "fixed: {gaps: 1}\nwithout:", 8, "'gaps' is not a variable of the model", "'gap'"),
        ("without:", "fixed: {share: 1}\nwithout:", 8, "'share' is a constant already", "constants"),
        ("extends: base.mdl", "extends: ../other.mdl", 2, "not below the study folder", None),
        ("extends: base.mdl", "extends: small.yaml", 2, "extends this file in its turn", None),
        ("extends: base.mdl", "extends: base.mdl\nsectors: {a: base.mdl}", 1, "exclude one another", None),
        ("extends: base.mdl", "extends: base.mdl\ncouplings: []", 3, "stands in the file that", "take it out"),
        ("extends: base.mdl", "", 1, "there are no sectors", "extends"),
        ("constants:", "constant:", 5, "unknown key 'constant'", "'constants'"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_variant_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, reason: str, advice: str | None
):
    with pytest.raises(ModelError) as caught:
        small(tmp_path, (old, new))
    assert reason in caught.value.reason
    assert (str(tmp_path / "small.yaml"), line) == (caught.value.file, caught.value.line)
    if advice is not None:
        assert advice in (caught.value.advice or "")


@pytest.mark.parametrize(
    ("without", "reason", "line"),
    [
        ("[]", r"uses 'people\[poor\]', and .*small.yaml does not keep 'poor'", 15),
        ("[gap]", r"uses 'gap', which .*small.yaml:8 does without", 16),
    ],
)
def test_a_use_of_what_is_gone_is_an_error_in_the_base(tmp_path: Path, without: str, reason: str, line: int):
    with pytest.raises(ModelError, match=reason) as caught:
        small(tmp_path, ("[gap, over gap]", without))
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "base.mdl"), line)
    assert "without" in str(caught.value)


def test_an_index_that_would_change_is_an_error(tmp_path: Path):
    base = BASE + "place[group] = group~~|\nnumber of groups = ELMCOUNT(group)~~|\n"
    with pytest.raises(ModelError, match="uses 'group' as a number"):
        small(tmp_path, base=base)
    model = small(tmp_path, ("everyone: middling", "everyone: rich"), base=base)
    assert "place" in model.variables
    run = sd_covid.load(tmp_path / "small.yaml").run()
    assert float(run["place"].squeeze()[0]) == 1
    assert float(run["number of groups"].squeeze()[0]) == 1


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)  # each reads two files
@given(
    kept=st.lists(st.sampled_from(["rich", "middling", "poor"]), min_size=1, unique=True),
    value=st.integers(-5000, 5000).map(lambda x: x / 1000),
)
def test_any_choice_of_elements_keeps_their_numbers(
    tmp_path_factory: pytest.TempPathFactory, kept: list[str], value: float
):
    folder = tmp_path_factory.mktemp("any")
    names = ", ".join(kept)
    variant = (
        f"extends: base.mdl\ncollapse: {{group: [{names}]}}\nconstants: {{'rate[old,{kept[0]}]': {value}}}\n"
        "without: [gap, over gap, few]\n"
    )
    path = write(folder, variant=variant)
    mine, base = sd_covid.load(path).constants, sd_covid.load(folder / "base.mdl").constants
    for name, number in mine.items():
        expected = value if key(name) == key(f"rate[old,{kept[0]}]") else base[name]
        assert number == expected, name
    run, whole = sd_covid.load(path).run(), sd_covid.load(folder / "base.mdl").run()
    for element in kept:
        np.testing.assert_array_equal(
            run["people"].sel(group=element).values, whole["people"].sel(group=element).values
        )
    np.testing.assert_allclose(run["all people"], run["people"].sum("group"), rtol=1e-14)
