# The few targets. `make setup` is implied by the others; everything lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo test bench fuzz chaos contracts lock

help:            ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(VENV)/.ready  ## install everything pinned in requirements.lock into .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Swipelab needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: setup      ## a recorded week of purchases, from swipe to reconciled report
	$(BIN)/swipelab run scenarios/library/grocery_week.yaml

test: setup      ## every test, in some ten minutes on two cores
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

bench: setup     ## speed, as ratios within one run; writes runs/bench.json
	$(BIN)/python -m tests.bench

SEEDS ?= 0:2000
fuzz: setup      ## two thousand stormy seeds of the engine on all cores; SEEDS=A:B for others
	$(BIN)/swipelab fuzz --seeds $(SEEDS)

chaos: setup     ## kill, pause and restart the parts of a service under load
	$(BIN)/swipelab chaos

contracts: setup ## compile the contracts again (needs Node and npm)
	$(BIN)/python -m contracts.build

lock: setup      ## pin the newest versions again (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --prerelease if-necessary-or-explicit --no-emit-index-url --no-header -o requirements.lock
