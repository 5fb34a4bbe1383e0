"""Limits connections that are held open without a request: heads have a deadline and a maximum size, an address has a maximum number of
connections.

Bodies are limited by `slow_bodies`, idle connections between two requests by uvicorn (`timeout_keep_alive`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from videomoments.api.errors import PROBLEM_TYPE, problem

_MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long a request's head may take, in seconds, and how many connections one address may have (0: any number)."""

    head_seconds: float
    per_address: int


def watched(patience: ConnectionLimits) -> type[asyncio.Protocol]:
    """Returns uvicorn's protocol class for one server, with these limits and its own count of connections."""
    return type("WatchedProtocol", (_Watched,), {"patience": patience, "counted": Counter()})


class _Watched(HttpToolsProtocol):
    patience: ConnectionLimits
    counted: Counter[str]
    _deadline: asyncio.TimerHandle | None = None
    _address: str | None = None
    _last: Any = None  # the cycle of the latest complete head
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = _counted_as(self.client[0]) if self.client else ""
        self.counted[self._address] += 1
        if 0 < self.patience.per_address < self.counted[self._address]:
            detail = f"There are {self.patience.per_address} connections from this address already."
            self._refuse(429, "too_many_connections", detail, "Close some, or use one for several requests.")
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self._address is not None:
            self.counted[self._address] -= 1
            if not self.counted[self._address]:
                del self.counted[self._address]
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        went_on = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.cycle is not self._last:  # a head is complete
            self._last, self._head_bytes = self.cycle, 0
            self._unwatch()
        if self._in_head or self._answered:
            self._watch()  # from the first byte, not the last, so that sending a byte now and then gains nothing
        self._head_bytes += len(data) if went_on and self._in_head else 0
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._refuse(431, "head_too_large", f"The request's head is larger than {_MAX_HEAD_BYTES // 1024} kB.")

    @property
    def _in_head(self) -> bool:
        """Returns whether a request has begun whose head is not complete."""
        return self.scope is not None and (self.cycle is None or self.cycle.scope is not self.scope)

    @property
    def _answered(self) -> bool:
        """Returns whether no request is being worked on: what arrives now is a head, or the rest of a body that nobody reads."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.patience.head_seconds, self._expire)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if not self._answered:  # requests sent ahead of the response are read when their turn comes
            self._watch()
        elif self._in_head:
            self._refuse(408, "head_too_slow", f"The request's head has to be complete within {self.patience.head_seconds:g} s.")
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, detail: str, advice: str | None = None) -> None:
        """Sends a response without the application, and closes the connection."""
        self._unwatch()
        if not self._answered:  # it would be written into the middle of another response
            self.transport.abort()
            return
        body = bytes(problem(status, code, detail, instance="", advice=advice).body)
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {PROBLEM_TYPE}\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        self.transport.close()


def _counted_as(address: str) -> str:
    """Returns the address, or for IPv6 its /64 network, because one subscriber has 2^64 addresses."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
