# Two commands matter: `make serve` and `make test`. Both set up what they need.
# Variables: PYTHON (3.11 or later); of `make serve`: DOMAIN (the first domain), HTTP and INBOUND (where it listens).

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
DOMAIN ?= emailgw.test
HTTP   := 127.0.0.1:8080
INBOUND := 127.0.0.1:2525
WORK   := .work
VENV   := .venv
BIN    := $(VENV)/bin
CONFIG := $(WORK)/emailgw.toml
# Most test files run side by side, each in its order; then those marked `alone`, which a busy machine would mislead.
MOST   := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m 'not alone'
ALONE  := $(BIN)/python -m pytest -m alone

.PHONY: serve test unit e2e lint bench fuzz faults soak binary peers clean

serve: $(VENV)/.ready
	@$(BIN)/emailgw -c $(CONFIG) init --domain $(DOMAIN) --data-dir $(WORK)/data --ehlo-name localhost.localdomain \
	    --http $(HTTP) --inbound $(INBOUND)
	$(BIN)/emailgw -c $(CONFIG) serve

# Everything: style, types, all tests. In CI (CI=true) a peer program that is missing is a failure.
test: $(VENV)/.ready-test peers lint
	$(MOST)
	$(ALONE)

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.ready-test
	$(MOST) --ignore tests/e2e
	$(ALONE) --ignore tests/e2e

e2e: $(VENV)/.ready-test peers
	$(MOST) tests/e2e
	$(ALONE) tests/e2e

# Figures for docs/performance.md; never part of `make test`.
bench: $(VENV)/.ready-test peers
	$(BIN)/python -m tests.bench

# Longer tiers of what `make test` does for a short while.
fuzz: $(VENV)/.ready-test
	for target in tests/fuzz/fuzz_*.py; do $(BIN)/python $$target -max_total_time=$${SECONDS_EACH:-600} || exit 1; done

faults: $(VENV)/.ready-test peers
	EMAILGW_KILLS=$${KILLS:-100} $(BIN)/python -m pytest tests/e2e/test_kill.py

binary: dist/emailgw

dist/emailgw: pyproject.toml tests/packaging/build_binary.sh tests/packaging/emailgw.spec \
    tests/packaging/end_with_parent.py $(shell find emailgw -type f ! -name '*.pyc') | $(VENV)/bin/python
	@sh tests/packaging/build_binary.sh $(BIN)/python

# The real mail hosts that the tests talk to.
peers:
	@sh tests/packaging/install_peers.sh

# A venv that `ensurepip` cannot fill (Debian without python3-venv) is completed with apt when we may.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	    rm -rf $(VENV); \
	    test "$$(id -u)" = 0 || { echo "run: sudo apt-get install python3-venv"; exit 1; }; \
	    apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); }

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.ready-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.ready

clean:
	rm -rf $(VENV) $(WORK) dist build
