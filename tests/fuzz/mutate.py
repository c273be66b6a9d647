"""Inputs made from sound files: bytes, words, numbers and lines changed, moved, doubled, nested or cut.

A zipped file (a workbook) is changed within one of its parts more often than as bytes, since its checksums would
otherwise refuse nearly everything before it is read.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence

LARGEST = 60_000  # bytes: what is larger only takes longer

_WORD = re.compile(rb"[A-Za-z_][\w ]*|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\s+|.", re.DOTALL)
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS = [
    b"0", b"-0", b"-1", b"1e308", b"1e309", b"-1e309", b"1e-320", b"nan", b"NaN", b"inf", b"-inf",
    b"2147483648",
    b"9223372036854775808", b"1_000", b"0x1F", b"1e400000", b"0.1.2", b"9" * 400, b"9" * 5000, b"1/0",
    b"1e5",
    b"\xd9\xa1\xd9\xa2", "½".encode(), "²".encode(), b"true", b"null", b"~", b"2024-13-45", b"0001-01-01",
    b"9999-12-31",
]  # fmt: skip
#: What means something somewhere: to a parser, to a shell, to a file system, to a page, to Python.
_WORDS = [
    b"\0", b"\x1b[2J", b"\r", b"\n", b"\r\n", b"\t", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80",
    b"\xc2\x85",
    "\u2028".encode(), "\U0001f600".encode(), "é".encode(), "İ".encode(), "ß".encode(), b"'", b'"', b'""',
    b"''", b"(", b")",
    b"[", b"]", b"{", b"}", b"{}", b"[]", b"<", b">", b"&", b"&a ", b"*a", b"<<: *a",
    b"!!python/object/apply:os.system [id]",
    b"!!binary aGk=", b"!!set {a}", b"!!timestamp 2020-99-01", b"? ", b": ", b"- ", b"|", b">-", b"%", b"#",
    b"---\n", b"...\n",
    b"../../etc/passwd", b"/etc/passwd", b"/dev/zero", b"/dev/stdin", b"file:///etc/passwd", b"C:\\a",
    b"a\0b", b".", b"..", b"~",
    b"__import__('os').system('id')", b"__class__", b"{{7*7}}", b"${7*7}", b"`id`", b"$(id)", b";", b",",
    b"~~|", b":NA:",
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", b"&b;", b"<![CDATA[", b"]]>",
    b"<?xml version='1.0'?>", b"<!--",
    b"<a/>", b"</a>", b"=1+1", b"=cmd|' /C calc'!A0", b"True", b"None", b"-", b"", b" ", b"x" * 300,
    b"x" * 3000, b"0" * 70_000,
]  # fmt: skip
_OPENING = [
    b"(",
    b"[",
    b"{",
    b"{a: ",
    b"- ",
    b"-",
    b"<a>",
    b"MAX(",
    b"- - ",
    b'{"a":',
    b"IF THEN ELSE(",
    b"{a: [",
    b":NOT:",
]

Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def mutated(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """An input made from another.

    Parameters
    ----------
    raw : bytes
    pick : Random
    corpus : sequence of bytes
        Other inputs of the kind, to take parts from.
    """
    if raw.startswith(b"PK") and pick.random() < 0.9:
        return _within(raw, pick)
    for _ in range(1 + int(pick.expovariate(0.7))):
        raw = pick.choice(_CHANGES)(raw, pick, corpus)[:LARGEST]
    return raw


def _within(raw: bytes, pick: random.Random) -> bytes:
    """A zipped file with one part changed, left out or doubled."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
            names = old.namelist()
            at = pick.randrange(len(names))
            for number, name in enumerate(names):
                part = old.read(name)
                if number == at:
                    kind = pick.randrange(8)
                    if kind == 0:
                        continue
                    part = mutated(part, pick, [part])
                    name = (
                        pick.choice(["../" + name, "xl/vbaProject.bin", name.upper()]) if kind == 1 else name
                    )
                if name not in new.namelist():
                    new.writestr(name, part)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ):  # was spoilt before
        return _bytes(raw, pick, ())
    return out.getvalue()


def _bytes(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A few bytes others."""
    found = bytearray(raw or b"\0")
    for _ in range(pick.randint(1, 4)):
        found[pick.randrange(len(found))] = pick.randrange(256)
    return bytes(found)


def _insert(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A word of the list somewhere."""
    at = pick.randint(0, len(raw))
    return raw[:at] + pick.choice(_WORDS) + raw[at:]


def _replace(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A word in place of another."""
    words = _WORD.findall(raw) or [b""]
    words[pick.randrange(len(words))] = pick.choice(_WORDS) if pick.random() < 0.5 else pick.choice(words)
    return b"".join(words)


def _number(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A number in place of another."""
    places = list(_NUMBER.finditer(raw))
    if not places:
        return _insert(raw, pick, corpus)
    place = pick.choice(places)
    return raw[: place.start()] + pick.choice(_NUMBERS) + raw[place.end() :]


def _drop(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Some words left out."""
    words = _WORD.findall(raw) or [b""]
    at = pick.randrange(len(words))
    del words[at : at + pick.randint(1, 6)]
    return b"".join(words)


def _swap(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Two words in one another's place."""
    words = _WORD.findall(raw) or [b""]
    one, other = (pick.randrange(len(words)) for _ in range(2))
    words[one], words[other] = words[other], words[one]
    return b"".join(words)


def _lines(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Lines of another input in place of some, or between them."""
    lines = raw.splitlines(keepends=True) or [b""]
    others = (pick.choice(corpus) if corpus else raw).splitlines(keepends=True) or [b""]
    at, start = pick.randrange(len(lines)), pick.randrange(len(others))
    lines[at : at + pick.randint(0, 3)] = others[start : start + pick.randint(0, 6)]
    return b"".join(lines)


def _double(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A piece more than once."""
    start = pick.randint(0, len(raw))
    piece = raw[start : start + pick.choice([1, 8, 60, 400])]
    return raw[:start] + piece * pick.choice([2, 2, 3, 50, 2000]) + raw[start + len(piece) :]


def _nest(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Brackets, signs or elements without end."""
    at = pick.randint(0, len(raw))
    return raw[:at] + pick.choice(_OPENING) * pick.choice([3, 40, 200, 5000]) + raw[at:]


def _cut(raw: bytes, pick: random.Random, corpus: Sequence[bytes]) -> bytes:
    """The end, or a piece, is not there."""
    start, end = sorted(pick.randint(0, len(raw)) for _ in range(2))
    return raw[:start] if pick.random() < 0.3 else raw[:start] + raw[min(end, start + 200) :]


_CHANGES: tuple[Change, ...] = (
    _bytes, _insert, _replace, _replace, _number, _number, _drop, _swap, _lines, _lines, _double, _nest, _cut,
)  # fmt: skip
