# Everything that the checks need is set up here: a virtual environment in .venv, and a valkey-server if it can be had.
#   make test   lint, types and tests                  make diff   the differential run: make diff ARGS="--seed 7"
#   make oldest  the driver's tests with the oldest redis-py and hiredis that the package allows
#   make mutants  mutation testing by that run (long): make mutants ARGS="--sample 200"
#   make bench  speed, side by side, as ratios: make bench ARGS=--quick
#   make soak   the long forms of all of it (hours); each command of it can be run by itself
#   make api    writes the public API down anew, after a change that is meant
#   make docs   builds the documentation into site/
#   make lint   ruff and mypy alone                    make format rewrites the sources as ruff wants them
#   make lock   writes constraints.txt anew            make clean  removes what these made

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
INSTALL := $(PIP) install --group dev --group docs --editable '.[testing]'
WORKERS ?= auto

.SILENT:
.PHONY: test diff oldest mutants bench soak docs api lint format lock clean server

test: lint server
	echo "pytest"
	$(BIN)/pytest --quiet --numprocesses $(WORKERS) $(ARGS)

diff: $(READY) server
	$(BIN)/flue diff $(ARGS)

OLDEST := build/oldest
OF_THE_DRIVER := tests/servers $(addprefix tests/adapter/test_,tails.py tail_outages.py connection_trouble.py secrets.py \
	acl.py full_server.py server_requirements.py cut_deletion.py)

oldest: $(READY) server
	mkdir -p $(OLDEST)
	sed -n 's/^dependencies = //p' pyproject.toml | grep -o '[a-z]*>=[0-9.]*' | sed 's/>=/==/' > $(OLDEST)/required.txt
	echo "pytest, of the driver, with" `cat $(OLDEST)/required.txt`
	$(PIP) install --upgrade --target $(OLDEST) --requirement $(OLDEST)/required.txt
	PYTHONPATH=$(CURDIR)/$(OLDEST) $(BIN)/pytest --quiet --numprocesses $(WORKERS) -k "not fakeredis and not container" \
		$(OF_THE_DRIVER) $(ARGS)

mutants: $(READY)
	$(BIN)/python -m tools.mutation $(ARGS)

bench: $(READY) server
	$(BIN)/python -m benchmarks $(ARGS)

# It ends with the first that fails.
soak: $(READY) server
	$(BIN)/python -m tools.soak --operations 1000000 --seed 7
	$(BIN)/flue diff --concurrent --sequences 1000 --seed 7
	$(BIN)/flue db verify --kills 200 --seed 7
	FLUE_CUT_SEQUENCES=500 $(BIN)/pytest --quiet --numprocesses $(WORKERS) tests/adapter/test_cut_at_random.py
	FLUE_RACE_CALLS=20000 $(BIN)/pytest --quiet --timeout 3600 tests/drills/test_processes.py
	$(MAKE) mutants ARGS="--only flue_valkey/ --sample 200 --seed 303 --tests"
	$(MAKE) mutants ARGS="--only flue_memdb/ --sample 150 --seed 198 --tests"

docs: $(READY)
	$(BIN)/properdocs build --strict --quiet
	echo "site/index.html"

api: $(READY)
	$(BIN)/python -m tools.public_api --write

lint: $(READY)
	echo "ruff check, ruff format --check, mypy"
	$(BIN)/ruff check --quiet --output-format concise
	$(BIN)/ruff format --check --quiet || { echo "run 'make format'"; exit 1; }
	$(BIN)/mypy --no-error-summary

format: $(READY)
	$(BIN)/ruff check --quiet --fix
	$(BIN)/ruff format --quiet

# Without a server its tests are skipped: no reason to stop.
server:
	tools/get-valkey-server || true

$(READY): pyproject.toml constraints.txt
	echo "installing into .venv"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --upgrade 'pip>=25.1'  # the first to know dependency groups
	$(INSTALL) --constraint constraints.txt
	touch $@

lock:
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade 'pip>=25.1'
	$(INSTALL)
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt
	touch $(READY)

clean:
	rm -rf .venv build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find flue_memdb flue_valkey tests -name __pycache__ -prune -exec rm -rf {} +
