# Every command sets up .venv by itself, and again when requirements.lock has changed.
PYTHON ?= python3
DATA ?= data/sample

BIN := .venv/bin
READY := .venv/.ready
DUCKDB15 := .duckdb15
# Tests of what depends on the DuckDB release: all but those above SQL.
SQL_TESTS := tests/ingest tests/catalog tests/sql tests/reports/test_same_numbers.py
DEEP_TESTS := $(addprefix tests/ingest/test_,oracle.py damage.py append.py crashes.py) \
	tests/catalog/test_rollups.py tests/stats/test_tts_comparison.py tests/reports/test_odd_weeks.py

.DEFAULT_GOAL := help
.PHONY: help report test test-deep check lab bench test-duckdb15 format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: $(READY) ## write both reports for the newest whole week of DATA into reports/
	@$(MAKE) --no-print-directory --jobs=2 report-weekly report-tts

report-%: $(READY)
	@$(BIN)/bakame-duck report $* --data "$(DATA)"

test: $(READY) ## run all tests
	$(BIN)/pytest --numprocesses auto

test-deep: $(READY) $(DUCKDB15)/.ready ## run the long tests at full length: tens of thousands of files, hundreds of kills, thousands of months
	BAKAME_DUCK_DEEP=1 $(BIN)/pytest --numprocesses auto $(DEEP_TESTS)
	BAKAME_DUCK_DEEP=1 PYTHONPATH=$(CURDIR)/$(DUCKDB15) $(BIN)/pytest tests/ingest/test_oracle.py

check: $(READY) ## lint, format, types, SQL, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint sql --disable-progress-bar
	$(BIN)/python -m tests.project.spark_subset sql
	$(BIN)/lint-imports

lab: $(READY) ## open JupyterLab on the notebooks, connected to DATA
	$(BIN)/bakame-duck lab --data "$(DATA)"

test-duckdb15: $(READY) $(DUCKDB15)/.ready ## run the reading and metric tests on DuckDB 1.5
	PYTHONPATH=$(CURDIR)/$(DUCKDB15) $(BIN)/pytest --numprocesses auto $(SQL_TESTS)

bench: $(READY) ## measure reading, reports and metrics, each against a peer
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/reports.py
	$(BIN)/python benchmarks/metrics.py

format: $(READY) ## format code and SQL
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format --quiet
	$(BIN)/sqlfluff fix sql --quiet

lock: ## pin the newest versions (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 --no-annotate \
		--upgrade --custom-compile-command 'make lock' --quiet --output-file requirements.lock
	echo 'duckdb>=1.5,<1.6' | uv pip compile - --universal --generate-hashes --python-version 3.11 --no-annotate \
		--upgrade --custom-compile-command 'make lock' --quiet --output-file requirements-duckdb15.lock

clean: ## remove what these commands created, except reports
	rm -rf .venv $(DUCKDB15) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=python3.12")'
	@echo "Setting up .venv; this takes a minute or two, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DUCKDB15)/.ready: requirements-duckdb15.lock $(READY)
	@rm -rf $(DUCKDB15)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $(DUCKDB15) -r requirements-duckdb15.lock
	@touch $@
