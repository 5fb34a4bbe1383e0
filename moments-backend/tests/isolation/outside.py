"""The way out of a room while it sets itself up: a process that stayed outside connects to what was meant, and carries the bytes.

The room's own connections end in the room; so each is known by the name that was asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from typing import Self

_CONNECT_SECONDS = 30.0


class Outside:
    """The room's end of it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lock = threading.Lock()

    @classmethod
    def open(cls) -> Self:
        """Starts the process; to be called before the network is left. It ends when the last holder of this end has."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            _carry_all(theirs)
            os._exit(0)
        theirs.close()
        return cls(ours)

    def take(self, connection: socket.socket, host: str, port: int) -> None:
        """Hands an accepted connection over."""
        with connection, self._lock:
            socket.send_fds(self._line, [json.dumps([host, port]).encode()], [connection.fileno()])


def _carry_all(line: socket.socket) -> None:
    while True:
        message, handles, _, _ = socket.recv_fds(line, 4096, 1)
        if not message:
            return
        host, port = json.loads(message)
        connection = socket.socket(fileno=handles[0])
        threading.Thread(target=_carry, args=(connection, host, port), daemon=True).start()


def _carry(inside: socket.socket, host: str, port: int) -> None:
    with inside, contextlib.suppress(OSError), socket.create_connection((host, port), _CONNECT_SECONDS) as outside:
        outside.settimeout(None)
        back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
        back.start()
        _pump(inside, outside)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 18):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
