"""Files that are whole or not there, and files of the cache: what stands in a folder is looked at, before and after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sd_covid.cache_files import keep, recall
from sd_covid.cli.language import Language, by_language
from sd_covid.errors import RunError
from sd_covid.whole_files import folder_beside, replacing, restored, write_whole


def test_a_text_gets_its_folder_and_keeps_its_line_feeds(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write_whole(path, "één\r\ntwee\n")
    assert "één\r\ntwee\n".encode() == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_whole(path, "old")

    def fail() -> None:
        with replacing(path) as temporary:
            assert (".html", tmp_path) == (temporary.suffix, temporary.parent)
            temporary.write_text("ne", encoding="utf-8")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        fail()
    assert "old" == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


def test_a_link_still_leads_to_the_file_that_was_written(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "page.html", tmp_path / "page.html"
    target.parent.mkdir()
    link.symlink_to(target)
    write_whole(link, "text")
    assert link.is_symlink()
    assert "text" == target.read_text(encoding="utf-8")


def test_a_folder_in_the_way_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(RunError, match="is a folder"):
        write_whole(tmp_path / "page.html", "text")
    assert [tmp_path / "page.html"] == list(tmp_path.iterdir())


def test_the_folder_beside_a_page_goes_with_what_is_left_in_it(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    with folder_beside(page) as aside:
        (aside / "left.svg").touch()
        (aside / "page.html").write_text("text", encoding="utf-8")
        (aside / "page.html").replace(page)
    assert [page] == list(page.parent.iterdir())


@pytest.mark.parametrize("spoilt", [b"", b"other", None])
def test_a_file_of_the_cache_that_is_cut_or_spoilt_is_not_there(tmp_path: Path, spoilt: bytes | None) -> None:
    path = tmp_path / "cache" / "code.o"
    keep(path, b"content", 10)
    assert b"content" == recall(path)
    path.write_bytes(path.read_bytes()[:-1] if spoilt is None else spoilt)
    assert recall(path) is None


def test_of_too_many_files_of_the_cache_those_go_that_were_not_used_for_longest(tmp_path: Path) -> None:
    for age, name in enumerate("abcde"):
        keep(tmp_path / name, name.encode(), 5)
        os.utime(tmp_path / name, (age, age))
    recall(tmp_path / "a")
    keep(tmp_path / "f", b"f", 5)
    assert ["a", "c", "d", "e", "f"] == sorted(item.name for item in tmp_path.iterdir())


def test_a_second_language_is_named_in_the_file() -> None:
    found = list(by_language(Path("out/a.b.html"), [Language.EN, Language.NL]))
    assert [(Path("out/a.b.html"), Language.EN), (Path("out/a.b-nl.html"), Language.NL)] == found


def test_what_was_there_comes_back_and_what_was_not_goes(tmp_path: Path) -> None:
    kept, new, link = tmp_path / "kept.txt", tmp_path / "sub" / "new.txt", tmp_path / "link.txt"
    target = tmp_path / "elsewhere" / "target.txt"
    target.parent.mkdir()
    for file in (kept, target):
        file.write_text("before")
    link.symlink_to(target)
    new.parent.mkdir()

    def fail() -> None:
        with restored([kept, new, link]):
            for file in (kept, new, link):
                write_whole(file, "after")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [kept.read_text(), target.read_text(), new.exists(), link.is_symlink()] == [
        "before",
        "before",
        False,
        True,
    ]
    with restored([kept, new, link]):
        for file in (kept, new, link):
            write_whole(file, "after")
    assert [file.read_text() for file in (kept, new, target)] == ["after"] * 3
    assert sorted(item.name for item in tmp_path.rglob("*")) == [
        *("elsewhere", "kept.txt", "link.txt", "new.txt", "sub", "target.txt"),
    ]
