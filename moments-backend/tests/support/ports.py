"""Ports that nobody else on this machine takes while a test uses them."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

# Below those that systems give to whoever asks for any port (Linux: from 32768 on, macOS: from 49152 on).
_LOWEST, _HIGHEST = 20_000, 32_000
_chance = random.SystemRandom()


def free_port() -> int:
    """Returns a port that is free now. Only who asks for this very number can take it."""
    while True:
        port = _chance.randrange(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def closed_port() -> Iterator[int]:
    """Yields a port that refuses connections for as long as the block lasts: it is taken, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
