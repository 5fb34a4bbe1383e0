# Sourced by the launchers: of several that set up the same folder at once, one works and the others wait. A folder is the one lock every
# system has; the process id within tells of an owner that has died.

# hold_lock FOLDER: returns when it is ours; it is let go when this shell ends.
hold_lock() {
    until mkdir "$1" 2> /dev/null; do
        [ -w "$(dirname "$1")" ] || { echo "$(dirname "$1") can't be written to" >&2; exit 1; }
        owner=$(cat "$1/pid" 2> /dev/null || true)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2> /dev/null; then rm -rf "$1"; continue; fi
        sleep 1
    done
    echo $$ > "$1/pid"
    held=$1
    trap 'rm -rf "$held"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# release_lock: before the shell becomes another program.
release_lock() {
    rm -rf "$held"
    trap - EXIT INT TERM
}
