"""Pages of other models, what cannot be declared, and what is written."""

import json
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from sd_covid.cli.app import execute
from sd_covid.errors import RunError, ScenarioError, UnknownNameError
from sd_covid.report.simulator import Known, read_declaration, simulator_page
from sd_covid.report.simulator.declaration import nice_step
from sd_covid.report.simulator.page import as_json
from tests.report.simulator.opening import opened

HOSTILE = "</script><script>window.hit=1</script>"
MODEL = """{UTF-8}
"%(name)s" = INTEG("`${window.hit=2}`" * "%(name)s", 1) ~ </style>{{ 7*7 }} ~ <img src=x onerror="window.hit=3">\u2028 |
"`${window.hit=2}`" = 0.1 ~ 1/Month ~ '"]]> |
INITIAL TIME = 0 ~~|
FINAL TIME = 10 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = 1 ~~|
"""


def small(tmp_path: Path, yaml: str) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.mdl").write_text(MODEL % {"name": HOSTILE}, encoding="utf-8")
    file = tmp_path / "simulator.yaml"
    file.write_text(yaml, encoding="utf-8")
    return file


DECLARED = f"""
model: models/m.mdl
title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
groups:
  - title: {{nl: "<i>", en: "<i>"}}
    sliders:
      "`${{window.hit=2}}`":
        title: {{nl: "{HOSTILE}", en: "{HOSTILE}"}}
        low: 0
        high: 0.5
        marks: {{0.1: {{nl: "</style>", en: "</style>"}}}}
outputs:
  "{HOSTILE}": {{title: {{nl: "{{{{ 7*7 }}}}", en: "{{{{ 7*7 }}}}"}}}}
"""


def made(file: Path) -> str:
    declared = read_declaration(file)
    return simulator_page(declared, sd_covid.load(declared.model), Known(), "en")


def test_a_model_with_a_hostile_text_everywhere_shows_it_as_text(browser, tmp_path):
    """A model without calendar, catalogue or draws; x' = r x by Euler's method has a closed form."""
    page = opened(browser, made(small(tmp_path, DECLARED)), tmp_path)
    assert page.title() == HOSTILE
    assert page.inner_text("h1") == HOSTILE
    assert page.inner_text("#headlines .pick") == "{{ 7*7 }}"
    for nothing in ("#preset", "#year", "#chart-1", ".key .bands", ".key .points"):  # it has none of these
        assert not page.is_visible(nothing), nothing
    page.evaluate("sdCovid.set('`${window.hit=2}`', 0.2)")
    course = page.evaluate("sdCovid.results")[HOSTILE]
    np.testing.assert_allclose(course, (1 + 0.2 * 0.25) ** (4 * np.arange(11)), rtol=1e-12)
    assert page.evaluate("window.hit") is None
    assert page.wrong == []
    page.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("outputs:\n", "outputz:\n"), "outputz"),
        (("outputs:\n", "year: 2030\noutputs:\n"), "no calendar"),
        (("high: 0.5", "high: -1"), "highest"),
        (('"`${window.hit=2}`":\n', "rate:\n"), "rate"),
        (('"`${window.hit=2}`":\n', "TIME STEP:\n"), "time bounds"),
        ((f'  "{HOSTILE}": {{title', "  other: {title"), "other"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path, change, said):
    file = small(tmp_path, DECLARED.replace(*change))
    with pytest.raises((ScenarioError, RunError, UnknownNameError), match=said):
        made(file)


def test_the_command_writes_a_whole_page_or_none(tmp_path, capsys):
    file, out = small(tmp_path, DECLARED), tmp_path / "page.html"
    assert execute(["simulator", "--file", str(file), "-o", str(out), "--language", "nl"]) == 0
    assert out.read_text(encoding="utf-8").startswith('<!doctype html>\n<html lang="nl">')
    file.write_text(DECLARED.replace("high: 0.5", "high: much"), encoding="utf-8")
    other = tmp_path / "other.html"
    assert execute(["simulator", "--file", str(file), "-o", str(other)]) == 2
    assert f"{file}:" in capsys.readouterr().err.splitlines()[-1]
    assert not other.exists()
    assert execute(["simulator", "--file", str(file), "-o", str(tmp_path / "page.txt")]) == 2


def test_no_json_ends_a_script():
    text = as_json({"<": "</script><!--\u2028\u2029&"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"<": "</script><!--\u2028\u2029&"}


def test_steps_are_round_and_many_enough():
    assert [nice_step(0, 1), nice_step(0, 0.3), nice_step(2, 650)] == [0.02, 0.01, 20.0]
