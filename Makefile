# newswire. Every target makes what it needs: the virtual environment from the lock file, Kafka at first use.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
RUN_ARGS ?=
TEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check faults bench schemas golden lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install exactly what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "newswire needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## start everything on this machine: Kafka, a simulated wire, workers, live view (RUN_ARGS="--for 30s")
	$(BIN)/newswire --set objects.age_s=10 run --simulate $(RUN_ARGS)

test: setup ## all tests but the long fault runs (TEST_ARGS="-k name")
	$(BIN)/python -m pytest $(TEST_ARGS)

check: setup ## format, lint, types, schemas
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pipeline.contract --check

faults: setup ## twenty seeds of kill -9, SIGSTOP and broker restarts (FAULT_SEEDS=20)
	FAULT_SEEDS=$${FAULT_SEEDS:-20} FAULT_ITEMS=$${FAULT_ITEMS:-20000} FAULT_SECONDS=$${FAULT_SECONDS:-60} $(BIN)/python -m pytest tests/faults -q --timeout 3600 $(TEST_ARGS)

bench: setup ## ratios against baselines measured in the same run
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	$(BIN)/python -m tests.bench

schemas: setup ## write schemas/ anew from the records; review it as a diff
	$(BIN)/python -m pipeline.contract

golden: setup ## rewrite the expected halves of the golden pairs; review them as a diff
	$(BIN)/python -m pytest tests/formats -q --golden

lock: setup ## resolve the lock files anew (needs uv on the PATH)
	uv pip compile pyproject.toml --extra dev --extra parquet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements.lock
	uv pip compile pyproject.toml --extra bench --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -c requirements.lock -o requirements-bench.lock

clean: ## remove the virtual environment, caches and var/ (stop the broker first)
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
