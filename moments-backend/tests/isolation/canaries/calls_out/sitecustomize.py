"""A dependency that calls its maker when it is imported, as Python does with this name on its path."""

import contextlib
import socket

with contextlib.suppress(OSError):
    socket.create_connection(("events.canary.example", 443), timeout=5).close()
