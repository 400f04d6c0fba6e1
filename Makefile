# Each target does all its own set-up in .venv, and reuses it as long as settings.ini asks for the same packages.
# Needs Python 3.11 or newer, git and make. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
N ?= 01
BIN := .venv/bin
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help venv lesson test lab bench docs readme hooks clean

help:           ## this list
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## */\t/' | awk -F'\t' '{printf "make %-10s %s\n", $$1, $$2}'

venv:           ## only the set-up: .venv with the package (editable) and the tools
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here. fastlite needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/venv

lesson: venv    ## run lesson 01 and write it as a page; another one: make lesson N=02
	@$(BIN)/python tools/lesson $(N)

test: venv      ## everything that must hold: all notebooks, the package in step, clean, layered
	@$(BIN)/python tools/check

lab: venv       ## open JupyterLab on the notebooks
	@$(BIN)/python -m jupyter lab $(ROOT_FLAG) nbs

bench: venv     ## run benchmarks/ and write benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/run.py

docs: venv      ## build the site from the notebooks in _docs/
	@$(BIN)/python tools/docs

readme: venv    ## write README.md from nbs/index.ipynb
	@$(BIN)/python tools/readme

hooks: venv     ## install nbdev's git hooks and merge driver, and a check before each commit
	@$(BIN)/python tools/hooks

clean:          ## remove what make built, except .venv
	rm -rf _docs _lessons build dist *.egg-info
	find nbs tools benchmarks fastlite -name __pycache__ -prune -exec rm -rf {} +
	find nbs -name .ipynb_checkpoints -prune -exec rm -rf {} +
