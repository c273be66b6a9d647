"""The code in the pages runs: a reader who does what a page says gets no error.

A page is followed from top to bottom: files are saved where the sentence before them says, commands run one after
another, and then the Python of the page. What takes minutes, or has names of the reader's own in it, is in `NOT_RUN`
with the reason: of that, command, options and the files of the study are checked.
"""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import typer.main
from matplotlib import use

from sd_covid.calibration.problem.petab import read_problem
from sd_covid.cli.app import app, execute
from tests.docs.blocks import PROGRAM, ROOT, Block, blocks, spans

SLOW = "minutes of a processor; what it does is tested on fewer draws or a smaller model"
HALF = "tens of seconds of a processor; what it does is tested on fewer draws or a smaller model"
OWN = "has names of the reader's own in it"
NETWORK = "asks the sources of the series"
SETUP = "installs, or runs the tests themselves"
CHANGES = "changes the series of the study; what it does is tested on a copy"

#: Page -> beginning of a command, without the program -> why it is not run.
NOT_RUN = {
    "README.md": {"make": SETUP, "compare": SLOW, "simulator": HALF},
    "benchmarks/README.md": {"python": SLOW},
    "docs/calibration-check.md": {"sbc": OWN, "recover": OWN},
    "docs/causal-diagrams.md": {"marvel session.xlsx": OWN, "marvel models/marvel/corona --language": HALF},
    "docs/costs-and-benefits.md": {"compare": SLOW},
    "docs/dashboard.md": {"dashboard": SLOW},
    "docs/first-study.md": {"compare": SLOW, "run": OWN},
    "docs/local.md": {"local project": HALF, "local test": HALF, "local add": OWN},
    "docs/loops.md": {"loops": HALF},
    "docs/nl/opties-vergelijken.md": {"compare": SLOW, "simulator": HALF, "dashboard": SLOW},
    "docs/refresh.md": {"data refresh": NETWORK},
    "docs/report.md": {"compare": SLOW},
    "docs/robustness.md": {"robust": SLOW},
    "docs/scenarios.md": {"run": OWN, "compare": OWN},
    "docs/sensitivity.md": {"sensitivity": SLOW},
    "docs/sessions.md": {"session": OWN, "compare": OWN, "marvel": HALF},
    "docs/simulator.md": {"simulator": HALF},
    "docs/stacking.md": {"stacking models/netherlands.yaml --table": OWN, "stacking": HALF},
    "docs/start.md": {"make": SETUP},
    "docs/sweeps.md": {"sweep": SLOW},
    "docs/tutorials/new-series.md": {"calibrate": SLOW, "fits": SLOW},
    "docs/tutorials/options.md": {"compare": SLOW, "simulator": HALF, "dashboard": SLOW},
}
#: Page -> beginning of a block of Python -> why it is not run.
PYTHON_NOT_RUN = {
    "docs/ecosystem.md": {"df = to_pyam(": "pyam is not among what the tests install"},
    "docs/sweeps.md": {
        "import sd_covid\n": "stands on a store of minutes; the tutorial reads a small one so"
    },
}
#: Names in commands that stand for a file of the reader's, below folders of the study.
OWN_FILES = {"scenarios/mine.yaml", "scenarios/plan.xlsx", "scenarios/form"}

PROGRAMS = typer.main.get_command(app)
FOLDERS = ("models", "scenarios", "calibration")


def _why_not(page: str, words: list[str]) -> str | None:
    """Why a command is not run; None when it is."""
    said = " ".join(words[1:] if words[0] == PROGRAM else words)
    return next((why for start, why in NOT_RUN.get(page, {}).items() if said.startswith(start)), None)


def _left_out(block: Block) -> bool:
    """Whether a block of Python is not run."""
    return any(block.text.startswith(start) for start in PYTHON_NOT_RUN.get(block.page, ()))


def _run(block: Block) -> bool:
    """Whether something of a block runs."""
    if block.language == "python":
        return not _left_out(block)
    return not block.language and any(_why_not(block.page, words) is None for words in block.commands)


RUN = sorted({block.page for block in blocks() if _run(block)})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a reader has who stands in the repository."""
    root = tmp_path_factory.mktemp("repository")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder)
    (root / "tests").mkdir()
    shutil.copytree(ROOT / "tests" / "models", root / "tests" / "models")
    return root


@pytest.fixture(autouse=True)
def _figures() -> Iterator[None]:
    """Figures are drawn without a window, and closed."""
    use("agg")
    yield
    plt.close("all")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:petab", "ignore::FutureWarning:petab")
@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning:arviz")
@pytest.mark.parametrize("page", RUN)
def test_a_reader_can_follow_the_page(
    page: str,
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = [block for block in blocks() if block.page == page]
    makes_its_own = not code[0].language and code[0].commands[0][:2] == [PROGRAM, "init"]
    monkeypatch.chdir(tmp_path if makes_its_own else study)
    before: list[str] = []
    for block in code:
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
            if block.text.startswith("extends:") and block.file.startswith("calibration/"):
                assert read_problem(Path(block.file)).measurements  # fitting it is dear, reading is not
        elif block.language == "python" and not _left_out(block):
            before.append(block.text)
        elif not block.language:
            for words in block.commands:
                if words[0] == "cd":
                    monkeypatch.chdir(words[1])
                elif _why_not(page, words) is None:
                    assert words[0] == PROGRAM, f"{block}: no way to run {words[0]}"
                    answer = execute(words[1:])
                    assert answer == 0, f"{block}: {' '.join(words)}: {capsys.readouterr().err}"
    if before:
        script = tmp_path / "page.py"
        script.write_text("\n".join(before), encoding="utf-8")
        runpy.run_path(str(script))


def _checked(words: list[str], saved: set[str]) -> None:
    """Check a command without running it: it is there, has these options, and what it reads of the study is there."""
    if words[0] == "make":
        targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines()}
        assert set(words[1:]) <= targets
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    else:
        assert words[0] == PROGRAM
        command, name, rest = PROGRAMS, PROGRAM, words[1:]
        while hasattr(command, "commands"):
            name, *rest = rest
            command = command.commands[name]
        context = command.make_context(name, rest)
        inputs = [
            value
            for parameter in command.params
            if parameter.param_type_name == "argument" or "scenario" in parameter.name
            for value in _paths(context.params[parameter.name])
        ]
        missing = [
            path
            for path in inputs
            if path.parts[0] in FOLDERS
            and path.as_posix() not in OWN_FILES | saved
            and not (ROOT / path).exists()
        ]
        assert missing == []


def _paths(value: object) -> list[Path]:
    """The paths among what a parameter was given."""
    several = value if isinstance(value, list | tuple) else [value]
    return [Path(item) for item in several if isinstance(item, str | Path) and item]


@pytest.mark.parametrize("page", sorted(NOT_RUN))
def test_what_is_not_run_is_there(page: str) -> None:
    unused = dict(NOT_RUN[page])
    saved = {block.file for block in blocks() if block.page == page}
    for block in blocks():
        if block.page != page or block.language:
            continue
        for words in block.commands:
            if _why_not(page, words) is None:
                continue
            said = " ".join(words[1:] if words[0] == PROGRAM else words)
            unused.pop(next(start for start in NOT_RUN[page] if said.startswith(start)), None)
            if "MODEL" not in words:
                _checked(words, saved)
    if page != "benchmarks/README.md":  # its commands stand in the prose
        assert unused == {}, "these are no longer in the page: take them out of NOT_RUN"


def test_every_command_in_prose_has_the_options_that_it_is_said_to_have() -> None:
    seen = 0
    for span in spans():
        words = span.text.replace("[", " ").replace("]", " ").replace("…", " ").split()
        command = PROGRAMS
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            if "|" in name or name.startswith("-") or name.isupper():
                break
            if span.language and name not in command.commands:
                break  # the first of a cell that is no command
            assert name in command.commands, f"{span}: no command {name} in '{span.text}'"
            command = command.commands[name]
        else:
            known = {
                option
                for parameter in command.params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
            said = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
            assert said <= known | {"-h", "--help"}, f"{span}: {said - known} in '{span.text}'"
            seen += 1
    assert seen > 50


def test_no_block_is_of_an_unknown_kind() -> None:
    """Python and commands run; YAML and tables are read; what a program prints, and drawings, are text."""
    kinds = {block.language for block in blocks()}
    assert kinds <= {"", "python", "yaml", "csv", "tsv", "text", "mermaid", "{eval-rst}"}
