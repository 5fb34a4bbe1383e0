"""A small S3: what obstore speaks of it, with every signature and expiry verified (AWS Signature Version 4, in headers and in addresses).

Objects live in memory. A tampered or unsigned request is 403, as with the real one; an interrupted upload or an unfinished multipart leaves
nothing that can be listed or read.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from aiohttp import web

REGION = "us-east-1"
ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = timedelta(minutes=15)


class Refused(Exception):
    """An error as S3 words it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Kept:
    body: bytes
    content_type: str
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


@dataclass
class S3:
    """The server's state. `fail_after` makes it answer 503 once so many requests have been served (None: never)."""

    key_id: str = "AKIDTEST"
    secret: str = "a secret of the tests"
    objects: dict[tuple[str, str], Kept] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    fail_after: int | None = None
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What points obstore here: the variables that it reads for any S3."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_ALLOW_HTTP": "true",
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            if self.fail_after is not None:
                if self.fail_after <= 0:
                    raise Refused(503, "SlowDown")
                self.fail_after -= 1
            body = await request.read()
            self.verify(request, body)
            bucket, _, key = unquote(request.rel_url.raw_path.lstrip("/")).partition("/")
            return self._object(request, bucket, key, body) if key else self._bucket(request, bucket, body)
        except Refused as refused:
            self.refusals.append(refused.code)
            return _xml(f"<Error><Code>{refused.code}</Code></Error>", refused.status)

    def verify(self, request: web.Request, body: bytes) -> None:
        """Raises Refused unless the request is signed with our secret, whole and in time."""
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

    def _object(self, request: web.Request, bucket: str, key: str, body: bytes) -> web.Response:
        query = request.query
        if request.method == "POST" and "uploads" in query:
            upload = uuid.uuid4().hex
            self.uploads[upload] = {}
            self.content_types[upload] = request.headers.get("Content-Type", "")
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
        if "uploadId" in query:
            return self._multipart(request, bucket, key, body)
        if request.method == "PUT":
            source = request.headers.get("x-amz-copy-source")
            kept = self._copied(source) if source else _kept(body, request.headers.get("Content-Type", ""))
            self.objects[bucket, key] = kept
            result = f"<CopyObjectResult><ETag>{escape(kept.etag)}</ETag></CopyObjectResult>" if source else ""
            return _xml(result, headers={"ETag": kept.etag})
        if request.method == "DELETE":
            self.objects.pop((bucket, key), None)
            return web.Response(status=204)
        return self._read(request, bucket, key)

    def _read(self, request: web.Request, bucket: str, key: str) -> web.Response:
        kept = self.objects.get((bucket, key))
        if kept is None:
            raise Refused(404, "NoSuchKey")
        headers = {"ETag": kept.etag, "Last-Modified": kept.modified.strftime("%a, %d %b %Y %H:%M:%S GMT"), "Accept-Ranges": "bytes"}
        content = kept.body
        status = 200
        if wanted := request.http_range if "Range" in request.headers else None:
            start, stop, _ = wanted.indices(len(content))
            if start >= len(content):
                raise Refused(416, "InvalidRange")
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            content, status = content[start:stop], 206
        if request.method == "HEAD":
            headers["Content-Length"] = str(len(content))
            return web.Response(status=status, headers=headers | {"Content-Type": kept.content_type})
        return web.Response(status=status, body=content, headers=headers | {"Content-Type": kept.content_type})

    def _multipart(self, request: web.Request, bucket: str, key: str, body: bytes) -> web.Response:
        upload = request.query["uploadId"]
        if upload not in self.uploads:
            raise Refused(404, "NoSuchUpload")
        if request.method == "PUT":
            self.uploads[upload][int(request.query["partNumber"])] = body
            return web.Response(headers={"ETag": _kept(body, "").etag})
        parts = self.uploads.pop(upload)
        if request.method == "DELETE":
            return web.Response(status=204)
        named = [int(number.text or 0) for number in Xml.fromstring(body).iter() if number.tag.endswith("PartNumber")]
        if sorted(named) != sorted(parts):
            raise Refused(400, "InvalidPart")
        kept = _kept(b"".join(parts[number] for number in named), self.content_types.pop(upload))
        self.objects[bucket, key] = kept
        return _xml(f"<CompleteMultipartUploadResult><ETag>{escape(kept.etag)}</ETag></CompleteMultipartUploadResult>")

    def _bucket(self, request: web.Request, bucket: str, body: bytes) -> web.Response:
        if request.method == "POST" and "delete" in request.query:
            keys = [found.text or "" for found in Xml.fromstring(body).iter() if found.tag.endswith("Key")]
            for key in keys:
                self.objects.pop((bucket, key), None)
            return _xml("<DeleteResult>" + "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys) + "</DeleteResult>")
        prefix = request.query.get("prefix", "")
        listed = sorted((key, kept) for (place, key), kept in self.objects.items() if place == bucket and key.startswith(prefix))
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(kept.body)}</Size><ETag>{escape(kept.etag)}</ETag>"
            f"<LastModified>{kept.modified.strftime('%Y-%m-%dT%H:%M:%S.000Z')}</LastModified></Contents>"
            for key, kept in listed
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>")

    def _copied(self, source: str) -> Kept:
        bucket, _, key = unquote(source.lstrip("/")).partition("/")
        try:
            return self.objects[bucket, key]
        except KeyError as error:
            raise Refused(404, "NoSuchKey") from error


@contextmanager
def serving(server: S3) -> Iterator[S3]:
    """The server on loopback, in a thread of its own, while the context lives."""
    loop = asyncio.new_event_loop()
    application = web.Application(client_max_size=1 << 40)
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None)

    async def begin() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.port = runner.addresses[0][1]

    loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _kept(body: bytes, content_type: str) -> Kept:
    return Kept(body, content_type or "binary/octet-stream", datetime.now(UTC))


def _time(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _xml(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f'<?xml version="1.0"?>{text}' if text else "", content_type="application/xml", headers=headers)
