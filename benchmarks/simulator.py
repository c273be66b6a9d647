"""The simulator's page in a headless browser: how long from a slider to what it changes.

    python benchmarks/simulator.py [--rounds 5] [--file scenarios/simulator.yaml]

makes the page and opens it anew each round. In a round it drags a slider over sixty values, each as soon as the one
before is painted, lets it go, and waits for the bands; for a lever of later, for one of the crisis, and for an
assumption, which moves the whole run. Times are read in the page (`performance.now`):
painted is a task after the frame in which the charts changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import sd_covid
from sd_covid.report.simulator import read_declaration, read_known, simulator_page

ROOT = Path(__file__).parents[1]
VALUES = 60
#: What is dragged: a lever of later, a lever of the crisis, an assumption.
SLIDERS = ("job guidance level", "NOW level", "inflation in the long run")

DRAG = """async ([name, values]) => {
  const input = document.querySelector(`input[data-constant="${name}"]`);
  const charts = document.getElementById('charts');
  const line = document.querySelector('#chart-0 .levels');
  // A task after this: what was drawn within a frame, as while a slider moves, is painted then.
  const task = () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => task().then(resolve)));
  const changed = (node, holds) => new Promise((resolve) => {
    if (holds()) { resolve(); return; }
    const watch = new MutationObserver(() => { if (holds()) { watch.disconnect(); resolve(); } });
    watch.observe(node, { attributes: true, childList: true, subtree: true, characterData: true });
  });
  const low = Number(input.min), high = Number(input.max), step = Number(input.step);
  const at = (share) => String(low + step * Math.round((share * (high - low)) / step));
  const redrawn = [];
  const first = performance.now();
  for (let k = 0; k < values; k += 1) {
    const value = at(0.5 + 0.45 * Math.sin(1 + k / 3));
    if (value === input.value) continue;
    const before = charts.dataset.drawn;
    const begun = performance.now();
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await changed(charts, () => charts.dataset.drawn !== before);
    await task();
    redrawn.push(performance.now() - begun);
  }
  const rate = (1000 * redrawn.length) / (performance.now() - first);
  const count = () => Number(charts.dataset.draws);
  const released = performance.now();
  input.dispatchEvent(new Event('change', { bubbles: true }));
  await changed(charts, () => count() > 0);
  const some = count();
  await painted();
  const bands = performance.now() - released;
  if (some === Number(charts.dataset.all)) return { redrawn, rate, some, bands, all: bands };
  await changed(charts, () => count() === Number(charts.dataset.all));
  await painted();
  return { redrawn, rate, some, bands, all: performance.now() - released };
}"""

OPENED = """async () => {
  await new Promise((resolve) => { const look = () => (
    document.documentElement.dataset.painted === 'yes' ? resolve() : setTimeout(look, 5)); look(); });
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return [paint === undefined ? NaN : paint.startTime, performance.mark('now').startTime];
}"""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", type=Path, default=ROOT / "scenarios" / "simulator.yaml")
    parser.add_argument("--draws", type=int)
    parser.add_argument("--page", type=Path, help="A page that is there already.")
    asked = parser.parse_args()
    found = asked.page.read_text(encoding="utf-8") if asked.page else made(asked.file, asked.draws)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simulator.html"
        file.write_text(found, encoding="utf-8")
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        loads = [os.getloadavg()[0]]
        rounds = []
        for _ in range(asked.rounds):
            rounds.append(one_round(browser, file))
            loads.append(os.getloadavg()[0])
        print(
            f"{browser.version}, {os.cpu_count()} processors, load {min(loads):.1f} to {max(loads):.1f}, ",
            end="",
        )
        print(f"{asked.rounds} rounds, page of {len(found) / 1e6:.2f} MB\n")
        browser.close()
    show(rounds)


def made(file: Path, draws: int | None) -> str:
    """The page as ``sd-covid simulator`` writes it."""
    declared = read_declaration(file)
    simulation = sd_covid.load(declared.model)
    return simulator_page(declared, simulation, read_known(declared, simulation), "nl", draws)


def one_round(browser: Browser, file: Path) -> dict[str, Any]:
    """The page opened, and its sliders dragged."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(file.as_uri())
    found: dict[str, Any] = {"opened": page.evaluate(OPENED)}
    page.evaluate("document.querySelectorAll('.group').forEach((item) => { item.open = true; })")
    page.wait_for_function(
        "document.getElementById('charts').dataset.draws === document.getElementById('charts').dataset.all"
    )
    for name in SLIDERS:
        found[name] = page.evaluate(DRAG, [name, VALUES])
        page.click("#reset")
        page.wait_for_timeout(1500)
    page.close()
    return found


def show(rounds: list[dict[str, Any]]) -> None:
    """A table: median, 95th percentile and largest of all rounds, in milliseconds."""
    print("| what | median | p95 | largest |\n|---|---|---|---|")

    def row(title: str, values: Any) -> None:
        shares = np.quantile(np.asarray(values, dtype=float), [0.5, 0.95, 1.0])
        print(f"| {title} | {' | '.join(f'{value:,.0f}' for value in shares)} |")

    row("first contentful paint, ms", [item["opened"][0] for item in rounds])
    row("charts drawn, ms", [item["opened"][1] for item in rounds])
    for name in SLIDERS:
        parts = [item[name] for item in rounds]
        row(f"{name}: slider to chart, ms", np.concatenate([part["redrawn"] for part in parts]))
        row(f"{name}: redraws a second", [part["rate"] for part in parts])
        least = min(part["some"] for part in parts)
        row(f"{name}: first bands ({least} draws or more), ms", [part["bands"] for part in parts])
        row(f"{name}: all draws, ms", [part["all"] for part in parts])


if __name__ == "__main__":
    main()
