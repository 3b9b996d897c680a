# `make help` lists what there is. Everything is installed into .venv and presence/client/node_modules.
# With PYTHON or DJANGO, into an environment of its own, such as .venv-python3.13-django6.1.

HOST ?= 127.0.0.1
PORT ?= 8000
export DEBUG ?= 1
# Some machines ask Python to keep nothing that it compiled. Each of a hundred servers would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

# The first Python here that is new enough; `make run PYTHON=...` takes another.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# A version such as 6.1; without it, the one of the lock file, which every Python here can run.
DJANGO ?=
VENV := .venv$(if $(filter-out file,$(origin PYTHON)),-$(notdir $(PYTHON)))$(if $(DJANGO),-django$(DJANGO))
BIN := $(VENV)/bin
CLIENT := presence/client
# The optional form in C of presence.server.fastio.
FASTIO := presence/server/_fastio.abi3.so

DIST := dist

.PHONY: help run check test lint lint-types lint-style lint-client lint-packages fuzz hostile situations long image client bench load runbook soak upgrade micro dist release ready lock screenshots clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "Each of them takes PYTHON=python3.13 and DJANGO=6.1, for an environment of that Python and that Django."

# What this machine may be called in a browser, where HOST lets others in.
run: export ALLOWED_HOSTS ?= localhost,127.0.0.1,[::1],$(HOST),$(shell hostname),$(shell hostname -I 2>/dev/null | tr ' ' ',')
run: $(VENV)/run.stamp  ## Try it: the example site on http://127.0.0.1:8000 (HOST, PORT override)
	@$(MAKE) --silent $(FASTIO) 2>/dev/null || true
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo_data
	@case $(HOST) in 127.*|localhost|::1) ;; *) echo "Others can reach this, and sign in as admin / admin.";; esac
	@echo "Welcome board: http://$(subst 0.0.0.0,127.0.0.1,$(HOST)):$(PORT)/boards/00000000-0000-4000-8000-000000000001/"
	@$(BIN)/daphne --bind $(HOST) --port $(PORT) presence_site.asgi:application

check: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp $(FASTIO)  ## Run the tests that need no server and no browser, in about a minute
	npm --prefix $(CLIENT) run --silent test
	$(BIN)/pytest -q -m 'not redis' --ignore=tests/client_facing --ignore=tests/deploy --ignore=tests/system --ignore=tests/hostile

test: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp  ## Run every test: Python, TypeScript, real servers, real browser
	@sh tests/system.sh $(BIN)
	@$(MAKE) --silent $(FASTIO)
	npm --prefix $(CLIENT) run --silent test
	npm --prefix $(CLIENT) run --silent stale
	@sh tests/run.sh $(BIN)
	$(BIN)/coverage report --include='presence/protocol/*,presence/rooms/*' --fail-under=100

lint:  ## Check style, types, directions of imports, known vulnerabilities
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint-types lint-client lint-style lint-packages

# The parts of lint, of which two run at a time. What they need is installed meanwhile; the longest are the first.
lint-types: $(VENV)/dev.stamp
	$(BIN)/mypy

lint-client: $(CLIENT)/node_modules/.stamp
	npm --prefix $(CLIENT) run --silent check

lint-style: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

lint-packages: $(VENV)/dev.stamp
	$(BIN)/python tests/vulnerabilities.py

hostile: $(VENV)/dev.stamp $(FASTIO)  ## Attack a server in every way there is, in 20 minutes
	PRESENCE_LONG=1 $(BIN)/pytest tests/hostile --log-cli-level=INFO

situations: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp $(FASTIO)  ## Point at the same thing on every page of tests/situations, in two browsers, in 3 minutes
	@sh tests/system.sh $(BIN)
	PRESENCE_LONG=1 $(BIN)/pytest -n 2 --dist loadfile tests/client_facing/test_situations.py tests/client_facing/test_situations_firefox.py

long: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp $(FASTIO)  ## Run the tests that `make test` leaves out, but for attacks, in 10 minutes
	@sh tests/system.sh $(BIN)
	$(BIN)/pytest -m long --ignore=tests/hostile

runbook: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp $(FASTIO)  ## Follow docs/deployment.md, every command, in 2 minutes
	@sh tests/system.sh $(BIN)
	$(BIN)/pytest tests/deploy/test_runbook.py

image: $(VENV)/dev.stamp  ## Build the image of deploy/Dockerfile on a fresh Debian, as root, and start it, in 3 minutes
	@sh tests/system.sh $(BIN) image
	PRESENCE_LONG=1 $(BIN)/pytest tests/deploy/test_image.py

client: $(CLIENT)/node_modules/.stamp  ## Build the scripts in presence/static from presence/client/src
	npm --prefix $(CLIENT) run --silent build

bench: $(VENV)/dev.stamp $(FASTIO)  ## Measure presence and its peers into docs/performance.md, in 90 minutes (QUICK=1: 3)
	@sh tests/system.sh $(BIN)
	$(BIN)/python -m benchmarks.suite $(if $(QUICK),--quick) $(if $(RESUME),--resume)

load: $(VENV)/dev.stamp $(FASTIO)  ## Restart processes under 1,000 to 5,000 moving people into docs/performance.md, in 10 minutes (QUICK=1: 1)
	@sh tests/system.sh $(BIN)
	$(BIN)/python -m benchmarks.rolling $(if $(QUICK),--quick)

FUZZ := decoder session accelerator
FUZZ_SECONDS ?= 600

fuzz: $(VENV)/dev.stamp $(FASTIO)  ## Fuzz decoder, session and accelerator, each for FUZZ_SECONDS; what is found is kept in var/fuzz
	for target in $(FUZZ); do $(BIN)/python -m tests.fuzz $$target var/fuzz --seconds $(FUZZ_SECONDS) || exit 1; done

soak: $(VENV)/dev.stamp $(FASTIO)  ## Run random traffic, kills and outages for 15 minutes: nothing grows or is left (MINUTES)
	@sh tests/system.sh $(BIN)
	PRESENCE_SOAK_MINUTES=$(or $(MINUTES),15) $(BIN)/pytest tests/system/test_soak.py --log-cli-level=INFO

upgrade: $(VENV)/dev.stamp $(FASTIO)  ## Run the last release beside this one under random traffic, and upgrade it, in 11 minutes
	@sh tests/system.sh $(BIN)
	PRESENCE_LONG=1 $(BIN)/pytest tests/system/test_upgrade.py --log-cli-level=INFO

micro: $(VENV)/dev.stamp $(FASTIO)  ## Measure single functions: encode, decode, flush, receive, Lua scripts
	$(BIN)/pytest -q benchmarks/micro

screenshots: $(VENV)/dev.stamp  ## Take the pictures in docs/images again
	@sh tests/system.sh $(BIN)
	$(BIN)/python -m benchmarks.pictures.screenshots
	$(BIN)/python -m benchmarks.pictures.overview

# For every machine: the source, from which pip compiles the form in C where it can; a wheel with that form for
# the Linux of this processor; and a wheel without it. Both wheels come from the packed source, so that nothing is
# missing in that.
dist: $(VENV)/dev.stamp $(CLIENT)/node_modules/.stamp $(FASTIO)  ## Build what PyPI and npm get, into dist/ (DIST=folder)
	@rm -rf $(DIST) *.egg-info && mkdir -p $(DIST)/linux
	$(BIN)/python -m build --quiet --no-isolation --sdist --outdir $(DIST)
	CC=false $(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(DIST) $(DIST)/*.tar.gz
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(DIST)/linux $(DIST)/*.tar.gz
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/auditwheel repair --wheel-dir $(DIST) $(DIST)/linux/*-abi3-linux_*.whl
	@rm -r $(DIST)/linux *.egg-info
	cd $(CLIENT) && npm pack --silent --pack-destination $(abspath $(DIST))

# What is tagged is what was built, so nothing may have changed meanwhile.
release: ready dist  ## Build a release, check what PyPI and npm would get, and tag it; nothing is uploaded
	$(BIN)/twine check --strict $(DIST)/*.tar.gz $(DIST)/*.whl
	$(BIN)/check-wheel-contents $(DIST)/*.whl
	npm pack --dry-run $(abspath $(DIST))/*.tgz
	$(CLIENT)/node_modules/.bin/publint --strict $(DIST)/*.tgz
	@$(BIN)/python tests/release.py tag

ready: $(VENV)/dev.stamp  ## Say what keeps this tree from being released
	@$(BIN)/python tests/release.py check

lock: $(VENV)/dev.stamp  ## Lock the versions of all dependencies again
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --fork-strategy fewest --python-version 3.11 --extra site \
		--custom-compile-command 'make lock' pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --upgrade --fork-strategy fewest --python-version 3.11 --extra site --extra dev \
		--constraint requirements/run.txt \
		--custom-compile-command 'make lock' pyproject.toml -o requirements/dev.txt

clean:  ## Remove what was installed and built here, the local database included
	rm -rf .venv .venv-* var build dist $(FASTIO) $(CLIENT)/node_modules $(CLIENT)/build $(CLIENT)/dist .coverage .mypy_cache .ruff_cache .pytest_cache

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "This needs Python 3.11 or later: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh tests/system.sh venv
	$(PYTHON) -m venv $(VENV)

# In place of the lock's Django. pip only warns where another package does not know that one yet.
USE_DJANGO = $(if $(DJANGO),$(BIN)/pip install --quiet --disable-pip-version-check "django==$(DJANGO).*")

$(VENV)/run.stamp: requirements/run.txt | $(VENV)/pyvenv.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(USE_DJANGO)
	@touch $@

# Python compiles what is imported, which is a small part of all this.
$(VENV)/dev.stamp: requirements/run.txt requirements/dev.txt | $(VENV)/pyvenv.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements/dev.txt
	$(USE_DJANGO)
	@touch $@ $(VENV)/run.stamp

# Removed first, so that no outdated form is left where this fails.
$(FASTIO): presence/server/_fastio.c | $(VENV)/pyvenv.cfg
	@rm -f $@
	@$(CC) -O2 -fPIC -shared $< -o $@ \
		-I"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
		|| { echo "This needs a C compiler and Python's headers: apt-get install gcc libc6-dev python3-dev" >&2; exit 1; }

$(CLIENT)/node_modules/.stamp: $(CLIENT)/package-lock.json
	@command -v npm >/dev/null || { echo "This needs Node 20 or later with npm: https://nodejs.org" >&2; exit 1; }
	npm --prefix $(CLIENT) ci --no-audit --no-fund --silent
	@touch $@
