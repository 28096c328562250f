# SPDX-License-Identifier: Apache-2.0
# Everything is installed into .venv and nowhere else.  PYTHON=/path/to/python3.12 chooses the interpreter.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-all lint format vectors mutants mutate bench docs wheel kernel-tests clean native-if-possible peers-if-possible harnesses-if-possible synapse-if-possible

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest

# What goes through the kernel: in test-all these run with every backend.
EACH_BACKEND := $(addprefix tests/,test_encoding.py audit canonical_json differential events hazmat megolm regressions \
    room_keys signing vault vectors/test_vectors.py)

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-9s %s\n", $$1, $$2 }'

demo: $(VENV)/.audit native-if-possible ## audit the recorded clinic rooms in examples/clinic, twice
	PYTHON="$(CURDIR)/$(BIN)/python" bash examples/clinic/demo.sh

test: $(VENV)/.test native-if-possible peers-if-possible harnesses-if-possible ## the tests, quick: 6 minutes at most
	E2ECHECK_HYPOTHESIS=dev $(PYTEST) -q --session-timeout=360

test-all: $(VENV)/.test native-if-possible $(VENV)/.peers kernel-tests harnesses-if-possible synapse-if-possible lint vectors docs ## lint, vectors, documentation, doctests, and the tests at length
	$(PYTEST) -q --doctest-modules --doctest-glob='*.md' src README.md docs
	E2ECHECK_HYPOTHESIS=ci $(PYTEST) -q --cov --cov-report=term
	for backend in $$($(BIN)/python -c 'from tests.native import BACKENDS; print(*BACKENDS[:-1])'); do \
	    echo "Once more, with $$backend:"; \
	    E2ECHECK_BACKEND=$$backend E2ECHECK_HYPOTHESIS=ci $(PYTEST) -q $(EACH_BACKEND) || exit 1; \
	done

lint: $(VENV)/.test $(VENV)/.lint ## ruff, mypy, the layers of the packages, and the stub of the kernel where it is built
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if $(BIN)/python -c 'import e2echeck_native' 2>/dev/null; then \
	    $(BIN)/python -m mypy.stubtest --concise --allowlist native/stubtest-allowlist.txt e2echeck_native; \
	else echo "The stub of the native kernel is not checked: the kernel is not built."; fi

# Layout, lints and tests of the Rust code, by the tools that come with Rust; says so where there are none.
kernel-tests: native-if-possible
	@bash tools/test_native.sh

format: $(VENV)/.lint ## let ruff lay out the code
	$(BIN)/ruff format .

vectors: $(VENV)/.test ## whether the vector files are what their cases make of them
	$(BIN)/python -m vectors --check

mutants: $(VENV)/.test ## wrong implementations on purpose: each has to fail its vectors
	$(BIN)/python -m e2echeck.testing.mutants

mutate: $(VENV)/.mutate ## change operators and constants of the inner modules one by one: the tests have to see each
	rm -rf build/mutation
	mkdir -p build/mutation
	cp -R pyproject.toml src tests vectors build/mutation
	cd build/mutation && E2ECHECK_BACKEND=pure E2ECHECK_HYPOTHESIS=mutate PYTHONHASHSEED=0 "$(CURDIR)/$(BIN)/mutmut" run --max-children 2
	$(BIN)/python tools/mutation_report.py build/mutation docs/mutation.md

bench: $(VENV)/.test native-if-possible $(VENV)/.peers $(VENV)/.bench ## time the bulk paths, peers in the same run
	$(BIN)/python -m benches.megolm
	$(BIN)/python -m benches.olm
	$(BIN)/python -m benches.canonical_json
	$(BIN)/python -m benches.key_file
	$(BIN)/python -m benches.audit
	$(BIN)/python -m benches.events
	@if $(BIN)/python -c 'import e2echeck_native' 2>/dev/null; then $(BIN)/python -m benches.kernel; \
	else echo "The native kernel is not timed: it is not built."; fi

wheel: $(VENV)/.wheel ## dist/: the wheel and sdist of the library, and the abi3 wheel of the kernel from its lock file
	bash tools/make_wheel.sh $(BIN)/python dist

docs: $(VENV)/.docs ## build/docs/index.html
	$(BIN)/sphinx-build -q -W --keep-going -b html -d build/doctrees docs build/docs
	@echo "documentation: build/docs/index.html"

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist docs/vectors .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage .coverage.*
	find src tests benches vectors harnesses tools docs examples -type d -name __pycache__ -prune -exec rm -rf {} +

# Stamps: each says that a set of packages was installed after pyproject.toml changed last.

$(VENV)/.base: pyproject.toml tools/make_venv.sh tools/bootstrap_pip.py
	bash tools/make_venv.sh $(VENV)
	@touch $@

$(VENV)/.audit: $(VENV)/.base
	$(PIP) install --editable '.[audit]'
	@touch $@

$(VENV)/.test: $(VENV)/.audit
	$(PIP) install --editable '.[audit,conformance]' --group test
	@touch $@

$(VENV)/.mutate: $(VENV)/.test
	$(PIP) install --group mutate
	@touch $@

$(VENV)/.bench: $(VENV)/.base
	$(PIP) install --group bench
	@touch $@

$(VENV)/.wheel: $(VENV)/.base
	$(PIP) install --group wheel
	@touch $@

$(VENV)/.lint: $(VENV)/.audit
	$(PIP) install --group lint
	@touch $@

$(VENV)/.docs: $(VENV)/.audit
	$(PIP) install --editable '.[audit,docs]'
	@touch $@

# The native kernel, where there is a new enough Rust; elsewhere everything runs in Python.
native-if-possible: $(VENV)/.base
	@bash tools/make_native.sh $(BIN)/python

# The peers are never compiled: a wheel or nothing.
$(VENV)/.peers: $(VENV)/.audit
	$(PIP) install --only-binary=:all: --editable '.[peers]'
	@touch $@

peers-if-possible: $(VENV)/.audit
	@$(MAKE) --no-print-directory $(VENV)/.peers || \
	    echo "The peers could not be installed; tests that need them are skipped and listed at the end."

# Each harness is built when its toolchain is here; E2ECHECK_REQUIRE=harnesses makes a missing one a failure.  Ruma takes
# minutes to compile, so `make test` uses it when it is there and only `make test-all` makes it.
HARNESSES := goolm matrix_sdk_crypto vodozemac
test-all: HARNESSES += ruma

harnesses-if-possible:
	@for name in $(HARNESSES); do \
	    bash harnesses/build.sh $$name || { \
	        case " $$(echo "$$E2ECHECK_REQUIRE" | tr , ' ') " in *' harnesses '*) exit 1 ;; esac; \
	        echo "The harness $$name could not be built; tests that need it are skipped and listed at the end."; \
	    }; \
	done

# By itself, since it brings an environment of 250 MB, for which `make test` does not wait; E2ECHECK_REQUIRE=synapse makes
# a missing one a failure.
synapse-if-possible:
	@bash harnesses/build.sh synapse || { \
	    case " $$(echo "$$E2ECHECK_REQUIRE" | tr , ' ') " in *' synapse '*) exit 1 ;; esac; \
	    echo "Synapse could not be installed; tests that need it are skipped and listed at the end."; \
	}
