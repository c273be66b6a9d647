"""``optimise`` on a small study: a page, packages that ``run`` reads, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.optimisation.town import PLAN, laid_out
from tests.cli.conftest import Call
from tests.cli.test_refusals import refused


def test_a_search_writes_its_page_and_packages_that_run(tmp_path: Path, call: Call) -> None:
    file = laid_out(tmp_path / "town")
    page, folder = tmp_path / "page.html", tmp_path / "town" / "packages"
    answer = call("optimise", file, "-o", page, "--write", folder, "-l", "en", "-l", "nl")
    assert 0 == answer.code
    assert [str(page), str(tmp_path / "page-nl.html")] == answer.out.splitlines()[-2:]
    assert "Packages without a better alternative" in page.read_text(encoding="utf-8")
    assert "Pakketten zonder beter alternatief" in (tmp_path / "page-nl.html").read_text(encoding="utf-8")
    packages = sorted(folder.glob("package-*.yaml"))
    assert 6 == len(packages)
    options = [part for item in packages for part in ("-s", item)]
    assert 0 == call("run", tmp_path / "town" / "models" / "town.mdl", *options, "-o", tmp_path / "runs").code
    assert len(packages) == len(list((tmp_path / "runs").iterdir()))


def test_a_search_goes_on_with_its_journal(tmp_path: Path, call: Call) -> None:
    file, journal = laid_out(tmp_path / "town"), tmp_path / "journal.jsonl"
    first, second = (
        call("optimise", file, "--journal", journal, "-o", tmp_path / f"{name}.json") for name in "ab"
    )
    assert (0, 0) == (first.code, second.code)
    assert (tmp_path / "a.json").read_text().split("made_with")[0] == (
        (tmp_path / "b.json").read_text().split("made_with")[0]
    )


def test_a_search_that_is_stopped_writes_what_it_found_and_says_what_is_missing(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sd_covid.analysis.optimisation.optimise.at_own_budget", stop)
    file = laid_out(tmp_path / "town", PLAN.replace("generations: 12", "generations: 3"))
    answer = call("optimise", file, "-o", tmp_path / "page.html", "-l", "en")
    assert 130 == answer.code
    assert "interrupted" == answer.err.splitlines()[-1]
    assert "with --journal it could be gone on with" in answer.err
    told = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Packages without a better alternative" in told
    assert "Not set against a package of the same cost: ‘Clumsy’." in told


def test_a_search_that_finds_nothing_says_so_by_its_exit_code(tmp_path: Path, call: Call) -> None:
    text = PLAN.replace("{level: [0, 1], start: [2020", "{level: 1, start: [2020") + "limits: {spent: 5}\n"
    answer = call("optimise", laid_out(tmp_path / "town", text), "-l", "en")
    assert 1 == answer.code
    assert "None of the" in answer.out


def test_wrong_input_is_refused_before_anything_runs(tmp_path: Path, call: Call) -> None:
    file = laid_out(tmp_path / "town")
    refused(call("optimise", file, "-o", tmp_path / "page.pdf"), ".html")
    refused(call("optimise", file, "--write", tmp_path), "outside the study")
    refused(call("optimise", tmp_path / "none.yaml"), "none.yaml")
    file.write_text(PLAN.replace("  relief:", "  releif:"), encoding="utf-8")
    refused(call("optimise", file), "'relief'")
    assert not (tmp_path / "page.pdf").exists()
