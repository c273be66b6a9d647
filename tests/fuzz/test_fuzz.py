"""A short slice of the fuzzing, the same inputs every time; ``python -m tests.fuzz`` tries others, for long."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.harness import Fuzzer
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets
from tests.fuzz.watch import ForbiddenError, HangError, Watch

INPUTS = 5  # of each reader


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Target], Watch]]:
    root = tmp_path_factory.mktemp("fuzz")
    (root / "studies").mkdir()
    (root / "file").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root / "file" / "cache"))  # so that nothing can be cached
        yield targets(root / "studies"), Watch(root / "studies", root / "file" / "cache", 20.0)


def test_every_reader_takes_what_is_sound_and_takes_or_refuses_the_rest(
    studies: tuple[list[Target], Watch],
) -> None:
    found = []
    for target in studies[0]:
        fuzzer = Fuzzer(target, studies[1], random.Random(target.name), guided=False)
        found += [*fuzzer.sound(), *fuzzer.round(INPUTS)]
    assert not [f"{item.target}: {item.said}\n{item.content!r:.400}" for item in found]


def test_mutations_are_the_same_for_the_same_seed() -> None:
    first, again = (
        [mutated(b"a = 1\nb: [2]\n", random.Random(k), [b"c\n"]) for k in range(50)] for _ in range(2)
    )
    assert first == again
    assert 45 < len(set(first))


@pytest.mark.parametrize(
    "act",
    [
        lambda path: path.write_text("x"),
        lambda path: Path("/etc/hostname").read_text(),
        lambda path: path.unlink(),
        lambda path: eval("1+1"),
        lambda path: __import__("subprocess").run(["true"]),
        lambda path: __import__("socket").socket(),
        lambda path: __import__("pickle").loads(b"cos\nsystem\n."),
    ],
    ids=["writes", "reads elsewhere", "removes", "evaluates", "runs", "connects", "unpickles"],
)
def test_the_watch_sees_what_no_reader_may_do(
    studies: tuple[list[Target], Watch], tmp_path: Path, act: object
) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    assert callable(act)
    with pytest.raises(ForbiddenError), studies[1].watched():
        act(path)


def test_the_watch_sees_what_does_not_end(tmp_path: Path) -> None:
    def works() -> None:
        while True:
            pass

    with pytest.raises(HangError), Watch(tmp_path, tmp_path, 0.05).watched():
        works()
