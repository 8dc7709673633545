# Gridbeat: two commands do all set-up. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.gridbeat-stamp
FRONT := $(wildcard dashboard/livemap/src/*.ts dashboard/livemap/src/*.css) dashboard/livemap/package-lock.json hatch_build.py

.PHONY: help setup run test check fmt lint types imports build lock screenshots bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP) ## make .venv, install the pinned packages, bundle the map, install gridbeat

$(STAMP): requirements.lock pyproject.toml $(FRONT)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
	touch $(STAMP)

run: setup ## create the store with a scenario when missing and open the dashboard
	$(BIN)/gridbeat run --scenario golmud_hexi

test: setup ## run the tests
	$(BIN)/python -m pytest

fmt: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

lint: setup ## check format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## check types strictly
	$(BIN)/mypy

imports: setup ## check that every arrow goes down
	$(BIN)/lint-imports

build: setup ## build the wheel with the bundled map in it
	rm -rf build/dist && $(BIN)/python -m build --wheel --outdir build/dist .

check: lint types imports test build ## everything CI runs

lock: ## write both lock files anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra fast pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra fast --extra peers -c requirements.lock pyproject.toml -o benchmarks/requirements.lock

screenshots: setup ## take the README's pictures from a running dashboard
	$(BIN)/python docs/take_screenshots.py

bench: setup ## install the peers, run the benchmarks and print their tables
	$(BIN)/python -m pip install --quiet --require-hashes -r benchmarks/requirements.lock
	$(BIN)/python benchmarks/run.py

clean: ## remove what was built (not the store)
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis dashboard/livemap/dist dashboard/livemap/node_modules
