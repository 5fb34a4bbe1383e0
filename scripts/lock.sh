#!/bin/sh
# Resolves all dependencies anew into the hashed locks. The files name no host: any index that has the packages will do.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --quiet "$@"; }
printf 'hatchling>=1.27\neditables>=0.5\n' > moments-backend/.build-requirements.in
trap 'rm -f moments-backend/.build-requirements.in' EXIT
compile moments-backend/pyproject.toml moments-models/pyproject.toml moments-backend/.build-requirements.in -o moments-backend/requirements.lock
compile moments-models/pyproject.toml -c moments-backend/requirements.lock -o moments-models/requirements.lock
compile moments-models/pyproject.toml --extra llama -c moments-backend/requirements.lock -o moments-models/requirements-llama.lock
compile moments-backend/pyproject.toml moments-models/pyproject.toml --group moments-backend/pyproject.toml:dev \
    -c moments-backend/requirements.lock -o moments-backend/requirements-dev.lock
# The peers of the queue benchmark, in an environment of their own.
compile benchmarks/requirements.in -o benchmarks/requirements.lock
# Node, where a machine has none.
compile moments-frontend/requirements-node.in -o moments-frontend/requirements-node.lock
