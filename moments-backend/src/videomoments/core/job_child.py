"""The child's side of a job on untrusted bytes: sets its own limits, ends with the parent, and writes events to stdout. The parent's side
is `job_process.py`, which defines the lines."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TextIO

from videomoments.core.errors import MomentsError

Emit = Callable[[Mapping[str, Any]], None]


def serve_job(
    run: Callable[[Mapping[str, Any], Emit], None],
    explain: Callable[[BaseException], MomentsError],
    prepare: Callable[[Mapping[str, Any]], None],
) -> NoReturn:
    """Reads the job, runs it, and exits the process. `prepare` gives up rights before the limits apply. `explain` turns any error into
    ours, without our paths and hosts."""
    faulthandler.enable()
    events = _private_stdout()
    job = json.loads(sys.stdin.buffer.readline())
    prepare(job)
    _limit(job["limits"])
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def emit(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        run(job, emit)
    except BaseException as error:
        known = explain(error)
        if known is not error:
            import traceback

            traceback.print_exc()
        emit(
            {
                "event": "error",
                "kind": type(known).__name__,
                "code": known.code,
                "message": known.message,
                "advice": known.advice,
                "retryable": known.retryable,
            }
        )
    events.flush()
    # Exit without tearing down decoder threads, half-open containers and connections: they have nothing more to send.
    os._exit(0)


def _limit(limits: Mapping[str, Any]) -> None:
    """Applies the job's resource limits to this process. Core dumps are off, because they would hold the user's media."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
    }
    for which, value in wanted.items():
        _, hard = resource.getrlimit(which)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            # The hard limit of processor time is a little higher, because its signal kills without saying why.
            resource.setrlimit(which, (bound, bound + 5 if which == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else bound))
        except (ValueError, OSError):
            # macOS knows RLIMIT_AS but refuses to set it; the other limits still apply.
            if which != resource.RLIMIT_AS:
                raise


def _end_with_parent() -> None:
    """Exits when stdin closes, which happens when the parent has ended in any way."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def _private_stdout() -> TextIO:
    """Returns the event stream. Whatever a library prints to stdout goes to stderr instead."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return events
