"""The media child process: `python -m videomoments.media.child`. It does one job and ends. Only `sandbox.py` starts it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any

from videomoments.core import errors
from videomoments.core.job_child import Emit, serve_job

# sched.h
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def _leave_network(_: Mapping[str, Any]) -> None:
    """Moves this process into a network namespace without any interface, where the kernel allows it. The protocol whitelist holds without
    it.

    Root needs no user namespace for it, and keeps its access to files.
    """
    if sys.platform != "linux":
        return
    wanted = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER
    ctypes.CDLL(None).unshare(wanted)


def _run(job: Mapping[str, Any], emit: Emit) -> None:
    from videomoments.media.jobs import JOBS

    JOBS[job["job"]](job, emit)


def _failure(error: BaseException) -> errors.MomentsError:
    from videomoments.media.failures import explained

    return explained(error)


if __name__ == "__main__":
    serve_job(_run, _failure, _leave_network)
