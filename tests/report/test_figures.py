"""The figures a modeller calls from a notebook: their look, colours, numbers, and what they draw."""

from __future__ import annotations

import inspect
import io
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import sd_covid
from sd_covid import figures
from sd_covid.analysis.sensitivity import Sensitivity
from sd_covid.errors import RunError, SdCovidError, UnknownNameError
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.drawing.theme import DASHES, HATCHES, PACKAGES, REFERENCE, line_style
from sd_covid.report.figures.checked import checked
from sd_covid.report.figures.parts import Size
from tests.report.drawing import saved, words

ROOT = Path(__file__).parents[2]

# --- colours ----------------------------

#: What a reader without one kind of cones sees, in linear RGB: severity 1.0 of Machado, Oliveira and Fernandes, "A
#: physiologically-based model for simulation of color vision deficiency", IEEE TVCG 15(6), 2009, table 1.
BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}  # fmt: skip
#: Linear sRGB to CIE XYZ, and the white of D65 (IEC 61966-2-1).
XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)


def lab(colour: str, eyes: str = "none") -> np.ndarray:
    """CIE Lab of a colour as some eyes see it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.array(XYZ) @ np.clip(np.array(BLIND[eyes]) @ linear, 0, 1) / np.array(WHITE)
    x, y, z = (
        value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116 for value in (x, y, z)
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_yardstick_is_right() -> None:
    """Lab of red and white as B. Lindbloom's calculator gives them; grey stays grey to any eyes."""
    assert lab("#ff0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.01)
    assert lab("#ffffff") == pytest.approx([100.0, 0.0, 0.0], abs=0.01)
    for eyes in BLIND:
        # the rows of a published matrix add to one but for its six decimals
        assert lab("#808080", eyes) == pytest.approx(lab("#808080"), abs=0.01)


@pytest.mark.parametrize("eyes", BLIND)
def test_neighbouring_series_differ_to_any_eyes(eyes: str) -> None:
    """Two colours seen apart are told apart from some ten units of Lab on; thin lines need a multiple."""
    seen = [lab(colour, eyes) for colour in (REFERENCE, *PACKAGES)]
    apart = [float(np.linalg.norm(one - other)) for one, other in itertools.pairwise(seen)]
    assert min(apart) > 40


def test_in_grey_neighbours_differ_in_lightness_and_no_two_lines_are_alike() -> None:
    light = [lab(colour)[0] for colour in (REFERENCE, *PACKAGES)]
    steps = np.abs(np.diff(light))
    assert steps.min() > 7  # a step of Munsell's scale of greys is ten
    lines = [line_style(position) for position in range(30)]
    assert len({str(line) for line in lines}) == 30
    dashes = [str(dash) for _, dash in lines]
    assert all(one != other for one, other in itertools.pairwise(dashes))
    assert len(set(DASHES)) == len(DASHES)
    assert all(one != other for one, other in itertools.pairwise(HATCHES))


# --- runs -------------------------------


def ensemble(members: int = 200, calendar: bool = True) -> xr.Dataset:
    """Member k is at k + 1000 throughout."""
    dates = pd.date_range("2020-01-01", periods=24, freq="MS")
    level = np.broadcast_to(np.arange(members)[:, None] + 1000.0, (members, 24)).copy()
    coords = {"member": np.arange(members), "time": ("time", np.arange(24.0) + 60, {"units": "Month"})}
    if calendar:
        coords["date"] = ("time", dates.to_numpy())  # type: ignore[assignment]
    part = np.stack([level, 2 * level], axis=2)
    return xr.Dataset(
        {
            "some level": (("member", "time"), level, {"units": "person"}),
            "by age": (("member", "time", "age"), part, {"units": "person"}),
            "constant": (("member",), level[:, 0]),
        },
        coords=coords | {"age": ["young", "old"]},
    )


def test_a_fan_holds_the_quantiles_of_sound_members_and_says_how_many_failed() -> None:
    run = ensemble(103)
    run["some level"][100:, 5:] = np.nan
    figure = figures.fan(run, "Some_Level", language="nl")
    (axes,) = figure.axes
    edges = [band.get_paths()[0].vertices[:, 1] for band in axes.collections]
    sound = np.arange(100) + 1000.0
    for edge, (low, high) in zip(edges, ((0.05, 0.95), (0.2, 0.8), (0.35, 0.65)), strict=True):
        assert (edge.min(), edge.max()) == pytest.approx(tuple(np.quantile(sound, (low, high))))
    assert axes.lines[0].get_ydata() == pytest.approx(np.median(sound))
    assert "3 van de 103 runs bleven niet eindig en tellen niet mee" in words(figure)
    run["some level"][:, 5] = np.nan
    with pytest.raises(RunError, match="no member stayed finite"):
        figures.fan(run, "some level")


def test_dots_stand_at_the_middle_of_their_period() -> None:
    values = pd.Series([1050.0, 1060.0], index=pd.period_range("2020-01", periods=2, freq="Q"))
    figure = figures.fan(ensemble(), "some level", observed=values)
    dots = figure.axes[0].lines[-1]
    assert dots.get_xdata() == pytest.approx([2020.125, 2020.375], abs=0.005)  # quarters are not all as long
    assert "Published figures" in words(figure)
    times = pd.Series([1050.0], index=[61.0])
    plain = figures.fan(ensemble(calendar=False), "some level", observed=times)
    assert plain.axes[0].lines[-1].get_xdata() == pytest.approx([61.0])
    with pytest.raises(RunError, match="no calendar"):
        figures.fan(ensemble(calendar=False), "some level", observed=values)
    with pytest.raises(RunError, match="no dates"):
        figures.fan(ensemble(), "some level", observed=times)


def test_one_run_is_a_line_and_an_element_is_chosen_by_name() -> None:
    alone = figures.fan(ensemble().sel(member=7), "by age[ OLD ]", title="Old", unit="persons")
    assert not alone.axes[0].collections
    assert alone.axes[0].lines[0].get_ydata() == pytest.approx(2 * 1007.0)
    assert "Old (persons)" in words(alone)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("some levle", "'some level'"),
        ("by age", r"by age\[young\]"),
        ("by age[yuong]", "'young'"),
        ("some level[young]", "no subscripts"),
        ("constant", "does not vary over time"),
    ],
)
def test_a_variable_that_cannot_be_drawn_is_refused_with_what_can(variable: str, said: str) -> None:
    with pytest.raises(SdCovidError, match=said):
        figures.fan(ensemble(), variable)


# --- reports ----------------------------


@pytest.fixture(scope="module")
def sensitivity(build: SimpleNamespace, comparison: Comparison) -> Sensitivity:
    return build.sensitivity(comparison)


def made(comparison: Comparison, sensitivity: Sensitivity, language: str) -> dict[str, Figure]:
    output = comparison.outputs[1].name
    return {
        "fan": figures.fan(ensemble(), "some level", language=language),
        "levels": figures.levels(comparison, output, language=language),
        "difference": figures.difference(comparison, output, "no-support", language=language),
        "differences": figures.differences(comparison, output, language=language),
        "sensitivity": figures.sensitivity(
            sensitivity, sensitivity.outcomes[0].outcome.id, language=language
        ),
    }


@pytest.mark.parametrize(
    ("language", "wrong"), [("nl", r"\d\.(?!\d{3}\b)\d|\d,\d{3}\b"), ("en", r"\d,(?!\d{3}\b)\d")]
)
def test_numbers_are_spelled_as_in_the_language(
    comparison: Comparison, sensitivity: Sensitivity, language: str, wrong: str
) -> None:
    drawn = {name: words(figure) for name, figure in made(comparison, sensitivity, language).items()}
    spelled = [text for texts in drawn.values() for text in texts]
    assert [text for text in spelled if re.search(wrong, text)] == []
    assert any(re.search({"nl": r"\d\.\d{3}", "en": r"\d,\d{3}"}[language], text) for text in spelled)
    assert any(re.search({"nl": r"\d,\d", "en": r"\d\.\d"}[language], text) for text in spelled)


def test_a_figure_keeps_its_look_in_a_session_with_other_settings(
    comparison: Comparison, sensitivity: Sensitivity
) -> None:
    """Ticks are made when a figure is saved, in the settings of that moment."""
    with mpl.rc_context():
        before = {name: saved(figure) for name, figure in made(comparison, sensitivity, "en").items()}
        mpl.rcParams.update(
            {"font.size": 17.0, "xtick.color": "red", "svg.fonttype": "path", "axes.grid": False}
        )
        mpl.rcParams.update({"figure.facecolor": "black", "savefig.facecolor": "black", "text.color": "pink"})
        after = {name: saved(figure) for name, figure in made(comparison, sensitivity, "en").items()}
    assert before == after
    assert "<text" in before["fan"]


def test_a_size_is_kept_and_unknown_names_are_told(comparison: Comparison, sensitivity: Sensitivity) -> None:
    output = comparison.outputs[0].name
    assert tuple(figures.levels(comparison, output, size=(7.0, 2.5)).get_size_inches()) == (7.0, 2.5)
    with pytest.raises(RunError, match="no size of a figure"):
        figures.levels(comparison, output, size=(7.0, 0.0))
    for call, said in (
        (lambda: figures.levels(comparison, "unemployment rat"), "unemployment rate"),
        (lambda: figures.difference(comparison, output, "no-suport"), "no-support"),
        (lambda: figures.differences(comparison, output, ["no-suport"]), "no-support"),
        (lambda: figures.sensitivity(sensitivity, "nothing"), "there are"),
        (lambda: figures.levels(comparison, output, language="fr"), "nl or en"),
    ):
        with pytest.raises(UnknownNameError, match=said):
            call()


# --- a chart of one's own --------------------


def test_an_own_chart_has_the_lines_and_numbers_of_the_others() -> None:
    figure, (left, right) = figures.chart(["One", "Two"], language="nl", size=(8.0, 3.0))
    lines = [right.plot([0, 1], [0, k])[0] for k in range(1, 7)]
    assert [line.get_color() for line in lines] == [line_style(k)[0] for k in range(6)]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 6
    left.set_ylim(0, 2000)
    assert "1.000" in words(figure)
    assert tuple(figure.get_size_inches()) == (8.0, 3.0)
    with pytest.raises(RunError, match="a title for each pair of axes"):
        figures.chart([])


def test_a_notebook_gets_the_picture_from_the_figure_itself() -> None:
    figure, (axes,) = figures.chart(["One"])
    axes.plot([0, 1])
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    assert figure._repr_png_() == file.getvalue()
    assert file.getvalue().startswith(b"\x89PNG")


# --- the whole of it --------------------


def test_every_figure_takes_language_and_size_and_is_in_the_gallery() -> None:
    page = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    for name in figures.__all__:
        made_by = getattr(figures, name)
        parameters = inspect.signature(made_by).parameters
        assert parameters["language"].default == "en", name
        assert parameters["size"].default is None, name
        assert "Parameters" in (made_by.__doc__ or ""), name
        assert f"`{name}`" in page, name
    shown = re.findall(r"\]\((images/[^)]+)\)", page)
    assert len(shown) == len(set(shown)) > 2 * 15
    assert [name for name in shown if not (ROOT / "docs" / name).is_file()] == []


@pytest.mark.parametrize("name", figures.__all__)
def test_what_is_no_result_is_refused_in_one_line(name: str) -> None:
    make = getattr(figures, name)
    first = next(iter(inspect.signature(make).parameters))
    for wrong, told in (("study.json", "not str 'study.json'"), (None, "not None"), (object(), "not object")):
        others = [object()] * (_needed(make) - 1)
        with pytest.raises(TypeError) as caught:
            make(wrong, *others)
        said = str(caught.value)
        assert said.startswith(f"figures.{name}: '{first}' must be ")
        assert told in said
        assert "\n" not in said
    with pytest.raises(TypeError, match=f"figures.{name}: missing a required argument: '{first}'"):
        make()


def _needed(make: Callable[..., object]) -> int:
    parameters = inspect.signature(make).parameters.values()
    return sum(item.default is item.empty for item in parameters)


@checked
def _taken(
    run: xr.Dataset,
    names: Sequence[str],
    units: Mapping[str, float],
    observed: pd.Series[float] | None = None,
    count: int = 0,
    *,
    size: Size | None = None,
) -> str:
    return "taken"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"names": ["a", 3]}, "'names' must be Sequence[str], not list of str and int"),
        ({"names": "ab"}, "'names' must be Sequence[str], not str 'ab'"),
        ({"units": {"a": "b"}}, "'units' must be Mapping[str, float], not dict of str"),
        ({"observed": [1.0]}, "'observed' must be pd.Series[float] or None, not list of float"),
        ({"count": True}, "'count' must be int, not bool True"),
        ({"count": 1.5}, "'count' must be int, not float 1.5"),
        ({"size": 7}, "'size' must be (width, height) in inches or None, not int 7"),
        ({"run": pd.DataFrame()}, "'run' must be xr.Dataset, not DataFrame"),
    ],
)
def test_every_argument_is_of_what_its_annotation_says(wrong: dict[str, object], said: str) -> None:
    right = {"run": ensemble(2), "names": ("a",), "units": {"a": np.float64(1)}, "count": np.int64(2)}
    assert _taken(**right, observed=pd.Series([1.0]), size=[7, 4.5]) == "taken"
    with pytest.raises(TypeError, match=re.escape(f"figures._taken: {said}; see help(")):
        _taken(**(right | wrong))


def test_a_series_of_another_library_is_no_series_of_the_registry() -> None:
    with pytest.raises(TypeError, match="'series' must be Series, not Series"):
        figures.signals([], pd.Series([1.0]), None)  # type: ignore[arg-type]


def test_the_package_offers_them_without_a_further_import() -> None:
    assert sd_covid.figures is figures
