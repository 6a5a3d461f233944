# Every command of the README. Needs Python 3.11 or newer and make; everything else goes into .venv.
#   make demo [ARGS=--once]   make up   make test [ARGS="-k refund"]   make check   make bench

VENV ?= .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
JOBS ?= $(shell n=$$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2); [ "$$n" -gt 2 ] && echo "$$n" || echo 2)
ARGS ?=
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help up demo doctor prove test check bench format locale lock clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

up: $(VENV)/.base ## start the shop: database, migrations, policy, web and worker
	@$(PY) -m smmatic up $(ARGS)

demo: $(VENV)/.base ## start it with demo people and play the main job; ARGS=--once ends after it
	@$(PY) -m smmatic demo $(ARGS)

doctor: $(VENV)/.base ## what runs where, and what to do next
	@$(PY) -m smmatic doctor $(ARGS)

prove: $(VENV)/.base ## recompute every balance from the transfers
	@$(PY) -m smmatic prove $(ARGS)

test: $(VENV)/.dev $(VENV)/.browser ## all tests
	@$(PY) -m pytest -n $(JOBS) $(ARGS)

check: $(VENV)/.dev ## lint, format, types, import contracts, migrations, translations
	@failed=0; step() { echo "-- $$*"; "$$@" || failed=1; }; \
	step $(BIN)/ruff check .; \
	step $(BIN)/ruff format --check .; \
	step $(BIN)/mypy src; \
	step $(BIN)/lint-imports; \
	step $(PY) -m smmatic manage makemigrations smmatic --check --dry-run; \
	step $(PY) .ci/translations.py check; \
	exit $$failed

bench: $(VENV)/.base ## placing one order against pgbench on the same server
	@$(PY) -m smmatic bench $(ARGS)
	@$(PY) -m smmatic bench-policy --results benchmarks/results

format: $(VENV)/.dev ## let ruff write what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

locale: $(VENV)/.dev ## collect the texts for translation and compile the translations
	@$(PY) .ci/translations.py update

lock: ## lock the requirements anew, with hashes (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links pyproject.toml --output-file requirements/base.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links pyproject.toml --extra dev --constraint requirements/base.txt \
		--output-file requirements/dev.txt

clean: ## remove the environment and caches; the data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@.ci/venv "$(VENV)"

$(VENV)/.base: requirements/base.txt | $(PY)
	@echo "Installing what SMMATIC needs into $(VENV) ..."
	@$(PIP) -r requirements/base.txt
	@.ci/link "$(VENV)"
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(VENV)/.browser: .ci/browser $(VENV)/.dev
	@.ci/browser "$(PY)"
	@touch $@
