"""Native libraries' threads at the end of a process."""

from __future__ import annotations

import atexit
import time
from functools import cache

_SECONDS = 0.05


@cache
def let_native_threads_finish() -> None:
    """Call it where obstore is first used. Its threads are inside Python for a moment longer than what they answer is waited for; one that
    is still there when the interpreter goes aborts the process: exit status 134 after everything had gone well."""
    atexit.register(time.sleep, _SECONDS)
