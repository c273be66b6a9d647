# Needs only Python >= 3.11 and make: everything else is installed, as locked, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROBLEM := calibration/problem.yaml
SCENARIOS := $(addprefix scenarios/,actual.yaml no-support.yaml early-withdrawal.yaml)
OUT := out

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install study test explore fuzz mutation coverage lint audit docs wheel-check bench lock clean

help:
	@echo "make study   run the Dutch study: check the fit, run the scenarios, write report and simulator"
	@echo "make test    lint, types and tests"
	@echo "make explore property tests only, with examples never tried before"
	@echo "make fuzz    mutated files for every reader, never tried before"
	@echo "make mutation  small changes of the engine: do the tests notice?"
	@echo "make coverage  lines and branches that the tests execute"
	@echo "make audit   known faults of the locked dependencies; needs the network"
	@echo "make lint    lint and types only"
	@echo "make wheel-check  build, install where there is nothing else, and make a first figure"
	@echo "make docs    the pages as a site, in $(OUT)/docs"
	@echo "make bench   speed, memory and accuracy, beside other engines"
	@echo "make lock    renew requirements.lock from pyproject.toml"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.x") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

# The stamps are done once, and again when the lock or the project's own description changes.
$(VENV)/.locked: requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

install: $(VENV)/.installed

study: install
	$(BIN)/sd-covid data status --summary
	$(BIN)/sd-covid calibrate $(PROBLEM) --check
	$(BIN)/sd-covid compare $(SCENARIOS) --sensitivity scenarios/sensitivity.yaml \
		--language nl --language en --output $(OUT)/report.html
	$(BIN)/sd-covid simulator --output $(OUT)/simulator.html

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

explore: install
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest -n 2 --dist loadfile -m hypothesis

wheel-check: install
	$(BIN)/python packaging/check.py

# Every warning is an error, a link or a name that leads nowhere included.
docs: install
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html -d $(OUT)/.docs docs $(OUT)/docs
	@echo "$(OUT)/docs/index.html"

fuzz: install
	$(BIN)/python -m tests.fuzz --inputs 100000 --seed $$(date +%s) --keep $(OUT)/fuzz

# Long; SAMPLE=0 tries every change there is.
SAMPLE := 400
mutation: install
	$(BIN)/python -m tests.mutation --sample $(SAMPLE) --seed 1

coverage: install
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --fail-under 95

# Beside the environment, not in it: what audits is no dependency. Strict: what cannot be looked up is a failure.
audit: install
	$(PYTHON) -m venv $(OUT)/audit
	$(OUT)/audit/bin/python -m pip install --disable-pip-version-check --quiet pip-audit
	$(OUT)/audit/bin/pip-audit --strict --requirement requirements.lock --require-hashes --disable-pip

bench: install
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r benchmarks/requirements.lock
	$(BIN)/python benchmarks/run.py

lock: install
	$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--all-extras --group build --group test --group lint --group docs --quiet pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--constraint requirements.lock --group bench --quiet -o benchmarks/requirements.lock

clean:
	rm -rf $(OUT) build dist
