# Each target builds .venv first where it is missing or older than what it is made from, and only then.
PYTHON ?= python3
BIN := .venv/bin
MADE := .venv/.made
DEV := .venv/.made_dev
DIFFSYNTH := .venv/diffsynth

TRY := build/try
CONSTRAINTS := constraints.txt

.PHONY: demo fuzz test coverage lint bench docs try floors clean
.DEFAULT_GOAL := demo

$(MADE): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(DEV): $(MADE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The official script's library, for comparison in tests; apart and alone, as it would pull torchvision in.
$(DIFFSYNTH): | $(MADE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ diffsynth==1.1.9

demo: $(MADE)  ## a video of a person walking while the camera circles
	$(BIN)/reimagine generate --person alex --motion walk --camera orbit --out runs/demo

test: $(DEV) $(DIFFSYNTH)  ## all tests; ARGS='-k video' picks some
	$(BIN)/python -m pytest -q $(ARGS)

coverage: $(DEV) $(DIFFSYNTH)  ## all tests, and which lines and branches of src/ they leave out
	$(BIN)/python -m pytest -q --cov=reimagine --cov-branch --cov-report=term-missing $(ARGS)

INPUTS ?= 20000
SECONDS ?= 60
fuzz: $(DEV)  ## broken files for every reader, for SECONDS=60 or until INPUTS=20000 were tried
	$(BIN)/python -m tests.fuzz.run --inputs $(INPUTS) --seconds $(SECONDS)

lint: $(DEV)  ## style, types, who imports whom, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/codespell src tests docs examples benchmarks README.md CHANGELOG.md CONTRIBUTING.md \
		SECURITY.md NOTICE Makefile findings

bench: $(DEV) $(DIFFSYNTH)  ## the figures in docs/benchmarks.md, measured here
	$(BIN)/python -m benchmarks.run_all

docs: $(MADE)  ## docs/ and the API reference as a site in build/site; warnings are errors
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo build/site/index.html

try:  ## install and run outside the checkout, with any Python: make try PYTHON=python3.13
	$(PYTHON) -m venv --clear $(TRY)
	$(TRY)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) .
	cd $(TRY) && bin/reimagine --help > help.txt
	cd $(TRY) && bin/reimagine generate --person alex --frames 4 --size 128x208 --out runs/made
	cd $(TRY) && bin/reimagine refine --run runs/made --out runs/refined

floors:  ## the same at the lowest versions that pyproject.toml allows
	mkdir -p build
	$(PYTHON) tools/floors.py > build/floors.txt
	$(MAKE) try TRY=build/floors CONSTRAINTS=build/floors.txt

clean:  ## back to a fresh clone, but for runs/ and people/
	rm -rf .venv build dist .pytest_cache .ruff_cache
