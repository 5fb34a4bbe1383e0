# The commands of this repository. Each sets itself up on first use.
.DEFAULT_GOAL := help
PY := .venv/bin/python
# The web page's own commands; it brings Node where the machine has none.
PAGE := moments-frontend/page.sh
TASK ?= pipeline
# Nothing that a target starts calls home.
include quiet.env
export $(shell sed -n 's/^\([A-Z_]*\)=.*/\1/p' quiet.env)
# Two at once: most tests wait for real servers. A file stays in one process, whose parts it shares.
# Units without servers and models.
PURE_MODELS = tests/test_guards.py tests/test_segments.py tests/test_titles.py tests/test_topics.py tests/test_vad.py
PURE_BACKEND = tests/core tests/evaluation tests/exports tests/moments tests/scripts tests/pipeline/test_progress_clock.py
# And what else asks no server: files, and sockets of the test's own process at most.
UNIT_MODELS = $(PURE_MODELS) tests/test_languages.py tests/test_listening.py tests/test_tongues.py tests/test_clip_download.py tests/boundaries tests/salience
UNIT_BACKEND = $(PURE_BACKEND) --ignore=tests/scripts/test_first_contribution.py $(patsubst %,tests/%.py,services/test_run_snapshots inference/test_certainty \
	inference/test_connection_failures inference/test_failures inference/test_recognition_details inference/test_model_registry inference/test_recognised \
	inference/test_refusals inference/test_spacing inference/test_sse sources/test_address_guard sources/test_source_sniff \
	storage/test_store_configured storage/test_store_layout storage/test_store_signing media/test_media_framing \
	cli/test_cli_follow cli/test_cli_terminal)
# Percent of lines and branches together. It only rises.
COVERAGE_FLOOR = 84
COVERAGE = --cov --cov-report= --cov-config=../moments-backend/pyproject.toml
# With HYPOTHESIS_SEED=n Hypothesis tries the same examples each time, else others in each run.
PYTEST = ../.venv/bin/python -m pytest -n 2 --dist loadfile $(if $(HYPOTHESIS_SEED),--hypothesis-seed=$(HYPOTHESIS_SEED)) $(PYTEST_ARGS)

.PHONY: help setup page e2e lint format unit mutants test test-busy test-clock kill-matrix chaos storm test-llm fleet exactness isolation fuzz answers fuzz-api corpus bench lock clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup:
	@MOMENTS_SETUP=dev ./moments

lint: setup ## style, types, import contracts, licences, documents that must match the code
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	cd moments-backend && ../.venv/bin/mypy && ../.venv/bin/mypy -p moments_models
	.venv/bin/mypy --config-file moments-backend/pyproject.toml -p benchmarks
	cd moments-backend && ../.venv/bin/lint-imports
	$(PY) scripts/check_documents.py
	$(PY) scripts/check_tests.py
	$(PY) scripts/check_sizes.py
	$(PY) scripts/two_meanings.py
	$(PY) scripts/notice.py
	$(PAGE) drift
	$(PAGE) types
	$(PAGE) lint

page: setup ## builds the web page, which `moments serve` does by itself
	$(PAGE) build

format: setup ## rewrites the code in the project's style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format
	$(PAGE) format

mutants: setup ## small faults in code that must not be wrong, one at a time: which no test notices (ARGS="--only moments --minutes 60")
	$(PY) scripts/mutants.py $(ARGS)

unit: export COVERAGE_FILE := $(CURDIR)/.venv/coverage
unit: export MOMENTS_TEST_EXAMPLES := 10
# Which lines ten examples reach is chance, and the floor must not depend on it.
unit: HYPOTHESIS_SEED := 1
unit: setup ## the units that need no server and no model, in under a minute; ends with their branch coverage
	cd moments-models && $(PYTEST) $(COVERAGE) $(UNIT_MODELS)
	cd moments-backend && $(PYTEST) $(COVERAGE) --cov-append $(UNIT_BACKEND)
	$(PY) -m coverage report --rcfile=moments-backend/pyproject.toml --fail-under=$(COVERAGE_FLOOR)

test: export MOMENTS_SKIPPED := $(CURDIR)/.venv/skipped
test: setup ## every test: units, contracts, stories on real parts and real speech; at its end what was skipped, and how to get it
	@rm -f $(MOMENTS_SKIPPED)
	$(PAGE) test
	cd moments-models && $(PYTEST)
	cd moments-backend && $(PYTEST)
	$(if $(PYTEST_ARGS),,$(MAKE) e2e)
	@$(PY) scripts/pytest_machine.py $(MOMENTS_SKIPPED)

test-busy: setup ## make test beside 4 processes that keep the machine busy (HOW=alone: on one core at nice 19 instead)
	scripts/test_busy.sh $(HOW)

test-clock: setup ## the pure units with a clock that runs ten times as fast, as on a slow machine (RATE=10)
	cd moments-models && MOMENTS_TEST_CLOCK_RATE=$(or $(RATE),10) $(PYTEST) $(PURE_MODELS)
	cd moments-backend && MOMENTS_TEST_CLOCK_RATE=$(or $(RATE),10) $(PYTEST) $(PURE_BACKEND)

e2e: setup ## the web page in a real Chromium against the served stack; pictures of every page in e2e/test-artifacts
	cd e2e && ../.venv/bin/python -m pytest -n 2 --dist loadfile $(E2E_ARGS)

test-llm: setup ## one contract against a real language model on llama.cpp, WER on human speech, ten-hour transcripts (5 min)
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r moments-models/requirements-llama.lock
	cd moments-models && ../.venv/bin/python -m pytest -m heavy $(PYTEST_ARGS)
	cd moments-backend && ../.venv/bin/python -m pytest -m heavy tests/pipeline tests/contracts $(PYTEST_ARGS)

kill-matrix: setup ## 8 stages x 13 faults, each run held open in its stage; ends with `104 of 104` (ARGS=valkey: some of the faults)
	cd moments-backend/tests && ../../.venv/bin/python -m faults.kill_matrix $(ARGS)

chaos: setup ## 20,000 runs while workers and Valkey are killed; the last line counts what must be 0 (SLICE=1: one minute of it)
	cd moments-backend/tests && ../../.venv/bin/python -m faults.chaos $(if $(SLICE),--seconds 60) $(ARGS)

storm: setup ## 50 real runs on `moments serve` under kill -9 of all its processes, each kind 20 times (SLICE=1: six runs; SEED=n: the same chances)
	cd moments-backend/tests && ../../.venv/bin/python -m faults.storm $(if $(SLICE),--runs 6 --strikes 1 --sources 2) $(if $(SEED),--seed $(SEED)) $(ARGS)

fleet: setup ## compose.yaml's processes without Docker: 50 videos to the end, one worker killed on the way (SLICE=1: six videos)
	cd moments-backend && MOMENTS_FLEET_VIDEOS=$(if $(SLICE),6,50) ../.venv/bin/python -m pytest tests/deploy/fleet.py -q $(PYTEST_ARGS)

exactness: setup ## cuts: 20 of every kind of source and 3 of 160 random ones, to the frame, in FFmpeg and Chromium (CUTS=2: fewer)
	cd moments-backend && EXACTNESS_CUTS=$(or $(CUTS),20) ../.venv/bin/python -m pytest tests/media/test_media_cut_matrix.py tests/media/test_media_cut_random.py tests/media/test_media_cut_chromium.py --timeout=3000 $(PYTEST_ARGS)

isolation: setup ## a fresh copy sets itself up and is used for ten minutes in namespaces: who is asked, where files are left (SLICE=1: 60 s)
	cd moments-backend && MOMENTS_ISOLATION_SECONDS=$(if $(SLICE),60,600) ../.venv/bin/python -m pytest tests/isolation/fresh.py -q -s --timeout=7200 $(PYTEST_ARGS)

fuzz: setup ## mutated headers for 10 minutes, seed printed: no crash of the parent, no hang (SLICE=1: one minute; FUZZ_SEED=n)
	cd moments-backend && FUZZ_SECONDS=$(if $(SLICE),60,600) ../.venv/bin/python -m pytest tests/media/fuzz.py -q -s $(PYTEST_ARGS)

answers: setup ## 200,000 answers of language models at random, seed printed: every row read or named, none invented (ANSWERS_SEED=n; 1 h)
	cd moments-backend && export ANSWERS_SEED=$(or $(ANSWERS_SEED),$$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')) ANSWERS_EXAMPLES=50000 && \
		echo "ANSWERS_SEED=$$ANSWERS_SEED" && ../.venv/bin/python -m pytest tests/moments/test_moments_answer_json.py -q --timeout=14400 $(PYTEST_ARGS)

fuzz-api: setup ## every operation of the OpenAPI document asked in 200 right and 200 wrong ways: no 5xx, no answer against the document
	cd moments-backend && SCHEMA_EXAMPLES=$(or $(EXAMPLES),200) ../.venv/bin/python -m pytest tests/api/test_api_schema.py -q --timeout=3000 $(PYTEST_ARGS)

corpus: setup ## every odd file of MOMENTS_CORPUS=FOLDER (with a manifest.tsv) through the whole pipeline, held to its manifest
	cd moments-backend && ../.venv/bin/python -m pytest tests/corpus -q -s $(PYTEST_ARGS)

bench: setup ## figures beside the plain tools: make bench TASK=pipeline
	$(PY) -m benchmarks $(TASK) $(ARGS)

lock: ## resolves the dependencies anew (needs uv)
	scripts/lock.sh

clean: ## removes the environment and caches of this checkout (data: ./moments clean)
	rm -rf .venv .venv.flock moments-frontend/node_modules.flock
	find . -name __pycache__ -prune -exec rm -rf {} + ; find . -name '.*_cache' -maxdepth 2 -prune -exec rm -rf {} +
