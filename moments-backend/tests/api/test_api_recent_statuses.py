"""A status that is kept is answered as one that is read, shows no end that is over, and is no older than a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from finished import claimed
from sqlalchemy import event

from videomoments.api.app import create_app
from videomoments.api.conditional import Tagged
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.api.recent_statuses import FRESH_SECONDS, RecentStatuses, Status
from videomoments.core.config import Settings
from videomoments.core.errors import NotFound
from videomoments.core.names import RunStatus, StageName
from videomoments.services.api_keys import KeyScope
from videomoments.services.options import RunOptions
from videomoments.services.stage_records import StageRecords


def client_of(deps: ApiDeps) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(deps), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7005")


@pytest.fixture
async def keyed(settings: Settings, deps: ApiDeps) -> AsyncIterator[ApiDeps]:
    own = build_deps(settings.model_copy(update={"require_keys": True}))
    yield own
    await own.services.close()


def is_kept(deps: ApiDeps, video: str) -> bool:
    return deps.statuses.get(video) is not None


async def test_f72_a_kept_status_is_answered_word_for_word_as_one_that_is_read(keyed: ApiDeps) -> None:
    claim = await claimed(keyed)
    path = f"/api/pipeline/{claim.video_id}/status"
    secret = (await keyed.services.api_keys.create("reader", KeyScope.READ))[1]
    good = {"Authorization": f"Bearer {secret}", "X-Request-Id": "mine"}
    async with client_of(keyed) as client:
        etag = (await client.get(path, headers=good)).headers["ETag"]
        asked = (
            good,
            good | {"If-None-Match": etag},
            good | {"If-None-Match": f'"other", W/{etag}'},
            good | {"If-None-Match": "*"},
            good | {"If-None-Match": '"other"'},
            good | {"Accept-Encoding": "gzip"},
            good | {"Origin": "https://evil.test"},
            good | {"Host": "evil.test"},
            {"X-Request-Id": "mine"},
            {"X-Request-Id": "mine", "X-API-Key": secret},
            {"X-Request-Id": "mine", "Authorization": "Bearer vm_wrong"},
        )
        seen = set()
        for headers in asked:
            keyed.statuses.forget()
            read = await client.get(path, headers=headers)
            if read.status_code in (200, 304):
                assert is_kept(keyed, claim.video_id)
            else:
                await client.get(path, headers=good)
            kept = await client.get(path, headers=headers)
            assert (kept.status_code, kept.content) == (read.status_code, read.content), headers
            assert dict(kept.headers) == dict(read.headers), headers
            assert kept.headers["x-content-type-options"] == "nosniff"
            seen.add(kept.status_code)
        assert seen == {200, 304, 401, 421}
        own = await client.get(path, headers=good | {"X-Request-Id": "bad id"})
        assert len(own.headers["x-request-id"]) == 16
        for method in ("HEAD", "PUT"):
            other = await client.request(method, path, headers=good)
            assert other.status_code in (403, 405), method


async def test_a_quota_counts_kept_statuses_too(keyed: ApiDeps) -> None:
    claim = await claimed(keyed)
    secret = (await keyed.services.api_keys.create("limited", KeyScope.READ, requests_per_minute=3))[1]
    async with client_of(keyed) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        answers = [await client.get(f"/api/pipeline/{claim.video_id}/status", headers=headers) for _ in range(8)]  # two windows at most
    assert answers[0].status_code == 200
    assert 429 in [answer.status_code for answer in answers]


async def test_a_worker_s_progress_is_seen_within_a_second(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    path = f"/api/pipeline/{claim.video_id}/status"
    first = await client.get(path)
    assert is_kept(deps, claim.video_id)
    await StageRecords(deps.services.runs).start(claim, StageName.VIDEO_DOWNLOAD, "h")
    await asyncio.sleep(FRESH_SECONDS)
    then = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (then.status_code, then.json()["current_stage"]) == (200, "VIDEO_DOWNLOAD")


async def test_whoever_changes_a_run_sees_it_at_once_and_an_end_is_never_kept(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    path = f"/api/pipeline/{claim.video_id}"
    for _ in range(2):
        assert (await client.get(f"{path}/status")).json()["status"] == "processing"
    await client.post(f"{path}/cancel")
    assert not is_kept(deps, claim.video_id)
    await deps.services.runs.finish(claim, RunStatus.CANCELLED)
    ended = (await client.get(f"{path}/status")).json()
    assert (ended["status"], is_kept(deps, claim.video_id)) == ("cancelled", False)
    # As another process would: this one hears nothing of it.
    await deps.services.runs.accept(claim.video_id, await deps.services.models.snapshot(RunOptions()))
    assert (await client.get(f"{path}/status")).json()["status"] == "queued"


async def test_a_change_of_one_video_leaves_what_is_known_of_others(deps: ApiDeps) -> None:
    deps = replace(deps, statuses=RecentStatuses(clock=lambda: 0.0))
    async with client_of(deps) as client:
        await changes_of_one_video(client, deps)


async def changes_of_one_video(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    one, other = await claimed(deps), await claimed(deps, "https://example.com/other.mp4")
    for change in (f"/api/pipeline/{one.video_id}/cancel", f"/api/videos/{one.video_id}"):
        for video in (one.video_id, other.video_id):
            await client.get(f"/api/pipeline/{video}/status")
        await client.request("POST" if change.endswith("cancel") else "PATCH", change, json={"title": "x"})
        assert (is_kept(deps, one.video_id), is_kept(deps, other.video_id)) == (False, True)
    for piece in ("/api/videos", "/api/videos/list", "/api/videos/upload", "/api/pipeline/dismiss"):
        await client.post(piece, json={"url": "http://127.0.0.1/"})
        assert is_kept(deps, other.video_id), piece
    await client.post("/api/generate_moments", json={"url": "https://example.com/third.mp4"})
    assert not is_kept(deps, other.video_id), "which video it would be is not in the path"


async def test_f75_500_pollers_of_a_run_cost_two_statements_a_second(deps: ApiDeps) -> None:
    now, asked = 0.0, list[float]()

    def count(*_: Any) -> None:
        asked.append(now)

    claim = await claimed(deps)
    polled = replace(deps, statuses=RecentStatuses(clock=lambda: now))
    engine = deps.services.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    async with client_of(polled) as client:
        first = await client.get(f"/api/pipeline/{claim.video_id}/status")
        etag = first.headers["ETag"]
        for _ in range(30):  # three seconds, in each of which half of them ask
            now += 0.1
            answers = await asyncio.gather(*(client.get(str(first.url), headers={"If-None-Match": etag}) for _ in range(25)))
            assert {answer.status_code for answer in answers} <= {200, 304}  # on a slow machine its lease may end
            etag = answers[-1].headers["ETag"]
    event.remove(engine, "before_cursor_execute", count)
    within = [sum(began <= time < began + 1 for time in asked) for began in asked]
    assert max(within) == 2
    assert len(asked) == 4, "one each 0.8 seconds"


def status_of(text: str, *, active: bool = True) -> Status:
    return Status(Tagged(text.encode(), f'"{text}"'), active)


class Reader:
    """A question to the database that answers when it is told to."""

    def __init__(self, *answers: Status | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.go = asyncio.Event()

    async def __call__(self) -> Status:
        answer = self.answers[self.asked]
        self.asked += 1
        await self.go.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def loads(statuses: RecentStatuses, reader: Reader, count: int) -> list[asyncio.Task[Tagged]]:
    tasks = [asyncio.create_task(statuses.load("v", reader)) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_many_pollers_ask_once() -> None:
    statuses, reader = RecentStatuses(), Reader(status_of("a"))
    tasks = await loads(statuses, reader, 20)
    tasks[0].cancel()  # whoever asked first goes away; the others get their answer
    reader.go.set()
    assert {(await task).content for task in tasks[1:]} == {b"a"}
    assert reader.asked == 1
    assert statuses.get("v") == Tagged(b"a", '"a"')
    assert statuses.get("other") is None


async def test_what_was_asked_before_a_change_is_not_kept() -> None:
    statuses, reader = RecentStatuses(), Reader(status_of("before"), status_of("after"))
    early = await loads(statuses, reader, 1)
    statuses.forget()
    late = await loads(statuses, reader, 1)
    reader.go.set()
    assert [(await task).content for task in (*early, *late)] == [b"before", b"after"]
    assert statuses.get("v") == Tagged(b"after", '"after"')


@pytest.mark.parametrize("first", [status_of("ended", active=False), NotFound("There is none.")])
async def test_who_waited_for_an_end_asks_for_himself(first: Status | Exception) -> None:
    statuses, reader = RecentStatuses(), Reader(first, status_of("started anew"))
    _, waited = await loads(statuses, reader, 2)
    reader.go.set()
    assert (await waited).content == b"started anew"


async def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videomoments.api.recent_statuses._MOST_RECENT", 3)
    statuses, reader = RecentStatuses(), Reader(*[status_of("a")] * 5)
    reader.go.set()
    for number in range(5):
        await statuses.load(str(number), reader)
    assert [statuses.get(str(number)) is not None for number in range(5)] == [False, False, True, True, True]
