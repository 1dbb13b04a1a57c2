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

CLUSTER := .venv-cluster
CLUSTER_STAMP := $(CLUSTER)/.installed
# Where make parity and make test-spark keep their state.
PARITY_HOME ?= var/parity
SPARK_TESTS := tests/python/spark
LINKAGE := .venv-linkage
LINKAGE_STAMP := $(LINKAGE)/.installed
# For make spark-up: SPARK_ARGS="--workers 4 --worker-memory 2g"
SPARK_ARGS ?=

# For make bench-components: BENCH_ARGS="clusters-10m --ids text --peers other/bin/python"
BENCH_ARGS ?= clusters-1m chains --ids text

.PHONY: help install run dev test test-long pytest fuzz dbt-unit lint format lock snapshot clean \
	spark-install spark-up spark-run spark-down parity test-spark test-spark-long bench-components \
	linkage

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1|/' \
		| awk -F'|' '{ printf "  make %-17s %s\n", $$1, $$2 }'

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

test: lint dbt-unit pytest  ## all checks that need no cluster: lint, Python tests, dbt unit tests

pytest: install
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --ignore $(SPARK_TESTS) -m "not long"

test-long: install  ## whole runs that are killed, continued or repeated (not in CI)
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --ignore $(SPARK_TESTS) -m long

# For make fuzz: FILES=100000 SEED=9
FILES ?= 10000
SEED ?= 3

fuzz: install  ## 10,000 spoiled deliveries through ingestion (FILES=..., SEED=...)
	@FINVIEW_FUZZ_FILES=$(FILES) FINVIEW_FUZZ_SEED=$(SEED) $(BIN)/pytest -s tests/python/test_ingest_fuzz.py

bench-components: install  ## connected components against Splink and scipy (BENCH_ARGS=...)
	@$(BIN)/python benchmarks/identity/components/measure.py $(BENCH_ARGS)

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

spark-install: install $(CLUSTER_STAMP)  ## make .venv-cluster with Spark and Iceberg (done once)

$(CLUSTER_STAMP): requirements/cluster.txt
	@echo "installing Spark and Iceberg into $(CLUSTER) (about 450 MB, once)"
	@test -x $(CLUSTER)/bin/python || "$(PYTHON)" -m venv $(CLUSTER)
	@VIRTUAL_ENV=$(CLUSTER) $(BIN)/uv pip sync --quiet --require-hashes requirements/cluster.txt
	@touch $(CLUSTER_STAMP)

spark-up: spark-install  ## a local Spark cluster with an Iceberg catalogue, on loopback
	@$(BIN)/finview cluster up $(SPARK_ARGS)

spark-run: spark-up  ## like run, on the cluster: sample data, whole pipeline, publish, scorecard
	@$(BIN)/finview run --engine spark $(RUN_ARGS)

spark-down:  ## stop the local cluster; its tables stay
	@$(BIN)/finview cluster down

parity: spark-install  ## build the sample on DuckDB and on Spark, compare every mart cell by cell
	@$(BIN)/finview parity --home $(PARITY_HOME)

# The parity home keeps its cluster for the tests; it is stopped whatever they say.
define on_parity_cluster
	@$(BIN)/finview cluster down --home $(PARITY_HOME) --remove > /dev/null
	@rm -rf $(PARITY_HOME)
	@status=0; $(BIN)/finview parity --home $(PARITY_HOME) --keep $(2) \
		&& FINVIEW_TEST_CLUSTER_HOME=$(abspath $(PARITY_HOME)) $(BIN)/pytest $(1) \
		|| status=$$?; $(BIN)/finview cluster down --home $(PARITY_HOME) > /dev/null; exit $$status
endef

test-spark: spark-install  ## parity of all tables, then the tests that need a cluster (Java, PostgreSQL)
	$(call on_parity_cluster,$(SPARK_TESTS) -m "not long",--quick)

test-spark-long: spark-install  ## dbt tests, incremental builds, expectations, a lost cluster (not in CI)
	$(call on_parity_cluster,$(SPARK_TESTS) -m long)

linkage: install $(LINKAGE_STAMP)  ## FEBRL 1 to 4: ours, recordlinkage and Splink in one run
	@$(BIN)/python benchmarks/identity/linkage/measure.py

$(LINKAGE_STAMP): requirements/linkage.txt
	@test -x $(LINKAGE)/bin/python || "$(PYTHON)" -m venv $(LINKAGE)
	@VIRTUAL_ENV=$(LINKAGE) $(BIN)/uv pip sync --quiet --require-hashes requirements/linkage.txt
	@touch $(LINKAGE_STAMP)

snapshot: install  ## write the snapshot of asset keys, jobs and schedules anew
	@$(BIN)/python -m orchestration.snapshot --write

LOCK := VIRTUAL_ENV=../.venv ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: install  ## pin the dependencies of pyproject.toml anew (needs a package index)
	cd requirements && $(LOCK) bootstrap.in -o bootstrap.txt
	cd requirements && $(LOCK) --extra dev --extra spark --extra postgres ../pyproject.toml -o dev.txt
	cd requirements && $(LOCK) -c dev.txt ../pyproject.toml -o runtime.txt
	cd requirements && $(LOCK) -c dev.txt --extra spark ../pyproject.toml -o spark.txt
	cd requirements && $(LOCK) -c dev.txt --extra postgres ../pyproject.toml -o postgres.txt
	cd requirements && $(LOCK) cluster.in -o cluster.txt
	cd requirements && $(LOCK) linkage.in -o linkage.txt

clean:  ## remove .venv and caches; keeps $FINVIEW_HOME (./var)
	@rm -rf .venv $(CLUSTER) $(LINKAGE) target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
