# The commands of this repository. Everything runs in .venv/, whatever environment is active in the calling shell.
# PYTHON chooses the interpreter that .venv/ is made with: make install PYTHON=/usr/bin/python3.13

.DEFAULT_GOAL := help
SHELL := /bin/sh

# What would make a Python of ours look at, or install into, somebody else's environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIREMENT PIP_CONSTRAINT PIP_REQUIRE_VIRTUALENV

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/kafka-adjust-connector
UV_VERSION := 0.13.9
APP_VERSION = $(shell sed -n 's/^appVersion: "\(.*\)"/\1/p' helm/Chart.yaml)
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-config --custom-compile-command "make lock"

# The stamp holds the folder it was made in: the programs in .venv/bin name it, so a moved copy is installed again.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

.PHONY: help
help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: install
install: $(STAMP) ## Make .venv/ with the locked dependencies and the connector

$(STAMP): requirements-dev.lock pyproject.toml
	@set -e; \
	supported='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'; \
	if [ -x $(BIN)/python ] && $(BIN)/python -I -c "$$supported" 2>/dev/null && $(BIN)/python -I -m pip --version >/dev/null 2>&1; then :; else \
	  found=; \
	  for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$candidate" -I -c "$$supported" 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "make: no Python 3.11 to 3.14 with venv and ensurepip was found; install one (Debian: python3 and python3-venv)," >&2; \
	    echo "      or name it: make install PYTHON=/path/to/python3" >&2; exit 69; \
	  fi; \
	  echo "Making $(VENV)/ with $$("$$found" --version 2>&1)"; \
	  "$$found" -I -m venv --clear $(VENV); \
	fi
	@echo "Installing the locked dependencies into $(VENV)/"
	@$(BIN)/python -I -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@printf '%s\n' "$(CURDIR)" > $(STAMP)

.PHONY: demo
demo: $(STAMP) ## Run the connector on sample events: embedded Kafka, sandbox, a checked account (DEMO_ARGS)
	@$(BIN)/connector demo $(DEMO_ARGS)

.PHONY: test
test: $(STAMP) ## Run every test; starts the Kafka broker and registry it needs (PYTEST_ARGS)
	$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: lint
lint: $(STAMP) ## Lint, formatting, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: $(STAMP) ## Compare CPU and throughput with a plain loop in one run (BENCH_ARGS)
	$(BIN)/python tests/benchmarks/bench.py $(BENCH_ARGS)

.PHONY: simulate
simulate: $(STAMP) ## Run the engine through seeded faults (SEEDS=3000, or SEED=n to replay one)
	$(if $(SEED),SIMULATION_SEED=$(SEED),SIMULATION_SEEDS=$(or $(SEEDS),3000)) $(BIN)/pytest -q tests/simulation

.PHONY: helm-check
helm-check: $(STAMP) ## Lint, render and validate the chart (compiles Helm with Go the first time)
	@$(BIN)/python tests/tools/helm_check.py

.PHONY: helm-schema
helm-schema: $(STAMP) ## Write helm/values.schema.json from the connector's settings
	@$(BIN)/python tests/tools/values_schema.py

.PHONY: compose-check
compose-check: $(STAMP) ## Validate docker-compose.yml (compiles Compose with Go the first time)
	@$(BIN)/python tests/tools/compose_check.py

.PHONY: image
image: ## Build the container image (IMAGE_BUILDER=docker|podman|buildah, IMAGE=name:tag; the chart's appVersion by default)
	$(or $(IMAGE_BUILDER),docker) build --tag $(or $(IMAGE),kafka-adjust-connector:$(APP_VERSION)) .

.PHONY: lock
lock: $(CACHE)/uv-$(UV_VERSION)/bin/uv ## Resolve the dependencies of pyproject.toml again (LOCK_ARGS=--upgrade)
	$< $(LOCK) $(LOCK_ARGS) --output-file requirements.lock pyproject.toml
	printf 'hatchling>=1.27,<2\neditables>=0.5,<1\n' | \
	  $< $(LOCK) $(LOCK_ARGS) --constraint requirements.lock --group dev --output-file requirements-dev.lock pyproject.toml -

$(CACHE)/uv-$(UV_VERSION)/bin/uv: | $(STAMP)
	$(BIN)/python -m venv $(CACHE)/uv-$(UV_VERSION)
	$(CACHE)/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: clean
clean: ## Remove .venv/ and what the tools leave behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
