"""What an object file is for, and the names that it leaves to others: by the layouts of ELF, COFF and Mach-O."""

from __future__ import annotations

import struct
from dataclasses import dataclass

#: Numbers by which the formats know processors: ``e_machine`` of ELF, ``Machine`` of COFF, ``cputype`` of Mach-O.
_ELF = {0x3E: "x86_64", 0xB7: "aarch64"}
_COFF = {0x8664: "x86_64", 0xAA64: "aarch64"}
_MACH = {0x01000007: "x86_64", 0x0100000C: "arm64"}


@dataclass(frozen=True)
class ObjectFile:
    """What is known of an object file."""

    kind: str
    processor: str
    undefined: frozenset[str]


def read_object(code: bytes) -> ObjectFile:
    """Read an object file of 64 bits, little-endian."""
    if code[:4] == b"\x7fELF":
        return ObjectFile("ELF", _ELF[_unpack("<H", code, 18)[0]], _elf(code))
    if code[:4] == struct.pack("<I", 0xFEEDFACF):
        return ObjectFile("Mach-O", _MACH[_unpack("<I", code, 4)[0]], _mach(code))
    return ObjectFile("COFF", _COFF[_unpack("<H", code, 0)[0]], _coff(code))


def _unpack(form: str, code: bytes, at: int) -> tuple[int, ...]:
    return struct.unpack_from(form, code, at)


def _name(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()


def _elf(code: bytes) -> frozenset[str]:
    """Symbols of the section SHN_UNDEF, 0; a section's header says in ``sh_link`` which holds the names."""
    (start,), (size, count) = _unpack("<Q", code, 40), _unpack("<HH", code, 58)
    # type, offset, size, link
    headers = [
        (*_unpack("<I", code, at + 4), *_unpack("<QQI", code, at + 24))
        for at in range(start, start + size * count, size)
    ]
    found = set()
    for kind, offset, length, link in headers:
        if kind == 2:  # SHT_SYMTAB
            names = code[headers[link][1] : headers[link][1] + headers[link][2]]
            for at in range(offset + 24, offset + length, 24):  # the first entry is none
                name, _, _, section = struct.unpack_from("<IBBH", code, at)
                if section == 0:
                    found.add(_name(names, name))
    return frozenset(found)


def _coff(code: bytes) -> frozenset[str]:
    """External symbols of section 0 without a size; names of more than eight bytes stand after the table."""
    start, count = _unpack("<II", code, 8)
    names = code[start + 18 * count :]
    found, k = set(), 0
    while k < count:
        at = start + 18 * k
        value, section, _, kind, further = struct.unpack_from("<IhHBB", code, at + 8)
        if (section, kind, value) == (0, 2, 0):
            zero, offset = _unpack("<II", code, at)
            found.add(_name(names, offset) if zero == 0 else code[at : at + 8].rstrip(b"\0").decode())
        k += 1 + further
    return frozenset(found)


def _mach(code: bytes) -> frozenset[str]:
    """Symbols of type N_UNDF, with the underscore before every name of C taken off."""
    at, found = 32, set()
    for _ in range(_unpack("<I", code, 16)[0]):
        command, size = _unpack("<II", code, at)
        if command == 2:  # LC_SYMTAB
            start, count, names, length = _unpack("<IIII", code, at + 8)
            table = code[names : names + length]
            for entry in range(start, start + 16 * count, 16):
                name, kind = struct.unpack_from("<IB", code, entry)
                if kind & 0x0E == 0:
                    found.add(_name(table, name).removeprefix("_"))
        at += size
    return frozenset(found)
