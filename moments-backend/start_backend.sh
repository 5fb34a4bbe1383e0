#!/bin/sh
# Runs the production processes from this checkout: start_backend.sh [-p PORT] [api|worker|all]
# `all` (the default) runs one API and one worker as separate processes, and ends both when either ends or this script is told to.
set -eu

moments=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd -P)/moments

usage() {
    echo "usage: start_backend.sh [-p PORT] [api|worker|all]" >&2
    exit 2
}

port=""
while getopts p:h option; do
    case $option in
        p) port=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage

api_pid=""
worker_pid=""
end_both() {
    trap '' INT TERM HUP
    # shellcheck disable=SC2086
    kill -TERM $api_pid $worker_pid 2>/dev/null || true
    wait
}

case ${1:-all} in
    api) exec "$moments" api ${port:+--port "$port"} ;;
    worker) exec "$moments" worker ;;
    all)
        # Sets the environment up once, before two processes would. The embedded database is upgraded by any command, a shared one by this alone.
        if [ -n "${DATABASE_URL:-}" ]; then "$moments" db upgrade >&2; else "$moments" --version >/dev/null; fi
        trap end_both EXIT
        trap 'exit 130' INT
        trap 'exit 0' TERM HUP
        "$moments" api ${port:+--port "$port"} &
        api_pid=$!
        "$moments" worker &
        worker_pid=$!
        while kill -0 "$api_pid" 2>/dev/null && kill -0 "$worker_pid" 2>/dev/null; do sleep 1; done
        echo "start_backend.sh: a process has ended, so the other is ended too" >&2
        exit 1
        ;;
    *) usage ;;
esac
