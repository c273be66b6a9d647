"""Models kept on disk: the same as read, and read anew whenever something that was read has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.errors import ModelError
from sd_covid.model import Model, cache, read
from tests.model.conftest import CONTROL

TEXT = "{UTF-8}\nD: a, b~~|\nx[D] = GET DIRECT CONSTANTS('f.csv', ',', 'B1')~~|\ny = MIN(x[a], Time) + 2~~|\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and its data, and a cache of its own that keeps all that is read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "WORTHWHILE", 0.0)
    (tmp_path / "model.mdl").write_text(TEXT + CONTROL)
    (tmp_path / "f.csv").write_text("x,1,2\n")
    return tmp_path


def entries() -> list[Path]:
    return sorted(cache.folder().glob("*"))


def refuse(path: Path) -> Model:
    raise ModelError("read again")


def test_a_model_comes_back_as_it_was_read(folder: Path):
    first = read(folder / "model.mdl")
    assert len(entries()) == 1
    again = cache.cached(folder / "model.mdl", refuse)
    assert again == first
    assert (
        again.variable("y").equations[0].expression.place == first.variable("y").equations[0].expression.place
    )


def test_each_reader_gets_a_model_of_its_own(folder: Path):
    read(folder / "model.mdl").variables.clear()
    assert "y" in read(folder / "model.mdl").variables


@pytest.mark.parametrize(
    ("name", "text"), [("model.mdl", TEXT + CONTROL + "z = 1~~|\n"), ("f.csv", "x,5,6\n")]
)
def test_a_changed_file_is_read_again(folder: Path, name: str, text: str):
    read(folder / "model.mdl")
    (folder / name).write_text(text)
    with pytest.raises(ModelError, match="read again"):
        cache.cached(folder / "model.mdl", refuse)


def test_a_broken_entry_is_no_reason_to_fail(folder: Path):
    first = read(folder / "model.mdl")
    for content in (b"", b"no pickle", entries()[0].read_bytes()[:-9]):
        entries()[0].write_bytes(content)
        assert read(folder / "model.mdl") == first


def test_an_entry_that_others_could_have_written_does_not_count(folder: Path):
    read(folder / "model.mdl")
    entries()[0].chmod(0o666)
    with pytest.raises(ModelError, match="read again"):
        cache.cached(folder / "model.mdl", refuse)


def test_the_cache_does_not_grow_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cache, "MOST", 2)
    for number in range(4):
        (folder / f"{number}.mdl").write_text(TEXT + CONTROL)
        read(folder / f"{number}.mdl")
    assert len(entries()) == 2


def test_a_faulty_model_is_not_kept(folder: Path):
    (folder / "bad.mdl").write_text("x = ~~|\n")
    for _ in range(2):
        with pytest.raises(ModelError, match="ends where"):
            read(folder / "bad.mdl")
    assert not entries()


def test_a_changed_sector_of_a_composition_is_read_again(folder: Path):
    """The composition rests on its sectors' files, whether they come from the cache or are read."""
    (folder / "both.yaml").write_text("sectors: {one: model.mdl}\n")
    for constant in (2, 3, 4):
        (folder / "model.mdl").write_text(TEXT.replace("+ 2", f"+ {constant}") + CONTROL)
        if constant == 3:
            read(folder / "model.mdl")  # now the sector is kept, and the composition made of it
        model = read(folder / "both.yaml")
        assert model.variable("y") == read(folder / "model.mdl").variable("y")


def test_a_damaged_entry_is_not_unpickled(folder: Path, monkeypatch: pytest.MonkeyPatch):
    first = read(folder / "model.mdl")
    content = bytearray(entries()[0].read_bytes())
    content[len(content) // 2] ^= 1
    entries()[0].write_bytes(content)
    with monkeypatch.context() as watched:
        watched.delattr(cache.pickle, "loads")
        assert read(folder / "model.mdl") == first
