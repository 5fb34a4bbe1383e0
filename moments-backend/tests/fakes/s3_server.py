"""As much of S3 as an object store of ours asks for, in memory, with switches that make it answer 503, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
from dataclasses import dataclass, field
from typing import Self
from xml.sax.saxutils import escape

from aiohttp import web

_DATE = "Mon, 01 Jan 2024 00:00:00 GMT"
_ISO = "2024-01-01T00:00:00.000Z"


@dataclass
class S3Server:
    """One bucket on a free port of the loopback. While `down` every request gets 503; `refused` counts them. While `frozen` an upload gets
    no answer; `waiting` counts those."""

    bucket: str = "videos"
    objects: dict[str, bytes] = field(default_factory=dict)
    down: bool = False
    refused: int = 0
    frozen: bool = False
    waiting: int = 0
    _parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=512 * 1024**2)
        app.router.add_route("*", "/{bucket}", self._bucket)
        app.router.add_route("*", "/{bucket}/{key:.*}", self._answer)
        # A client that hangs up ends its request here too: nothing of it is kept.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What points a process's S3 client here."""
        address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        return keys | {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true"}

    async def _bucket(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.down:
            self.refused += 1
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>", content_type="application/xml")
        if request.method in ("PUT", "POST") and self.frozen:
            self.waiting += 1
            while self.frozen:
                await asyncio.sleep(0.02)
        key = request.match_info.get("key", "")
        if not key:
            return self._delete_many(body) if request.method == "POST" else self._list(request)
        match request.method:
            case "PUT" | "POST":
                return self._put(request, key, body)
            case "DELETE":
                self.objects.pop(key, None)
                return web.Response(status=204)
        return self._get(request, key)

    def _put(self, request: web.Request, key: str, body: bytes) -> web.Response:
        upload = request.query.get("uploadId")
        if "uploads" in request.query:
            upload = f"u{next(self._numbers)}"
            self._parts[upload] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
        if upload is not None and request.method == "PUT":
            self._parts[upload][int(request.query["partNumber"])] = body
            return web.Response(headers={"ETag": _etag(body)})
        if upload is not None:
            parts = self._parts.pop(upload)
            self.objects[key] = b"".join(parts[number] for number in sorted(parts))
            return _xml(f"<CompleteMultipartUploadResult><ETag>{escape(_etag(self.objects[key]))}</ETag></CompleteMultipartUploadResult>")
        self.objects[key] = body
        return web.Response(headers={"ETag": _etag(body)})

    def _get(self, request: web.Request, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404)
        data = self.objects[key]
        headers = {"ETag": _etag(data), "Last-Modified": _DATE, "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return web.Response(headers=headers | {"Content-Length": str(len(data))})
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", "")):
            first, last = int(found[1]), min(int(found[2] or len(data) - 1), len(data) - 1)
            return web.Response(
                status=206, body=data[first : last + 1], headers=headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
            )
        return web.Response(body=data, headers=headers)

    def _list(self, request: web.Request) -> web.Response:
        prefix = request.query.get("prefix", "")
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_ISO}</LastModified><ETag>{escape(_etag(data))}</ETag>"
            f"<Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")

    def _delete_many(self, body: bytes) -> web.Response:
        for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
            self.objects.pop(key, None)
        return _xml("<DeleteResult></DeleteResult>")


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _xml(text: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0" encoding="UTF-8"?>{text}', content_type="application/xml")
