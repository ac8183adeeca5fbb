# Everything a person types. `make help` lists it; a fresh clone needs Python 3.11+, make and git.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The newest lock is tried on 3.11; a newer Python is taken when that one is not there.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && { echo $$p; exit; }; done; echo python3)
RUN := .venv/bin/python
ARGS ?=
WORKERS ?= 2
DATA ?=
SIZE ?= demo
SEED ?= 1
OUT ?=
SQL ?=
NAME ?=
EDGES ?=
SINCE ?=
RECORDS ?=
SPEC ?=
MAX_DEGREE ?=
ID ?=
TO ?=
PLAIN ?=

# What was typed, not what make would read into it: a `$` in SQL stays a `$`. It travels in the
# environment, so quotes and newlines need no care either.
query: export THROUGHLINE_TYPED = $(value SQL)
real: export THROUGHLINE_TYPED = $(value DATA)
check-source: export THROUGHLINE_TYPED = $(value NAME)
components: export THROUGHLINE_EDGES = $(value EDGES)
components: export THROUGHLINE_SINCE = $(value SINCE)
components: export THROUGHLINE_MAX_DEGREE = $(value MAX_DEGREE)
components match: export THROUGHLINE_OUT = $(value OUT)
match: export THROUGHLINE_RECORDS = $(value RECORDS)
match: export THROUGHLINE_SPEC = $(value SPEC)
explain-person explain-company: export THROUGHLINE_ID = $(value ID)
explain-person explain-company: export THROUGHLINE_TO = $(value TO)
explain-person explain-company: export THROUGHLINE_PLAIN = $(value PLAIN)
attribute: export TYPED_PATHS = $(value PATHS)
attribute: export TYPED_OUT = $(value OUT)
attribute: export TYPED_LOOKBACK = $(value LOOKBACK)
attribute: export TYPED_DIRECT = $(value DIRECT)
attribute: export TYPED_PAID = $(value PAID)
attribute: export TYPED_HALF_LIFE = $(value HALF_LIFE)
attribute: export TYPED_ORDER = $(value ORDER)
attribute: export TYPED_ZONE = $(value ZONE)
attribute components match explain-person explain-company: export TYPED_NAMES = $(foreach v,$(.VARIABLES),$(if $(findstring command line,$(origin $v)),$v))
unexport SQL DATA NAME EDGES SINCE MAX_DEGREE RECORDS SPEC ID TO PLAIN PATHS LOOKBACK DIRECT PAID HALF_LIFE ORDER ZONE

.PHONY: help setup demo up down real query attribute check-source clients components match \
	explain-person explain-company test conformance world score collect lint bench lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the virtual environment .venv from the lock (the other commands do it themselves)
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "setup: no Python found; install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) include/supervisor/virtual_environment.py

demo: setup ## run everything once on sample data: Airflow ingests, builds, audits, publishes
	@$(RUN) -m include.supervisor demo

real: setup ## the same over your own files: make real DATA=<folder>
	@$(RUN) -m include.supervisor real "$$THROUGHLINE_TYPED"

up: setup ## start everything and leave it running for a browser
	@$(RUN) -m include.supervisor up

down: setup ## stop what `make up` started
	@$(RUN) -m include.supervisor down

query: setup ## print TSV from the store of the last run: make query SQL="select 1"
	@printf '%s' "$$THROUGHLINE_TYPED" | $(RUN) -m include.cli query -

attribute: setup ## credit channels by every model: make attribute PATHS=<csv or parquet> OUT=<json>
	@$(RUN) -m include.cli attribute "$$TYPED_PATHS" "$$TYPED_OUT" --given="$$TYPED_NAMES" \
		--lookback="$$TYPED_LOOKBACK" --direct="$$TYPED_DIRECT" --paid="$$TYPED_PAID" \
		--half-life="$$TYPED_HALF_LIFE" --order="$$TYPED_ORDER" --zone="$$TYPED_ZONE"

check-source: setup ## test an account's credentials: make check-source NAME=<source>/<account>
	@$(RUN) -m include.supervisor check-source "$$THROUGHLINE_TYPED"

components: setup ## node → component: make components EDGES=<csv of a,b> [MAX_DEGREE=n] [SINCE=<csv>] OUT=<csv>
	@$(RUN) -m include.cli components --edges "$$THROUGHLINE_EDGES" --out "$$THROUGHLINE_OUT" \
		--max-degree "$$THROUGHLINE_MAX_DEGREE" --since "$$THROUGHLINE_SINCE" \
		--given="$$TYPED_NAMES"

match: setup ## record → cluster: make match RECORDS=<csv or parquet>[,<second>] SPEC=<yaml> OUT=<csv>
	@$(RUN) -m include.cli match --records "$$THROUGHLINE_RECORDS" --spec "$$THROUGHLINE_SPEC" \
		--out "$$THROUGHLINE_OUT" --given="$$TYPED_NAMES"

explain-person: setup ## evidence of who is who: make explain-person ID=<key> [TO=<key>] [PLAIN=yes]
explain-company: setup ## the same of companies: make explain-company ID=<key> [TO=<key>] [PLAIN=yes]
explain-person explain-company:
	@$(RUN) -m include.cli $@ --id="$$THROUGHLINE_ID" --to="$$THROUGHLINE_TO" \
		--plain="$$THROUGHLINE_PLAIN" --given="$$TYPED_NAMES"

clients: ## make the environment of the public API clients (test and conformance do it)
	@$(PYTHON) include/supervisor/virtual_environment.py .venv-conformance conformance/requirements.txt

test: setup clients ## run every test that needs no Docker, WORKERS=2 files at a time
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

conformance: setup clients ## run public API clients, at the vendors' real pace, against the stand-ins
	@.venv-conformance/bin/python -m pytest --confcutdir tests/conformance \
		tests/conformance $(ARGS)

collect: setup ## list tests without running them: make collect ARGS="-k slice"
	@$(RUN) -m pytest --collect-only $(ARGS)

world: setup ## generate a company with known truth: make world SIZE=demo SEED=1 OUT=<folder>
	@$(RUN) -m include.sandbox.world "$(SIZE)" --seed "$(SEED)" $(if $(OUT),--out "$(OUT)")

score: setup ## compare the pipeline with the truth of a world: make score SIZE=small SEED=1
	@$(RUN) -m include.sandbox.scoring "$(SIZE)" --seed "$(SEED)"

lint: setup ## check style, layers and SQL
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/sqlfluff lint --disable-progress-bar --processes 2 sql

bench: setup ## measure loading and building at 1 M and 10 M rows, and each connector beside dlt
	@$(PYTHON) include/supervisor/virtual_environment.py .venv-peers benchmarks/peers/requirements.txt
	@command -v c++ >/dev/null 2>&1 && $(PYTHON) include/supervisor/virtual_environment.py \
		.venv-peers-compiled benchmarks/peers/compiled.txt || \
		echo "bench: peers built from source are left out; they take a C++ compiler"
	@$(RUN) -m benchmarks $(ARGS)

lock: setup ## compile requirements.in into requirements.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv
	@$(RUN) -m uv pip compile --universal --python-version 3.11 --quiet \
		requirements.in --output-file requirements.txt
	@$(RUN) -m uv pip compile --universal --python-version 3.11 --no-header --quiet \
		conformance/requirements.in --output-file conformance/requirements.txt
	@$(RUN) -m uv pip compile --universal --python-version 3.11 --no-header --quiet \
		benchmarks/peers/requirements.in --output-file benchmarks/peers/requirements.txt
	@$(RUN) -m uv pip compile --universal --python-version 3.11 --no-header --quiet \
		benchmarks/peers/compiled.in --output-file benchmarks/peers/compiled.txt
