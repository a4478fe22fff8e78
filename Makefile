# Everything a person needs; each target sets up what it needs first.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.ready  ## set up and start the daemon on this host's own metrics
	$(BIN)/aiops run

test: .venv/.ready .venv/.servers  ## set up, servers included, and run every test, two files at a time
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/.ready  ## what must hold before a commit: format, lint, types, arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

bench: .venv/.ready  ## speed, as ratios to a named floor in the same run (PEERS=1 adds peers)
	$(BIN)/aiops bench

demo: .venv/.ready  ## a simulated fleet that really fails, every page alive in a minute
	$(BIN)/aiops demo

docs: .venv/.ready  ## write the generated pages of docs/reference anew
	$(BIN)/python -m aiops.config.reference

lock: .venv/.ready  ## write requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev \
	  --generate-hashes --no-header --output-file requirements.lock pyproject.toml

.venv/.ready: pyproject.toml requirements.lock
	PYTHON=$(PYTHON) sh scripts/setup.sh

.venv/.servers: scripts/servers.sh
	sh scripts/servers.sh

.PHONY: help run test check bench demo docs lock
