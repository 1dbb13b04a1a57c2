# The commands of this project. `make help` lists them.
# Needs: Python 3.11 or 3.12 and make. Everything else goes into .venv, pinned by hash.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first interpreter that starts and has a supported version; override with PYTHON=...
PYTHON ?= $(shell for name in python3.11 python3.12 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
# Where `make run` and `make dev` keep their state; FINVIEW_HOME overrides it.
export FINVIEW_HOME ?= var
PORT ?= 3000
# Processes of pytest.
JOBS ?= 2
# For make run: RUN_ARGS="--full-refresh"
RUN_ARGS ?=

.PHONY: help install run dev test pytest dbt-unit lint format lock snapshot clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1|/' \
		| awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

install: $(STAMP)  ## make .venv with the pinned packages (done once; again when they change)

$(STAMP): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "error: no Python 3.11 or 3.12 found"; \
		echo "  next: install one, or name it: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.12"; \
		exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "error: $(PYTHON) is not Python 3.11 or 3.12"; \
		echo "  next: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.12"; exit 1; }
	@echo "installing the pinned packages into .venv (a few minutes the first time)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/bootstrap.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --offline -e .
	@touch $(STAMP)

run: install  ## sample data if there is none, the whole pipeline, publish, print the scorecard
	@$(BIN)/finview run $(RUN_ARGS)

dev: install  ## web UI of the orchestrator on http://127.0.0.1:3000 (PORT=...), with its daemon
	@$(BIN)/finview ui --port $(PORT)

test: lint dbt-unit pytest  ## all checks: lint, Python tests, dbt unit tests

pytest: install
	@$(BIN)/pytest -n $(JOBS) --dist loadfile

dbt-unit: install  ## unit tests of the models, on an empty warehouse
	@$(BIN)/python -m finview.pipeline.unit_tests

lint: install  ## ruff, mypy, yamllint, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/yamllint -s .
	@FINVIEW_WAREHOUSE_FILE=:memory: DBT_LOG_PATH=target/lint $(BIN)/sqlfluff lint -p 2 --disable-progress-bar -n models tests/dbt

format: install  ## put Python into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

snapshot: install  ## write the snapshot of asset keys, jobs and schedules anew
	@$(BIN)/python -m orchestration.snapshot --write

LOCK := VIRTUAL_ENV=../.venv ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: install  ## pin the dependencies of pyproject.toml anew (needs a package index)
	cd requirements && $(LOCK) bootstrap.in -o bootstrap.txt
	cd requirements && $(LOCK) --extra dev ../pyproject.toml -o dev.txt
	cd requirements && $(LOCK) -c dev.txt ../pyproject.toml -o runtime.txt

clean:  ## remove .venv and caches; keeps $FINVIEW_HOME (./var)
	@rm -rf .venv target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
