"""/api/videos/{id}/export over a finished run: every format, single clips, and the ZIP."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import get_args

import httpx
import pysubs2
import pytest
from finished import CLIP, Finished, claimed, finished

from videomoments.api.deps import ApiDeps
from videomoments.api.routes.export import ExportFormat, ExportRate
from videomoments.exports import FORMATS
from videomoments.exports.rates import NAMED_RATES


async def exported(client: httpx.AsyncClient, done: Finished, **params: str) -> httpx.Response:
    return await client.get(f"/api/videos/{done.video_id}/export", params=params)


async def moment_ids(client: httpx.AsyncClient, done: Finished) -> list[str]:
    return [moment["identifier"] for moment in (await client.get(f"/api/videos/{done.video_id}/moments")).json()["items"]]


def test_the_route_offers_what_there_is() -> None:
    assert get_args(ExportFormat) == (*FORMATS, "zip")
    assert get_args(ExportRate) == tuple(NAMED_RATES)


async def test_every_format_is_a_file_with_a_name(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    for form in FORMATS.values():
        answer = await exported(client, done, format=form.name)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == form.media_type
        assert f'filename="my-talk{form.extension}"' in answer.headers["Content-Disposition"]
        assert answer.content


async def test_tables_and_subtitles_say_what_the_rows_say(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    document = json.loads((await exported(client, done, format="json")).text)
    assert [(moment["title"], moment["engine"]) for moment in document["moments"]] == [("First/part", "signal"), ("Second", "extractive")]
    assert document["video"]["source"] == "https://example.com/My_talk.mp4"
    rows = list(csv.DictReader(io.StringIO((await exported(client, done, format="csv")).content.decode("utf-8-sig"))))
    assert [row["start_time"] for row in rows] == ["11.000", "60.000"]
    for kind in ("srt", "vtt"):
        (event,) = pysubs2.SSAFile.from_string((await exported(client, done, format=kind)).text, format_=kind)
        assert (event.start, event.end, event.plaintext) == (0, 1000, "Hello world.")


async def test_one_moments_subtitles(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    first, _ = await moment_ids(client, done)
    answer = await exported(client, done, format="srt", moment=first)
    assert (answer.status_code, answer.text) == (200, "")  # nobody speaks in it
    for params, status, code in (
        ({"format": "srt", "moment": "other"}, 404, "moment_not_found"),
        ({"format": "edl", "moment": first}, 422, "invalid_input"),
        ({"format": "zip", "moment": first}, 422, "invalid_input"),
        ({"format": "doc"}, 422, "invalid_input"),
        ({"format": "edl", "rate": "31"}, 422, "invalid_input"),
        ({"format": "json", "run": "other"}, 404, "run_not_found"),
    ):
        refused = await exported(client, done, **params)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_a_rate_may_be_chosen(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    assert "FCM: DROP FRAME" in (await exported(client, done, format="edl", rate="29.97df")).text
    assert "FCM: NON-DROP FRAME" in (await exported(client, done, format="edl", rate="29.97")).text


async def test_the_archive_holds_clips_with_captions(client: httpx.AsyncClient, deps: ApiDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    done = await finished(deps)

    async def head(*_: object) -> None:
        raise AssertionError("the row knows how large each clip is")

    monkeypatch.setattr(type(deps.store), "head", head)
    answer = await exported(client, done, format="zip")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"01-first-part.mp4", "01-first-part.srt", "01-first-part.vtt", "moments.json", "moments.csv"}
        assert archive.read("01-first-part.mp4") == CLIP
        assert archive.read("01-first-part.vtt").startswith(b"WEBVTT")


async def test_what_is_not_there_yet(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    answer = await client.get(f"/api/videos/{claim.video_id}/export", params={"format": "edl"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_measured")
    answer = await client.get("/api/videos/nobody/export", params={"format": "edl"})
    assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


@pytest.mark.parametrize("header", ["range", "if-none-match"])
async def test_exports_are_made_anew(client: httpx.AsyncClient, deps: ApiDeps, header: str) -> None:
    done = await finished(deps)
    answer = await client.get(f"/api/videos/{done.video_id}/export", params={"format": "csv"}, headers={header: "bytes=0-1"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
