from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from finished import SOURCE, finished

from videomoments.api.deps import ApiDeps


async def test_a_url_is_registered_once(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/videos", json={"url": "https://Example.com:443/My_talk.mp4#t=3"})
    assert made.status_code == 201
    video = made.json()
    assert (video["title"], video["status"], video["stored"], video["duration"]) == ("My talk", "new", False, None)
    assert video["source"] == "https://example.com/My_talk.mp4"
    again = await client.post("/api/videos", json={"url": "https://example.com/My_talk.mp4"})
    assert again.status_code == 200
    assert again.json()["identifier"] == video["identifier"]
    assert (await client.get(f"/api/videos/{video['identifier']}")).json() == video


async def test_f69_twenty_at_once_make_one_video(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/videos", json={"url": "https://example.com/x.mp4"}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["identifier"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "file:///etc/passwd"}, "invalid_url"),
        ({"url": "http://user:hunter2@example.com/"}, "url_has_credentials"),
        ({"url": "not a url"}, "invalid_url"),
        ({"url": ""}, "invalid_input"),
        ({"url": "https://example.com/a\0b"}, "invalid_input"),
        ({"url": "https://example.com/", "titel": "typo"}, "unknown_field"),
        ({}, "invalid_input"),
        ([], "invalid_body"),
    ],
)
async def test_bad_registrations(client: httpx.AsyncClient, body: object, code: str) -> None:
    answer = await client.post("/api/videos", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "hunter2" not in answer.text


async def test_the_library_in_pages(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    for number in range(5):
        await client.post("/api/videos", json={"url": f"https://example.com/{number}.mp4", "title": f"Talk {4 - number} 100%"})
    await finished(deps)
    titles = {
        "newest": ["My talk", *(f"Talk {number} 100%" for number in range(5))],
        "oldest": [*(f"Talk {number} 100%" for number in reversed(range(5))), "My talk"],
        "title": ["My talk", *(f"Talk {number} 100%" for number in range(5))],
    }
    for sort, expected in titles.items():
        seen, cursor = [], None
        for _ in range(3):
            page = (await client.get("/api/videos", params={"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [video["title"] for video in page["items"]]
            cursor = page["next_cursor"]
        assert (seen, cursor) == (expected, None)

    async def found(**params: str) -> list[str]:
        return [video["title"] for video in (await client.get("/api/videos", params=params)).json()["items"]]

    assert await found(q="tALK 3") == ["Talk 3 100%"]
    assert len(await found(q="0%")) == 5
    assert await found(q="_") == ["My talk"]
    assert await found(q="\\") == []
    assert await found(status="completed") == ["My talk"]
    assert len(await found(status="new")) == 5


@pytest.mark.parametrize("cursor", ["x", "W10", "WyIyMDI2IiwgMV0", "WyJcdTAwMDAiLCAxXQ", "====", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgMV0"])
async def test_a_made_up_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    for path in ("/api/videos", "/api/pipeline", "/api/pipeline/x/history"):
        answer = await client.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_a_video_after_its_run(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    video = (await client.get(f"/api/videos/{done.video_id}")).json()
    assert (video["status"], video["request_id"], video["moment_count"]) == ("completed", done.request_id, 2)
    assert (video["duration"], video["resolution"], video["stored"]) == (180.5, "1280x720", True)
    assert (await client.get(video["thumbnail"]["url"])).content == b"jpeg"

    stream = (await client.get(f"/api/videos/{done.video_id}/stream")).json()
    assert stream["content_type"] == "video/mp4"
    part = await client.get(stream["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SOURCE[100:200])

    thumbnail = await client.get(f"/api/videos/{done.video_id}/thumbnail")
    assert thumbnail.status_code == 307
    assert (await client.get(thumbnail.headers["Location"])).headers["Content-Type"] == "image/jpeg"


async def test_what_is_not_there_yet_is_said(client: httpx.AsyncClient) -> None:
    video = (await client.post("/api/videos", json={"url": "https://example.com/x.mp4"})).json()["identifier"]
    for path, code in (
        ("stream", "source_not_stored"),
        ("thumbnail", "thumbnail_not_found"),
        ("transcript", "transcript_not_found"),
    ):
        answer = await client.get(f"/api/videos/{video}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    for path in ("moments", "clips"):
        assert (await client.get(f"/api/videos/{video}/{path}")).json() == {"items": [], "next_cursor": None}
    for path in ("", "/stream", "/thumbnail", "/transcript", "/moments", "/clips", "/extract-clips"):
        answer = await client.get(f"/api/videos/none{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


async def test_a_video_is_renamed(client: httpx.AsyncClient) -> None:
    video = (await client.post("/api/videos", json={"url": "https://example.com/x.mp4"})).json()["identifier"]
    assert (await client.patch(f"/api/videos/{video}", json={"title": "  A better \n name 🎬 "})).json()["title"] == "A better name 🎬"
    for title in ("", "   ", "x" * 301, "a\0b", None):
        assert (await client.patch(f"/api/videos/{video}", json={"title": title})).status_code == 422


async def test_an_upload_is_stored_and_the_same_bytes_are_one_video(client: httpx.AsyncClient, deps: ApiDeps, tmp_path: Path) -> None:
    made = await client.post("/api/videos/upload", files={"file": ("../../My_talk.MP4", SOURCE, "video/mp4")})
    assert made.status_code == 201, made.text
    video = made.json()
    assert (video["title"], video["source"], video["size_bytes"], video["stored"]) == ("My talk", "My_talk.MP4", len(SOURCE), True)
    stream = (await client.get(f"/api/videos/{video['identifier']}/stream")).json()
    assert (await client.get(stream["url"])).content == SOURCE
    again = await client.post("/api/videos/upload", data={"title": "Other"}, files={"file": ("x.mp4", SOURCE)})
    assert (again.status_code, again.json()["identifier"]) == (200, video["identifier"])
    objects = [found.key async for found in deps.store.list("")]
    assert len(objects) == 1
    assert objects[0].startswith(f"videos/{video['identifier']}/source/")
    titled = await client.post("/api/videos/upload", data={"title": "My title"}, files={"file": ("x.php", SOURCE + b"x")})
    assert (titled.json()["title"], titled.json()["content_type"]) == ("My title", "application/octet-stream")


async def test_f80_names_of_uploads_are_labels(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    names = ["..", "a\u202eb.mp4", "é" * 300, "🎬.mp4", "-rf.mp4", "\x01x.mp4", "a/b\\c.mov", "x.mp4;sh"]
    for number, name in enumerate(names):
        answer = await client.post("/api/videos/upload", files={"file": (name, bytes(100) + b"%d" % number)})
        assert answer.status_code == 201, (name, answer.text)
        assert len(answer.json()["source"]) <= 200
    async for found in deps.store.list(""):
        assert found.key.isascii()


@pytest.mark.parametrize(
    ("content_type", "content", "status", "code"),
    [
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--b--\r\n', 422, "no_file"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nxyz',
            422,
            "bad_form",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--b--\r\n',
            422,
            "empty_file",
        ),
        ("multipart/form-data; boundary=b", b"nonsense", 422, "bad_form"),
        ("multipart/form-data", b"x", 422, "bad_form"),
        ("multipart/form-data; boundary=" + "b" * 500, b"x", 422, "bad_form"),
        ("application/json", b"{}", 422, "bad_form"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + bytes(3_000_001) + b"\r\n--b--\r\n",
            413,
            "too_large",
        ),
    ],
)
async def test_f59_a_bad_upload_leaves_nothing(
    client: httpx.AsyncClient, deps: ApiDeps, content_type: str, content: bytes, status: int, code: str
) -> None:
    answer = await client.post("/api/videos/upload", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [found async for found in deps.store.list("")] == []
    assert (await client.get("/api/videos")).json()["items"] == []
