"""Files in pieces: the tus protocol over the real store and database."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.services.resumable_uploads import ResumableUploads
from videomoments.storage.layout import part_key

URL = "/api/videos/upload"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}
CONTENT = random.Random(8).randbytes(300_000)


def told(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


async def begun(client: httpx.AsyncClient, length: int = len(CONTENT), **metadata: str) -> str:
    answer = await client.post(URL, headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": told(**metadata)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Expires"].endswith("GMT")
    return answer.headers["Location"]


async def send(client: httpx.AsyncClient, place: str, offset: int, content: bytes) -> httpx.Response:
    return await client.patch(place, content=content, headers=PIECE | {"Upload-Offset": str(offset)})


async def objects(deps: ApiDeps) -> list[str]:
    return sorted([found.key async for found in deps.store.list("")])


async def test_a_file_in_three_pieces_is_a_video(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    place = await begun(client, filename="Talk über alles.mp4", title="A talk")
    offset = 0
    for size in (1, 150_000, len(CONTENT)):
        answer = await send(client, place, offset, CONTENT[offset : offset + size])
        assert answer.status_code == 204
        offset = int(answer.headers["Upload-Offset"])
    assert offset == len(CONTENT)
    video = (await client.get(f"/api/videos/{answer.headers['Video-Identifier']}")).json()
    assert (video["title"], video["source"], video["stored"]) == ("A talk", "Talk über alles.mp4", True)
    [key] = await objects(deps)
    assert key.startswith(f"videos/{video['identifier']}/source/")
    stored = b"".join([chunk async for chunk in deps.store.stream(key)])
    assert hashlib.sha256(stored).digest() == hashlib.sha256(CONTENT).digest()
    state = (await client.get(place)).json()
    assert (state["received"], state["length"], state["video_id"]) == (len(CONTENT), len(CONTENT), video["identifier"])


async def test_of_two_that_finish_an_upload_at_the_same_time_both_get_its_video(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    uploads = ResumableUploads(deps.services.database, deps.store)
    place = await begun(client, filename="talk.mp4")
    upload_id = place.rpartition("/")[2]
    done = await send(client, place, 0, CONTENT)
    # As the slower of the two has read it before: its pieces are gone by now.
    complete = replace(await uploads.get(upload_id), video_id=None, parts=(part_key(upload_id, 0, "removed"),))
    assert await uploads.finish(complete) == done.headers["Video-Identifier"]
    assert len(await objects(deps)) == 1


async def test_the_same_bytes_by_form_and_by_pieces_are_one_video(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    form = await client.post(URL, files={"file": ("talk.mp4", CONTENT)})
    assert form.status_code == 201
    done = await send(client, await begun(client, filename="other.mp4"), 0, CONTENT)
    assert done.headers["Video-Identifier"] == form.json()["identifier"]
    assert len(await objects(deps)) == 1


async def test_what_came_before_a_connection_broke_counts(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    place = await begun(client)

    async def broken() -> AsyncIterator[bytes]:
        yield CONTENT[:1000]

    upload = await ResumableUploads(deps.services.database, deps.store).append(place.rpartition("/")[2], 0, broken())
    assert upload.received == 1000
    head = await client.head(place, headers=TUS)
    assert (head.status_code, head.headers["Upload-Offset"], head.headers["Cache-Control"]) == (204, "1000", "no-store")
    assert (await send(client, place, 1000, CONTENT[1000:])).headers["Upload-Offset"] == str(len(CONTENT))


async def test_two_that_send_the_same_piece_do_not_double_it(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    place = await begun(client)
    answers = await asyncio.gather(*(send(client, place, 0, CONTENT[:100_000]) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"wrong_offset"}
    assert len(await objects(deps)) == 1
    done = await asyncio.gather(*(send(client, place, 100_000, CONTENT[100_000:]) for _ in range(3)))
    assert sorted(answer.status_code for answer in done) == [204, 409, 409]
    assert len(await objects(deps)) == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "5"}, 412, "tus_version"),
        (TUS, 422, "bad_length"),
        (TUS | {"Upload-Length": "-5"}, 422, "bad_length"),
        (TUS | {"Upload-Length": "٥"}, 422, "bad_length"),
        (TUS | {"Upload-Length": "0"}, 422, "empty_file"),
        (TUS | {"Upload-Length": "3000001"}, 413, "too_large"),
        (TUS | {"Upload-Length": "5", "Upload-Metadata": "filename ***"}, 422, "bad_metadata"),
        (TUS | {"Upload-Length": "5", "Upload-Metadata": "filename /////w=="}, 422, "bad_metadata"),
    ],
)
async def test_beginnings_that_are_refused(client: httpx.AsyncClient, headers: dict[str, str], status: int, code: str) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = await client.post(URL, headers=encoded)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_pieces_that_are_refused(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    place = await begun(client, 10)
    assert (await client.patch(place, content=b"x", headers={"Upload-Offset": "0"})).status_code == 412
    assert (await client.patch(place, content=b"x", headers=TUS | {"Upload-Offset": "0"})).status_code == 415
    assert (await client.patch(place, content=b"x", headers=PIECE)).status_code == 422
    assert (await send(client, place, 1, b"x")).status_code == 409
    more = await send(client, place, 0, b"x" * 11)
    assert (more.status_code, more.json()["code"]) == (413, "too_large")
    assert (await send(client, f"{URL}/unknown", 0, b"x")).json()["code"] == "upload_not_found"
    assert await objects(deps) == []


async def test_ended_and_expired_uploads_leave_nothing(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    ended, expired = await begun(client), await begun(client)
    for place in (ended, expired):
        await send(client, place, 0, b"some")
    assert (await client.delete(ended, headers=TUS)).status_code == 204
    assert (await client.head(ended, headers=TUS)).status_code == 404
    async with deps.services.database.transaction() as session:
        await session.execute(text("UPDATE uploads SET expires_at = now() - interval '1 second'"))
    assert (await client.head(expired, headers=TUS)).status_code == 404
    await begun(client)
    assert await objects(deps) == []


async def test_what_is_served_of_the_protocol(client: httpx.AsyncClient) -> None:
    answer = await client.options(URL)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == "3000000"
