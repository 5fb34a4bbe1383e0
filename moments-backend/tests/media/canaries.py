"""Notices what a process must not do: opening a file of a folder, or connecting to this machine."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_IN_OPEN = 0x20
_EVENT = struct.Struct("iIII")


@contextmanager
def opened_files(folder: Path) -> Iterator[set[str]]:
    """The names of the files in `folder` that anybody opens meanwhile; complete when the block is left. Linux only."""
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    library = ctypes.CDLL(None, use_errno=True)
    watch = library.inotify_init1(os.O_NONBLOCK)
    if watch < 0 or library.inotify_add_watch(watch, os.fsencode(folder), _IN_OPEN) < 0:
        pytest.skip("this machine allows no inotify watch")
    names: set[str] = set()
    try:
        yield names
    finally:
        try:
            while data := os.read(watch, 1 << 20):
                at = 0
                while at < len(data):
                    _, _, _, length = _EVENT.unpack_from(data, at)
                    at += _EVENT.size
                    if length:
                        names.add(os.fsdecode(data[at : at + length].rstrip(b"\0")))
                    at += length
        except BlockingIOError:
            pass
        os.close(watch)


@contextmanager
def listener(port: int = 0) -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who connected to it."""
    hits: list[object] = []
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                hits.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield server.getsockname()[1], hits
        finally:
            stop.set()
            thread.join()
