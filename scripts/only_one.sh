# Sourced by the launchers: of several that set up the same folder at once, one works and the others wait. The kernel holds the lock for as
# long as the shell or a program that it started lives, so nothing is left of it after kill -9. macOS has no flock command; Python has flock
# everywhere.

# hold_lock PYTHON FILE NAME: returns when it is ours. NAME begins the line that is printed before a wait. The file stays: of two processes
# that remove and create it, each could lock its own.
hold_lock() {
    { true >> "$2"; } 2> /dev/null || { echo "$3: $2 can't be written" >&2; exit 1; }
    exec 9>> "$2"
    # A file system without locks is no reason not to set up.
    "$1" -I -S -c '
import fcntl, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    fcntl.flock(0, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print(f"{sys.argv[1]}: waiting for another set-up of this checkout to end", file=sys.stderr, flush=True)
    fcntl.flock(0, fcntl.LOCK_EX)
except OSError:
    pass
' "$3" <&9
}

# release_lock: before the shell becomes another program.
release_lock() {
    exec 9>&-
}
