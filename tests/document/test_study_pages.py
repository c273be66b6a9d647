"""Pages of a small study: what is in its files is on them, and what cannot be read is refused in one line."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sd_covid.analysis.passport.reference_modes import value_in
from sd_covid.cli.app import execute
from sd_covid.document import document
from sd_covid.errors import DataError, SdCovidError

CONTROL = """
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 48 ~ Month ~ |
TIME STEP = 0.125 ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
"""
# A stock that drains at a constant share, and one that another sector fills from what drains.
WORK = """{UTF-8}
********************************************************
	.Flows
********************************************************~
	|
leaving rate = 0.1 ~ 1/Month ~ Share that leaves. Evidence: A01. |
jobs = INTEG(- leaving, 100) ~ thousand persons ~ Persons at work. |
leaving = jobs * leaving rate ~ thousand persons/Month ~ Persons who leave. |
left so far = INTEG(leaving, 0) ~ thousand persons ~ Persons who left. |
"""
DEBT = """{UTF-8}
********************************************************
	.Flows
********************************************************~
	|
leaving input = 0 ~ thousand persons/Month ~ Who leaves work; from the other sector. Evidence: A02. |
stay = 12 ~ Month ~ Mean stay. Evidence: A03. |
in debt = INTEG(leaving input - out of debt, 5) ~ thousand persons ~ Persons in debt. |
out of debt = in debt / stay ~ thousand persons/Month ~ Persons who get out. |
"""
STUDY = """name: small
calendar: {origin: 2015-01, unit: month}
sectors: {work: work.mdl, debt: debt.mdl}
couplings:
  - {input: leaving input, from: work, source: leaving}
"""
FILES = {
    "evidence.csv": "id,constant,model,value,low,high,distribution,unit,source,grade,note\n"
    'A01,leaving rate,work,0.1,0.05,0.2,lognormal,1/Month,"A study, doi 10/1",B,seen\n'
    "A03,stay,debt,12,6,24,uniform,Month,ASSUMPTION: none found,D,\n",
    "links.csv": "id,from,to,sign,constants,delay,sector,status,note\n"
    "D1,leaving input,in debt,+,stay,12,debt,modelled,as designed\n"
    "D2,shame,help,-,,60,debt,left out,no figure\n",
    "reference_modes.csv": "mode,sector,variable,aggregation,period,value,unit,tolerance,reason,source\n"
    "1,work,jobs,end,2015,30,thousand persons,1,rounding,The Office of Figures\n"
    "1,work,jobs,start,2015-Q1,90,thousand persons,1,rounding,The Office of Figures\n"
    "2,work,left so far,change,2015/16,20,thousand persons,50,wide,The Office of Figures\n",
    "loops.yaml": "of: small.yaml\nmoment: 1\nhorizon: 1\nloops:\n  B1:\n    title: {nl: Leegloop, en: Drain}\n"
    "    polarity: balancing\n    through: [jobs, leaving]\n",
    "notes/work.yaml": "title: {nl: Werk, en: Work}\npurpose:\n  - {nl: Telt banen., en: Counts jobs.}\n"
    "leaves_out:\n  - {nl: Loon., en: Wages.}\ncan_say:\n  - {nl: Hoe veel., en: How many.}\n"
    "cannot_say:\n  - {nl: Waarom., en: Why.}\n",
    "notes/small.yaml": "title: {nl: Klein, en: Small}\npurpose:\n  - {nl: Een proef., en: A try.}\nleaves_out: []\n"
    "can_say: []\ncannot_say: []\nalternatives:\n  - title: {nl: Trager, en: Slower}\n"
    "    constants: {leaving rate: 0}\n    variables: [jobs]\n    years: [2016]\n",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The study, in a folder of its own."""
    (tmp_path / "notes").mkdir()
    for name, text in {
        "work.mdl": WORK + CONTROL,
        "debt.mdl": DEBT + CONTROL,
        "small.yaml": STUDY,
        **FILES,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "small.yaml"


def test_a_page_says_what_the_files_say(study: Path) -> None:
    page = document(study)["en/work.md"]
    for text in (
        "# Work",
        "Counts jobs.",
        "Wages.",
        "How many.",
        "Why.",
        "Persons at work.",
        "Drain",
        "A study, doi 10/1",
    ):
        assert text in page
    assert "> <sup>d</sup>⁄<sub>dt</sub> jobs = −leaving<br>jobs(start) = 100" in page
    assert re.search(r"leaving rate \| 0\.1 \| 0\.05 – 0\.2 \| 1/Month \| B \| A01: A study", page)
    assert "| B1 | Drain | balancing (B) | **jobs** → **leaving** |" in page
    assert "figures/small-loop-b1.svg" in page
    assert "D1" not in page
    debt = document(study)["nl/debt.md"]
    assert "[Werk](work.md): leaving" in debt
    assert "D2: shame → help. no figure" in debt
    assert re.search(r"\| D1 \| leaving input \| in debt \| \+ \| 12 \| stay \| as designed \|", debt)


def test_figures_stand_beside_what_the_model_gives(study: Path) -> None:
    page = document(study)["en/work.md"]
    # Euler: 100 (1 - 0.1/8)^(8 t); at the end of 2015 t is 12, at its start 0.
    end = 100 * (1 - 0.1 / 8) ** 96
    assert f"| 2015 | end | 30 | ± 1 | {end:.4g} | {end:.4g} |" in page
    assert "| 2015-Q1 | start | 90 | ± 1 | 100 (outside the tolerance) | 100 |" in page
    assert "2 of 3 figures lie within" in page
    gone = 100 * ((1 - 0.1 / 8) ** (8 * 7) - (1 - 0.1 / 8) ** (8 * 19))
    assert f"| 2015/16 | change over the period | 20 | ± 50 | {gone:.4g} |" in page


def test_the_whole_page_couples_counts_and_lists_sources_once(study: Path) -> None:
    pages = document(study)
    page = pages["en/index.md"]
    assert "| leaving | thousand persons/Month | Work | Debt (D1) |" in page
    assert "| [Work](work.md) | 1 (1) | 8 | 1 |" in page
    assert page.count("A study, doi 10/1") == 1
    assert "there are 1" in page
    # Of a jobs stock that nobody leaves, 100 are left in every year.
    assert re.search(r"\| jobs \| thousand persons \| [\d.]+ \| 100 \|", page)
    assert "figures/small-couplings-en.svg" in pages


REFERENCES = """key,author,year,title,container,address_or_doi,kind,read,note
someone-2009,"Someone, A.",2009,Work and leaving,Journal 74,doi 10/1,article,abstract,
office,Office of Figures,,How many?,,,statistics table,copy at copies.example,
"""


def test_a_page_lists_in_full_what_it_cites(study: Path) -> None:
    (study.parent / "references.csv").write_text(REFERENCES, encoding="utf-8")
    evidence, modes = (study.parent / name for name in ("evidence.csv", "reference_modes.csv"))
    text = evidence.read_text(encoding="utf-8").replace("source,grade", "source,references,grade")
    text = text.replace('"A study, doi 10/1",B', "A tenth,someone-2009;office,B").replace(
        "found,D", "found,,D"
    )
    evidence.write_text(text, encoding="utf-8")
    lines = modes.read_text(encoding="utf-8").splitlines()
    modes.write_text(
        "\n".join([f"{lines[0]},references", *(f"{line},office" for line in lines[1:])]), "utf-8"
    )
    pages = document(study)
    page = pages["en/work.md"]
    cited = "A01: A tenth ([someone-2009](#someone-2009), [office](#office)) (seen)"
    assert cited in page
    assert "The Office of Figures ([office](#office))" in page
    office = "Office of Figures. How many? (Read: a copy at copies.example.)"
    someone = "Someone, A. (2009). Work and leaving. Journal 74. doi 10/1. (Read: the abstract.)"
    assert f'* <a id="office"></a>{office}\n* <a id="someone-2009"></a>{someone}\n' in page
    assert "(Gelezen: de samenvatting.)" in pages["nl/work.md"]
    assert "References" not in pages["en/debt.md"]
    whole = pages["en/index.md"]
    assert f"| {someone} | leaving rate |" in whole
    assert "A tenth" not in whole
    assert "there are 1" in whole
    evidence.write_text(text.replace("someone-2009;", "sameone-2009;"), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"evidence\.csv:2: 'leaving rate': 'sameone-2009' is not in"
    ) as caught:
        document(study)
    assert "did you mean 'someone-2009'" in str(caught.value)


def test_an_output_is_called_as_the_study_does_and_percent_is_said_in_dutch(
    study: Path,
) -> None:
    notes = study.parent / "notes" / "small.yaml"
    drained = (
        (study.parent / "work.mdl")
        .read_text(encoding="utf-8")
        .replace("jobs =", "share left = jobs ~ percent ~ What is left of a hundred. |\njobs =")
    )
    (study.parent / "work.mdl").write_text(drained, encoding="utf-8")
    told = notes.read_text(encoding="utf-8").replace("[jobs]", "[jobs, share left]")
    notes.write_text(told, encoding="utf-8")
    (study.parent / "scenarios").mkdir()
    (study.parent / "scenarios" / "outputs.yaml").write_text(
        "jobs:\n  title: {nl: Werkenden, en: Employed}\n  unit: {nl: duizend, en: thousand}\n"
        "  reading: mean\n  better: higher\n  relevance: 1\n  headline: true\n",
        encoding="utf-8",
    )
    page = document(study)["nl/index.md"]
    assert "| Werkenden | duizend |" in page
    assert "| share left | procent |" in page


def test_every_link_and_picture_of_a_page_is_there(study: Path) -> None:
    pages = document(study)
    for name, text in pages.items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\((?!#)([^)]+)\)", text):
                assert (
                    str(Path("x", name).parent.joinpath(target).resolve().relative_to(Path("x").resolve()))
                    in pages
                )


def test_both_languages_have_the_same_equations_and_numbers(study: Path) -> None:
    pages = document(study)
    dutch, english = (re.findall(r"\d+\.\d+", pages[f"{language}/debt.md"]) for language in ("nl", "en"))
    assert dutch == english


def test_a_model_without_anything_beside_it_is_documented_too(tmp_path: Path) -> None:
    (tmp_path / "work.mdl").write_text(WORK + CONTROL, encoding="utf-8")
    page = document(tmp_path / "work.mdl", ["en"])["en/work.md"]
    assert "leaving rate" in page
    assert "evidence.csv" not in page


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "says"),
    [
        ("evidence.csv", "low,high", "hihg,low", 1, "'high' is missing"),
        ("links.csv", "as designed", "as, designed", 2, "10 fields, where 9 are expected"),
        ("reference_modes.csv", ",30,", ",thirty,", 2, "'thirty' is not a number"),
        ("reference_modes.csv", "jobs,end", "jobs,ends", 2, "did you mean 'end'"),
        ("reference_modes.csv", "2015/16", "2015/17", 4, "'2015/17' is no school year"),
        ("reference_modes.csv", "jobs,end", "jbos,end", 2, "did you mean 'jobs'"),
        ("reference_modes.csv", "2015-Q1", "2012-Q1", 3, "lies outside the run"),
        ("loops.yaml", "balancing", "balanced", 7, "did you mean 'balancing'"),
        ("notes/work.yaml", "can_say", "can_sy", 6, "did you mean 'can_say'"),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_line(
    study: Path, name: str, old: str, new: str, line: int, says: str
) -> None:
    file = study.parent / name
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        document(study)
    assert (Path(str(caught.value.file)).name, caught.value.line) == (file.name, line)
    assert says in str(caught.value)


def test_the_command_writes_pages_and_refuses_in_one_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pages"
    assert execute(["document", str(study), "-o", str(out), "--language", "nl"]) == 0
    assert (out / "nl" / "index.md").is_file()
    assert not (out / "en").exists()
    capsys.readouterr()
    assert execute(["document", str(study), "-o", str(study)]) == 2
    assert execute(["document", str(study), "-o", str(out), "--language", "de"]) == 2
    assert execute(["document", str(tmp_path / "none.mdl"), "-o", str(out)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)


def test_an_unknown_language_names_those_there_are(study: Path) -> None:
    with pytest.raises(SdCovidError, match="use nl or en"):
        document(study, ["fr"])


def test_a_mean_over_a_period_is_the_integral_over_its_length() -> None:
    time = np.arange(25.0)
    values = np.exp(-time / 10)
    exact = 10 * (math.exp(-0.3) - math.exp(-1.5)) / 12
    # The trapezoidal rule on steps h errs by h^2/12 of the second derivative's mean, here 1/1200 of the value.
    assert value_in("mean", time, values, 3.0, 15.0) == pytest.approx(exact, rel=1 / 1100)
    assert value_in("change", time, values, 3.0, 15.0) == pytest.approx(math.exp(-1.5) - math.exp(-0.3))


def test_what_is_left_of_a_driver_is_the_difference_from_a_run_without_it(study: Path) -> None:
    """A level fed by a driver of 2 for a year: without decay all stays, 2 * 12 = 24; with it the Euler solution."""
    rows = "Time,hired\n" + "".join(f"{month},{2 if month < 12 else 0}\n" for month in range(48))
    (study.parent / "drivers.csv").write_text(rows, encoding="utf-8")
    data = (
        "hired data :HOLD BACKWARD: := GET DIRECT DATA('drivers.csv', ',', 'A', 'B2') "
        "~ thousand persons/Month ~ Persons hired. |\n"
    )
    work = WORK.replace("INTEG(- leaving", "INTEG(hired data - leaving") + data + CONTROL
    (study.parent / "work.mdl").write_text(work, encoding="utf-8")
    notes = study.parent / "notes" / "small.yaml"
    notes.write_text(notes.read_text(encoding="utf-8") + "    less: [hired data]\n", encoding="utf-8")
    page = document(study, ["en"])["en/index.md"]
    left = 0.0
    levels = []
    for step in range(8 * 24 + 1):
        levels.append(left)
        left += 0.125 * ((2 if step < 8 * 12 else 0) - 0.1 * left)
    month = levels[8 * 12 :: 8]
    mean = sum((a + b) / 2 for a, b in pairwise(month)) / 12
    assert f"| jobs | thousand persons | {mean:+.2g} | +24 |" in page
    notes.write_text(notes.read_text(encoding="utf-8").replace("hired data]", "hird data]"), encoding="utf-8")
    with pytest.raises(DataError, match="did you mean 'hired data'"):
        document(study)


def test_a_lever_stands_with_its_dates_and_money(study: Path) -> None:
    lever = (
        "help level = 1 ~ Dmnl ~ Help: 1 as it was. Evidence: V01. |\nhelp start = 3 ~ Month ~ Start. |\n"
        "help end = 15 ~ Month ~ End. |\nhelp budget = 40 ~ million euro ~ Money. |\n"
        "help unit cost = 5 ~ million euro/thousand persons ~ Cost. |\nwave level = 0 ~ Dmnl ~ No end. |\n"
    )
    (study.parent / "work.mdl").write_text(WORK + lever + CONTROL, encoding="utf-8")
    page = document(study, ["en"])["en/work.md"]
    row = "| **help** | 1 | 2015-04 | 2016-04 | 40 | 5 million euro/thousand persons | Help: 1 as it was. |"
    assert row in page
    assert "| **wave** |" not in page
