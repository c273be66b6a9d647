"""Vensim's files beside a model. Forms and examples of them are those of Vensim's manual, sections "Constant Input
Files", "Payoff Definitions", "Optimization Control", "Optimization Options" and "Sensitivity Control"; expected numbers
are worked out by hand from the model below, whose stock halves each month: 100, 50, 25.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sd_covid
from sd_covid.calibration import vensim_setup as vensim
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ProblemError

MODEL = """{UTF-8}
Region: North, South ~~|
rate = 0.5 ~ 1/Month ~ |
noise = 4 ~ person*person ~ |
share[Region] = 0.75, 0.25 ~ 1 ~ |
start level = 100 ~ person ~ |
level = INTEG(-rate * level, start level) ~ person ~ |
part[Region] = share[Region] * level ~ person ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 2 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    (tmp_path / "halving.mdl").write_text(MODEL)
    return sd_covid.load(tmp_path / "halving.mdl")


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_changes_set_constants_elements_ranges_and_the_start_of_a_search(
    tmp_path: Path, simulation: Simulation
) -> None:
    text = "{a comment\nover two lines}\nRATE= 0.25\nshare[Region]= 1,2\nshare[south] = 3\n0<= start_level = 80 <=90\n"
    found = vensim.settings(vensim.read_changes(write(tmp_path, "a.cin", text)), simulation)
    assert {"rate": 0.25, "share[North]": 1.0, "share[South]": 3.0, "start level": 80.0} == found


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("rate = 1\nrat = 2", 2, "did you mean 'rate'"),
        ("level = 2", 1, "calculated"),
        ("rate = 1,5", 1, "2 values for 1"),
        ("share[West] = 1", 1, "no such element"),
        ("rate = half", 1, "not a number"),
        ("\ntable((0,0),(1,1))", 2, "lookups cannot be changed"),
        ("text :IS: 'a'", 1, "texts cannot be changed"),
        ("rate = 1 {", 1, "no partner"),
    ],
)
def test_a_wrong_change_is_refused_with_its_line(
    tmp_path: Path, simulation: Simulation, text: str, line: int, says: str
) -> None:
    file = write(tmp_path, "a.cin", text)
    with pytest.raises(ProblemError) as caught:
        vensim.settings(vensim.read_changes(file), simulation)
    assert (str(file), line) == (caught.value.file, caught.value.line)
    assert says in str(caught.value)


def test_a_save_list_names_variables_and_a_misspelt_one_is_refused(
    tmp_path: Path, simulation: Simulation
) -> None:
    file = write(tmp_path, "a.lst", "Level\n\npart[North]\n")
    assert ["Level", "part[North]"] == vensim.saved_names(file, simulation)
    with pytest.raises(ProblemError, match=r"b\.lst:2: 'levle' .* did you mean 'level'"):
        vensim.saved_names(write(tmp_path, "b.lst", "part\nlevle\n"), simulation)


def test_an_optimisation_control_gives_options_and_searches(tmp_path: Path) -> None:
    text = ":OPTI=POWELL\n:optimizer = OFF\n:MCLIMIT=5000\n0 <= rate = 0.4 <= 1|FRAC=0.01\n"
    text += "1<=start level<=limit\nnoise\n"
    control = vensim.read_control(write(tmp_path, "a.voc", text))
    assert {"optimizer": "OFF", "mclimit": "5000"} == control.options
    found = [(item.constant, item.low, item.high, item.start, item.tolerance) for item in control.searches]
    assert [
        ("rate", 0.0, 1.0, 0.4, "FRAC=0.01"),
        ("start level", 1.0, "limit", None, ""),
        ("noise", None, None, None, ""),
    ] == found


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (":OPTIMISER=OFF", 1, ":OPTIMISER"),
        ("0<=rate<=1\n:TRACE=ON", 2, "behind a constant"),
        ("0<=rate<=1\n0<=Rate<=2", 2, "searched for twice"),
        ("0<=rate", 1, "between two bounds"),
        ("1<=rate<=0", 1, "not below"),
        ("0<=rate=2<=1", 1, "outside"),
        ("0<=rate=<=1", 1, "with its start"),
    ],
)
def test_a_wrong_control_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(ProblemError, match=says) as caught:
        vensim.read_control(write(tmp_path, "a.voc", text))
    assert line == caught.value.line


def test_a_payoff_gives_its_elements_under_their_headings(tmp_path: Path) -> None:
    text = '*Calibration\nlevel|"level / data"/0.5\npart[North]/2\n*CRL\nlevel|d/scale\n*PLI\nlimit/-1\n*PF\nlevel/1\n'
    found = [
        (e.kind, e.logarithmic, e.form, e.variable, e.data, e.weight)
        for e in vensim.read_payoff(write(tmp_path, "a.vpd", text))
    ]
    assert [
        ("calibration", False, "normal", "level", '"level / data"', 0.5),
        ("calibration", False, "normal", "part[North]", "part[North]", 2.0),
        ("calibration", True, "robust", "level", "d", "scale"),
        ("policy", True, "initial", "limit", "", -1.0),
        ("policy", False, "final", "level", "", 1.0),
    ] == found


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("level|d/1", 1, "no heading"),
        ("*X\nlevel|d/1", 1, "not a known heading"),
        ("*CO\nlevel|d/1", 1, "not supported"),
        ("*C\nlevel|d", 2, "not a line of a payoff"),
        ("*P\nlevel|d/1", 2, "has no data"),
    ],
)
def test_a_wrong_payoff_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(ProblemError, match=says) as caught:
        vensim.read_payoff(write(tmp_path, "a.vpd", text))
    assert line == caught.value.line


def test_a_calibration_becomes_a_problem_of_the_likelihood_worked_out_by_hand(
    tmp_path: Path, simulation: Simulation
) -> None:
    control = vensim.read_control(write(tmp_path, "a.voc", "0.1<=rate=0.4<=0.9\n50<=start level<=200\n"))
    payoff = vensim.read_payoff(
        write(tmp_path, "a.vpd", "*C\nlevel|d/0.25\n*CK\npart[North]|e/noise\n*CRL\nlevel|d/0.1\n")
    )
    data = write(tmp_path, "d.csv", "Time,d,e\n1,52,\n2,24,20\n3,9,9\n")
    found = vensim.write_petab(simulation, control, payoff, [data], tmp_path / "fit")
    assert (5, 3) == (found.figures, found.outside)
    problem = read_problem(found.path)
    assert [("rate", 0.1, 0.9, 0.4), ("start_level", 50.0, 200.0, 100.0)] == [
        (p.id, p.lower, p.upper, p.nominal) for p in problem.estimated
    ]
    expected = stats.norm(50, 4).logpdf(52) + stats.norm(25, 4).logpdf(24) + stats.norm(18.75, 2).logpdf(20)
    for figure, value in (
        (52, 50),
        (24, 25),
    ):  # Laplace of the logarithm, with the 1/figure of the change of scale
        expected += stats.laplace(math.log(value), 0.1).logpdf(math.log(figure)) - math.log(figure)
    likelihood, _ = Objective(problem, simulation).log_likelihood(np.array([0.5, 100.0]))
    assert likelihood == pytest.approx(expected, rel=1e-12)  # the same sums in another order


@pytest.mark.parametrize(
    ("voc", "vpd", "says"),
    [
        ("0<=rat<=1", "*C\nlevel|d/1", r"a\.voc:1: 'rat' is not a constant .*'rate'"),
        ("rate", "*C\nlevel|d/1", r"a\.voc:1: .*needs both bounds"),
        ("0<=share<=1", "*C\nlevel|d/1", r"a\.voc:1: .*2 elements.*share\[North\]"),
        (":OPTIMIZER=OFF", "*C\nlevel|d/1", "the control holds no line"),
        ("0<=rate<=1", "*C", "the payoff holds no line"),
        ("0<=rate<=1", "*C\nlevl|d/1", r"a\.vpd:2: 'levl' .*'level'"),
        ("0<=rate<=1", "*C\nlevel|e/1", r"a\.vpd:2: 'e' is in no file of data"),
        ("0<=rate<=1", "*CG\nlevel|d/1", r"a\.vpd:2: .*--gaussian sd"),
        ("0<=rate<=1", "*C\nlevel|d/0", r"a\.vpd:2: the weight 0 is not above zero"),
        ("0<=rate<=1", "*P\nlevel/1", r"a\.vpd:2: a policy compares with no figures"),
        ("0<=rate<=1\n1<=noise<=9", "*C\nlevel|d/noise", r"a\.vpd:2: the weight 'noise' is searched for"),
        ("0<=rate<=1", "*C\nlevel|late/1", r"a\.vpd:2: no figure of 'late'"),
    ],
)
def test_a_calibration_that_means_nothing_is_refused_and_nothing_is_written(
    tmp_path: Path, simulation: Simulation, voc: str, vpd: str, says: str
) -> None:
    data = write(tmp_path, "d.csv", "Time,d,late\n1,52,\n2,24,\n9,,1\n")
    control = vensim.read_control(write(tmp_path, "a.voc", voc))
    payoff = vensim.read_payoff(write(tmp_path, "a.vpd", vpd))
    with pytest.raises(ProblemError, match=says):
        vensim.write_petab(simulation, control, payoff, [data], tmp_path / "fit")
    assert not (tmp_path / "fit").exists()


@pytest.mark.parametrize("name", ["problem.yaml", "parameters.tsv", "halving.mdl"])
def test_no_file_of_the_user_is_written_over(tmp_path: Path, simulation: Simulation, name: str) -> None:
    (tmp_path / "fit").mkdir()
    write(tmp_path / "fit", name, "mine")
    data = write(tmp_path, "d.csv", "Time,d\n1,52\n")
    control = vensim.read_control(write(tmp_path, "a.voc", "0.1<=rate<=0.9"))
    payoff = vensim.read_payoff(write(tmp_path, "a.vpd", "*C\nlevel|d/1"))
    with pytest.raises(ProblemError, match="is there already"):
        vensim.write_petab(simulation, control, payoff, [data], tmp_path / "fit")
    assert ["mine"] == [file.read_text() for file in (tmp_path / "fit").iterdir()]


@pytest.mark.parametrize(("meaning", "sd"), [("sd", 4.0), ("inverse", 0.25)])
def test_the_weight_of_a_gaussian_payoff_is_what_the_user_says(
    tmp_path: Path, simulation: Simulation, meaning: str, sd: float
) -> None:
    data = write(tmp_path, "d.csv", "Time,d\n1,52\n")
    control = vensim.read_control(write(tmp_path, "a.voc", "0.1<=rate<=0.9"))
    payoff = vensim.read_payoff(write(tmp_path, "a.vpd", "*CG\nlevel|d/4"))
    found = vensim.write_petab(simulation, control, payoff, [data], tmp_path / "fit", meaning)
    likelihood, _ = Objective(read_problem(found.path), simulation).log_likelihood(np.array([0.5]))
    assert likelihood == pytest.approx(stats.norm(50, sd).logpdf(52), rel=1e-12)


LAWS = [
    ("RANDOM UNIFORM(2,4)", stats.uniform(2, 2)),
    ("random_normal(-9,9,1,2)", stats.norm(1, 2)),
    ("RANDOM NORMAL(1,9,1,2)", stats.truncnorm(0, 4, 1, 2)),
    ("RANDOM TRIANGULAR(0,3,0,1,3)", stats.triang(1 / 3, 0, 3)),
    ("RANDOM EXPONENTIAL(0,99,0,2)", stats.expon(0, 2)),
    ("RANDOM WEIBULL(0,99,1,0,2)", stats.expon(0, 2)),  # of shape 1, an exponential
    ("RANDOM GAMMA(0,99,2,0,0.5)", stats.gamma(2, 0, 0.5)),
    ("RANDOM BETA(0,1,1,1,0,1)", stats.uniform(0, 1)),  # flat
]


@pytest.mark.parametrize(("law", "expected"), LAWS, ids=[law for law, _ in LAWS])
def test_draws_follow_their_distribution(
    tmp_path: Path, simulation: Simulation, law: str, expected: stats.rv_continuous
) -> None:
    drawn = vensim.draw(
        vensim.read_design(write(tmp_path, "a.vsc", f"400,L,7,,0\nrate={law}\n")), simulation
    )["rate"]
    # A Latin hypercube has one point in each of 400 shares: no place of the distribution is further off than that;
    # bounds far out cut off less than 1e-5 more.
    assert stats.kstest(drawn, expected.cdf).statistic <= 1 / 400 + 1e-5


def test_the_methods_draw_together_one_at_a_time_and_from_a_file(
    tmp_path: Path, simulation: Simulation
) -> None:
    body = "rate=RANDOM UNIFORM(0,1)\nshare=RANDOM UNIFORM(2,3)\n"
    together = vensim.draw(vensim.read_design(write(tmp_path, "a.vsc", f"9,M,7\n{body}")), simulation)
    assert (9, 3) == together.shape
    assert together["share[North]"].equals(together["share[South]"])
    text = "3,U,7\nnoise=VECTOR(1,2,0.5)\nrate=RANDOM UNIFORM(0,1)\n"
    one = vensim.draw(vensim.read_design(write(tmp_path, "b.vsc", text)), simulation)
    assert [1, 1.5, 2, 4, 4, 4] == one["noise"].tolist()
    assert [0.5, 0.5, 0.5] == one["rate"].tolist()[:3]
    write(tmp_path, "rows.tab", "rate\tnoise\n0.1\t1\n\t2\n0.3\t\n")
    rows = vensim.draw(vensim.read_design(write(tmp_path, "c.vsc", ",F,,rows.tab\n")), simulation)
    assert [[0.1, 1.0], [0.1, 2.0], [0.3, 2.0]] == rows[["rate", "noise"]].values.tolist()


def test_the_first_line_of_a_design_has_the_manuals_defaults(tmp_path: Path) -> None:
    design = vensim.read_design(write(tmp_path, "a.vsc", ",M\nrate=RANDOM UNIFORM(0,1)\n"))
    assert (200, "M", 1234) == (design.count, design.method, design.seed)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("9,G,1\nrate=RANDOM UNIFORM(0,1)", 1, "'G' is not a known method"),
        ("9,M,-1\nrate=RANDOM UNIFORM(0,1)", 1, "at least 1"),
        ("9,M,1", 1, "nothing is drawn"),
        ("9,F,1", 1, "needs a file"),
        ("9,F,1,../rows.tab", 1, "outside the study"),
        ("9,F,1,rows.tab", None, "the file does not exist"),
        ("1e999,M,1\nrate=RANDOM UNIFORM(0,1)", 1, "not a number"),
        ("9,M,1\nrate=RANDOM UNIFORM(0,inf)", 2, "'inf' is not a number"),
        ("9,M,1\nrate=RANDOM UNIFROM(0,1)", 2, "did you mean 'random uniform'"),
        ("9,M,1\nrate=RANDOM NORMAL(0,1)", 2, "takes 4 numbers"),
        ("9,M,1\nrate=RANDOM NORMAL(5,6,0,0.1)", 2, "no probability"),
        ("9,M,1\nrate=RANDOM UNIFORM(1,0)", 2, "not below"),
        ("9,M,1\nrate=VECTOR(0,1,0.1)", 2, "use method U"),
        ("9,M,1\nrate", 2, "a constant and its distribution"),
        ("9,M,1\nrat=RANDOM UNIFORM(0,1)", 2, "did you mean 'rate'"),
    ],
)
def test_a_wrong_design_is_refused_with_its_line(
    tmp_path: Path, simulation: Simulation, text: str, line: int | None, says: str
) -> None:
    with pytest.raises(ProblemError) as caught:
        vensim.draw(vensim.read_design(write(tmp_path, "a.vsc", text)), simulation)
    assert line == caught.value.line
    assert says in str(caught.value)


def test_a_model_of_the_same_study_is_named_and_a_reserved_name_gets_another(tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "models").mkdir(parents=True)
    file = write(study / "models", "max.mdl", MODEL.replace("rate", "max"))
    data = write(study, "d.csv", "Time,d\n1,52\n")
    control = vensim.read_control(write(study, "a.voc", "0.1<=max<=0.9"))
    payoff = vensim.read_payoff(write(study, "a.vpd", "*C\nlevel|d/1"))
    found = vensim.write_petab(sd_covid.load(file), control, payoff, [data], study / "calibration" / "fit")
    problem = read_problem(found.path)
    assert file == problem.model_path
    assert {"max_": "max"} == {alias.entity: alias.model_name for alias in problem.aliases}
