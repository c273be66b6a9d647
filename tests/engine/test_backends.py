"""Every small model, in every back end of ours and in PySD.

Agreement with PySD is to 1e-9 of a variable's largest value: both use IEEE doubles and Euler's method, and differ in
the order of operations only. Where PySD is known to be wrong the variable is named here, with the reason.
"""

from pathlib import Path

import numpy as np
import pytest

from sd_covid.engine import interpret
from sd_covid.engine.run.kernel import Kernel, Members
from sd_covid.engine.simulation import load
from sd_covid.engine.table import as_table
from sd_covid.errors import ModelError
from sd_covid.model import write_mdl
from sd_covid.model.names import key
from sd_covid.model.structure import Method

# What PySD says of itself, message by message.
pytestmark = [
    pytest.mark.filterwarnings(says)
    for says in (
        "ignore:The inplace keyword in DataFrame.set_index:DeprecationWarning",
        "ignore:Variable 'births' is defined with different types:UserWarning",
        "ignore:chardet.universaldetector is deprecated:DeprecationWarning",
        "ignore:\\s*_hardcodedlookup:UserWarning",
        "ignore:\\s*_ext_:UserWarning",
        "ignore:\\s*Subscript mapping detected:UserWarning",
        "ignore:\\s*_delayfixed:UserWarning",
    )
]
FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted(FOLDER.glob("*.mdl"))
DUTCH = Path(__file__).parents[2] / "models"
# Without a constant there is no gradient; a constant that is compared with decides a branch, and has none either.
WITHOUT_GRADIENT = {
    "awkward_step",
    "data_series",
    "delay",
    "delay_fixed",
    "functions",
    "logic",
    "lookup_jump",
    "lookups",
}


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_vector_scalar_and_reference_agree(path):
    """To 1e-12 of the largest value: the back ends may fuse a multiplication and an addition, or not."""
    model = load(path)
    program = model.program
    nodes = list(program.cells.values())
    grid = model._grid(Members(program.defaults, {}, 1, 1), 1e8)
    varying = {
        k: p.default * np.array([1.0, 1.01, 0.99])
        for k, p in enumerate(program.parameters)
        if p.cell.variable not in ("initial time", "final time", "time step", "saveper")
    }
    expected = None
    for width in (1, 2, 4, 8):
        members = Members(program.defaults, varying, 3, width)
        if expected is None:
            expected = interpret.run(program, members, nodes, grid)
        found, _ = Kernel(program, nodes, width).run(members, grid)
        scale = np.nanmax(np.where(np.isfinite(expected), np.abs(expected), 0), axis=(1, 2), keepdims=True)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        ok = np.isfinite(expected)
        error = np.where(ok, np.abs(found - np.where(ok, expected, 0)), 0) / np.maximum(scale, 1e-12)
        assert error.max() <= 1e-12, str(model.program.states)[:200]


@pytest.mark.parametrize("path", [p for p in MODELS if p.stem not in WITHOUT_GRADIENT], ids=lambda p: p.stem)
def test_gradient_of_every_model_agrees_with_central_differences(path):
    """To 1e-6, of the sum over outputs and time with random weights; constants that time a switch are left out."""
    model = load(path)
    fixed = ("initial time", "final time", "time step", "saveper")
    names = [
        n
        for n, v in model.constants.items()
        if n.casefold() not in fixed and "switch" not in n.casefold() and v
    ]
    outputs = [model.names.spell(c) for c, n in model.program.cells.items() if c.variable not in fixed]
    function = model.differentiable(outputs, names)
    point = np.array([model.constants[n] for n in names])
    values = function.values(point)
    usable = np.isfinite(values).all(axis=1, keepdims=True)
    seed = np.where(usable, np.random.default_rng(4).normal(size=values.shape), 0)
    scale = np.abs(np.where(usable, values, 0)).max() or 1.0
    exact = function.gradient(seed)
    for k, value in enumerate(point):
        step = 1e-6 * value * np.eye(len(point))[k]
        up, down = function.values(point + step), function.values(point - step)
        change = (np.where(usable, up - down, 0) * seed).sum() / (2e-6 * value)
        assert exact[k] * value == pytest.approx(
            change * value, rel=1e-6, abs=1e-6 * scale * np.sqrt(values.size)
        ), names[k]


# Models that PySD 3.14.3 cannot run, and why; closed forms test them elsewhere.
NOT_IN_PYSD = {
    "lookup_jump": "PySD refuses a repeated x (a lookup with a repeated x parses and fails at run time)",
    "mapping_to_part": "PySD reads a mapping to part of a range as more elements of the range",
}
# Variables of which PySD 3.14.3 gives another value than Vensim, and why.
OTHERWISE_IN_PYSD = {
    "short_pulse": {
        "short pulse": "a PULSE shorter than a step lasts a step; PySD skips it",
        "pulses": "its sum",
    },
}


def differences_from_pysd(path: Path, folder: Path, until: float | None = None) -> dict[str, float]:
    """Largest difference of each variable from PySD's own run, relative to its largest value."""
    import pysd

    model = load(path)
    text = folder / f"{path.stem}.mdl"
    write_mdl(model.model, text, for_pysd=True)
    theirs = pysd.read_vensim(text).run(final_time=until, progress=False)
    ours = as_table(model.run({} if until is None else {"FINAL TIME": until}))
    ours.columns = [key(column) for column in ours.columns]
    found = {}
    for column in theirs.columns:
        name = str(column)
        mine, expected = ours[key(name)].to_numpy(dtype=float), theirs[column].to_numpy(dtype=float)
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(expected), err_msg=name)
        both = np.isfinite(expected) & np.isfinite(mine)
        scale = max(np.abs(expected[both]).max(initial=0), 1e-3)  # what should be 0 is rounding: below 1e-12
        found[name] = float(np.abs(mine - expected)[both].max(initial=0) / scale)
    return found


def check(found: dict[str, float], name: str) -> None:
    """Everything agrees to 1e-9, but for what is named above; and that does differ."""
    wrong = {variable: error for variable, error in found.items() if error > 1e-9}
    assert set(wrong) == set(OTHERWISE_IN_PYSD.get(name, {})), wrong


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_agrees_with_pysd(path, tmp_path):
    if path.stem in NOT_IN_PYSD:
        with pytest.raises((ValueError, ModelError)):  # still so: else the model can be compared
            differences_from_pysd(path, tmp_path)
        return
    if load(path).program.method is Method.RK4:
        pytest.xfail("PySD integrates by Euler's method only")
    check(differences_from_pysd(path, tmp_path), path.stem)


def test_a_dutch_model_agrees_with_pysd_at_its_own_steps(tmp_path):
    """The first three months; the others, and the whole, are compared at steps of a month in `tests/models_nl`."""
    check(differences_from_pysd(DUTCH / "debt.mdl", tmp_path, until=3), "debt.mdl")
