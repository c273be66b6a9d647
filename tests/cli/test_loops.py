"""``sd-covid loops``: what it prints and writes, in both languages, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Call
from tests.policy.test_triggers import laid_out

MODELS = Path(__file__).parents[1] / "models"
BASS = MODELS / "loops_bass.mdl"


def test_the_loops_are_listed_with_their_polarity(call: Call) -> None:
    answer = call("loops", BASS, "-l", "en")
    assert 0 == answer.code, answer.err
    told = " ".join(answer.out.split())
    assert (
        "All loops were gone through: 2, of which 1 reinforcing, 1 balancing and 0 of changing sign." in told
    )


def test_a_model_without_feedback_says_so(call: Call) -> None:
    answer = call("loops", MODELS / "lookups.mdl", "-l", "en")
    assert (0, "lookups has no loops.") == (answer.code, answer.out.strip())


@pytest.mark.parametrize(
    ("language", "word"), [("nl", "Dit beschrijft deze run"), ("en", "This describes this run")]
)
def test_dominance_is_written_as_a_page(call: Call, tmp_path: Path, language: str, word: str) -> None:
    page = tmp_path / "loops.html"
    answer = call("loops", BASS, "--scores", "-l", language, "-o", page)
    assert 0 == answer.code, answer.err
    text = page.read_text(encoding="utf-8")
    assert word in text
    assert "<svg" in text
    assert 2 == len(list((tmp_path / "loops-figures").glob("*.png")))


def test_shares_in_a_table_add_up_to_a_hundred(call: Call, tmp_path: Path) -> None:
    answer = call("loops", BASS, "--scores", "-l", "en", "-o", tmp_path / "loops.csv")
    assert 0 == answer.code, answer.err
    table = pd.read_csv(tmp_path / "loops-dominance-1.csv").set_index("Time")
    assert (table.abs().sum(axis=1) - 100).abs().max() < 1e-9


def test_a_link_is_cut(call: Call) -> None:
    answer = call("loops", BASS, "--cut", "adopters > adopter contacts", "--of", "adopters", "-l", "en")
    assert 0 == answer.code, answer.err
    assert "Here ‘adopter contacts’ reads ‘adopters’ as it was at the start of the run." in " ".join(
        answer.out.split()
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--cut", "adopters > adopting", "--of", "adopters"), "does not use 'adopters'"),
        (("--cut", "adoptrs > adopter contacts", "--of", "adopters"), "did you mean 'adopters'"),
        (("--cut", "adopters > adopter contacts", "--of", "adoptrs"), "did you mean 'adopters'"),
        (("--cut", "adopters", "--of", "adopters"), "is no link"),
        (("--cut", "a > b"), "need an output"),
        (("--of", "adopters"), "or leave out --of"),
        (("--draws", "10"), "--draws go with --cut"),
        (("-p", "contact rat=3"), "did you mean 'contact rate'"),
        (("-o", "loops.pdf"), "cannot write findings as '.pdf'"),
        (("--cut", "adopters > adopter contacts", "--of", "adopters", "--draws", "5"), "no study with draws"),
        (("--cut", "adopters > adopter contacts", "--of", "market size"), "does not change"),
    ],
)
def test_wrong_input_is_refused(call: Call, tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    model = tmp_path / "bass.mdl"
    model.write_text(BASS.read_text(encoding="utf-8"), encoding="utf-8")
    answer = call("loops", model, *options)
    assert 2 == answer.code
    assert answer.last.startswith("error: ")
    assert reason in answer.last
    assert [model] == list(tmp_path.iterdir())


def test_a_scenario_that_waits_for_a_trigger_has_its_loops(call: Call, tmp_path: Path) -> None:
    folder, _ = laid_out(tmp_path)
    answer = call("loops", tmp_path / "models" / "swing.mdl", "-s", folder / "waits.yaml", "-l", "en")
    assert 0 == answer.code, answer.err
    assert "help trigger met" in " ".join(answer.out.split())
