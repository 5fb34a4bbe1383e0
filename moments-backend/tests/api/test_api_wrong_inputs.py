"""Wrong inputs over the API: each is refused with a stable code and a sentence, and leaves no row, no object and no key."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from videomoments.api.deps import ApiDeps

UPLOAD = "/api/videos/upload"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PAGE = b"<!doctype html><title>Sign in</title>" + b" " * 5000
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}


async def assert_nothing_left(deps: ApiDeps) -> None:
    async with deps.services.database.transaction() as session:
        for table in ("videos", "pipeline_history", "uploads", "api_keys"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert [found.key async for found in deps.store.list("")] == []
    seeded = "model:config"
    assert [key for key in await deps.services.redis.keys("*") if not key.startswith(seeded)] == []


def assert_refused(answer: httpx.Response, status: int, code: str, said: str) -> None:
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["code"] == code
    assert said in f"{problem['detail']} {problem.get('advice', '')}"
    assert "\n" not in problem["detail"]


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://localhost/talk.mp4", "address_refused", "localhost leads to an address that is not public."),
        ("http://LOCALHOST.:8000/", "address_refused", "not public"),
        ("http://media.localhost/talk.mp4", "address_refused", "not public"),
        ("http://127.0.0.1:7005/health", "address_refused", "not public"),
        ("http://[::1]/talk.mp4", "address_refused", "not public"),
        ("http://10.0.0.7/talk.mp4", "address_refused", "not public"),
        ("http://169.254.169.254/latest", "address_refused", "not public"),
        ("http://2130706433/talk.mp4", "address_refused", "Write the host's name."),
        ("example.com/talk.mp4", "invalid_url", "Begin it with https://."),
        ("ftp://example.com/talk.mp4", "invalid_url", "Only http and https"),
        ("file:///etc/passwd", "invalid_url", "Only http and https"),
        ("https://", "invalid_url", "no host"),
        ("   ", "invalid_url", "There is no URL."),
        ("https://user:word@example.com/talk.mp4", "url_has_credentials", "Leave the credentials out"),
        ("gs://bucket/talk.mp4", "bucket_refused", "not allowed here"),
    ],
)
async def test_addresses_that_no_run_may_go_to(client: httpx.AsyncClient, deps: ApiDeps, url: str, code: str, said: str) -> None:
    for path in ("/api/videos", "/api/generate_moments", "/api/videos/list"):
        assert_refused(await client.post(path, json={"url": url}), 422, code, said)
    await assert_nothing_left(deps)


WRONG_FILES: dict[str, tuple[bytes, str, str]] = {
    "a picture": (PNG, "not_media", "a picture (PNG)"),
    "five bytes of text": (b"hello", "not_media", "The file is text, not a video or audio file."),
    "five bytes": (b"\0\1\2\3\4", "not_media", "a file of 5 bytes"),
    "a web page": (PAGE, "not_media", "a web page"),
    "a document": (b"%PDF-1.7\n" + bytes(range(256)) * 40, "not_media", "a PDF document"),
    "subtitles": (b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", "not_media", "subtitles"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
async def test_files_that_are_no_media_by_form(client: httpx.AsyncClient, deps: ApiDeps, name: str) -> None:
    content, code, said = WRONG_FILES[name]
    assert_refused(await client.post(UPLOAD, files={"file": ("talk.mp4", content)}), 422, code, said)
    await assert_nothing_left(deps)


async def test_an_empty_file(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    assert_refused(await client.post(UPLOAD, files={"file": ("talk.mp4", b"")}), 422, "empty_file", "empty")
    await assert_nothing_left(deps)


async def begun(client: httpx.AsyncClient, length: int) -> str:
    name = base64.b64encode(b"talk.mp4").decode()
    answer = await client.post(UPLOAD, headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": f"filename {name}"})
    assert answer.status_code == 201
    return answer.headers["Location"]


async def send(client: httpx.AsyncClient, place: str, offset: int, content: bytes) -> httpx.Response:
    return await client.patch(place, content=content, headers=PIECE | {"Upload-Offset": str(offset)})


@pytest.mark.parametrize("first", [3, 8, 4095, 10_000_000])
@pytest.mark.parametrize("name", WRONG_FILES)
async def test_files_that_are_no_media_in_pieces(client: httpx.AsyncClient, deps: ApiDeps, name: str, first: int) -> None:
    """Whatever the pieces are, the last of them that is needed to tell is refused, and the upload is gone with all that came."""
    content, code, said = WRONG_FILES[name]
    place = await begun(client, len(content))
    answer = await send(client, place, 0, content[:first])
    if answer.status_code == 204:
        assert first < len(content)
        answer = await send(client, place, first, content[first:])
    assert_refused(answer, 422, code, said)
    assert_refused(await client.get(place), 404, "upload_not_found", "Begin the upload again.")
    await assert_nothing_left(deps)


async def test_a_large_picture_is_refused_by_its_first_piece(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    place = await begun(client, 2_000_000)
    assert_refused(await send(client, place, 0, PNG), 422, "not_media", "a picture (PNG)")
    await assert_nothing_left(deps)


async def test_what_was_kept_by_an_earlier_version_is_refused_at_its_end(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    """An upload whose beginning nobody looked at: the whole is looked at once more."""
    place = await begun(client, len(PNG))
    identifier = place.rpartition("/")[2]

    async def chunks() -> Any:
        yield PNG

    key = f"uploads/{identifier}/0-old.bin"
    await deps.store.put_stream(key, chunks(), content_type="application/octet-stream")
    async with deps.services.database.transaction() as session:
        values = {"id": identifier, "size": len(PNG), "key": key}
        await session.execute(text("UPDATE uploads SET received = :size, parts = ARRAY[:key] WHERE identifier = :id"), values)
    assert_refused(await client.get(place), 422, "not_media", "a picture (PNG)")
    await assert_nothing_left(deps)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"name": "desk", "expires_at": "2020-01-01T00:00:00Z"}, "expiry_past", "expired already"),
        ({"name": "desk\nAdmin: yes"}, "bad_key_name", "one line of 1 to 100 characters"),
        ({"name": "desk\x1b[2J"}, "bad_key_name", "one line"),
        ({"name": "   "}, "bad_key_name", "Say whose it is"),
    ],
)
async def test_keys_that_would_be_of_no_use(client: httpx.AsyncClient, deps: ApiDeps, body: dict[str, str], code: str, said: str) -> None:
    assert_refused(await client.post("/api/admin/keys", json=body), 422, code, said)
    await assert_nothing_left(deps)


@pytest.mark.parametrize("title", ["", "   ", "\n\t", "\u200b\u2060", "\x07", "two\x1bwords"])
async def test_titles_with_nothing_to_read(client: httpx.AsyncClient, deps: ApiDeps, title: str) -> None:
    for path in ("/api/videos", "/api/generate_moments"):
        answer = await client.post(path, json={"url": "https://example.com/talk.mp4", "title": title})
        assert_refused(answer, 422, "invalid_input", "title")
    await assert_nothing_left(deps)


async def test_a_title_is_one_line(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/videos", json={"url": "https://example.com/talk.mp4", "title": "  A\n talk "})
    assert (answer.status_code, answer.json()["title"]) == (201, "A talk")
