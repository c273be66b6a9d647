"""Small problems, written as a user would write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PROBLEM = """\
format_version: 2.0.0
id: decay
model_files:
  decay: {location: decay.mdl, language: vensim}
parameter_files: [parameters.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
mapping_files: [mapping.tsv]
extensions:
  sd_covid:
    version: "1.0"
    required: true
    observations:
      obs_level: {aggregation: end, period: 1, autocorrelation: rho}
      obs_mean: {aggregation: mean, period: 3}
      obs_lost: {aggregation: change, period: 12}
"""
PARAMETERS = """\
parameterId	estimate	lowerBound	upperBound	nominalValue	priorDistribution	priorParameters	unit	source
start	true	0	inf	10	log-normal	2.3;0.4	persons	a guess
rate	true	0.001	1	0.05	log-normal	-3;0.5	1/month	a guess
sd	true	0.01	10		log-normal	-1;1	persons	a guess
rho	true	0	1	0.5			1	a guess
offset	true	-inf	inf	0	normal	0;1	persons	a guess
fixed_offset	false			0.5			persons	a guess
wave	true	-5	5		laplace	0;1	persons	a guess
"""
OBSERVABLES = """\
observableId	observableFormula	noiseFormula	noiseDistribution	observablePlaceholders	noisePlaceholders	unit	series
obs_level	level + wave*cos(2*pi*time/12)	sd	normal			persons	level_m
obs_mean	level + shift	sd*(1 + 0.1*obs_mean)	log-normal	shift		persons	level_q
obs_lost	lost + fixed_offset	scale	laplace		scale	persons	lost_a
"""  # noqa: E501
MEASUREMENTS = """\
observableId	experimentId	measurement	time	observableParameters	noiseParameters	split	period
obs_level		9.7	1			fit	2015-01
obs_level		9.1	2			fit	2015-02
obs_level		8.4	4			fit	2015-04
obs_level		7.2	7			holdout	2015-07
obs_mean		9.6	3	offset		fit	2015-Q1
obs_mean		8.1	6	0.2		fit	2015-Q2
obs_mean	fast	5.5	6	offset		fit	2015-Q2
obs_lost		4.9	12		0.4	fit	2015
obs_lost		2.6	24		sd	fit	2016
"""
CONDITIONS = """\
conditionId	targetId	targetValue
doubled	rate	2*rate
"""
EXPERIMENTS = """\
experimentId	time	conditionId
fast	0	doubled
"""
MAPPING = """\
petabEntityId	modelEntityId	name
start	initial level	where it starts
rate	decay rate
lost	cumulative outflow
"""
FILES = {
    "problem.yaml": PROBLEM,
    "parameters.tsv": PARAMETERS,
    "observables.tsv": OBSERVABLES,
    "measurements.tsv": MEASUREMENTS,
    "conditions.tsv": CONDITIONS,
    "experiments.tsv": EXPERIMENTS,
    "mapping.tsv": MAPPING,
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the decay problem, some files with one text replaced: ``write(("parameters.tsv", "old", "new"))``."""

    def write_problem(*changes: tuple[str, str, str]) -> Path:
        texts = dict(FILES)
        for file, old, new in changes:
            assert old in texts[file], f"'{old}' is not in {file}"
            texts[file] = texts[file].replace(old, new, 1)
        for file, text in texts.items():
            # the last cells of the mapping rows may be left out above for readability
            rows = [
                line + "\t" * (2 - line.count("\t")) if file == "mapping.tsv" else line
                for line in text.splitlines()
            ]
            (tmp_path / file).write_text("\n".join(rows) + "\n", encoding="utf-8")
        (tmp_path / "decay.mdl").write_text("{UTF-8}\n", encoding="utf-8")
        return tmp_path / "problem.yaml"

    return write_problem
