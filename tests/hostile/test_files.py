"""A study from a stranger names files elsewhere, is no ordinary file, never ends, or unpacks without end.

Whatever it is, the answer is exit code 2 and one line, in a moment, and nothing of what lies elsewhere is in it.
"""

from __future__ import annotations

import io
import os
import re
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import sd_covid
from sd_covid.errors import DataError, SdCovidError
from sd_covid.files import bytes_of, json_of, stream_of, text_of
from sd_covid.model import read
from sd_covid.model.external.data_files import read_series
from sd_covid.policy.reading import named_model
from sd_covid.policy.sweep import read_sweep
from sd_covid.yaml_nodes import YamlFault, compose
from tests.cli.conftest import Answer, Call
from tests.model.conftest import CONTROL

SECRET = "the-secret-of-elsewhere"


def refused(answer: Answer) -> None:
    """Assert one printable line, and nothing of the secret."""
    assert 2 == answer.code, answer
    assert answer.last.startswith("error: ")
    assert "Traceback" not in answer.err
    assert SECRET not in answer.err + answer.out
    assert all(sign.isprintable() for sign in answer.last)


# --- what is no ordinary file ---


@pytest.fixture(params=["pipe", "device", "socket", "folder"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something that cannot be read as a file; a pipe would be waited for, the device never ends."""
    path = tmp_path / "strange.yaml"
    match request.param:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case _:
            path.mkdir()
    return path


def test_no_reader_waits_for_what_never_ends(no_file: Path) -> None:
    for reads in (bytes_of, text_of, stream_of):
        with pytest.raises((DataError, OSError)):
            reads(no_file)
    with pytest.raises(DataError):
        json_of(no_file, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1' + "0" * 400 + "}", "not JSON that can be read: a number of 401 digits"),
        ("[-" + "9" * 309 + "]", "not JSON that can be read: a number of 309 digits"),
        ("[" + "9" * 5000 + "]", "not JSON that can be read: "),
        ("[" * 100_000, "not JSON that can be read: "),
    ],
)
def test_json_that_nothing_can_hold_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(DataError, match=re.escape(reason)):
        json_of(file, "")


def test_numbers_of_json_are_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(f"[{2**64 - 1}, -3, 1.5, {10**308}]")
    assert json_of(file, "") == [2**64 - 1, -3, 1.5, 10**308]


#: What stands in the study -> the words of a command that reads it.
READ_BY = {
    "models/town.mdl": ["run", "models/town.mdl"],
    "models/town.yaml": ["run", "models/town.yaml"],
    "scenarios/levers.yaml": ["run", "models/town.yaml", "-s", "scenarios/none.yaml"],
    "scenarios/assumptions.yaml": ["run", "models/town.yaml", "-s", "scenarios/none.yaml"],
    "scenarios/none.yaml": ["run", "models/town.yaml", "-s", "scenarios/none.yaml"],
    "scenarios/robust.yaml": ["robust", "scenarios/robust.yaml"],
    "scenarios/outputs.yaml": ["robust", "scenarios/robust.yaml"],
    "scenarios/paths/falling.yaml": ["robust", "scenarios/robust.yaml"],
    "models/evidence.csv": ["run", "models/town.yaml", "-s", "scenarios/none.yaml"],
    "models/references.csv": ["run", "models/town.yaml", "-s", "scenarios/none.yaml"],
    "models/titles.yaml": ["check", "models/town.yaml", "--no-pysd"],
    "models/checks.yaml": ["check", "models/town.yaml", "--no-pysd"],
    "models/loops.yaml": ["document", "models/town.yaml", "-o", "out/pages"],
    "models/notes/town.yaml": ["document", "models/town.yaml", "-o", "out/pages"],
    "models/drivers_sources.csv": ["document", "models/town.yaml", "-o", "out/pages"],
    "calibration/fit.json": ["robust", "scenarios/robust.yaml", "-o", "out/page.html"],
    "calibration/posterior.parquet": ["robust", "scenarios/robust.yaml"],
}


def command(call: Call, town: Path, words: list[str]) -> Answer:
    """Run a command on the files of the study."""
    return call(*(town / word if "/" in word else word for word in words))


@pytest.mark.parametrize("name", READ_BY)
def test_a_pipe_in_the_place_of_any_file_is_refused_at_once(call: Call, town: Path, name: str) -> None:
    (town / name).unlink(missing_ok=True)
    os.mkfifo(town / name)
    refused(command(call, town, READ_BY[name]))


#: What the user names may be a link; draws are no text.
LINKED = [name for name in READ_BY if name not in ("models/town.yaml", "calibration/posterior.parquet")]


@pytest.mark.parametrize("name", LINKED)
def test_a_link_that_leads_out_of_the_study_is_not_read(
    call: Call, town: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").write_text(f"{SECRET}: [{SECRET}\n", encoding="utf-8")
    (town / name).unlink(missing_ok=True)
    (town / name).symlink_to(tmp_path / "elsewhere")
    # A model that the user names is read, its link resolved; a sector of a composed one that is a link is not.
    words = ["run", "models/town.yaml"] if name == "models/town.mdl" else READ_BY[name]
    refused(command(call, town, words))


@pytest.mark.parametrize("target", ["loop.yaml", "nowhere"])
def test_a_link_to_itself_or_to_nothing_is_refused(call: Call, town: Path, target: str) -> None:
    (town / "scenarios/loop.yaml").symlink_to(target)
    refused(command(call, town, ["run", "models/town.yaml", "-s", "scenarios/loop.yaml"]))


# --- names of files ---

ELSEWHERE = [
    "../../secret.mdl", "/etc/passwd", "/dev/zero", "a\\0b", "x" * 5000, "../" * 400 + "etc/passwd", "~/.ssh/id",
    "C:\\\\secret", "file:///etc/passwd", "..", ".", "loop", "\\e[31m.mdl", "name\\nwith a line",
]  # fmt: skip
#: Where a file names another: the file, and its text with the name in place of NAME.
NAMED = {
    "sector": ("models/town.yaml", 'name: town\nsectors: {town: "NAME"}\n', ["run", "models/town.yaml"]),
    "extended model": ("models/other.yaml", 'name: a\nextends: "NAME"\n', ["run", "models/other.yaml"]),
    "extended scenario": (
        "scenarios/new.yaml",
        'title: {nl: a, en: a}\nrationale: {nl: a, en: a}\nextends: "NAME"\n',
        ["run", "models/town.yaml", "-s", "scenarios/new.yaml"],
    ),
    "path": (
        "scenarios/new.yaml",
        'title: {nl: a, en: a}\nrationale: {nl: a, en: a}\npath: "NAME"\n',
        ["run", "models/town.yaml", "-s", "scenarios/new.yaml"],
    ),
    "model of a plan": (
        "scenarios/new.yaml",
        'model: "NAME"\noutputs: [rate]\n',
        ["sweep", "scenarios/new.yaml"],
    ),
    "draws": (
        "scenarios/new.yaml",
        'model: ../models/town.yaml\noutputs: [rate]\nscenarios: [none]\ndraws: {posterior: "NAME", size: 2}\n',
        ["sweep", "scenarios/new.yaml"],
    ),
    "scenario of a sweep": (
        "scenarios/new.yaml",
        'model: ../models/town.yaml\noutputs: [rate]\nscenarios: ["NAME"]\n',
        ["sweep", "scenarios/new.yaml"],
    ),
    "outputs": (
        "scenarios/new.yaml",
        'model: ../models/town.yaml\noutputs: "NAME"\n',
        ["sweep", "scenarios/new.yaml"],
    ),
    "sets": (
        "scenarios/new.yaml",
        'model: ../models/town.yaml\noutputs: [rate]\nassumptions: {file: "NAME"}\n',
        ["sweep", "scenarios/new.yaml"],
    ),
    "model of a problem": (
        "calibration/problem.yaml",
        'format_version: 2.0.0\nmodel_files: {m: {location: "NAME", language: vensim}}\n'
        "parameter_files: []\nobservable_files: []\nmeasurement_files: []\n",
        ["calibrate", "calibration/problem.yaml"],
    ),
    "table of a problem": (
        "calibration/problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: ../models/town.yaml, language: vensim}}\n"
        'parameter_files: ["NAME"]\nobservable_files: ["NAME"]\nmeasurement_files: ["NAME"]\n',
        ["calibrate", "calibration/problem.yaml"],
    ),
    "model of a simulator": (
        "scenarios/new.yaml",
        'model: "NAME"\ntitle: {nl: a, en: a}\ngroups: []\noutputs: {}\n',
        ["simulator", "--file", "scenarios/new.yaml"],
    ),
}


@pytest.mark.parametrize("kind", NAMED)
def test_no_file_of_a_study_names_one_outside(call: Call, town: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret.mdl").write_text(SECRET, encoding="utf-8")
    (town / "models/loop").symlink_to("loop")
    (town / "scenarios/loop").symlink_to("loop")
    (town / "scenarios/out.mdl").symlink_to(tmp_path / "secret.mdl")
    (town / "models/out.mdl").symlink_to(tmp_path / "secret.mdl")
    file, text, words = NAMED[kind]
    some = ELSEWHERE[
        list(NAMED).index(kind) % 4 :: 4
    ]  # every name is tried in some place, every place with some names
    if words[0] in ("sweep", "simulator"):
        words = [*words, "-o", "out/put"]
    for name in ["../../secret.mdl", *some, "out.mdl"]:
        (town / file).write_text(text.replace("NAME", name), encoding="utf-8")
        refused(command(call, town, words))
    assert not (town / "out").exists()


@pytest.mark.parametrize(
    "name", ["../../secret.csv", "/etc/passwd", "/dev/zero", "a\0b", "x" * 5000, "loop.csv", "out.csv"]
)
@pytest.mark.parametrize(
    "call_of", ["GET DIRECT CONSTANTS('{}', ',', 'A1')", "GET XLS DATA('{}', ',', 'A', 'B2')"]
)
def test_no_model_reads_a_file_outside_its_study(town: Path, tmp_path: Path, name: str, call_of: str) -> None:
    (tmp_path / "secret.csv").write_text(SECRET, encoding="utf-8")
    (town / "models/loop.csv").symlink_to("loop.csv")
    (town / "models/out.csv").symlink_to(tmp_path / "secret.csv")
    model = town / "models/reads.mdl"
    sign = ":=" if "DATA" in call_of else "="
    model.write_text(f"{{UTF-8}}\nx {sign} {call_of.format(name)} ~~|\n{CONTROL}", encoding="utf-8")
    with pytest.raises(SdCovidError) as caught:
        sd_covid.load(model).run()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "resource", ["../../secret.xmile", "file:///etc/passwd", "/etc/passwd", "../**/*", "**/*", "a&#x85;b"]
)
def test_no_xmile_includes_a_file_outside_its_folder(town: Path, tmp_path: Path, resource: str) -> None:
    (tmp_path / "secret.xmile").write_text(SECRET, encoding="utf-8")
    head = '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header><includes>'
    (town / "models/a.xmile").write_text(
        f'{head}<include resource="{resource}"/></includes></header><model><variables/></model></xmile>'
    )
    with pytest.raises(SdCovidError) as caught:
        read(town / "models/a.xmile")
    assert SECRET not in str(caught.value)


# --- what unpacks without end ---

LAUGHS = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{k}: &a{k} {{x: *a{k - 1}, y: *a{k - 1}}}\n" for k in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, "references come to more than"),
        ("a: &a {b: *a}\n", "a reference that holds itself"),
        ("a: &a [*a]\n", "a reference that holds itself"),
        (
            "".join(f"a{k}: &a{k} [{f'*a{k - 1}' if k else 1}]\n" for k in range(300)),
            "nested more than 100 deep",
        ),
        ("[" * 5000, "nested more than 100 deep"),
        ("- " * 5000, "nested more than 100 deep"),
    ],
    ids=["laughs", "mapping within itself", "list within itself", "chain", "brackets", "dashes"],
)
def test_yaml_that_unpacks_without_end_is_refused(text: str, told: str) -> None:
    with pytest.raises(YamlFault, match=told):
        compose(text)


@pytest.mark.parametrize("name", [name for name in READ_BY if name.endswith(".yaml")])
def test_every_yaml_file_is_read_by_the_one_that_refuses(call: Call, town: Path, name: str) -> None:
    (town / name).write_text(LAUGHS, encoding="utf-8")
    refused(command(call, town, READ_BY[name]))


def packed(parts: dict[str, bytes]) -> bytes:
    """A zipped file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: packed({"xl/workbook.xml": bytes(65 * 2**20)}), "MiB in 1 parts"),
        (lambda: packed({f"{k}": b"" for k in range(1001)}), "in 1001 parts"),
        (lambda: packed({"xl/workbook.xml": b"<a"}), "no Excel file"),
        (lambda: b"PK\x03\x04" + bytes(100), "no Excel file"),
    ],
    ids=["large", "many", "spoilt", "cut"],
)
def test_a_workbook_beside_a_model_that_unpacks_without_end_is_refused(
    tmp_path: Path, content: Callable[[], bytes], told: str
) -> None:
    (tmp_path / "f.xlsx").write_bytes(content())
    (tmp_path / "m.mdl").write_text(f"{{UTF-8}}\nx := GET XLS DATA('f.xlsx', 'a', 'A', 'B2')~~|\n{CONTROL}")
    with pytest.raises(DataError, match=told):
        read_series(tmp_path / "f.xlsx")
    with pytest.raises(SdCovidError, match=told):
        sd_covid.load(tmp_path / "m.mdl").run()


def test_a_cell_far_below_does_not_fill_the_memory(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Time", 1
    book.save(tmp_path / "f.xlsx")
    with pytest.raises(DataError, match="more than 10000000 cells"):
        read_series(tmp_path / "f.xlsx")


def test_series_may_stand_in_the_first_sheet_of_a_workbook(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["Time", "level"], [0, 1.5], [1, 2.5]):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    assert [(("level",), ((0.0, 1.0), (1.5, 2.5)))] == read_series(tmp_path / "f.xlsx")


def test_a_file_larger_than_people_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sparse.yaml"
    with path.open("wb") as file:
        file.truncate(200_000_000)  # takes nothing on disk
    with pytest.raises(DataError, match="larger than 100000000 bytes"):
        text_of(path)


def test_a_sweep_that_is_sound_is_read(town: Path) -> None:
    """The study of these tests is refused for what they put in it, and for nothing else."""
    file = town / "scenarios/new.yaml"
    file.write_text("model: ../models/town.yaml\noutputs: [rate]\nscenarios: [none]\n", encoding="utf-8")
    assert 1 == len(read_sweep(file, sd_covid.load(named_model(file))).scenarios)
