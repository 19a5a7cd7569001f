# One command each: install, run, test, check, bench. Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

.PHONY: help install install-dev install-browser run test test-model check bench bench-privacy bench-restore bench-semantic bench-purge requirements messages

help:            ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## / — /'

$(VENV)/.pip-uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.install-stamp: $(VENV)/.pip-uv requirements/runtime.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev-stamp: $(VENV)/.install-stamp requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

install: $(VENV)/.install-stamp     ## install into .venv; afterwards .venv/bin/leitstand works

install-dev: $(VENV)/.dev-stamp     ## what the tests and checks need, on top of install

install-browser:                    ## Debian's chromium for the page tests, where it is missing
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

run: install     ## start the demo on http://127.0.0.1:$(PORT)
	$(BIN)/leitstand demo --port $(PORT)

test: install-dev install-browser     ## all tests, against real servers on 127.0.0.1
	$(BIN)/python -m pytest

test-model: install-dev     ## the built-in llama.cpp runtime with real weights (compiles it, 7 minutes; loads 500 MB)
	$(UV) pip install --quiet --python $(BIN)/python -e '.[llama]'
	$(BIN)/python -m pytest -m weights

check: install-dev     ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install-dev     ## added latency and CPU per request against the direct call
	$(BIN)/python bench/gateway.py

bench-privacy: install-dev     ## what gets through to a provider, and what is masked in vain: make bench-privacy DATA=file.jsonl
	$(BIN)/python bench/privacy.py $(DATA)

bench-restore: install-dev     ## placeholders that models rewrote: restored exactly, wrongly, to somebody else
	$(BIN)/python bench/restore.py

bench-semantic: install-dev     ## precision and recall of the semantic cache, and what a look-up costs
	$(BIN)/python bench/semantic_cache.py

bench-purge: install-dev     ## two million old records out of the journal: time and memory
	$(BIN)/python bench/purge.py

requirements: install     ## renew the hash-pinned requirement files
	$(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 --custom-compile-command "make requirements" -o requirements/runtime.txt --quiet
	$(UV) pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 -c requirements/runtime.txt --custom-compile-command "make requirements" -o requirements/dev.txt --quiet
	printf 'hatchling\neditables\n' | $(UV) pip compile - --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 --custom-compile-command "make requirements" -o requirements/build.txt --quiet
	printf 'uv\n' | $(UV) pip compile - --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 --custom-compile-command "make requirements" -o requirements/uv.txt --quiet
