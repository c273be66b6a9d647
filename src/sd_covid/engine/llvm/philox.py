"""Random numbers as a function of what they are for: run seed, member, step, call and its own seed argument.

Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11) turns a counter of four words and a
key of two into four random words; two words make a double strictly between 0 and 1. Nothing is carried from one number
to the next, so a member gives the same bits in any batch, order or thread.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.llvm.text import Body, Module

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # added to the key after each round
PAIR, ARGUMENT = 0x9E3779B9, 0x85EBCA6B  # odd numbers that spread a small number over a word
WORD = 0xFFFFFFFF
DRAWS = 1 << 16  # numbers that one call may draw at one step

Words = NDArray[np.uint64]


def call_number(call: str) -> int:
    """The number of a call, from a text that names it within its model: 64 bits."""
    return int.from_bytes(hashlib.sha256(call.encode()).digest()[:8], "little")


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Four random words for each counter (words of 32 bits in arrays of 64)."""
    a, b, c, d = (np.asarray(word, dtype=np.uint64) for word in counter)
    mask, half = np.uint64(WORD), np.uint64(32)
    for turn in range(ROUNDS):
        first, second = (np.uint64((key[i] + turn * WEYL[i]) & WORD) for i in (0, 1))
        low, high = np.uint64(MULTIPLIERS[0]) * a, np.uint64(MULTIPLIERS[1]) * c
        a, b, c, d = (high >> half) ^ b ^ first, high & mask, (low >> half) ^ d ^ second, low & mask
    return a, b, c, d


def uniform(
    seed: int, member: NDArray[np.int64], step: int, number: int, argument: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Numbers strictly between 0 and 1, evenly spread.

    Parameters
    ----------
    seed : int
        Of the run; 64 bits count.
    member : ndarray of int, shape (member,)
    step : int
        Steps since the initial time.
    number : int
        ``DRAWS * call + draw``.
    argument : ndarray
        The call's own seed argument, its whole part; shape (member,) or a scalar.
    """
    call, draw = divmod(number, DRAWS)
    stream = np.nan_to_num(np.asarray(argument, dtype=float), nan=0.0).clip(-(2.0**31), 2.0**31 - 1)
    mixed = (stream.astype(np.int64).astype(np.uint64) * np.uint64(ARGUMENT)) & np.uint64(WORD)
    last = np.uint64(last_word(call, draw)) ^ mixed
    who = np.asarray(member).astype(np.uint64) & np.uint64(WORD)
    counter = (*np.broadcast_arrays(who, np.uint64(step & WORD), np.uint64(call & WORD), last),)
    words = philox(counter, (seed & WORD, (seed >> 32) & WORD))  # type: ignore[arg-type]
    high, low = words[2 * (draw % 2)], words[2 * (draw % 2) + 1]
    whole = (high << np.uint64(20)) | (low >> np.uint64(12))  # 52 bits
    return np.asarray((2 * whole.astype(float) + 1) * 2.0**-53)


def last_word(call: int, draw: int) -> int:
    """The last word of the counter of a draw, before the call's own seed argument."""
    return ((call >> 32) + (draw // 2) * PAIR) & WORD


def write_uniform(body: Body, number: int, argument: str) -> str:
    """The same as vector code; member, step and key stand in the module's random area."""
    module = body.module
    module.once("uniform", _write_pair)
    call, draw = divmod(number, DRAWS)
    kind = module.integers
    words = [body.do(f"bitcast {module.vector} {body.load(module.random + k)} to {kind}") for k in range(3)]
    suffix = "i32.f64" if module.width == 1 else f"v{module.width}i32.v{module.width}f64"
    short = kind.replace("i64", "i32")
    module.declare(f"declare {short} @llvm.fptosi.sat.{suffix}({module.vector})")
    stream = body.do(f"call {short} @llvm.fptosi.sat.{suffix}({module.vector} {argument})")
    wide = body.do(f"zext {short} {stream} to {kind}")
    mixed = body.do(f"mul {kind} {wide}, {module.many('i64', str(ARGUMENT))}")
    mixed = body.do(f"and {kind} {mixed}, {module.many('i64', str(WORD))}")
    last = body.do(f"xor {kind} {mixed}, {module.many('i64', str(last_word(call, draw)))}")
    site = module.many("i64", str(call & WORD))
    pair = f"{{ {module.vector}, {module.vector} }}"
    actual = ", ".join(f"{kind} {word}" for word in (*words, site, last))
    both = body.do(f"call {pair} @e_uniform({actual})")
    return body.do(f"extractvalue {pair} {both}, {draw % 2}")


def _write_pair(module: Module) -> None:
    """``@e_uniform``: two numbers from member, step, key and the two words of the call."""
    body, kind = Body(module), module.integers
    mask = module.many("i64", str(WORD))

    def op(name: str, a: str, b: str) -> str:
        return body.do(f"{name} {kind} {a}, {b}")

    def literal(value: int) -> str:
        return module.many("i64", str(value))

    keys = [op("and", "%key", mask), op("lshr", "%key", literal(32))]
    a, b, c, d = op("and", "%member", mask), op("and", "%step", mask), "%site", "%last"
    for turn in range(ROUNDS):
        first, second = (op("and", op("add", keys[i], literal(turn * WEYL[i] & WORD)), mask) for i in (0, 1))
        low, high = op("mul", a, literal(MULTIPLIERS[0])), op("mul", c, literal(MULTIPLIERS[1]))
        a, b, c, d = (
            op("xor", op("xor", op("lshr", high, literal(32)), b), first),
            op("and", high, mask),
            op("xor", op("xor", op("lshr", low, literal(32)), d), second),
            op("and", low, mask),
        )
    numbers = []
    for high, low in ((a, b), (c, d)):
        whole = op("or", op("shl", high, literal(20)), op("lshr", low, literal(12)))  # 52 bits
        bits = op("or", whole, literal(0x3FF << 52))  # a double from 1 to 2
        value = body.do(f"bitcast {kind} {bits} to {module.vector}")
        numbers.append(body.do(f"fsub {module.vector} {value}, {body.number(1 - 2.0**-53)}"))
    pair = f"{{ {module.vector}, {module.vector} }}"
    one = body.do(f"insertvalue {pair} poison, {module.vector} {numbers[0]}, 0")
    both = body.do(f"insertvalue {pair} {one}, {module.vector} {numbers[1]}, 1")
    body.act(f"ret {pair} {both}")
    formal = ", ".join(f"{kind} %{name}" for name in ("member", "step", "key", "site", "last"))
    module.functions.append(body.function(f"internal {pair} @e_uniform({formal})", "#2"))
