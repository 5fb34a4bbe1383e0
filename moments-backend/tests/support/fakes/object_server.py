"""An object store as a cloud has it, over HTTP with S3's XML, as obstore speaks to S3 and to Google Cloud Storage alike.

Objects live in memory. An interrupted upload or an unfinished multipart leaves nothing that can be listed or read. Who may ask is the
subclass's to say: `s3_server.py`, `gcs_server.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import unquote
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from aiohttp import web

# Google's clients ask for it with every object.
_GENERATION = {"x-goog-generation": "1"}


class Refused(Exception):
    """An error as the cloud words it."""

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
class ObjectServer:
    """The server's state. `fail_after` makes it answer 503 once so many requests have been served (None: never). Buckets in `missing`
    are not there, those in `read_only` take nothing."""

    objects: dict[tuple[str, str], Kept] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    fail_after: int | None = None
    missing: set[str] = field(default_factory=set)
    read_only: set[str] = field(default_factory=set)
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What points obstore here: the variables that it reads for the real one."""
        raise NotImplementedError

    def verify(self, request: web.Request, body: bytes) -> None:
        """Raises Refused unless the request is signed as it has to be, whole and in time."""
        raise NotImplementedError

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            if self.fail_after is not None:
                if self.fail_after <= 0:
                    raise Refused(503, "SlowDown")
                self.fail_after -= 1
            body = await request.read()
            self.verify(request, body)
            bucket, _, key = unquote(request.rel_url.raw_path.lstrip("/")).partition("/")
            if bucket in self.missing:
                raise Refused(404, "NoSuchBucket")
            if bucket in self.read_only and request.method != "GET" and request.method != "HEAD":
                raise Refused(403, "AccessDenied")
            return self._object(request, bucket, key, body) if key else self._bucket(request, bucket, body)
        except Refused as refused:
            self.refusals.append(refused.code)
            return _xml(f"<Error><Code>{refused.code}</Code></Error>", refused.status)

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
            source = request.headers.get("x-amz-copy-source") or request.headers.get("x-goog-copy-source")
            kept = self._copied(source) if source else _kept(body, request.headers.get("Content-Type", ""))
            self.objects[bucket, key] = kept
            result = f"<CopyObjectResult><ETag>{escape(kept.etag)}</ETag></CopyObjectResult>" if source else ""
            return _xml(result, headers={"ETag": kept.etag} | _GENERATION)
        if request.method == "DELETE":
            self.objects.pop((bucket, key), None)
            return web.Response(status=204)
        return self._read(request, bucket, key)

    def _read(self, request: web.Request, bucket: str, key: str) -> web.Response:
        kept = self.objects.get((bucket, key))
        if kept is None:
            raise Refused(404, "NoSuchKey")
        headers = {
            "ETag": kept.etag,
            "Last-Modified": kept.modified.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "Accept-Ranges": "bytes",
            **_GENERATION,
        }
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
        return _xml(
            f"<CompleteMultipartUploadResult><ETag>{escape(kept.etag)}</ETag></CompleteMultipartUploadResult>",
            headers=_GENERATION,
        )

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


_Server = TypeVar("_Server", bound=ObjectServer)


@contextmanager
def serving(server: _Server) -> Iterator[_Server]:
    """The server on loopback, in a thread of its own, while the context lives."""
    loop = asyncio.new_event_loop()
    application = web.Application(client_max_size=1 << 40)
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

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
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(300)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(300)
        loop.close()


def _kept(body: bytes, content_type: str) -> Kept:
    return Kept(body, content_type or "binary/octet-stream", datetime.now(UTC))


def _xml(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f'<?xml version="1.0"?>{text}' if text else "", content_type="application/xml", headers=headers)
