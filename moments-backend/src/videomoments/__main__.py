"""`python -m videomoments …` and the `moments` command."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Runs the command line and ends the process with its status."""
    from videomoments.cli.app import run
    from videomoments.cli.console import write_any_text

    write_any_text()
    status = run(sys.argv[1:])
    # All is cleaned up: a Ctrl-C that comes while the interpreter ends must not change the status.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
