"""Run the notebooks and keep what they show: their outputs stand in the repository, and a test holds them to the code.

    python docs/notebooks.py                  all of them
    python docs/notebooks.py scenario-sweep   only this one

All run in one kernel, each from an empty namespace: starting one takes longer than most notebooks do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SAMPLED = "sampled"  # tag of a cell whose numbers come from a Markov chain
SHARE = 0.15  # by which such numbers may differ: a chain takes another way where a processor rounds otherwise
_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_RULE = re.compile(r"-{2,}| {2,}")  # of a table, as wide as its widest cell


@contextmanager
def kernel(folder: Path = FOLDER) -> Iterator[KernelManager]:
    """A kernel for notebooks one after another, in a folder of them."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    try:
        yield manager
    finally:
        manager.shutdown_kernel(now=True)


def execute(path: Path, manager: KernelManager) -> NotebookNode:
    """A notebook with the outputs that it has now.

    Parameters
    ----------
    path : Path
    manager : KernelManager
        Of a kernel that runs; what earlier notebooks left in it is removed.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
    """
    notebook = nbformat.read(path, as_version=4)
    reset = nbformat.v4.new_code_cell("%reset -f")
    notebook.cells.insert(0, reset)
    client = NotebookClient(notebook, km=manager, timeout=300, record_timing=False)
    try:
        client.execute()
    finally:
        if client.kc is not None:
            client.kc.stop_channels()  # the kernel stays, so its client is not closed with it
    notebook.cells.remove(reset)
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    notebook.metadata.pop("language_info", None)  # the version of Python, which no reader needs
    return notebook


def told(cell: NotebookNode) -> str:
    """All text that a cell shows, and a word for each picture."""
    parts = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        parts.append("".join(output.get("text", "")) or "".join(data.get("text/plain", "")))
        parts += ["[picture]"] if "image/png" in data else []
    return "\n".join(parts)


def differs(kept: str, now: str, share: float = 0.0) -> str:
    """How two texts differ; nothing where they say the same.

    Words must be equal. A number may be off by one in its last digit, since another processor may round it to the other
    side, or by a share of it.
    """
    words = [_RULE.sub(" ", _NUMBER.sub("#", text)).split() for text in (kept, now)]
    if words[0] != words[1]:
        return f"it shows\n{now}\nand not\n{kept}"
    pairs = zip(_NUMBER.findall(kept), _NUMBER.findall(now), strict=True)
    far = [(one, other) for one, other in pairs if not _close(one, other, share)]
    return "; ".join(f"{other} and not {one}" for one, other in far)


def _close(one: str, other: str, share: float) -> bool:
    a, b = (float(text.replace("−", "-")) for text in (one, other))
    room = max(_last_digit(one), _last_digit(other)) * 1.001
    return abs(a - b) <= max(room, share * max(abs(a), abs(b)))


def _last_digit(number: str) -> float:
    """One in the last digit of a number as it is written."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


def main(names: list[str]) -> None:
    """Run the notebooks of some names, or all, and write them with their outputs."""
    unknown = [name for name in names if name not in [path.stem for path in NOTEBOOKS]]
    if unknown:
        sys.exit(f"no notebook '{unknown[0]}'; there are {', '.join(path.stem for path in NOTEBOOKS)}")
    with kernel() as manager:
        for path in NOTEBOOKS:
            if not names or path.stem in names:
                nbformat.write(execute(path, manager), path)
                sys.stdout.write(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
