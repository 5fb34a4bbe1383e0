"""A small S3 that verifies every request (AWS Signature Version 4, in headers and in addresses): unsigned, tampered, expired is 403."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from aiohttp import web

from support.fakes.object_server import ObjectServer, Refused

REGION = "us-east-1"
ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = timedelta(minutes=15)


@dataclass
class S3(ObjectServer):
    """`secret` is the one key that may do everything."""

    key_id: str = "AKIDTEST"
    secret: str = "a secret of the tests"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_ALLOW_HTTP": "true",
        }

    def verify(self, request: web.Request, body: bytes) -> None:
        pairs = [part.partition("=")[::2] for part in request.rel_url.raw_query_string.split("&") if part]
        query = {name: unquote(value) for name, value in pairs}
        if "X-Amz-Signature" in query:
            credential, signed, given = query["X-Amz-Credential"], query["X-Amz-SignedHeaders"], query["X-Amz-Signature"]
            stamp, payload = query["X-Amz-Date"], "UNSIGNED-PAYLOAD"
            ends = _time(stamp) + timedelta(seconds=int(query["X-Amz-Expires"]))
            pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
        else:
            found = request.headers.get("Authorization", "")
            if not found.startswith(ALGORITHM):
                raise Refused(403, "AccessDenied")
            fields = dict(part.strip().split("=", 1) for part in found.removeprefix(ALGORITHM).split(","))
            credential, signed, given = fields["Credential"], fields["SignedHeaders"], fields["Signature"]
            stamp, payload = request.headers["x-amz-date"], request.headers["x-amz-content-sha256"]
            ends = _time(stamp) + _SKEW
            if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(body).hexdigest():
                raise Refused(400, "XAmzContentSHA256Mismatch")
        key_id, _, scope = credential.partition("/")
        if key_id != self.key_id:
            raise Refused(403, "InvalidAccessKeyId")
        if not hmac.compare_digest(given, self._signature(request, pairs, signed, payload, stamp, scope)):
            raise Refused(403, "SignatureDoesNotMatch")
        if datetime.now(UTC) > ends:
            raise Refused(403, "AccessDenied")

    def _signature(self, request: web.Request, pairs: list[tuple[str, str]], signed: str, payload: str, stamp: str, scope: str) -> str:
        query = "&".join(sorted(f"{quote(unquote(name), safe='-_.~')}={quote(unquote(value), safe='-_.~')}" for name, value in pairs))
        headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed.split(";"))
        path = quote(unquote(request.rel_url.raw_path), safe="/-_.~")
        canonical = "\n".join([request.method, path, query, headers, signed, payload])
        text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.new(key, text.encode(), "sha256").hexdigest()


def _time(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
