"""Rooms for the tests of this folder, where the machine has them."""

from __future__ import annotations

import os

import pytest

from isolation.room import why_no_room


@pytest.fixture(scope="session")
def rooms() -> None:
    """Skips where no room can be had, and fails instead where MOMENTS_DEMAND_NAMESPACES is set."""
    why = why_no_room()
    if why is not None and os.environ.get("MOMENTS_DEMAND_NAMESPACES"):
        pytest.fail(f"MOMENTS_DEMAND_NAMESPACES is set, and there is no room: {why}")
    if why is not None:
        pytest.skip(f"needs namespaces of the network, files and processes, as root or any user has them on most Linux: {why}")
