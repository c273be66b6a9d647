"""Vensim's files on the command line. The model halves each month at rate 0.5: 100, 50, 25."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call


def test_run_takes_changes_and_a_save_list(call: Call, drain: Path, tmp_path: Path) -> None:
    (tmp_path / "a.cin").write_text("rate = 0.25\n")
    (tmp_path / "a.lst").write_text("level\n")
    answer = call("run", drain, "--changes", tmp_path / "a.cin", "--columns", f"@{tmp_path / 'a.lst'}")
    assert ["Time,level", "0,100", "1,75", "2,56.25"] == answer.out.split()
    answer = call(
        "run", drain, "--changes", tmp_path / "a.cin", "-p", "rate=0.5", "--columns", f"@{tmp_path / 'a.lst'}"
    )
    assert "2,25" == answer.out.split()[-1]


def test_a_misspelt_name_in_either_is_refused_with_its_line(call: Call, drain: Path, tmp_path: Path) -> None:
    for name, options in (("a.cin", ("--changes",)), ("a.lst", ("--columns",))):
        (tmp_path / name).write_text("\nlevle = 1\n" if name == "a.cin" else "\nlevle\n")
        place = tmp_path / name
        answer = call("run", drain, *options, f"@{place}" if name == "a.lst" else place)
        assert 2 == answer.code
        assert answer.last.startswith(f"error: {place}:2: 'levle'")


def test_sensitivity_runs_the_draws_of_a_vsc(call: Call, drain: Path, tmp_path: Path) -> None:
    (tmp_path / "a.vsc").write_text("3,U,1\nrate=VECTOR(0.25,0.75,0.25)\n")
    out = tmp_path / "out.csv"
    answer = call("sensitivity", tmp_path / "a.vsc", drain, "--columns", "level", "-o", out)
    assert (0, "3 runs, 0 failed") == (answer.code, answer.err.strip())
    header, *rows = out.read_text().splitlines()
    first = dict(zip(header.split(","), rows[1].split(","), strict=True))
    assert ("1", "level", "25", "50", "75") == tuple(
        first[k] for k in ("Time", "variable", "min", "mean", "max")
    )
    assert 2 == call("sensitivity", tmp_path / "a.vsc").code
    assert 2 == call("sensitivity", tmp_path / "a.yaml", drain).code


def test_convert_writes_a_calibration_problem(call: Call, drain: Path, tmp_path: Path) -> None:
    (tmp_path / "a.voc").write_text(":OPTIMIZER=POWELL\n0.1<=rate<=0.9\n")
    (tmp_path / "a.vpd").write_text("*C\nlevel|d/1\n")
    (tmp_path / "d.csv").write_text("Time,d\n1,51\n5,3\n")
    files = ("--search", tmp_path / "a.voc", "--payoff", tmp_path / "a.vpd", "--data", tmp_path / "d.csv")
    answer = call("convert", drain, "-o", tmp_path / "fit", *files)
    assert (0, str(tmp_path / "fit" / "problem.yaml")) == (answer.code, answer.out.strip())
    assert "1 figure(s) outside" in answer.err
    assert ":OPTIMIZER" in answer.err
    assert "is there already" in call("convert", drain, "-o", tmp_path / "fit", *files).last
    assert "give all three" in call("convert", drain, "-o", tmp_path / "other", *files[:2]).last
