# Two commands on a fresh machine: `make demo` and `make test`. Nothing else to install.
PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
DEV    := mypy ruff pytest hypothesis coverage pytest-xdist types-PyYAML
CLIENTS := matrix-synapse "matrix-nio[e2e]" slixmpp slixmpp-omemo instagrapi slack-sdk
JOBS   ?= auto
PYTEST := $(RUN)/python -m pytest -q
MANY   := -n $(JOBS) --dist worksteal
# What failed is run once more, alone: a crowded machine may starve a test of its proxy, and says so in the log.
ALONE  := --last-failed --last-failed-no-failures none

.PHONY: demo test slow lab-clients lint bench clean

demo: $(VENV)/.ready
	@echo "What these recorded sessions show, one line a verdict (captures/README.md says what each one is):"; echo
	@$(RUN)/auditor analyze captures/*/*.mitm captures/*/client.har --as localhost:9443=chat.signal.org --each --format summary
	@echo; echo "One of them in full:"; echo
	@$(RUN)/auditor analyze captures/tiktok-constructed/client.har --canary "Lighthouse-5523 bring the spare oars"

test: lint
	$(PYTEST) $(MANY) -m "not slow" || $(PYTEST) $(ALONE) -m "not slow"
	$(RUN)/auditor check rules

slow: $(VENV)/.ready-dev
	$(PYTEST) $(MANY) -m slow || $(PYTEST) $(ALONE) -m slow

# Real clients for tests/lab/test_live.py; those of XMPP and the browser also need `apt-get install prosody chromium`.
lab-clients:
	$(PYTHON) -m venv .venv-lab
	.venv-lab/bin/python -m pip install -q --disable-pip-version-check $(CLIENTS)

lint: $(VENV)/.ready-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

bench: $(VENV)/.ready-dev
	$(RUN)/python -m tests.bench.startup
	$(RUN)/python -m tests.bench.analyze
	$(RUN)/python -m tests.bench.rules
	$(RUN)/python -m tests.bench.live

clean:
	rm -rf $(VENV) .venv-lab .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; say which: make demo PYTHON=python3.12"; exit 2; }
	@echo "Setting up $(VENV): a minute or two, once."
ifdef UV
	@$(UV) venv -q --clear --python $(PYTHON) $(VENV)
	@$(UV) pip install -q --python $(RUN)/python -e .
else
	@$(PYTHON) -m venv --clear $(VENV)
	@$(RUN)/python -m pip install -q --disable-pip-version-check -e .
endif
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
ifdef UV
	@$(UV) pip install -q --python $(RUN)/python $(DEV)
else
	@$(RUN)/python -m pip install -q --disable-pip-version-check $(DEV)
endif
	@touch $@
