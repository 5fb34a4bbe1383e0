"""Lets threads of native libraries finish at the end of a process."""

from __future__ import annotations

import atexit
import time
from functools import cache

_SECONDS = 0.05


@cache
def let_native_threads_finish() -> None:
    """Registers a short pause at exit. Call it where obstore is first used: its threads stay inside Python for a moment after their result
    has arrived. A thread that is still there when the interpreter ends aborts the process, with exit status 134 after everything went
    well."""
    atexit.register(time.sleep, _SECONDS)
