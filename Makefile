# One command each: install, run, test, check, bench. Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

.PHONY: help install install-dev install-browser install-reader install-proxy run test test-model check bench bench-privacy bench-restore bench-scans bench-semantic bench-purge bench-exactness bench-chaos bench-soak bench-scale requirements messages

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

install-reader:                     ## Debian's tesseract with German, which reads images, where it is missing
	@tesseract --list-langs 2>/dev/null | grep -qx deu || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tesseract-ocr tesseract-ocr-deu >/dev/null; }

run: install     ## start the demo on http://127.0.0.1:$(PORT)
	$(BIN)/leitstand demo --port $(PORT)

install-proxy:                      ## Debian's caddy, the proxy of the compose file, where it is missing
	@command -v caddy >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends caddy >/dev/null; }

test: install-dev install-browser install-reader install-proxy     ## all tests, against real servers on 127.0.0.1
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

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

bench-scans: install-dev install-reader     ## personal data in scanned letters: what stays visible when they leave, and the time
	$(BIN)/python bench/scans.py

bench-restore: install-dev     ## placeholders that models rewrote: restored exactly, wrongly, to somebody else
	$(BIN)/python bench/restore.py

bench-semantic: install-dev     ## precision and recall of the semantic cache, and what a look-up costs
	$(BIN)/python bench/semantic_cache.py

bench-purge: install-dev     ## two million old records out of the journal: time and memory
	$(BIN)/python bench/purge.py

SEEDS ?= 20
bench-exactness: install-dev     ## limits, sums and refusals to the nano-euro, 1 to 4 processes, 200 clients: SEEDS=20 (half an hour)
	PYTHONPATH=tests $(BIN)/python bench/exactness.py --seeds $(SEEDS)

ROUNDS ?= 10
bench-chaos: install-dev     ## kill -9 of a random process under load: ROUNDS=10 (3 minutes)
	PYTHONPATH=tests $(BIN)/python bench/chaos.py --rounds $(ROUNDS)

MINUTES ?= 30
bench-soak: install-dev     ## memory, open files and threads under mixed load: MINUTES=30
	PYTHONPATH=tests $(BIN)/python bench/soak.py --minutes $(MINUTES)

ROWS ?= 10000000
bench-scale: install-dev     ## a second process, ROWS=10000000 old records, pages over three million (15 minutes, 12 GB of disk)
	PYTHONPATH=tests $(BIN)/python bench/scale.py --rows $(ROWS)

requirements: install     ## renew the hash-pinned requirement files
	$(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 -c requirements/limits.txt --custom-compile-command "make requirements" -o requirements/runtime.txt --quiet
	$(UV) pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 -c requirements/runtime.txt --custom-compile-command "make requirements" -o requirements/dev.txt --quiet
	printf 'hatchling\neditables\n' | $(UV) pip compile - --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 --custom-compile-command "make requirements" -o requirements/build.txt --quiet
	printf 'uv\n' | $(UV) pip compile - --generate-hashes --no-emit-index-url --no-emit-find-links --universal -p 3.11 --custom-compile-command "make requirements" -o requirements/uv.txt --quiet
