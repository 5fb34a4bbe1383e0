from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from finished import put

from videomoments.api.deps import ApiDeps

KEY = "videos/v1/source/a-1.mp4"
BODY = bytes(range(256)) * 10_000


@pytest.fixture
async def url(deps: ApiDeps) -> str:
    await put(deps, KEY, BODY, "video/mp4")
    return (await deps.signed(KEY)).url


@pytest.mark.parametrize(
    ("header", "status", "span"),
    [
        (None, 200, (0, len(BODY))),
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=5-", 206, (5, len(BODY))),
        ("bytes=-7", 206, (len(BODY) - 7, len(BODY))),
        ("bytes=-99999999", 206, (0, len(BODY))),
        ("bytes=100-99999999", 206, (100, len(BODY))),
        ("bytes=1000000-2000000", 206, (1_000_000, 2_000_001)),
        ("bytes=0-1,5-6", 200, (0, len(BODY))),
        ("bytes=7-3", 200, (0, len(BODY))),
        ("bytes=-", 200, (0, len(BODY))),
        ("items=0-1", 200, (0, len(BODY))),
        ("bytes=" + "9" * 40 + "-", 200, (0, len(BODY))),
        (f"bytes={len(BODY)}-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
async def test_ranges(client: httpx.AsyncClient, url: str, header: str | None, status: int, span: tuple[int, int] | None) -> None:
    headers = {"Range": header} if header else {}
    answer = await client.get(url, headers=headers)
    assert answer.status_code == status
    if span is None:
        assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"
        assert answer.json()["code"] == "range_not_satisfiable"
        return
    assert answer.content == BODY[span[0] : span[1]]
    assert answer.headers["Content-Length"] == str(span[1] - span[0])
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "video/mp4"
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {span[0]}-{span[1] - 1}/{len(BODY)}"
    head = await client.head(url, headers=headers)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (status, b"", str(span[1] - span[0]))


async def test_validators(client: httpx.AsyncClient, url: str) -> None:
    etag = (await client.head(url)).headers["ETag"]
    assert (await client.get(url, headers={"If-None-Match": etag})).status_code == 304
    assert (await client.get(url, headers={"Range": "bytes=0-1", "If-Range": etag})).status_code == 206
    assert (await client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'})).status_code == 200


async def test_only_what_was_signed_is_served(client: httpx.AsyncClient, deps: ApiDeps, url: str) -> None:
    await put(deps, KEY.replace("a-1", "b-1"), b"other", "video/mp4")
    expired = (await deps.store.signed_url(KEY, expires_in=timedelta(seconds=-1))).url
    upload = (await deps.store.signed_url(KEY, expires_in=timedelta(hours=1), method="PUT")).url
    for bad, code in (
        (url.replace("a-1", "b-1"), "url_invalid"),
        (url + "&download=x.mp4", "url_invalid"),
        (url.replace("expires=", "expires=9"), "url_invalid"),
        (url[:-1], "url_invalid"),
        (upload, "url_invalid"),
        (expired, "url_expired"),
    ):
        answer = await client.get(bad)
        assert (answer.status_code, answer.json()["code"]) == (403, code), bad
    assert (await client.get(url.partition("?")[0])).status_code == 422
    assert (await client.put(url)).status_code == 405


async def test_an_object_that_is_gone(client: httpx.AsyncClient, deps: ApiDeps, url: str) -> None:
    await deps.store.delete(KEY)
    answer = await client.get(url)
    assert (answer.status_code, answer.json()["code"]) == (404, "object_not_found")
    assert "signature" not in answer.text


async def test_a_name_to_save_under_is_quoted(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    await put(deps, KEY, b"x", "video/mp4")
    signed = await deps.signed(KEY, download_name='Größe "1"\r\nX: y.mp4')
    disposition = (await client.get(signed.url)).headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"Gr__e _1___X_ y.mp4\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22%0D%0AX%3A%20y.mp4"
