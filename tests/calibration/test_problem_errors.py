"""Every fault a user can put into a problem: refused with file, line, column and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.errors import ProblemError

from .analytic import decay
from .conftest import FILES, Write

P, B, M = "parameters.tsv", "observables.tsv", "measurements.tsv"
Y = "problem.yaml"


def line_of(file: str, text: str) -> int:
    """Line on which a text stands in the file as the fixture writes it."""
    return FILES[file][: FILES[file].index(text)].count("\n") + 1


# file, old text, new text, place of the fault (file, a text on its line or None), variable, part of reason, of advice
TABLES = [
    (P, "estimate\tlower", "estimated\tlower", (P, "parameterId"), "estimate", "missing", "'estimated'"),
    (P, "true\t0.001", "yes\t0.001", (P, "rate\t"), "estimate", "'yes'", "true, false"),
    (P, "true\t0.001\t1\t", "true\t\t1\t", (P, "rate\t"), "lowerBound", "no bound", "both bounds"),
    (P, "0.001\t1\t0.05", "1\t0.001\t0.05", (P, "rate\t"), "lowerBound", "not below", "swap"),
    (P, "1\t0.05", "1\t5", (P, "rate\t"), "nominalValue", "outside", "move"),
    (P, "0.001\t1\t0.05", "abc\t1\t0.05", (P, "rate\t"), "lowerBound", "'abc' is not a number", "1e-3"),
    (P, "false\t\t\t0.5", "false\t\t\t", (P, "fixed_offset"), "nominalValue", "no value", "estimate it"),
    (P, "rate\ttrue", "start\ttrue", (P, "rate\t"), "parameterId", "twice", "line 2"),
    (P, "rate\ttrue", "a rate\ttrue", (P, "rate\t"), "parameterId", "not an identifier", "mapping table"),
    (P, "log-normal\t-3", "lognormal\t-3", (P, "rate\t"), "priorDistribution", "'lognormal'", "'log-normal'"),
    (P, "-3;0.5", "-3", (P, "rate\t"), "priorParameters", "takes 2", "';'"),
    (P, "-3;0.5", "-3;0", (P, "rate\t"), "priorParameters", "not above zero", "positive"),
    (P, "-3;0.5", "-3;x", (P, "rate\t"), "priorParameters", "not numbers", "0.1;0.5"),
    (P, "-3;0.5", "30;0.5", (P, "rate\t"), "priorParameters", "no probability", "bounds"),
    (P, "-3;0.5", "710;0.5", (P, "rate\t"), "priorParameters", "beyond the largest number", "logarithm"),
    (P, "normal\t0;1", "\t", (P, "offset\t"), "priorDistribution", "not be proper", "finite bounds"),
    (P, "wave\ttrue\t-5\t5", "wave\ttrue\t-5", (P, "wave\t"), None, "cells", "one tab"),
    (B, "obs_lost\t", "obs_mean\t", (B, "obs_lost"), "observableId", "twice", "line 3"),
    (B, "level + shift", "level + + $", (B, "obs_mean"), "observableFormula", "cannot be read", "functions"),
    (B, "log-normal\tshift", "lognormal\tshift", (B, "obs_mean"), "noiseDistribution", "lognormal", "'log-normal'"),
    (B, "\tshift\t", "\tother\t", (B, "obs_mean"), "observablePlaceholders", "not in the formula", "remove"),
    (B, "obs_lost\t", "offset\t", (B, "obs_lost"), "observableId", "also a parameter", "obs_offset"),
    (M, "obs_level\t\t9.7", "obs_levle\t\t9.7", (M, "\t9.7"), "observableId", "'obs_levle'", "'obs_level'"),
    (M, "\t9.7\t1", "\tnan\t1", (M, "\t9.7"), "measurement", "not a number", "12.5"),
    (M, "\t9.7\t1", "\t9.7\tinf", (M, "\t9.7"), "time", "finite", "period's end"),
    (M, "\t9.1\t2", "\t9.1\t1", (M, "\t9.1"), "time", "two figures", "line 2"),
    (M, "\tfast\t5.5", "\tfats\t5.5", (M, "\t5.5"), "experimentId", "'fats'", "'fast'"),
    (M, "\t8.1\t6", "\t-8.1\t6", (M, "\t8.1"), "measurement", "not above zero", "normal noise"),
    (M, "3\toffset", "3\toffset;1", (M, "\t9.6"), "observableParameters", "2 override", "each placeholder"),
    (M, "3\toffset", "3\tofset", (M, "\t9.6"), "observableParameters", "'ofset'", "'offset'"),
    (M, "24\t\tsd", "24\t\tsdd", (M, "\t2.6"), "noiseParameters", "'sdd'", "'sd'"),
    (M, "fit\t2015-01", "fti\t2015-01", (M, "2015-01"), "split", "'fti'", "'fit'"),
    (M, "\t9.1\t2", "\t9.1\t1", (M, "\t9.1"), "time", "noise that remembers", "keep one"),
    (M, "obs_lost\t\t2.6", "obs_lost\t\t4.9\t12\t\t0.4\tfit\t2015\nobs_lost\t\t2.6", (M, "\t2.6"), "time",
     "repeats line 9", "replicateId"),
    (M, "experimentId", "modelId", (M, "observableId"), "experimentId", "missing", "experimentId"),
    (P, "wave\ttrue", "Time\ttrue", (P, "wave\t"), "parameterId", "word of the formulas", "'Time_'"),
    (B, "\t\tscale\t", "\tscale\tscale\t", (B, "obs_lost"), "observablePlaceholders", "stands twice", "rename"),
    ("experiments.tsv", "fast\t0", "fast\t-inf", ("experiments.tsv", "doubled"), "time", "steady state", "starts"),
    ("experiments.tsv", "fast\t0\tdoubled", "fast\t0\tdoubled\nfast\t0\tdoubled", ("experiments.tsv", None),
     "conditionId", "also set by 'doubled'", "line 2"),
    ("conditions.tsv", "2*rate", "2*rat", ("conditions.tsv", "2*rate"), "targetValue", "'rat'", "'rate'"),
    ("experiments.tsv", "\tdoubled", "\tdubled", ("experiments.tsv", "doubled"), "conditionId", "'dubled'", "'doubled'"),  # noqa: E501
    ("experiments.tsv", "fast\t0\tdoubled", "fast\t0\tdoubled\nfast\t5\tdoubled", ("experiments.tsv", None), "time",
     "during the run", "lever"),
    ("mapping.tsv", "lost\tcum", "rate\tcum", ("mapping.tsv", "lost"), "petabEntityId", "twice", "line 3"),
    (Y, "2.0.0", "1.0.0", (Y, "format_version"), "format_version", "'1.0.0'", "2.0.0"),
    (Y, "parameter_files", "parameter_fils", (Y, "parameter_files"), "parameter_fils", "not a known key",
     "'parameter_files'"),
    (Y, "[measurements.tsv]", "[measurement.tsv]", (Y, "measurement_files"), "measurement_files", "does not exist",
     "name"),
    (Y, "[measurements.tsv]", "[]", (Y, "measurement_files"), "measurement_files", "at least one", "measurements.tsv"),
    (Y, "decay.mdl", "/etc/passwd", (Y, "decay:"), "model_files.decay.location", "outside the study", "into"),
    (Y, "vensim", "sbml", (Y, "decay:"), "model_files.decay.language", "'sbml'", "vensim"),
    (Y, "  sd_covid:", "  other: {required: true}\n  sd_covid:", (Y, "  sd_covid:"), "extensions.other", "not known",
     "sd_covid"),
    (Y, 'version: "1.0"', 'version: "9"', (Y, "version: \""), "extensions.sd_covid.version", "'9'", "1.0"),
    (Y, "obs_level: {", "obs_levl: {", (Y, "obs_level:"), "extensions.sd_covid.observations.obs_levl",
     "not an observable", "'obs_level'"),
    (Y, "aggregation: mean", "agregation: mean", (Y, "obs_mean:"), "extensions.sd_covid.observations.obs_mean.agregation",  # noqa: E501
     "not a known key", "'aggregation'"),
    (Y, "aggregation: mean", "aggregation: average", (Y, "obs_mean:"),
     "extensions.sd_covid.observations.obs_mean.aggregation", "'average'", "one of"),
    (Y, "period: 3", "period: 4", (Y, "obs_mean:"), "extensions.sd_covid.observations.obs_mean.period", "'4'", "one of"),  # noqa: E501
    (Y, "autocorrelation: rho", "autocorrelation: roh", (Y, "obs_level:"),
     "extensions.sd_covid.observations.obs_level.autocorrelation", "'roh'", "'rho'"),
    (Y, "autocorrelation: rho", "autocorrelation: {rho: 1}", (Y, "obs_level:"),
     "extensions.sd_covid.observations.obs_level.autocorrelation", "no name", "as text"),
    (Y, "autocorrelation: rho", "autocorrelation: sd", (Y, "obs_level:"),
     "extensions.sd_covid.observations.obs_level.autocorrelation", "0 to 1", "bound"),
    (Y, "period: 12}", "period: 12, autocorrelation: rho}", (Y, "obs_lost:"),
     "extensions.sd_covid.observations.obs_lost.autocorrelation", "Gaussian", "normal"),
    (Y, "period: 12}", "period: 12, equivalent_to: obs_men}", (Y, "obs_lost:"),
     "extensions.sd_covid.observations.obs_lost.equivalent_to", "'obs_men'", "'obs_mean'"),
    (Y, "id: decay", "id: [decay", (Y, "model_files"), None, "not valid YAML", "syntax"),
    (Y, "id: decay", "format_version: 2.0.0", (Y, "id: decay"), "format_version", "occurs twice", "keep one"),
    (Y, "[mapping.tsv]", "{mapping: tsv}", (Y, "mapping_files"), "mapping_files", "list of file names",
     "mapping_files: ["),
    (Y, "language: vensim", "sort: vensim", (Y, "  decay:"), "model_files.decay", "location and language",
     "language: vensim"),
    (Y, "  decay:", "  other: {}\n  decay:", (Y, "model_files"), "model_files", "exactly one model", "{id:"),
    (Y, "    observations:", "    scored: obs_level\n    observations:", (Y, "    observations"),
     "extensions.sd_covid.scored", "a list of texts", "scored: ["),
    (Y, "    observations:", "    scored: [obs_levl]\n    observations:", (Y, "    observations"),
     "extensions.sd_covid.scored", "'obs_levl'", "'obs_level'"),
    (Y, "    observations:\n", "    observations:\n      true: {period: 1}\n", (Y, "    observations"),
     "extensions.sd_covid.observations", "'True' is no name", "quotes"),
    (Y, "    observations:", "    processes: {cases: log}\n    observations:", (Y, "    observations"),
     "extensions.sd_covid.processes.cases", "with a series", "series: ID"),
    (Y, "{aggregation: mean, period: 3}", "mean", (Y, "obs_mean:"), "extensions.sd_covid.observations.obs_mean",
     "a mapping", "{aggregation: mean"),
    (P, "-3;0.5", "nan;0.5", (P, "rate\t"), "priorParameters", "not finite", "finite"),
    (P, "laplace\t0;1", "uniform\t1;0", (P, "wave\t"), "priorParameters", "1 is not below 0", "low;high"),
    (P, "rate\ttrue", "\ttrue", (P, "rate\t"), "parameterId", "empty", "fill it in"),
    (P, "unit\tsource", "unit\tunit", (P, "parameterId"), "unit", "occurs twice", "keep one"),
    (B, "\tshift\t", "\trate\t", (B, "obs_mean"), "observablePlaceholders", "also a parameter", "rename"),
    (M, "\t9.7\t1", "\t\t1", (M, "\t9.7"), "measurement", "finite number", "leave out the row"),
    ("conditions.tsv", "2*rate", "2*rate\ndoubled\trate\t3*rate", ("conditions.tsv", None), "targetId", "twice",
     "keep one"),
    ("experiments.tsv", "fast\t0", "fast\t", ("experiments.tsv", "doubled"), "time", "empty", "time at which"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "variable", "reason", "advice"),
    TABLES,
    ids=[f"{c[0]}:{c[2][:30]}" for c in TABLES],
)
def test_a_fault_in_a_table_is_refused_where_it_lies(
    write: Write,
    file: str,
    old: str,
    new: str,
    place: tuple[str, str | None],
    variable: str | None,
    reason: str,
    advice: str,
) -> None:
    path = write((file, old, new))
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    error = caught.value
    assert Path(error.file or "").name == place[0]
    assert error.line == (line_of(place[0], place[1]) if place[1] else 3)
    assert variable == error.variable
    assert reason in error.reason
    assert advice in (error.advice or "")


# settings of noise, seasons and years: block of obs_level after its period, key of the fault, part of reason, of advice
LEVEL = "obs_level: {aggregation: end, period: 1, autocorrelation: rho"
SURVEY = ", survey: {size: 100, per: 20}"
SETTINGS = [
    (", noise: student", "noise", "'student'", "'student-t'"),
    (", noise: student-t", "", "degrees of freedom", "freedom: 4"),
    (", noise: student-t, freedom: 0", "freedom", "not above zero", "above zero"),
    (", noise: student-t, freedom: roh", "freedom", "'roh'", "'rho'"),
    (", noise: student-t, freedom: wave", "freedom", "below zero", "bound"),
    (", freedom: 4", "freedom", "only Student t", "student-t"),
    (", noise: beta-binomial" + SURVEY, "autocorrelation", "Gaussian or Student t", "normal"),
    (", survey: {design_effect: 2}", "survey", "with a size", "size: 7500"),
    (", survey: {size: 0}", "survey.size", "not above zero", "above zero"),
    (", survey: {size: 10, deff: 2}", "survey.deff", "not a known key", "known are"),
    (", noise: student-t, freedom: 4" + SURVEY, "survey", "does not add", "normal"),
    (", each: 10", "each", "only the noise of counts", "leave it out"),
    (", seasonal: {by: week, terms: {Q1: 1}}", "seasonal.by", "'week'", "one of"),
    (", seasonal: {by: quarter, terms: {Q5: 1}}", "seasonal.terms.Q5", "not a known key", "known are Q1"),
    (
        ", seasonal: {by: quarter, terms: {Q1: 1}}",
        "seasonal.terms",
        "3 seasons are left out",
        "leave out one",
    ),
    (", seasonal: {by: half-year, terms: {H1: 1, H2: 1}}", "seasonal.terms", "add to 2", "leave out one"),
    (
        ", seasonal: {by: half-year, terms: {H1: wave, H2: 1}}",
        "seasonal.terms",
        "only if one",
        "leave out one",
    ),
    (", seasonal: {by: half-year, terms: {H1: wav}}", "seasonal.terms.H1", "'wav'", "'wave'"),
    (", starts_in: 13", "starts_in", "'13'", "one of"),
    (", independent: yearly", "independent", "'yearly'", "one of"),
    (", starts_in: 10", "starts_in", "no year", "period: 12"),
    (", seasonal: quarter", "seasonal", "by and terms", "by: quarter"),
    (", difference_sd: -1", "difference_sd", "'-1' is not a standard deviation", "at least zero"),
    (", by_definition: rate", "by_definition", "a mapping", "definition: parameter"),
]


@pytest.mark.parametrize(("block", "key", "reason", "advice"), SETTINGS, ids=[c[0][2:40] for c in SETTINGS])
def test_a_fault_in_the_setting_of_a_noise_is_refused_at_its_key(
    write: Write, block: str, key: str, reason: str, advice: str
) -> None:
    with pytest.raises(ProblemError) as caught:
        read_problem(write((Y, LEVEL, LEVEL + block)))
    where = "extensions.sd_covid.observations.obs_level"
    assert caught.value.variable == (f"{where}.{key}" if key else where)
    assert caught.value.line == line_of(Y, "obs_level")
    assert reason in caught.value.reason
    assert advice in (caught.value.advice or "")


@pytest.mark.parametrize(
    ("survey", "key", "reason", "advice"),
    [
        ("", "", "the persons of a survey", "survey: {size"),
        (", survey: {size: 9, spread: 2}", ".survey.spread", "no spread", "normal noise"),
    ],
)
def test_noise_of_shares_has_persons_and_these_no_spread(
    write: Write, survey: str, key: str, reason: str, advice: str
) -> None:
    block = "obs_level: {aggregation: end, period: 1, noise: beta-binomial"
    with pytest.raises(ProblemError) as caught:
        read_problem(write((Y, LEVEL, block + survey)))
    assert caught.value.variable == f"extensions.sd_covid.observations.obs_level{key}"
    assert reason in caught.value.reason
    assert advice in (caught.value.advice or "")


FIGURES = [
    (
        ", noise: beta-binomial, survey: {size: 100, per: 9}",
        "\t9.7",
        "measurement",
        "not a share between 0 and 9",
    ),
    (", noise: poisson", "obs_level", "noiseFormula", "no error of the model"),
    (", noise: negative-binomial", "\t-9.7", "measurement", "not a count"),
]


@pytest.mark.parametrize(("block", "place", "column", "reason"), FIGURES, ids=[c[2] for c in FIGURES])
def test_figures_must_be_what_their_noise_counts(
    write: Write, block: str, place: str, column: str, reason: str
) -> None:
    changes = [(Y, LEVEL, "obs_level: {aggregation: end, period: 1" + block)]
    if place.startswith("\t-"):
        changes.append((M, "\t9.7", place))
    with pytest.raises(ProblemError) as caught:
        read_problem(write(*changes))
    assert (caught.value.variable, caught.value.line) == (column, 2)
    assert reason in caught.value.reason


def test_a_year_that_ends_elsewhere_than_said_is_refused_at_its_row(write: Write) -> None:
    with pytest.raises(ProblemError, match="no year from month 10 ends at time 12") as caught:
        read_problem(write((Y, "period: 12}", "period: 12, starts_in: 10}")))
    assert (caught.value.variable, caught.value.line) == ("time", line_of(M, "\t4.9"))


# faults that show only beside the model
MODEL = [
    ("mapping.tsv", "decay rate", "decay rat", ("mapping.tsv", "decay rate"), "modelEntityId", "'decay rat'", "'decay rate'"),  # noqa: E501
    (B, "level + wave", "levl + wave", (B, "obs_level"), "observableFormula", "'levl'", "'level'"),
    (B, "sd*(1", "ds*(1", (B, "obs_mean"), "noiseFormula", "'ds'", "remove"),
    (B, "sd*(1 + 0.1*obs_mean)", "level", (B, "obs_mean"), "noiseFormula", "'level'", "level"),
    ("conditions.tsv", "\trate\t", "\trates\t", ("conditions.tsv", "doubled"), "targetId", "'rates'", "'rate'"),
    (P, "fixed_offset\tfalse", "fixed_offset\tfalse\t\t\t1\t\t\t\t\nzeta\tfalse", (P, "wave"), "parameterId", "'zeta'",
     "remove"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "variable", "reason", "advice"),
    MODEL,
    ids=[f"{c[0]}:{c[2][:20]}" for c in MODEL],
)
def test_a_fault_beside_the_model_is_refused_where_it_lies(
    write: Write,
    file: str,
    old: str,
    new: str,
    place: tuple[str, str],
    variable: str,
    reason: str,
    advice: str,
) -> None:
    problem = read_problem(write((file, old, new)))
    with pytest.raises(ProblemError) as caught:
        Objective(problem, decay())
    error = caught.value
    assert Path(error.file or "").name == place[0]
    assert error.line == line_of(*place)
    assert variable == error.variable
    assert reason in error.reason
    assert advice in (error.advice or "")


def test_a_missing_problem_is_one_useful_line(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"problem\.yaml: the file does not exist; check the path"):
        read_problem(tmp_path / "problem.yaml")


def test_a_figure_outside_the_run_is_refused(write: Write) -> None:
    problem = read_problem(
        write((M, "\t4.9\t12", "\t4.9\t6"))
    )  # a year that would begin before the model does
    with pytest.raises(ProblemError, match="time -6 is not a saved time") as caught:
        Objective(problem, decay())
    assert caught.value.variable == "time"
