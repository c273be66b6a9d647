"""``sd-covid convert``: between formats, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import sd_covid
from tests.cli.conftest import Call


@pytest.mark.parametrize("way", [("a.xmile", "b.mdl"), ("a.stmx", "b.xmile"), ("a.mdl", "b.mdl")])
def test_a_model_converted_there_and_back_gives_the_same_bits(
    call: Call, drain: Path, tmp_path: Path, way: tuple[str, str]
) -> None:
    source = drain
    for name in way:
        answer = call("convert", source, "-o", tmp_path / name)
        assert (0, str(tmp_path / name)) == (answer.code, answer.out.strip())
        source = tmp_path / name
    before, after = (sd_covid.load(path).run(outputs=["level", "outflow"]) for path in (drain, source))
    assert before.equals(after)
    assert "person/Month" == after["outflow"].attrs["units"]


def test_a_folder_that_is_not_there_is_made(call: Call, drain: Path, tmp_path: Path) -> None:
    assert 0 == call("convert", drain, "-o", tmp_path / "new" / "drain.xmile").code
    assert ["drain.xmile"] == [path.name for path in (tmp_path / "new").iterdir()]


@pytest.mark.parametrize("name", ["out.docx", "out", "drain.mdl"])
def test_another_format_and_the_model_itself_are_refused(
    call: Call, drain: Path, tmp_path: Path, name: str
) -> None:
    before = drain.read_bytes()
    answer = call("convert", drain, "-o", tmp_path / name)
    assert (2, True) == (answer.code, answer.last.startswith("error: "))
    assert (before, ["drain.mdl"]) == (drain.read_bytes(), [path.name for path in tmp_path.iterdir()])


def test_what_a_format_cannot_hold_is_refused_with_its_place_and_nothing_is_written(
    call: Call, drain: Path, tmp_path: Path
) -> None:
    text = drain.read_text().replace("FINAL TIME = 2", "FINAL TIME = 2 + level * 0")
    drain.write_text(text)
    answer = call("convert", drain, "-o", tmp_path / "out.xmile")
    assert 2 == answer.code
    assert f"error: {drain}:6: 'FINAL TIME' is calculated" in answer.last
    assert ["drain.mdl"] == [path.name for path in tmp_path.iterdir()]
