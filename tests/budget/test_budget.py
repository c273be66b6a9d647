"""No change makes kernels or the Python around them dearer unseen: counts, which are the same on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_covid.engine.run import compile as compiling
from tests.budget import measure


def test_the_work_stays_within_its_budget(tmp_path: Path) -> None:
    budget = json.loads(measure.FILE.read_text(encoding="utf-8"))
    strays = measure.strays(budget, measure.measured(tmp_path))
    advice = f"if that is meant, or is a gain to keep, renew the budget: {measure.RENEW}"
    assert not strays, "\n".join([*strays, advice])


@pytest.mark.parametrize("name", ["x86-64", "haswell"])
def test_counts_do_not_depend_on_the_processor(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted as if this machine were another: its lanes, and whether it fuses and permutes."""
    lanes = {processor: lanes for lanes, (processor, _, _) in measure.PROCESSORS.items()}[name]
    _, permute, fused = measure.PROCESSORS[lanes]
    budget = json.loads(measure.FILE.read_text(encoding="utf-8"))
    monkeypatch.setattr(compiling, "target", lambda: compiling.Target(name, "", lanes, permute, fused))
    path = tmp_path / "sir.mdl"
    path.write_text(measure.models.SIR, encoding="utf-8")
    simulation = measure.load(path)
    for width in measure.PROCESSORS:
        found = measure._instructions(measure._module(simulation, measure.models.SIR_OUTPUTS, width))
        assert budget[f"sir, {width} lanes: instructions of LLVM text"] == pytest.approx(
            found, rel=measure.room("sir")
        )


def test_what_grew_is_told_with_its_share_and_what_shrank_too() -> None:
    budget = {"a": 100.0, "b": 100.0, "c": 100.0, "gone": 1.0, "modules of all packages": 100.0}
    now = {"a": 102.0, "b": 110.0, "c": 80.0, "new": 5.0, "modules of all packages": 115.0}
    assert measure.strays(budget, now) == [
        "b: 110, +10.0 % of 100",
        "c: 80, -20.0 % of 100",
        "gone: no longer counted",
        "new: 5, not in the budget yet",
    ]


def test_calls_are_counted_in_this_package_only() -> None:
    from sd_covid.engine.llvm.text import constant

    assert measure.calls(lambda: [constant(1.0) for _ in range(7)]) == 7
    assert measure.calls(lambda: sorted([3, 1, 2], key=lambda item: -item)) == 0
