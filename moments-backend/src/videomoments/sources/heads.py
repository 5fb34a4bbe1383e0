"""Corrects heads of HTTP answers before they are parsed, as browsers do: the parser refuses some that have one plain meaning.

A connection carries one answer here and ends, so a corrected head can't hide where another answer begins.
"""

from __future__ import annotations

import asyncio
import functools
import re

import aiohttp
from aiohttp.client_proto import ResponseHandler

# A head that is longer than any that the parser takes is passed on unchanged, and the parser refuses it.
_LONGEST = 1024 * 1024
_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"\s*http/(\d)(?:\.(\d))?[ \t]+(\d{3})([^\r\n]*)", re.IGNORECASE)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Transfer codings that change nothing; `identity` was once one (RFC 2616).
_NO_CODING = frozenset([b"", b"identity", b"none", b"binary", b"8bit", b"7bit", b"utf-8"])


class LenientHandler(ResponseHandler):
    """aiohttp's own handler, which gets its heads through `mended`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._held = b""
        self._passes = False

    def data_received(self, data: bytes) -> None:
        if self._passes or not data:
            super().data_received(data)
            return
        looked_at = max(0, len(self._held) - 3)
        self._held += data
        while not self._passes:
            end = _END.search(self._held, looked_at)
            if end is None:
                if len(self._held) < _LONGEST and not _is_other(self._held):
                    return
                self._passes = True
                break
            head, self._held, looked_at = self._held[: end.end()], self._held[end.end() :], 0
            status = _STATUS.match(head)
            # After a 1xx comes the answer itself.
            self._passes = status is None or not status[3].startswith(b"1")
            super().data_received(mended(head))
        held, self._held = self._held, b""
        if held:
            super().data_received(held)


def use_lenient_heads(connector: aiohttp.BaseConnector) -> None:
    """Makes all connections of `connector` lenient. The connector must use each of them once."""
    handler: type[ResponseHandler] = LenientHandler
    connector._factory = functools.partial(handler, loop=asyncio.get_running_loop())


def mended(head: bytes) -> bytes:
    """Returns the head, including its empty line, in the form that it was meant in. Returns bytes that are no head unchanged."""
    status = _STATUS.match(head)
    if status is None:
        return head
    lines = re.sub(rb"\r?\n[ \t]+", b" ", head[status.end() :].replace(b"\0", b"")).split(b"\n")
    fields = [(name.strip(), value.strip()) for name, colon, value in (line.partition(b":") for line in lines) if colon]
    fields = [(name, value) for name, value in fields if _NAME.fullmatch(name)]
    framing = {b"content-length", b"transfer-encoding"}
    rewritten = [(name, value) for name, value in fields if name.lower() not in framing]
    codings = _listed(fields, b"transfer-encoding")
    if b"chunked" in codings:
        # RFC 9112, 6.3: chunked overrides a length.
        rewritten.append((b"Transfer-Encoding", b", ".join(coding for coding in codings if coding not in _NO_CODING)))
    else:
        rewritten += [(b"Transfer-Encoding", coding) for coding in codings if coding not in _NO_CODING]
        rewritten += [(b"Content-Length", length) for length in _lengths(fields)]
    version = b"1.0" if status[1] == b"1" and status[2] == b"0" else b"1.1"
    first = b"HTTP/" + version + b" " + status[3] + (b" " + status[4].strip() if status[4].strip() else b"")
    return b"\r\n".join([first, *(name + b": " + value for name, value in rewritten), b"", b""])


def _listed(fields: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    values = b",".join(value for name, value in fields if name.lower() == wanted)
    return [part.strip().lower() for part in values.split(b",")] if values else []


def _lengths(fields: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Returns one length however often it is given, and none where it is no number. Two that differ stay, and the parser refuses them."""
    numbers = [text.removeprefix(b"+") for text in _listed(fields, b"content-length")]
    return sorted({number for number in numbers if number.isdigit()})


def _is_other(held: bytes) -> bool:
    """Returns whether these bytes can't become the head of an answer."""
    return not b"http/".startswith(held.lstrip()[:5].lower())
