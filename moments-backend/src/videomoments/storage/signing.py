"""Signs our own addresses, for stores that can't: `/api/objects/{key}?expires=…&signature=…`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, urlencode

OBJECTS_PATH = "/api/objects"
# Seconds. Short-lived addresses are used once: rounding them would gain nothing.
_SHORTEST_STEP = 10


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """An address that works until `expires_at`. A relative one (it begins with `/`) belongs to the API's own host."""

    url: str = field(repr=False)
    expires_at: datetime


class Verdict(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    TAMPERED = "tampered"


class UrlSigner:
    """Signs method, key, expiry and download name with HMAC-SHA256, so that none of them can be exchanged."""

    def __init__(self, signing_key: str, public_url: str | None = None) -> None:
        if not signing_key:
            raise ValueError("a signing key is needed")
        self._key = signing_key.encode()
        self._base = (public_url or "").rstrip("/")

    def sign(self, key: str, *, expires_in: timedelta, method: str = "GET", download_name: str | None = None) -> SignedUrl:
        """Signs an address. `expires_in` is rounded up by at most a twelfth, so that repeated requests get the same address and browsers'
        caches hit."""
        expires = int(time.time() + expires_in.total_seconds())
        step = int(expires_in.total_seconds()) // 12
        if step >= _SHORTEST_STEP:
            expires += -expires % step
        query = {"expires": str(expires), "signature": self._signature(method, key, expires, download_name)}
        if download_name:
            query["download"] = download_name
        url = f"{self._base}{OBJECTS_PATH}/{quote(key)}?{urlencode(query)}"
        return SignedUrl(url, datetime.fromtimestamp(expires, UTC))

    def verify(self, key: str, *, expires: int, signature: str, method: str = "GET", download_name: str | None = None) -> Verdict:
        """Compares the signature first: an edited expiry is tampering, not expiry."""
        expected = self._signature(method, key, expires, download_name)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return Verdict.TAMPERED
        return Verdict.VALID if time.time() < expires else Verdict.EXPIRED

    def _signature(self, method: str, key: str, expires: int, download_name: str | None) -> str:
        # Each part is preceded by its length, so that no two different requests give the same text.
        parts = [method.upper(), key, str(expires), download_name or ""]
        text = "".join(f"{len(part)}:{part}" for part in parts)
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
