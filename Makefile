# Needs Python 3.11 or newer and make; `make setup` brings the rest into .venv.
# Another interpreter: make setup PYTHON=python3.12

PYTHON ?= python3
PYTEST_ARGS ?= -n 2 --dist loadfile
SEEDS ?= 5
LEDGER ?= $(or $(BILLING_TEST_LEDGER),sqlite)
VENV := .venv
AUDIT_VENV := .venv-audit
AUDIT_READY := $(AUDIT_VENV)/.ready
AUDITOR ?= $(AUDIT_VENV)/bin/pip-audit
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak airflow sandbox lint types docs bench wheel sbom audit clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make the virtual environment, if it is missing or out of date

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@echo "Installing into $(VENV) (about a minute the first time)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup  ## A realistic MSP closes a billing period, twice, against simulated vendors
	$(BIN)/python -m scripts.demo

test: setup  ## Run the tests; one file: make test PYTEST_ARGS=tests/unit/model; LEDGER=postgres: with ledgers there
	BILLING_TEST_LEDGER=$(LEDGER) $(BIN)/python -m pytest $(PYTEST_ARGS)

soak: setup  ## Break everything, seed by seed, and account for every line: make soak SEEDS=50
	BILLING_SOAK_SEEDS=$(SEEDS) $(BIN)/python -m pytest -n 2 --dist loadfile tests/survival tests/faults tests/fuzz tests/system/cluster

airflow: setup  ## Airflow's UI with the sandbox behind it and pages full of closed periods; Ctrl-C ends everything
	@$(BIN)/python -m scripts.airflow_ui

sandbox: setup  ## Only the simulated vendors
	@$(BIN)/python -m billing_providers.sandbox

lint: setup  ## Ruff, format, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=plugins $(BIN)/lint-imports

types: setup  ## mypy; strict where the product's knowledge lives
	$(BIN)/mypy

docs: setup  ## Write the generated tables of docs/ again
	$(BIN)/python -m scripts.docs_tables --write

bench: setup  ## How fast it is, beside plain references
	$(BIN)/python -m benchmarks

wheel: setup  ## Build the wheel into dist/
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist

$(AUDIT_READY): constraints-audit.txt
	@$(PYTHON) -m venv $(AUDIT_VENV)
	@$(AUDIT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r constraints-audit.txt
	@touch $@

sbom: setup $(AUDIT_READY)  ## Write what the environment is made of into dist/sbom.json (CycloneDX)
	@mkdir -p dist
	$(AUDIT_VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
		--validate --output-format JSON --output-file dist/sbom.json $(BIN)/python
	@$(BIN)/python -m scripts.sbom_check dist/sbom.json

# Not part of CI's steps: it needs an advisory database on the network, and what cannot be asked is not clean.
audit: $(AUDIT_READY)  ## Ask an advisory database (OSV) about every pinned version; fails where it cannot be asked
	@$(AUDITOR) --strict --no-deps --disable-pip --vulnerability-service osv --progress-spinner off -r constraints.txt \
		|| { echo "make audit: NOT CLEAN. Either the versions above have known faults, or the advisory database could not be" \
			"asked: then nothing is known, and the audit has to be run where the network allows it."; exit 1; }

clean:  ## Remove everything that make has made
	rm -rf $(VENV) .venv-floor $(AUDIT_VENV) .airflow .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
