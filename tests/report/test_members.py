"""Slots of the simulator's page, run after run, against runs from the start in slots of their own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import sd_covid
from sd_covid.engine.run.webassembly import assemble, runtime

# What `rate` and `jump` are makes no difference before 5; `delay` is the length of a ring.
MODEL = """{UTF-8}
rate = 1~~|
jump = 0~~|
delay = 2~~|
level = INTEG(IF THEN ELSE(Time >= 5, rate, 1) + IF THEN ELSE(Time >= 5, jump, 0) * level, 1)~~|
late = DELAY FIXED(level, delay, 0)~~|
INITIAL TIME = 0~~|
FINAL TIME = FINAL~~|
TIME STEP = 0.125~~|
SAVEPER = 0.5~~|
"""

# Each of `moves` is a slot ("a", or "b", which is copied from "a" when it is first named) and two members' parameters.
# Gives whether every run was that of a new slot, to the bit; null for a move that could not be run.
WALK = """([code, layout, defaults, first, moves]) => {
  const unpacked = sdEngine.unpack(defaults, Float64Array);
  const free = new Float64Array(unpacked.length).fill(NaN);
  const base = { owners: new Map(), first: new Map(first), low: free, high: free };
  const members = new Members(base, sdEngine.compile(code, null), layout, [0, 0]);
  const slots = { a: members.slot() };
  const rows = (values) => values.map((row) => {
    const found = unpacked.slice();
    for (const [number, value] of row) found[number] = value;
    return found;
  });
  const plain = (outs) => outs.map((out) => Array.from(out));
  return moves.map(([name, values]) => {
    slots[name] ??= copyOf(slots.a);
    try {
      const found = plain(members.run(slots[name], rows(values), 0));
      const expected = plain(members.run(members.slot(), rows(values), 0));
      return JSON.stringify(found) === JSON.stringify(expected);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  });
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    scripts = files("sd_covid.report.simulator").joinpath("members.js").read_text(encoding="utf-8")
    page.add_script_tag(content=f"{runtime()}\n{scripts}\nglobalThis.walk = {WALK};")
    yield page
    page.close()


@pytest.mark.parametrize("final", [100, 6, 1])
def test_every_run_is_that_of_a_new_slot(page: Page, tmp_path: Path, final: int) -> None:
    """Of a course that is long, of one with a few states to carry on from, and of one that is too short for any."""
    file = tmp_path / "model.mdl"
    file.write_text(MODEL.replace("= FINAL~", f"= {final}~"))
    simulation = sd_covid.load(file)
    program = simulation.program
    at = {item.cell: number for number, item in enumerate(program.parameters)}
    nodes = [program.cells[simulation.names.cells(name)[0]] for name in ("level", "late")]
    made = assemble(program, nodes)
    rate, jump, delay = (at[simulation.names.cells(name)[0]] for name in ("rate", "jump", "delay"))
    one, two = [[rate, 2.0]], [[rate, 3.0], [jump, 0.01]]
    moves: list[tuple[str, list[Any]]] = [
        ("a", [[], []]),
        ("b", [one, two]),
        ("b", [two, one]),
        ("b", [[[delay, 3.5]], one]),
        ("b", [[[delay, 1e9]], one]),  # no run
        ("b", [two, two]),
        ("a", [one, []]),
        ("b", [[], []]),
        ("a", [[], two]),
        ("b", [one, one]),
    ]
    told = page.evaluate(
        "walk",
        [
            base64.b64encode(made.code).decode("ascii"),
            made.layout,
            base64.b64encode(program.defaults.astype("<f8").tobytes()).decode("ascii"),
            [[rate, 5.0], [jump, 5.0]],
            moves,
        ],
    )
    assert told == [None if number == 4 else True for number in range(len(moves))]
