# relevel: everything that people, hooks and CI run. `make` lists it.

PYTHON ?= python3
VENV ?= .venv
FUZZ_SECONDS ?= $(if $(FUZZ_RUNS),0,30)
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_CLAIMS ?= edits batches footers names chronicles stamps
FUZZ_DIRECTORIES ?= 20000
POWER_STATES ?= 100000
SOAK_MINUTES ?= 30
LIVES ?= 100
SCHEDULES ?= 20000

bin := $(VENV)/bin
rust_sources := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)
python_code := src tests bench docs examples fuzz

.PHONY: help setup demo test test-rust test-python check lint types fmt docs bench bench-damage coverage fuzz power faults kills every-byte fuzz-decoders fuzz-directories mutations interop lives soak surroundings schedules clean
.DELETE_ON_ERROR:

help: ## print this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.kernel ## make .venv with relevel (editable, kernel built for release) and all tools

demo: $(VENV)/.kernel ## damage a copy of a real database, then check, rescue, look back, undelete
	$(bin)/python examples/demo.py

test: test-rust test-python ## run all tests

test-rust: ## run the kernel's tests
	cargo test --locked --package relevel-kernel --package relevel-hostile

test-python: $(VENV)/.kernel ## run the Python tests
	$(bin)/python -m pytest

check: lint types test ## run what CI runs: lint, types, test

lint: $(VENV)/.tools ## check style and formatting, Python and Rust
	$(bin)/ruff check $(python_code)
	$(bin)/ruff format --check $(python_code)
	@cargo fmt --version >/dev/null || { echo "lint needs rustfmt: rustup component add rustfmt" >&2; exit 1; }
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	@cargo clippy --version >/dev/null || { echo "lint needs clippy: rustup component add clippy" >&2; exit 1; }
	cargo clippy --locked --workspace --all-targets -- --deny warnings

types: $(VENV)/.kernel ## check types, and the kernel against its stub
	$(bin)/python -m mypy
	$(bin)/python -m mypy bench docs examples fuzz
	$(bin)/python -m mypy.stubtest --allowlist tests/tidy/stubtest.txt relevel._kernel

fmt: $(VENV)/.tools ## format Python and Rust
	$(bin)/ruff check --fix-only $(python_code)
	$(bin)/ruff format $(python_code)
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

docs: $(VENV)/.kernel ## write the generated pages of docs/
	$(bin)/python docs/generate.py

bench: $(VENV)/.bench $(VENV)/.kernel ## measure relevel beside its peers; BENCH_OPTIONS, ENGINE_OPTIONS and EXPORT_OPTIONS go to the programs
	cargo build --locked --release --package relevel-baseline
	$(bin)/python bench/bench_recovery.py $(BENCH_OPTIONS)
	$(bin)/python bench/bench_engine.py $(ENGINE_OPTIONS)
	$(bin)/python bench/bench_export.py $(EXPORT_OPTIONS)

bench-damage: $(VENV)/.kernel ## damage databases whose history is known, and score what relevel and its peers get back; DAMAGE_OPTIONS
	PYTHONPATH=. $(bin)/python bench/bench_damage.py $(DAMAGE_OPTIONS)

coverage: $(VENV)/.coverage $(VENV)/.kernel $(VENV)/cargo/bin/cargo-tarpaulin ## run the tests and say which lines they reach, page by page in target/coverage
	mkdir -p target/coverage
	COVERAGE_FILE=$(abspath target/coverage/data) $(bin)/python -m pytest \
	    --cov --cov-report=html:target/coverage/python --cov-report=term-missing:skip-covered
	PATH="$(abspath $(VENV))/cargo/bin:$$PATH" cargo tarpaulin --locked --engine llvm --timeout 1200 --packages relevel-kernel --out Html --out Stdout \
	    --include-files 'rust/kernel/*' --output-dir target/coverage --target-dir target/tarpaulin

# The allocator keeps what is freed: giving it back after every case costs time.
fuzz: $(VENV)/cargo/bin/cargo-fuzz ## feed the kernel hostile bytes, FUZZ_SECONDS or FUZZ_RUNS for each of FUZZ_TARGETS
	PYTHONPATH=. $(bin)/python -m fuzz.seed fuzz/corpus
	export MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_TOP_PAD_=67108864; \
	for target in $(FUZZ_TARGETS); do \
	    case $$target in salvage | explain) longest=256 ;; carve | logs | tables) longest=8192 ;; *) longest=2048 ;; esac; \
	    PATH="$(abspath $(VENV))/cargo/bin:$$PATH" cargo fuzz run --sanitizer none $(if $(FUZZ_RUNS),--no-trace-compares) $$target -- \
	        -runs=$(or $(FUZZ_RUNS),-1) -max_total_time=$(FUZZ_SECONDS) -max_len=$$longest \
	        -timeout=10 -rss_limit_mb=512 -verbosity=0 -print_final_stats=1 || exit 1; \
	done

fuzz-decoders: $(VENV)/.fuzz $(VENV)/.kernel ## feed what is decoded in Python hostile bytes, FUZZ_SECONDS or FUZZ_RUNS for each of FUZZ_CLAIMS
	PYTHONPATH=. $(bin)/python -m fuzz.seed fuzz/corpus
	for claim in $(FUZZ_CLAIMS); do \
	    mkdir -p fuzz/corpus/$$claim; \
	    PYTHONPATH=. $(bin)/python -m fuzz.decoders $$claim fuzz/corpus/$$claim -runs=$(or $(FUZZ_RUNS),-1) \
	        -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=10 -rss_limit_mb=512 -verbosity=0 -print_final_stats=1 || exit 1; \
	done

fuzz-directories: $(VENV)/.kernel ## ask every command of directories of hostile files, FUZZ_DIRECTORIES of them
	PYTHONPATH=. $(bin)/python -W error -m tests.damage.hostile --directories $(FUZZ_DIRECTORIES)

power: $(VENV)/.kernel ## open every state that a loss of power may leave, POWER_STATES of them
	PYTHONPATH=. $(bin)/python -m tests.crash.power --states $(POWER_STATES)

faults: $(VENV)/.kernel ## let every operation on files fail, one after another
	PYTHONPATH=. $(bin)/python -m tests.crash.faults
	PYTHONPATH=. $(bin)/python -m tests.crash.refused_reads

kills: $(VENV)/.kernel ## kill a process that writes, five hundred times; then one of two engines in turns
	PYTHONPATH=. $(bin)/python -m tests.crash.kills
	PYTHONPATH=. $(bin)/python -m tests.crash.kills --kills 200 --engine relevel --engine plyvel

every-byte: $(VENV)/.kernel ## damage every byte of small databases of three programs in every way; EVERY_BYTE_OPTIONS
	PYTHONPATH=. $(bin)/python -m tests.damage.every_byte $(EVERY_BYTE_OPTIONS)

mutations: $(VENV)/.kernel ## plant bugs, each in a copy of the project, and see that a harness finds each
	PYTHONPATH=. $(bin)/python -m tests.mutations.catch

interop: $(VENV)/.kernel ## let one implementation write, another compact, a third read: all threes of those that are here
	PYTHONPATH=. $(bin)/python -m tests.interop.matrix

lives: $(VENV)/.kernel ## do the same under other options, orders, reopenings and compactions, LIVES times: nothing else is seen
	PYTHONPATH=. $(bin)/python -m tests.model.test_same_history --lives $(LIVES)

soak: $(VENV)/.kernel ## let many threads write, read, compact, copy and close for SOAK_MINUTES: all is right, and memory stays flat
	PYTHONPATH=. $(bin)/python -m tests.crowd.soak --minutes $(SOAK_MINUTES)

surroundings: $(VENV)/.kernel ## run as another user, on read-only and full file systems, and with every Python that is here
	$(bin)/python -m pytest -rs tests/surroundings
	PYTHONPATH=. $(bin)/python -m tests.surroundings.pythons

schedules: ## run what the kernel's threads share in SCHEDULES orders of their steps, twice
	RELEVEL_SCHEDULES=$(SCHEDULES) RUSTFLAGS="--cfg shuttle" CARGO_TARGET_DIR=target/schedules CARGO_PROFILE_TEST_OPT_LEVEL=1 \
	    cargo test --locked --package relevel-kernel --lib schedules

clean: ## remove what the other targets made
	rm -rf $(VENV) target fuzz/target fuzz/corpus build dist src/relevel/*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.tools: pyproject.toml
	@command -v cargo >/dev/null || { echo "relevel builds from source with Rust 1.85 or newer: https://rustup.rs" >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit("relevel needs Python 3.10 or newer" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --upgrade pip
	$(bin)/python -m pip install --quiet --group test --group lint --group build
	touch $@

$(VENV)/.bench: $(VENV)/.tools
	$(bin)/python -m pip install --quiet --group bench
	touch $@

$(VENV)/.kernel: $(VENV)/.tools $(rust_sources)
	env -u CONDA_PREFIX VIRTUAL_ENV=$(abspath $(VENV)) $(bin)/maturin develop --release --locked
	touch $@

$(VENV)/.coverage: $(VENV)/.tools
	$(bin)/python -m pip install --quiet --group coverage
	touch $@

$(VENV)/.fuzz: $(VENV)/.tools
	$(bin)/python -m pip install --quiet --group fuzz
	touch $@

$(VENV)/cargo/bin/%: | $(VENV)/.tools
	cargo install --quiet --locked --root $(VENV)/cargo $*
