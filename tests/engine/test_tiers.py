"""Code is run as it comes and optimised beside: the same bits from both, also within one batch."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sd_covid.engine.lower.model import CONTROL
from sd_covid.engine.run import compile as compiling
from sd_covid.engine.run import kernel as kernels
from sd_covid.engine.simulation import Simulation, load

MODELS = Path(__file__).parents[1] / "models"
NOISY = """
noise = RANDOM NORMAL(0.5, 1.5, 1, 0.2, 7) ~ ~ |
level = INTEG(noise * rate - level / delay + SIN(Time) * level ^ 0.7 - LOG(1 + level, 3), 2) ~ ~ |
late = DELAY FIXED(level, delay, 1) + DELAY3(level * rate, delay) ~ ~ |
table = WITH LOOKUP(level, ((0,0),(0.3,2),(0.6,1),(0.9,3),(1.2,0),(4,9))) ~ ~ |
rate = 0.4 ~ ~ |
delay = 3 ~ ~ |
"""


@pytest.fixture(params=["rk4", "euler"])
def noisy(simulate, request) -> Simulation:
    return simulate(NOISY, final=20, rk4=request.param == "rk4")


def members(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    return pd.DataFrame({"rate": rng.uniform(0.2, 0.8, count), "delay": rng.uniform(1, 6, count)})


def levels(model: Simulation, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """All outputs of a batch, from code that is not optimised and from code that is."""
    outputs, found = [str(name) for name in model.run()], []
    for level in (0, 2):
        monkeypatch.setattr(kernels, "Tiered", lambda text, level=level: compiling.Code(text, level))
        model = Simulation(model.model)
        batch = model.run(frame, outputs)
        found.append(np.concatenate([batch[name].to_numpy().ravel() for name in outputs]))
    return found


@pytest.mark.parametrize(
    "path", sorted([*MODELS.glob("*.mdl"), *MODELS.glob("*.xmile")]), ids=lambda path: path.name
)
def test_optimised_code_gives_the_same_bits(path, monkeypatch):
    model = load(path)
    rng = np.random.default_rng(2)
    varied = [name for name in model.constants if name.casefold() not in CONTROL]
    frame = pd.DataFrame({n: model.constants[n] * rng.uniform(0.9, 1.1, 9) for n in varied}, index=range(9))
    quick, optimised = levels(model, frame, monkeypatch)
    np.testing.assert_array_equal(quick, optimised)


def test_optimised_code_with_random_numbers_gives_the_same_bits(noisy, monkeypatch):
    quick, optimised = levels(noisy, members(11), monkeypatch)
    np.testing.assert_array_equal(quick, optimised)


def test_code_is_renewed_while_a_batch_runs(noisy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = Simulation(noisy.model).run(members(600), ["late", "table"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr(compiling, "LONG", 0)
    model = Simulation(noisy.model)
    kernel = model._kernel(
        (), [model.program.cells[c] for n in ("late", "table") for c in model.names.cells(n)], None
    )
    assert not kernel._code.final
    stretches, run = [], kernel._run

    def watched(*arguments):
        stretches.append(arguments[12:14])
        kernel.wait()  # the optimised code comes while the first blocks run
        run(*arguments)

    kernel._run = watched
    found = model.run(members(600), ["late", "table"], threads=1)
    assert len(stretches) == 1, "the other blocks were run by the optimised code"
    assert kernel._code.final
    for name in ("late", "table"):
        np.testing.assert_array_equal(found[name], expected[name])


def test_code_that_did_not_get_into_the_cache_is_made_here(noisy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiling, "LONG", 0)
    monkeypatch.setattr(compiling.sys, "executable", "false")  # the process beside fails
    model = Simulation(noisy.model)
    first = model.run(members(40), ["late"])
    for kernel in model._kernels.values():
        kernel.wait()
        assert kernel._code.final
    np.testing.assert_array_equal(model.run(members(40), ["late"])["late"], first["late"])


def test_without_a_cache_to_write_to_code_is_optimised_at_once(noisy, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(compiling, "LONG", 0)
    assert (
        Simulation(noisy.model)
        ._kernel((), [noisy.program.cells[noisy.names.cells("late")[0]]], None)
        ._code.final
    )


def test_damaged_code_in_the_cache_is_made_again(noisy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = Simulation(noisy.model).run(members(5), ["late"])
    stored = list((tmp_path / "sd-covid" / "kernels").iterdir())
    assert stored
    for path in stored:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    np.testing.assert_array_equal(Simulation(noisy.model).run(members(5), ["late"])["late"], expected["late"])
    assert all(len(path.read_bytes()) > 1000 for path in stored)


def test_of_too_many_codes_those_not_used_for_longest_go(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiling, "MOST", 10)
    texts = [f"define double @f() {{\n  ret double {k}.0\n}}\n" for k in range(11)]
    for age, text in enumerate(texts[:10]):
        compiling.Code(text)
        os.utime(compiling._path(text, 2), (1000 + age, 1000 + age))
    compiling.Code(texts[0])  # the oldest is used again
    compiling.Code(texts[10])
    assert [text for text in texts if compiling._path(text, 2).exists()] == [texts[0], *texts[3:]]


def test_the_process_beside_loads_nothing_from_the_folder_that_it_runs_in(noisy, monkeypatch, tmp_path):
    """A study folder is a stranger's: a llvmlite.py in it must not be run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(compiling, "LONG", 0)
    study = tmp_path / "study"
    study.mkdir()
    for name in ("llvmlite", "numpy", "sd_covid"):
        (study / f"{name}.py").write_text("open('was run', 'w').close()\n")
    monkeypatch.chdir(study)
    model = Simulation(noisy.model)
    model.run(members(5), ["late"])
    for kernel in model._kernels.values():
        kernel.wait()
    assert not (study / "was run").exists()
    assert (
        len(list((tmp_path / "cache" / "sd-covid" / "kernels").iterdir())) == 2
    )  # as it came, and optimised
