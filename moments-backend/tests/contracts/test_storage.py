"""What every object store promises: over a folder, obstore's memory, and an S3 and a Google Cloud Storage that verify signatures."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from support.fakes.gcs_server import Gcs
from support.fakes.object_server import ObjectServer, serving
from support.fakes.s3_server import S3
from videomoments.core.errors import InvalidInput, NotFound, StorageError, TooLarge
from videomoments.storage import ObjectStore, Verdict, open_store
from videomoments.storage.layout import source_key, video_prefix

Server = TypeVar("Server", bound=ObjectServer)
KEY = source_key("v1", "11111111-2222-3333-4444-555555555555", 1, ".mp4")
BYTES = bytes(range(256)) * 12_000  # 3 MB: several pieces


@pytest.fixture(params=["file", "memory", "s3", "gs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param in ("s3", "gs"):
        cloud: ObjectServer = request.getfixturevalue({"s3": "s3", "gs": "gcs"}[request.param])
        assert cloud.objects == {}
        return open_store(f"{request.param}://bucket/a/folder", signing_key="k", public_url=None)
    url = "memory://" if request.param == "memory" else f"file://{tmp_path}/store"
    return open_store(url, signing_key="k", public_url=None)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The emulator, with this process's environment pointing at it."""
    yield from emulated(S3(), monkeypatch)


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gcs]:
    yield from emulated(Gcs(), monkeypatch)


@pytest.fixture(params=["s3", "gs"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """One of the clouds, and our store on it."""
    server: ObjectServer = request.getfixturevalue({"s3": "s3", "gs": "gcs"}[request.param])
    return Cloud(server, open_store(f"{request.param}://bucket", signing_key="k", public_url=None))


@dataclass(frozen=True)
class Cloud:
    server: ObjectServer
    store: ObjectStore


def emulated(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(server):
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.bin"
    path.write_bytes(BYTES)
    return path


async def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted([found.key async for found in store.list(prefix)])


async def test_put_then_everything_reads_the_same_bytes(store: ObjectStore, file: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    stored = await store.put_file(KEY, file, content_type="video/mp4", on_progress=lambda done, total: seen.append((done, total)))
    assert (stored.key, stored.size, stored.sha256) == (KEY, len(BYTES), hashlib.sha256(BYTES).hexdigest())
    await asyncio.sleep(0)
    assert seen[-1] == (len(BYTES), len(BYTES))

    head = await store.head(KEY)
    assert (head.size, head.etag, head.content_type) == (len(BYTES), stored.etag, "video/mp4")
    out = tmp_path / "out.bin"
    assert (await store.get_to_file(KEY, out)).size == len(BYTES)
    assert out.read_bytes() == BYTES
    assert await store.read_range(KEY, 100, 200) == BYTES[100:200]
    assert await store.read_range(KEY, len(BYTES) - 5, len(BYTES) + 100) == BYTES[-5:]
    assert b"".join([chunk async for chunk in store.stream(KEY)]) == BYTES
    assert b"".join([chunk async for chunk in store.stream(KEY, 1_000_000, 2_500_001)]) == BYTES[1_000_000:2_500_001]


async def test_an_empty_object_is_an_object(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    await store.put_file(KEY, tmp_path / "empty", content_type="video/mp4")
    assert (await store.head(KEY)).size == 0
    assert [chunk async for chunk in store.stream(KEY)] == []


async def test_what_is_missing_is_not_found(store: ObjectStore, tmp_path: Path) -> None:
    for wait in (
        store.head(KEY),
        store.read_range(KEY, 0, 1),
        store.get_to_file(KEY, tmp_path / "out"),
        anext(store.stream(KEY)),
    ):
        with pytest.raises(NotFound) as caught:
            await wait
        assert caught.value.code == "object_not_found"
    await store.delete(KEY)
    assert [path.name for path in tmp_path.iterdir() if path.name != "store"] == []


async def test_list_and_delete_stay_below_their_prefix(store: ObjectStore, file: Path) -> None:
    for video in ("v1", "v1x", "v2"):
        await store.put_file(KEY.replace("v1", video), file, content_type="video/mp4")
    clip = KEY.replace("source", "clips")
    await store.put_file(clip, file, content_type="video/mp4")
    assert len(await keys(store)) == 4
    assert await keys(store, video_prefix("v1")) == [clip, KEY]
    assert await store.delete_prefix(video_prefix("v1")) == 2
    assert await keys(store) == [KEY.replace("v1", "v1x"), KEY.replace("v1", "v2")]
    assert await store.delete_prefix(video_prefix("v1")) == 0
    await store.delete(KEY.replace("v1", "v2"))
    assert len(await keys(store)) == 1
    for prefix in ("", "videos/v1"):
        with pytest.raises(InvalidInput):
            await store.delete_prefix(prefix)


async def test_f59_an_interrupted_upload_leaves_nothing_visible(store: ObjectStore, file: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield BYTES
        raise ConnectionResetError("the client has gone")

    with pytest.raises(ConnectionResetError):
        await store.put_stream(KEY, broken(), content_type="video/mp4")
    assert await keys(store) == []

    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield BYTES[:65536]
            started.set()
            await asyncio.sleep(0.01)

    task = asyncio.create_task(store.put_stream(KEY, endless(), content_type="video/mp4"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys(store) == []

    # What stood under the key before still does.
    await store.put_file(KEY, file, content_type="video/mp4")
    with pytest.raises(ConnectionResetError):
        await store.put_stream(KEY, broken(), content_type="video/mp4")
    assert (await store.head(KEY)).size == len(BYTES)


async def test_a_stream_beyond_its_limit_is_too_large(store: ObjectStore) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(BYTES), 65536):
            yield BYTES[start : start + 65536]

    with pytest.raises(TooLarge):
        await store.put_stream(KEY, chunks(), content_type="video/mp4", max_bytes=len(BYTES) - 1)
    assert await keys(store) == []
    stored = await store.put_stream(KEY, chunks(), content_type="video/mp4", max_bytes=len(BYTES))
    assert stored.sha256 == hashlib.sha256(BYTES).hexdigest()


async def test_a_file_that_cannot_be_read_is_a_storage_error(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        await store.put_file(KEY, tmp_path / "missing", content_type="video/mp4")
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "videos/../../x",
        "videos//x",
        "a\0b",
        "videos/.hidden",
        "-rf",
        "a b",
        "ü",
        "a\\b",
        "x" * 1000,
        "a\n",
    ],
)
async def test_f80_no_key_leads_anywhere_else(store: ObjectStore, file: Path, key: str) -> None:
    for wait in (
        store.put_file(key, file, content_type="x/y"),
        store.head(key),
        store.delete(key),
        store.signed_url(key, expires_in=timedelta(hours=1)),
    ):
        with pytest.raises(InvalidInput):
            await wait


async def test_signed_url_names_key_and_expiry(store: ObjectStore) -> None:
    signed = await store.signed_url(KEY, expires_in=timedelta(minutes=5), download_name="Talk – part 1.mp4")
    # Under a name it is ours to serve, whatever the store; the clouds' own addresses: below.
    assert signed.url.startswith(f"/api/objects/{KEY}?expires=")
    given = dict(parse_qsl(urlsplit(signed.url).query))
    named: dict[str, Any] = {"expires": int(given["expires"]), "signature": given["signature"], "download_name": given["download"]}
    assert store.downloads.verify(KEY, **named) is Verdict.VALID
    assert store.downloads.verify(KEY, **named | {"download_name": "Other.mp4"}) is Verdict.TAMPERED
    if store.signer is not None:
        assert (await store.signed_url(KEY, expires_in=timedelta(minutes=5))).url.startswith(f"/api/objects/{KEY}?expires=")
    assert signed.url not in repr(signed)
    await store.check()
    assert await store.sweep_partial(timedelta()) == 0


async def test_addresses_serve_until_they_expire_and_only_what_they_name(cloud: Cloud, file: Path) -> None:
    store = cloud.store
    await store.put_file(KEY, file, content_type="video/mp4")
    signed = await store.signed_url(KEY, expires_in=timedelta(minutes=5))
    async with httpx.AsyncClient() as client:
        part = await client.get(signed.url, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content, part.headers["Content-Type"]) == (206, BYTES[100:200], "video/mp4")
        put = await store.signed_url(KEY.replace("v1", "v2"), expires_in=timedelta(minutes=5), method="PUT")
        assert (await client.put(put.url, content=b"new")).status_code == 200
        assert (await store.head(KEY.replace("v1", "v2"))).size == 3
        cloud.server.refusals.clear()
        other = "0" if signed.url[-1] != "0" else "1"
        tampered = [signed.url.replace("v1", "v2"), signed.url.replace("-Expires=300", "-Expires=30000"), signed.url[:-1] + other, put.url]
        for url in tampered:  # the last is signed for PUT
            assert (await client.get(url)).status_code == 403, url
        assert cloud.server.refusals == ["SignatureDoesNotMatch"] * 4
        short = await store.signed_url(KEY, expires_in=timedelta(seconds=1))
        await asyncio.sleep(2.1)
        assert (await client.get(short.url)).status_code in (400, 403)


async def test_s3_asks_for_a_signature(s3: S3, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("s3://bucket", signing_key="k", public_url=None)
    await store.put_file(KEY, file, content_type="video/mp4")
    unsigned = (await store.signed_url(KEY, expires_in=timedelta(minutes=5))).url.partition("?")[0]
    assert httpx.get(unsigned).status_code == 403
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    s3.refusals.clear()
    with pytest.raises(StorageError) as caught:
        await open_store("s3://bucket", signing_key="k", public_url=None).delete(KEY)
    assert "another" not in str(caught.value)
    assert len(s3.objects) == 1
    assert set(s3.refusals) == {"SignatureDoesNotMatch"}


async def test_200_megabytes_go_in_parts(cloud: Cloud) -> None:
    store, size = cloud.store, 200 * 1024 * 1024
    digest = hashlib.sha256()

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(200):
            piece = number.to_bytes(4, "big") * (256 * 1024)
            digest.update(piece)
            yield piece
            if number in (60, 190):
                assert cloud.server.objects == {}  # nothing is visible before the end

    stored = await store.put_stream(KEY, chunks(), content_type="video/mp4")
    assert (stored.size, stored.sha256) == (size, digest.hexdigest())
    assert cloud.server.uploads == {}
    assert await store.read_range(KEY, 100 * 1024**2, 100 * 1024**2 + 4) == (100).to_bytes(4, "big")


async def test_f59_a_cloud_that_fails_in_the_middle_shows_nothing(cloud: Cloud) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(40):
            if number == 20:
                cloud.server.fail_after = 0
            yield bytes(1024 * 1024)

    with pytest.raises(StorageError) as caught:
        async with asyncio.timeout(240):
            await cloud.store.put_stream(KEY, chunks(), content_type="video/mp4")
    assert caught.value.retryable
    assert "127.0.0.1" not in str(caught.value)
    cloud.server.fail_after = None
    assert await keys(cloud.store) == []
