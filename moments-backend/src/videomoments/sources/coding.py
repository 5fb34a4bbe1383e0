"""Unpacks bodies that a server compressed without being asked, while they arrive. Their bytes show whether they are compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from videomoments.core.errors import SourceUnavailable
from videomoments.sources.sniff import begins_like_media

# Enough to recognise a container; little enough to hold back.
_ENOUGH = 512
# A decompression bomb unpacks to a thousand times its size, so no more is unpacked before the caller checks its limits again.
_MOST = 1024 * 1024
_GZIP, _ZSTD, _COMPRESS = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x1f\x9d"


class Unpacker:
    """Unpacks one body. `claimed` are the compressions that the answer's head names. Once bytes have come, `packed` says whether there is
    one."""

    def __init__(self, claimed: Sequence[str], host: str) -> None:
        self.packed = False
        self._claimed = claimed
        self._host = host
        self._held = bytearray()
        self._decided = not claimed
        self._inflater: zlib._Decompress | None = None
        self._bits = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yields the file's bytes that `piece` completes. Raises `SourceUnavailable`."""
        if not self._decided:
            self._held += piece
            if len(self._held) < _ENOUGH:
                return
            piece = self._decide()
        yield from self._inflated(piece) if self.packed else (piece,)

    def end(self) -> Iterator[bytes]:
        """Yields the remaining bytes at the end of the body. Raises `SourceUnavailable` where the compressed bytes end early."""
        if not self._decided:
            piece = self._decide()
            yield from self._inflated(piece) if self.packed else (piece,)
        if self._inflater is not None and not self._inflater.eof:
            raise SourceUnavailable(f"{self._host} sent compressed bytes that end in the middle.", advice="Try again later.")

    def _decide(self) -> bytes:
        self._decided = True
        head, self._held = bytes(self._held), bytearray()
        if not head or (begins_like_media(head) and not head.startswith(_GZIP)):
            return head
        claimed = self._claimed[-1]
        zlib_head = head[0] & 0x0F == 8 and int.from_bytes(head[:2]) % 31 == 0
        if head.startswith(_GZIP):
            self._begin(16 + zlib.MAX_WBITS)
        elif claimed == "deflate":
            # RFC 9110, 8.4.1.2: the zlib format, of which many servers omit head and tail.
            self._begin(zlib.MAX_WBITS if zlib_head else -zlib.MAX_WBITS)
        elif head.startswith((_ZSTD, _COMPRESS)) or claimed == "br":
            raise SourceUnavailable(
                f"{self._host} sends the file compressed ({claimed}), which was not asked for.",
                code="source_compressed",
                advice="Download it with a browser, and give the file.",
                retryable=False,
            )
        return head

    def _begin(self, bits: int) -> None:
        self.packed, self._bits = True, bits
        self._inflater = zlib.decompressobj(bits)

    def _inflated(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            assert self._inflater is not None
            if self._inflater.eof:
                # A gzip file may consist of several, one after the other; anything else that follows is padding.
                if not (self._bits > zlib.MAX_WBITS and piece.startswith(_GZIP)):
                    return
                self._inflater = zlib.decompressobj(self._bits)
            try:
                out = self._inflater.decompress(piece, _MOST)
            except zlib.error as error:
                raise SourceUnavailable(f"{self._host} sent compressed bytes that are damaged.", advice="Try again later.") from error
            if out:
                yield out
            piece = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
