# Callboard's commands. `make` alone lists them. Needed: make, and Python 3.11 or newer with venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# HOST is taken from the command line only: some shells export a HOST of their own.
HOST = 127.0.0.1
PORT ?= 8000

# One process a core, and one more; who is done early takes tests from the others.
# For one test alone: make test PYTEST_ARGS="-k claim -x"
PYTEST_ARGS ?= -n auto --dist worksteal

PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

# A virtual environment knows its own address: one that was copied or moved is made anew.
ifneq ($(shell cat $(VENV)/.made-for 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.made-for)
endif

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: $(VENV)/.runtime $(VENV)/.project ## serve Callboard on 127.0.0.1:8000 (or: make run HOST=0.0.0.0 PORT=9000)
	@$(BIN)/callboard db upgrade
	@$(BIN)/callboard setup-link --if-needed --url http://$(subst 0.0.0.0,127.0.0.1,$(HOST)):$(PORT)
	@exec $(BIN)/gunicorn --config deploy/gunicorn.conf.py --bind $(HOST):$(PORT) wsgi:app

.PHONY: test
test: lint ## run the linters, then the whole test suite
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# BENCH_ARGS: what to measure alone, such as BENCH_ARGS="--sizes 10k pages claims".
.PHONY: bench
bench: dev ## measure how fast all is, up to a million tickets (hours; see bench/README.md)
	@$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: dev ## measure main pages and claims (under five minutes)
	@$(BIN)/python -m bench --quick $(BENCH_ARGS)

.PHONY: pictures
pictures: dev ## draw the pages of the sample project into docs/pictures (a minute; needs Debian's chromium)
	@$(BIN)/python -m docs.tools.pictures

.PHONY: jobs
jobs: dev ## count what the daily jobs of docs/daily-jobs.md take (needs Debian's chromium)
	@$(BIN)/python -m docs.tools.daily_jobs

BANDIT := $(BIN)/bandit --quiet --recursive --configfile pyproject.toml app deploy wsgi.py

# What docs/agents.md names. Two of them put their program in its place by a script of their own;
# those of the libraries that all of them bring aren't needed.
AGENTS := @anthropic-ai/claude-code@2.1.197 @openai/codex@0.169.0 @google/gemini-cli@0.61.0 opencode-ai@1.18.33

.PHONY: agents
agents: dev .agents/.installed ## try the runner with real programs of agents (brings 1 GB; needs npm)
	@AGENT_PROGRAMS=$(CURDIR)/.agents/node_modules/.bin $(BIN)/python -m pytest -m agents tests/runner/test_real_agents.py

.agents/.installed: Makefile
	@npm install --prefix .agents --ignore-scripts --no-audit --no-fund --loglevel=error $(AGENTS)
	@npm rebuild --prefix .agents --loglevel=error @anthropic-ai/claude-code opencode-ai
	@touch $@

# Side by side: one after the other they take ten seconds.
LINTERS := lint-code lint-types lint-templates lint-imports lint-weaknesses

.PHONY: lint
lint: dev ## check style, types, templates, imports, and for weaknesses
	@$(MAKE) --no-print-directory --jobs=4 $(LINTERS)

.PHONY: $(LINTERS)
lint-code:
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
lint-types:
	@$(BIN)/mypy
lint-templates:
	@$(BIN)/djlint templates --check --lint
lint-imports:
	@$(BIN)/lint-imports --no-logo
lint-weaknesses:
	@$(BANDIT)

# --strict: a library that nobody knows anything about is not a library without a known weakness.
.PHONY: audit
audit: dev ## look for weaknesses in the code, and for known ones in the libraries
	@$(BANDIT)
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes \
		--requirement requirements-server.txt --requirement requirements-dev.txt

.PHONY: format
format: dev ## put code and templates in the house style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/djlint templates --reformat --quiet

.PHONY: dev
dev: $(VENV)/.dev $(VENV)/.project ## make .venv with everything a developer needs

# The lock must hold what the public index serves to everyone, not what this machine's pip prefers.
PIP_COMPILE := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-config --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options $(UPGRADE)

.PHONY: lock
lock: dev ## resolve pyproject.toml into the lock files (newest versions: make lock UPGRADE=--upgrade)
	@$(PIP_COMPILE) --output-file requirements-build.txt \
		--build-deps-for editable --only-build-deps pyproject.toml
	@$(PIP_COMPILE) --output-file requirements.txt pyproject.toml
	@$(PIP_COMPILE) --output-file requirements-server.txt --extra oidc --extra postgres \
		--constraint requirements.txt pyproject.toml
	@$(PIP_COMPILE) --output-file requirements-dev.txt --extra oidc --extra postgres --extra dev \
		--constraint requirements-build.txt --constraint requirements.txt pyproject.toml

.PHONY: clean
clean: ## remove .venv and what tools left behind (never instance/)
	@rm -rf $(VENV) .agents build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made-for:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Callboard needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "Python's venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "$(CURDIR)" > $@

$(VENV)/.runtime: requirements.txt $(VENV)/.made-for
	@echo "Installing requirements.txt ..."
	@$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	@touch $@

# The developer's lock holds the runtime's, so `make run` has nothing left to do.
$(VENV)/.dev: requirements-dev.txt $(VENV)/.made-for
	@echo "Installing requirements-dev.txt ..."
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	@touch $(VENV)/.runtime $@

$(VENV)/.project: pyproject.toml requirements-build.txt $(VENV)/.made-for
	@$(PIP_INSTALL) --require-hashes --requirement requirements-build.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
