"""What Windows does not have is not needed: the commands run in a Python from which it was taken away.

Only Windows can show that they run there; this shows that nothing is missing that it is known to lack.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import sd_covid

PACKAGE = Path(sd_covid.__file__).parent
LOCK = PACKAGE / "policy" / "sweep" / "lock.py"
#: What the library reference marks as "Availability: Unix".
MODULES = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
FUNCTIONS = (
    "fork", "forkpty", "geteuid", "getgid", "getpgid", "getuid", "killpg", "mkfifo", "nice", "sched_getaffinity",
    "setsid", "O_CLOEXEC",
)  # fmt: skip
#: Takes them away, gives the lock what it takes on Windows, and runs commands one after another.
WITHOUT = f"""
import fcntl, importlib.util, os, sys, types
import platformdirs  # asks for getuid where os.name says posix

def locking(handle, mode, size):
    fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, size, 0, os.SEEK_CUR)

sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
sys.modules |= dict.fromkeys({MODULES!r})
for name in {FUNCTIONS!r}:
    delattr(os, name)
import sd_covid.errors
spec = importlib.util.spec_from_file_location("sd_covid.policy.sweep.lock", {str(LOCK)!r})
here, sys.platform = sys.platform, "win32"
sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[spec.name])
sys.platform = here
del sys.modules["msvcrt"]  # by which others would take this for Windows
from sd_covid.cli import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["sd-covid", *line.split("\t")]
    try:
        main()
    except SystemExit as end:
        assert end.code == 0, (line, end.code)
"""


def test_commands_run_without_what_windows_lacks(drain: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text("model: drain.mdl\noutputs: [level]\n")
    commands = (
        ("--help",),
        ("run", drain, "-o", tmp_path / "drain.csv"),
        ("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "drain.zarr"),
    )
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input="\n".join("\t".join(map(str, command)) for command in commands),
        env={"PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(PACKAGE.parent), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="cp1252",
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr if done.returncode else "")
    assert (tmp_path / "drain.csv").read_text().splitlines()[0].startswith("Time,")
    assert (tmp_path / "drain.zarr" / "zarr.json").is_file()
    assert not (tmp_path / "drain.zarr.lock").exists()


def test_nothing_else_asks_for_a_module_that_windows_lacks() -> None:
    asks = re.compile(rf"^\s*(?:import|from) (?:{'|'.join(MODULES)})\b", re.MULTILINE)
    files = [file for file in PACKAGE.rglob("*.py") if asks.search(file.read_text(encoding="utf-8"))]
    assert [LOCK] == files
