# `make demo` and `make test` need Python 3.11 or newer and the package registry, nothing else.
# An environment is made on first use, and again when pyproject.toml or the lock has changed.
# Another Python beside it: make test PYTHON=python3.13 VENV=.venv-3.13

VENV ?= .venv
# Run, not only found: a pyenv shim of a version that is not active exists and fails.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
LOCK := requirements/lock.txt
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
# uv takes a sixth of pip's processor time: CI brings it. Alone, `make test` installs with pip,
# and so does whatever uv cannot find: it does not read pip.conf.
UV := .venv-uv/bin/uv
INSTALL = install() { test -x "$(UV)" && $(UV) pip install --quiet --python $(BIN)/python "$$@" \
	2>/dev/null || $(PIP) "$$@"; }; install

# An environment of hundreds of modules, and every test that starts a program reads them anew:
# compiled once they take a third of the processor time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint coverage rigs bench real-clip smoke smoke-3.13 docs lock clean
.PHONY: install update uninstall lint-shell emulated-install booted-install lock-pi lock-aarch64
.PHONY: test-yolo test-mariadb test-postgresql
.NOTPARALLEL:

help:  ## Show these targets.
	@sed -n 's/^\([a-z0-9.-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.has-demo  ## A simulated shop in the browser; ARGS="--script thief --once" changes it.
	@$(BIN)/storeguard demo $(ARGS)

test: $(VENV)/.has-test  ## The test suite; ARGS goes to pytest.
	@$(BIN)/python -m pytest -m 'not slow' -n 3 --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 0 $(ARGS)

# torch's CPU build, or nothing: the usual one brings gigabytes of CUDA. Where pip finds it on
# another index only: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make test-yolo
test-yolo: .venv-yolo/.has-runtimes  ## Detectors on real networks in every runtime: ncnn, openvino, ultralytics.
	@.venv-yolo/bin/python -m pytest -n 2 tests/contract/test_detectors.py \
		tests/contract/test_runtimes.py tests/contract/test_yolo_export.py $(ARGS)

# The journal's suite, and a whole store on that server.
ON_A_SERVER := tests/contract/test_journals.py tests/scenarios/test_journal_server.py

test-mariadb: $(VENV)/.has-test  ## Journal and whole store on a real MariaDB (Debian's mariadb-server).
	@bash tests/rigs/mariadb.sh $(BIN)/python -m pytest $(ON_A_SERVER) $(ARGS)

test-postgresql: $(VENV)/.has-test  ## The same on a real PostgreSQL (Debian's postgresql).
	@bash tests/rigs/postgresql.sh $(BIN)/python -m pytest $(ON_A_SERVER) $(ARGS)

test-api: $(VENV)/.has-demo  ## schemathesis against a running store's OpenAPI document; CASES=100 an operation.
	@PYTHON=$(PYTHON) PROGRAM=$(BIN)/storeguard bash tests/rigs/api_fuzz.sh

lint: $(VENV)/.has-test $(VENV)/.has-lint lint-shell  ## ruff, mypy and shellcheck.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-shell:  ## shellcheck over every script, where there is one.
	@if command -v shellcheck >/dev/null; then shellcheck -x systemd/*.sh tests/rigs/*.sh .ci/run; \
	else echo "lint-shell: skipped, no shellcheck; sudo apt-get install shellcheck"; fi

# By examples alone: a branch that only a drawn value reaches is covered by luck. Tests of eyes
# and simulated devices name the rules for their values, and run for minutes.
EXAMPLES = $$(grep -l 'storeguard\.domain' tests/unit/*.py \
	| xargs grep -LE 'storeguard\.(vision|devices)')

coverage: $(VENV)/.has-test  ## Every branch of the rules is tested by those unit tests that name them, or this fails.
	@$(BIN)/python -m pytest -q -n 2 --cov=storeguard.domain --cov-branch --cov-fail-under=100 \
		-m 'not slow and not hypothesis' $(EXAMPLES)

rigs: $(VENV)/.has-test  ## The rigs that the suite runs shortened, whole: minutes each.
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: $(VENV)/.has-test  ## Every figure that is promised, one JSON line each.
	@failed=0; for bench in bench/[!_]*.py; do $(BIN)/python $$bench || failed=1; done; exit $$failed

real-clip: $(VENV)/.has-test  ## A real clip, a real network, one SMS; ARGS="--out DIR" keeps the files.
	@$(BIN)/python bench/real_clip.py $(ARGS)

screenshots: $(VENV)/.has-test  ## Every page at three widths, into screenshots/, for people to judge.
	@$(BIN)/python tests/screenshots.py screenshots

smoke: $(VENV)/.has-demo  ## The commands a newcomer types, each once.
	$(BIN)/storeguard --help >/dev/null
	$(BIN)/storeguard check-config
	@trace=$$(mktemp -d) && trap 'rm -r "$$trace"' EXIT \
	&& $(BIN)/python tests/make_trace.py "$$trace" && $(BIN)/storeguard replay "$$trace"
	$(BIN)/storeguard demo --once --script thief --port 0

# pyenv hides a version that is not active; PYENV_VERSION shows it, and means nothing elsewhere.
smoke-3.13: export PYENV_VERSION := 3.13
smoke-3.13:  ## The same on Python 3.13, where there is one, installed by pip.
	@if python3.13 --version >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory smoke PYTHON=python3.13 VENV=.venv-3.13 UV=; \
	else echo "smoke-3.13: skipped, there is no python3.13 on this machine"; fi

install:  ## On the Pi, with sudo: service, networks, data; SHARE=yes also the two CSVs by Samba.
	@bash systemd/install.sh

update:  ## On the Pi, with sudo: this checkout beside the old release; back if it is not good.
	@bash systemd/update.sh

uninstall:  ## On the Pi, with sudo: all but the store's data; PURGE=yes also that.
	@bash systemd/uninstall.sh

emulated-install:  ## As root: `make install` in an emulated arm64 Debian; SUITE=bookworm or trixie.
	@bash tests/rigs/emulated_install.sh

booted-install:  ## As root: the service under a real systemd in a container; updates good, bad and cut.
	@bash tests/rigs/booted_install.sh

docs: $(VENV)/.has-demo  ## docs/config.md, from the code.
	$(BIN)/python -m storeguard.configdoc docs/config.md

lock:  ## The newest versions that pyproject.toml allows, into requirements/.
	@rm -rf .venv-lock
	@$(MAKE) --no-print-directory VENV=.venv-lock .venv-lock/.made
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet --editable '.[test,lint]'
	@{ echo "# Written by 'make lock': exact versions of base, demo, test and lint, for every platform."; \
	.venv-lock/bin/python -m pip freeze --exclude-editable; } > $(LOCK)
	@rm -rf .venv-lock

# uv, because pip judges `platform_machine` by the machine that it runs on, not by the Pi.
PI_LOCKS := requirements/build.txt requirements/pi.txt requirements/pi-yolo.txt
COMPILE = $(UV) pip compile --quiet --upgrade --python-version 3.11 --generate-hashes \
	--python-platform aarch64-manylinux_2_36 --no-annotate --constraint $(LOCK) \
	--custom-compile-command 'make lock-pi'

$(UV):
	@$(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9

lock-pi: $(UV)  ## The Pi's exact versions with hashes, which `make install` takes.
	echo 'setuptools>=77' | $(COMPILE) - -o requirements/build.txt
	$(COMPILE) --override requirements/from-apt.txt pyproject.toml --extra pi --extra notify \
		requirements/pi.in -o requirements/pi.txt
	$(COMPILE) --override requirements/from-apt.txt pyproject.toml --extra pi --extra notify --extra yolo \
		requirements/pi.in -o requirements/pi-yolo.txt
	echo 'rpi-lgpio>=0.6' | $(COMPILE) - -o requirements/pi-bookworm.txt

# hx711 is pure Python and has no wheel; everything else must, nothing is compiled on a Pi.
WHEELS_FOR_PI = $(UV) pip install --quiet --dry-run --only-binary :all: --no-binary hx711 \
	--python-platform aarch64-manylinux_2_36 --target .venv-uv/nothing

lock-aarch64: $(UV)  ## Every lock has wheels for 64-bit ARM, on Python 3.11 and 3.13.
	@for python in 3.11 3.13; do for lock in $(LOCK) $(PI_LOCKS); do \
		$(WHEELS_FOR_PI) --python-version $$python -r $$lock || exit 1; \
	done; done
	@$(WHEELS_FOR_PI) --python-version 3.11 -r requirements/pi-bookworm.txt
	@echo "lock-aarch64: every lock has wheels for aarch64, Python 3.11 and 3.13"

clean:  ## Remove environments and caches; the store's data stays.
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .hypothesis .coverage build dist
	find src tests bench -name __pycache__ -type d -exec rm -rf {} +

.venv-yolo/.has-runtimes: override VENV := .venv-yolo
.venv-yolo/.has-runtimes: pyproject.toml $(LOCK) requirements/yolo.txt
	@$(MAKE) --no-print-directory VENV=$(VENV) $(VENV)/.made
	@echo "installing into $(VENV), a minute or two: runtimes of networks, 1.5 GB" >&2
	@$(INSTALL) --constraint $(LOCK) --editable . pytest pytest-timeout pytest-xdist hypothesis
	@$(INSTALL) --no-deps --requirement requirements/yolo.txt
	@$(PIP) 'torch==2.13.0+cpu; platform_machine != "aarch64"' \
		'torch==2.10.0; platform_machine == "aarch64"' 2>$(VENV)/torch.log || echo \
		"test-yolo: pip finds no CPU build of torch for this Python, so ultralytics' tests skip" >&2
	@touch $@

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer works here;" \
		"install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) cannot make" \
		"environments; run: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.has-%: pyproject.toml $(LOCK) | $(VENV)/.made
	@echo "installing into $(VENV), a minute or two: storeguard[$*]" >&2
	@$(INSTALL) --constraint $(LOCK) --editable '.[$*]'
	@$(BIN)/python -c 'import cv2' || { echo "make: OpenCV lacks a system library;" \
		"run: sudo apt-get install libgl1 libglib2.0-0" >&2; exit 1; }
	@touch $@
