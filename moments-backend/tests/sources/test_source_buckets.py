"""Objects of Google Cloud Storage and S3 as sources, from servers that verify signatures (`fakes/gcs_server.py`, `fakes/s3_server.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

from support.fakes.gcs_server import Gcs
from support.fakes.object_server import Kept, ObjectServer, serving
from support.fakes.s3_server import S3
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput, MomentsError, NotFound, SourceUnavailable, TooLarge, UnsupportedMedia
from videomoments.core.times import now
from videomoments.sources import FetchLimits, admitted, fetch

BODY = bytes(range(256)) * 40_000  # 10 MB
LIMITS = FetchLimits(buckets="gs://talks, s3://talks/public", first_wait=0.01, longest_wait=0.05, read_timeout=60, min_free_bytes=0)


@dataclass
class Shaky(ObjectServer):
    """Reads of an object stop after `at` bytes as often as `times` says, though headers promise all of it; each waits `wait` seconds."""

    at: int = 0
    times: int = 0
    wait: float = 0.0
    ranges: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        answer = await super().handle(request)
        if request.method != "GET" or answer.status not in (200, 206) or not isinstance(answer, web.Response):
            return answer
        self.ranges.append(request.headers.get("Range", ""))
        await asyncio.sleep(self.wait)
        if self.times <= 0:
            return answer
        self.times -= 1
        body = bytes(answer.body)  # type: ignore[arg-type]
        broken = web.StreamResponse(status=answer.status, headers=answer.headers)
        broken.content_length = len(body)
        await broken.prepare(request)
        await broken.write(body[: self.at])
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.close()
        return broken


@dataclass
class ShakyGcs(Shaky, Gcs):
    """Shaky."""


@dataclass
class ShakyS3(Shaky, S3):
    """Shaky."""


@pytest.fixture(params=[ShakyGcs, ShakyS3], ids=["gs", "s3"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaky]:
    with serving(request.param()) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.objects["talks", "public/My talk.mp4"] = Kept(BODY, "video/mp4", now())
        yield server


@pytest.fixture
def address(server: Shaky) -> str:
    return f"{'gs' if isinstance(server, Gcs) else 's3'}://talks/public/My%20talk.mp4"


async def refused(url: str, folder: Path, limits: FetchLimits = LIMITS) -> MomentsError:
    with pytest.raises(MomentsError) as caught:
        await fetch(url, folder / "v", limits=limits)
    assert list(folder.iterdir()) == []
    assert "127.0.0.1" not in str(caught.value)
    return caught.value


async def test_an_object_of_a_listed_bucket(server: Shaky, address: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    found = await fetch(address, tmp_path / "v", limits=LIMITS, on_progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "v").read_bytes() == BODY
    assert (found.size, found.file_name) == (len(BODY), "My talk.mp4")
    assert seen[-1] == (len(BODY), len(BODY))
    assert server.refusals == []
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


async def test_f58_a_read_that_breaks_off_goes_on_where_it_was(server: Shaky, address: str, tmp_path: Path) -> None:
    server.at, server.times = len(BODY) * 6 // 10, 1
    await fetch(address, tmp_path / "v", limits=LIMITS)
    assert (tmp_path / "v").read_bytes() == BODY
    assert len(server.ranges) >= 2
    assert server.ranges[-1] != server.ranges[0]


async def test_f58_one_that_never_comes_whole_is_no_source(server: Shaky, address: str, tmp_path: Path) -> None:
    server.at, server.times = 0, 1000
    error = await refused(address, tmp_path, replace(LIMITS, attempts=2))
    assert (error.code, error.retryable) == ("source_unavailable", True)


async def test_f90_another_download_goes_on_where_this_one_gave_up(server: Shaky, address: str, tmp_path: Path) -> None:
    def take(_: int, __: int | None) -> None:
        server.at, server.times = 0, 1000  # from now on nothing comes

    server.at, server.times = len(BODY) * 6 // 10, 1
    with pytest.raises(SourceUnavailable):
        await fetch(address, tmp_path / "v", limits=LIMITS, on_progress=take, resumes=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.part", "v.part.json"]
    server.times = 0
    server.ranges.clear()
    await fetch(address, tmp_path / "v", limits=LIMITS, resumes=True)
    assert (tmp_path / "v").read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert not server.ranges[0].startswith("bytes=0-")


async def test_refusals(server: Shaky, address: str, tmp_path: Path) -> None:
    assert isinstance(await refused(address.replace("My%20talk", "none"), tmp_path), NotFound)
    assert isinstance(await refused(address, tmp_path, replace(LIMITS, max_bytes=1000)), TooLarge)
    server.objects["talks", "public/empty.mp4"] = Kept(b"", "video/mp4", now())
    assert isinstance(await refused(address.replace("My%20talk", "empty"), tmp_path), UnsupportedMedia)
    if isinstance(server, S3):
        server.secret = "another"
        error = await refused(address, tmp_path)
        assert (error.code, isinstance(error, SourceUnavailable), error.retryable) == ("source_refused", True, False)


async def test_f29_a_cancelled_read_leaves_nothing(server: Shaky, address: str, tmp_path: Path) -> None:
    server.wait = 3600
    task = asyncio.create_task(fetch(address, tmp_path / "v", limits=LIMITS))
    while not server.ranges:
        await asyncio.sleep(0.02)
        assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("gs://secrets/a.mp4", "bucket_refused"),
        ("s3://talks/private/a.mp4", "bucket_refused"),
        ("s3://talks/publicly/a.mp4", "bucket_refused"),
        ("gs://talks-of-others/a.mp4", "bucket_refused"),
        ("gs://talks/../secrets/a.mp4", "invalid_url"),
        ("gs://talks/%2e%2e/a.mp4", "invalid_url"),
        ("gs://talks/a//b.mp4", "invalid_url"),
        ("gs://talks/", "invalid_url"),
        ("gs://talks", "invalid_url"),
        ("gs://ta lks/a.mp4", "invalid_url"),
        ("gs://Talks/a.mp4", "invalid_url"),
        ("gs://talks@evil.test/a.mp4", "invalid_url"),
        ("gs://[::1", "invalid_url"),
        ("s3://talks/public/a.mp4?versionId=1", "invalid_url"),
        ("s3://talks/public/a%00.mp4", "invalid_url"),
    ],
)
def test_a_users_word_opens_no_bucket_that_is_not_listed(url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        admitted(url, Settings(source_buckets="gs://talks, s3://talks/public/"))
    assert caught.value.code == code


def test_without_a_list_no_bucket_is_opened() -> None:
    with pytest.raises(InvalidInput) as caught:
        admitted("gs://talks/a.mp4", Settings())
    assert caught.value.code == "bucket_refused"
    assert admitted("gs://talks/a%20b.mp4", Settings(source_buckets="gs://talks")) == "gs://talks/a%20b.mp4"
