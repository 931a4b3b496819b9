# Every target installs what it needs into .venv first; nothing needs root, a home directory or a prompt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := monitor fetchers cache

# Byte code is written once, here: a program that compiles its SDKs at every start needs seconds instead of tenths.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test snapshots lint format bench emulators docs lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than 3.11; say which to use: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "make: $(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "installing into $(VENV): the first time this takes a minute" >&2
	@$(BIN)/pip install --quiet --compile --require-hashes --only-binary :all: -r requirements.lock >&2
	@$(BIN)/pip install --quiet --compile --no-deps --no-build-isolation -e . >&2
	@$(BIN)/python -m compileall -q $(CODE) tests benchmarks
	@touch $@

demo: $(READY)  ## install, and open the demo: fixture data, no network, nothing is changed
	@$(BIN)/monitor --demo

test: $(READY)  ## install, and pass all tests
	rm -f .pytest_cache/v/cache/lastfailed
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder || $(BIN)/python -m tests.second_try

snapshots: $(READY)  ## write the screens that tests compare anew; look at them with `git diff`
	WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/ui/test_snapshots.py

lint: $(READY)  ## ruff, mypy in its strict mode, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## rewrite the code as `lint` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)  ## measure; docs/benchmarks.md says what and how
	$(BIN)/python -m benchmarks

emulators: $(READY)  ## start local servers that speak Google's and W&B's protocols, and print a configuration for them
	@$(BIN)/python -m tests.emulators

docs: $(READY)  ## write the generated pages again
	$(BIN)/python -m monitor.config_reference > docs/configuration.md
	$(BIN)/python -m monitor.error_catalogue > docs/errors.md
	$(BIN)/python -m monitor.rule_words > $(VENV)/words.py && mv $(VENV)/words.py fetchers/diagnosis/words.py
	$(BIN)/python docs/screenshot.py 120x40 docs/images/dashboard.svg
	$(BIN)/python docs/screenshot.py 80x24 docs/images/ssh.svg n
	$(BIN)/python docs/screenshot.py 120x40 docs/images/detail.svg 3 n enter
	$(BIN)/python docs/screenshot.py 120x30 docs/images/zoom.svg 5 z slash s t a t e colon f a i l e d enter
	$(BIN)/python docs/record.py 100x30 docs/demo.cast

lock:  ## work out requirements.lock anew from pyproject.toml; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes \
	  --group dev pyproject.toml -o requirements.lock

clean:  ## remove what was installed and generated
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
