"""Counts the cores that this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Returns the number of cores in this process's affinity mask, which a container may limit; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
