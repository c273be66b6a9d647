"""Every small model, in every back end of ours and in PySD.

Agreement with PySD is to 1e-9 of a variable's largest value: both use IEEE doubles and Euler's method, and differ in
the order of operations only. Where PySD is known to be wrong the variable is named here, with the reason.
"""

from pathlib import Path

import numpy as np
import pytest

from sd_covid.engine import interpret
from sd_covid.engine.kernel import Kernel, Members
from sd_covid.engine.simulation import load
from sd_covid.model import write_mdl
from sd_covid.model.structure import Method

FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted(FOLDER.glob("*.mdl"))


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


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
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
    if not names:
        pytest.xfail("a model without constants has no gradient")
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


# Where PySD does not follow Vensim, the variables concerned and the row of the notes that says so.
EXCEPTIONS: dict[str, set[str]] = {}


def differences_from_pysd(path: Path, settings: dict[str, float], folder: Path) -> dict[str, float]:
    """Largest difference of each variable from PySD's own run, relative to its largest value."""
    import pysd

    model = load(path)
    text = folder / path.name
    write_mdl(model.model, text)
    theirs = pysd.read_vensim(text).run(params=settings or None, progress=False)
    found = {}
    for column in theirs.columns:
        ours = model.run(settings, outputs=[str(column)])[str(column)].to_numpy()
        expected = theirs[column].to_numpy(dtype=float)
        both = np.isfinite(expected) & np.isfinite(ours)
        assert (np.isnan(expected) == np.isnan(ours)).all(), column
        scale = max(np.abs(expected[both]).max(initial=0), 1e-12)
        found[str(column)] = float(np.abs(ours - expected)[both].max(initial=0) / scale)
    return found


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_agrees_with_pysd(path, tmp_path):
    if load(path).program.method is Method.RK4:
        pytest.xfail("PySD integrates by Euler's method only")
    found = differences_from_pysd(path, {}, tmp_path)
    wrong = {name: error for name, error in found.items() if error > 1e-9}
    assert set(wrong) <= EXCEPTIONS.get(path.stem, set()), wrong
