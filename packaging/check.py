"""Build the package, install it where there is nothing else, and make a first figure: what a new user gets.

    python packaging/check.py [FOLDER]

In FOLDER, by default a temporary one, go the builds, an empty virtual environment with the locked libraries that the
package asks for without extras, and a new study. Needs the build tool of ``requirements.lock`` and a package index.
Ends with 1 where the wheel out of the source archive is another than that out of the checkout, or a command fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(folder: Path) -> None:
    """Build, compare, install and use."""
    wheel, archive = _built(ROOT, "wheel", folder / "dist"), _built(ROOT, "sdist", folder / "dist")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    again = _built(source, "wheel", folder / "again")
    if _content(wheel) != _content(again):
        sys.exit(f"{again} differs from {wheel}")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, the same out of {archive.name}")

    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    constraints = folder / "constraints.txt"
    pins = re.findall(
        r"^[A-Za-z0-9._-]+==[^\\\n]*[^\\\s]", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    constraints.write_text("\n".join(pins) + "\n")
    pip = [programs / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _timed("install", *pip, wheel, "--constraint", constraints)

    command, study = programs / "sd-covid", folder / "study"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        os.environ.pop(name, None)
    seconds = _timed("sd-covid init", command, "init", study)
    run = (
        "run",
        "models/netherlands.yaml",
        "-s",
        "scenarios/no-support.yaml",
        "--columns",
        "unemployment rate",
    )
    seconds += _timed("sd-covid run --figure", command, *run, "--figure", "run.png", where=study)
    if not (study / "run.png").read_bytes().startswith(b"\x89PNG"):
        sys.exit("run.png is no figure")
    print(f"{seconds:5.1f} s from the installed package to a first figure")
    scenarios = [f"scenarios/{name}.yaml" for name in ("actual", "no-support")]
    seconds += _timed("sd-covid compare", command, "compare", *scenarios, "-o", "report.html", where=study)
    page = (study / "report.html").read_text(encoding="utf-8")
    print(f"{seconds:5.1f} s to a report of {page.count('<svg')} figures")


def _built(source: Path, kind: str, folder: Path) -> Path:
    """The wheel or source archive of a checkout."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(words, cwd=source, check=True, capture_output=True)
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def _content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _timed(title: str, *words: object, where: Path | None = None) -> float:
    """Run a command and print how long it took, and how much of processors."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run([str(word) for word in words], cwd=where, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(f"{title} ended with {done.returncode}")
    seconds, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{seconds:5.1f} s, {used:5.1f} s of processors: {title}", flush=True)
    return seconds


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="sd-covid-") as temporary:
            main(Path(temporary))
