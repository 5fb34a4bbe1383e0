#!/usr/bin/env bash
# `make test` on a machine that is slow: beside 4 processes that never rest, or (`alone`) by itself on one core at nice 19.
# Arguments behind the first go to make: scripts/test_busy.sh beside PYTEST_ARGS="tests/worker -q"
set -euo pipefail
cd "$(dirname "$0")/.."
how=${1:-beside}
[ $# -gt 0 ] && shift
case "$how" in
beside)
    busy=()
    # By their own ids: others run programs of the same name.
    trap 'kill "${busy[@]}" 2> /dev/null || true' EXIT
    for _ in 1 2 3 4; do
        (while :; do :; done) &
        busy+=($!)
    done
    make test "$@"
    ;;
alone)
    core=()
    command -v taskset > /dev/null && core=(taskset -c 0)
    nice -n 19 ${core[@]+"${core[@]}"} make test "$@"
    ;;
*)
    echo "usage: scripts/test_busy.sh [beside|alone] [make's arguments]" >&2
    exit 2
    ;;
esac
