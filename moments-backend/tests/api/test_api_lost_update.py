"""Two people at one thing: an edit that is based on an older version changes nothing, and is told what stands there now."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from finished import finished

from videomoments.api.deps import ApiDeps
from videomoments.api.openapi import document
from videomoments.api.schemas.moments import TranscriptOut
from videomoments.api.versions import transcript_tag
from videomoments.db.tables import Transcript


async def first_of(client: httpx.AsyncClient, video: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/videos/{video}/moments")).json()["items"][0]
    return found


async def test_f96_of_two_edits_of_one_version_the_second_is_told(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    seen = await first_of(client, video)
    path = f"/api/videos/{video}/moments/{seen['identifier']}"
    looked = await client.get(path)
    assert looked.headers["ETag"] == seen["etag"] == looked.json()["etag"]
    held = {"If-Match": seen["etag"]}
    won = await client.patch(path, json={"title": "Theirs"}, headers=held)
    assert (won.status_code, won.json()["title"]) == (200, "Theirs")
    assert won.headers["ETag"] == won.json()["etag"] != seen["etag"]
    lost = await client.patch(path, json={"title": "Mine", "end_time": 38.0}, headers=held)
    problem = lost.json()
    assert (lost.status_code, problem["code"], lost.headers["Content-Type"]) == (412, "changed_meanwhile", "application/problem+json")
    assert lost.headers["ETag"] == won.headers["ETag"] == problem["current"]["etag"]
    assert (problem["current"]["title"], problem["current"]["end_time"]) == ("Theirs", seen["end_time"])
    assert (await client.delete(path, headers=held)).status_code == 412
    assert (await first_of(client, video))["title"] == "Theirs"
    merged = await client.patch(path, json={"title": "Mine", "end_time": 38.0}, headers={"If-Match": lost.headers["ETag"]})
    assert (merged.status_code, merged.json()["title"], merged.json()["end_time"]) == (200, "Mine", 38.0)
    assert (await client.delete(path, headers={"If-Match": merged.headers["ETag"]})).status_code == 204


async def test_f96_without_a_condition_the_last_wins_as_before(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/moments/{(await first_of(client, video))['identifier']}"
    for title in ("One", "Two"):
        assert (await client.patch(path, json={"title": title})).json()["title"] == title
    assert (await client.patch(path, json={"title": "Any"}, headers={"If-Match": "*"})).status_code == 200


@pytest.mark.parametrize("form", ["W/{0}", "{0}x", "x", '"other"', "", '"a", "b"'])
async def test_f96_only_the_very_tag_is_a_match(client: httpx.AsyncClient, deps: ApiDeps, form: str) -> None:
    video = (await finished(deps)).video_id
    seen = await first_of(client, video)
    path = f"/api/videos/{video}/moments/{seen['identifier']}"
    answer = await client.patch(path, json={"title": "x"}, headers={"If-Match": form.format(seen["etag"])})
    assert answer.status_code == 412
    listed = await client.patch(path, json={"title": "x"}, headers={"If-Match": f'"other", {seen["etag"]}'})
    assert listed.status_code == 200


async def test_f96_twenty_at_once_are_one(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    seen = await first_of(client, video)
    path = f"/api/videos/{video}/moments/{seen['identifier']}"
    answers = await asyncio.gather(
        *(client.patch(path, json={"title": f"Person {n}"}, headers={"If-Match": seen["etag"]}) for n in range(20))
    )
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} == {200, 412}
    assert (await first_of(client, video))["title"] == won.json()["title"]


async def test_f96_the_lists_tag_stands_for_each_moment_in_it(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    listed = await client.get(f"/api/videos/{video}/moments")
    held = {"If-Match": listed.headers["ETag"]}
    first, second = (f"/api/videos/{video}/moments/{item['identifier']}" for item in listed.json()["items"])
    assert (await client.patch(first, json={"title": "Mine"}, headers=held)).status_code == 200
    for path in (first, second):  # another list now, whichever of its moments was changed
        assert (await client.patch(path, json={"title": "Late"}, headers=held)).status_code == 412
    again = {"If-Match": (await client.get(f"/api/videos/{video}/moments")).headers["ETag"]}
    assert (await client.delete(second, headers=again)).status_code == 204


async def test_f96_the_list_is_not_read_for_an_edit_of_its_own_version(
    client: httpx.AsyncClient, deps: ApiDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = (await finished(deps)).video_id
    seen = await first_of(client, video)
    path = f"/api/videos/{video}/moments/{seen['identifier']}"
    monkeypatch.setattr(deps.services.moments, "of_video", lambda *_: pytest.fail("the list was read"))
    assert (await client.patch(path, json={"review": "kept"}, headers={"If-Match": seen["etag"]})).status_code == 200
    assert (await client.delete(path, headers={"If-Match": "*"})).status_code == 204


async def test_f96_a_clip_or_a_signed_address_is_no_other_version(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    seen = await first_of(client, video)
    path = f"/api/videos/{video}/moments/{seen['identifier']}"
    moved = (await client.patch(path, json={"start_time": 12.0}, headers={"If-Match": seen["etag"]})).json()
    assert moved["clip"] is None
    back = (await client.patch(path, json={"start_time": seen["start_time"]}, headers={"If-Match": moved["etag"]})).json()
    assert (back["clip"] is None, back["etag"]) == (False, seen["etag"])  # what a person sees of it is the same again


async def test_f96_words_have_a_version(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/transcript"
    looked = await client.get(path)
    tag = looked.headers["ETag"]
    assert looked.json()["etag"] == tag
    assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 304
    theirs = await client.patch(path, json={"words": [{"index": 1, "was": "world.", "word": "Welt."}]}, headers={"If-Match": tag})
    assert theirs.status_code == 200
    assert theirs.headers["ETag"] == (await client.get(path)).headers["ETag"] != tag
    mine = {"words": [{"index": 0, "was": "Hello", "word": "Hallo"}]}
    stale = await client.patch(path, json=mine, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")
    assert [word["word"] for word in stale.json()["current"]["word_timestamps"]] == ["Hello", "Welt."]
    assert stale.json()["current"]["etag"] == stale.headers["ETag"] == theirs.headers["ETag"]
    again = await client.patch(path, json=mine, headers={"If-Match": stale.headers["ETag"]})
    assert again.json()["text"] == "Hallo Welt."


async def test_f96_the_version_of_words_is_known_without_their_body(
    client: httpx.AsyncClient, deps: ApiDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/videos/{(await finished(deps)).video_id}/transcript"
    tag = (await client.get(path)).headers["ETag"]
    monkeypatch.setattr(TranscriptOut, "of", lambda *_: pytest.fail("the body was made"))
    same = await client.get(path, headers={"If-None-Match": f"W/{tag}"})
    assert (same.status_code, same.headers["ETag"], same.content) == (304, tag, b"")


@pytest.mark.parametrize("column", sorted({column.key for column in Transcript.__table__.columns} - {"id", "video_id", "input_hash"}))
def test_f96_whatever_a_reader_sees_of_a_transcript_is_in_its_version(column: str) -> None:
    values = dict.fromkeys((each.key for each in Transcript.__table__.columns), "x")
    assert TranscriptOut.tag_of(Transcript(**values)) != TranscriptOut.tag_of(Transcript(**values | {column: "other"}))
    assert TranscriptOut.tag_of(Transcript(**values)) != transcript_tag(Transcript(**values), "the fields of another release")


async def test_f96_titles_of_videos_and_models_have_versions(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = f"/api/videos/{(await finished(deps)).video_id}"
    model = "/api/admin/models/qwen3_vl_fp8"
    config = (await client.get(model)).json()
    for method, path, mine, theirs, field in (
        ("PATCH", video, {"title": "Mine"}, {"title": "Theirs"}, "title"),
        ("PUT", model, config | {"temperature": 0.1}, config | {"temperature": 0.9}, "temperature"),
    ):
        looked = await client.get(path)
        tag = looked.headers["ETag"]
        assert looked.json()["etag"] == tag
        won = await client.request(method, path, json=theirs, headers={"If-Match": tag})
        assert (won.status_code, won.headers["ETag"]) == (200, won.json()["etag"])
        lost = await client.request(method, path, json=mine, headers={"If-Match": tag})
        assert (lost.status_code, lost.json()["code"]) == (412, "changed_meanwhile")
        assert lost.json()["current"][field] == theirs[field]
        merged = await client.request(method, path, json=mine, headers={"If-Match": lost.headers["ETag"]})
        assert (merged.status_code, merged.json()[field]) == (200, mine[field])
    assert (await client.delete(model, headers={"If-Match": '"other"'})).status_code == 412


def test_f96_whatever_is_edited_takes_a_condition() -> None:
    """A new way to edit something that has been looked at before has to decide about it."""
    # What these change has no earlier version: they add, begin, end, or hide for a time.
    free = {"append_to_upload", "end_upload", "revoke_key", "delete_video"}
    found = set()
    for operations in document()["paths"].values():
        for method, operation in operations.items():
            if method not in ("patch", "put", "delete") or operation["operationId"] in free:
                continue
            assert "If-Match" in [one["name"] for one in operation.get("parameters", ())], operation["operationId"]
            assert "412" in operation["responses"], operation["operationId"]
            found.add(operation["operationId"])
    assert found == {"edit_moment", "delete_moment", "edit_transcript", "edit_video", "put_model", "delete_model"}
