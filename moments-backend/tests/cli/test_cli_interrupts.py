"""Signals that come at a bad moment."""

from __future__ import annotations

import subprocess
import sys

_SWALLOWED = """
import os, signal
from videomoments.cli.interrupts import end_if_signalled, end_well_on_sigterm

end_well_on_sigterm()
end_if_signalled()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except SystemExit:
    print("swallowed", flush=True)
end_if_signalled()
print("went on")
"""


def test_a_sigterm_whose_exit_was_swallowed_by_an_import_ends_the_process_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", _SWALLOWED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "swallowed\n"), done.stderr


_IN_A_CALLBACK = """
import os, signal, weakref
from videomoments.cli.interrupts import end_if_signalled, end_well_on_sigterm

class Thing: ...

end_well_on_sigterm()
thing = Thing()
kept = weakref.ref(thing, lambda gone: os.kill(os.getpid(), signal.SIGTERM))
del thing
end_if_signalled()
print("went on")
"""


def test_a_sigterm_that_comes_in_a_callback_prints_no_trace_and_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", _IN_A_CALLBACK], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
