"""What a person does to moments and words, over HTTP, and what runs leave of it."""

from __future__ import annotations

import httpx
import pytest
from finished import claimed, finished
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.core.names import RunStatus
from videomoments.inference.transcript import Segment, TimedTranscript, Word
from videomoments.services.moments import NewMoment


async def shown(client: httpx.AsyncClient, video: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await client.get(f"/api/videos/{video}/moments")).json()["items"]
    return items


async def test_a_persons_own_moment_and_its_changes(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/moments"
    made = await client.post(path, json={"title": "Mine", "start_time": 100, "end_time": 120.5})
    assert made.status_code == 201
    moment = made.json()
    assert (moment["engine"], moment["score"], moment["review"], moment["clip"]) == (None, None, "kept", None)
    assert moment["edited_at"] is not None
    assert made.headers["Location"] == f"{path}/{moment['identifier']}"
    changed = await client.patch(f"{path}/{moment['identifier']}", json={"title": "Still mine", "end_time": 121})
    assert (changed.json()["title"], changed.json()["start_time"], changed.json()["end_time"]) == ("Still mine", 100, 121)
    assert [item["title"] for item in await shown(client, video)] == ["First/part", "Second", "Still mine"]
    blank = await client.patch(f"{path}/{moment['identifier']}", json={"title": "  "})
    assert (blank.status_code, blank.json()["code"]) == (422, "invalid_input")
    assert [item["title"] for item in await shown(client, video)] == ["First/part", "Second", "Still mine"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": "x", "start_time": 5, "end_time": 5}, "moment_empty"),
        ({"title": "x", "start_time": 9, "end_time": 5}, "moment_empty"),
        ({"title": "x", "start_time": 170, "end_time": 190}, "moment_outside_video"),
        ({"title": "x", "start_time": 500, "end_time": 501}, "moment_outside_video"),
        ({"title": "x", "start_time": -1, "end_time": 5}, "invalid_request"),
        ({"title": "", "start_time": 1, "end_time": 5}, "invalid_request"),
        ({"title": " \t\n", "start_time": 1, "end_time": 5}, "invalid_request"),
        ({"title": "\u200b", "start_time": 1, "end_time": 5}, "invalid_request"),
        ({"title": "x", "start_time": 1, "end_time": 5, "score": 1}, "invalid_request"),
    ],
)
async def test_moments_that_are_none_are_refused(client: httpx.AsyncClient, deps: ApiDeps, body: dict[str, object], code: str) -> None:
    video = (await finished(deps)).video_id
    answer = await client.post(f"/api/videos/{video}/moments", json=body)
    assert answer.status_code == 422
    if code != "invalid_request":
        assert answer.json()["code"] == code
    assert len(await shown(client, video)) == 2


async def test_f49_a_moved_boundary_leaves_no_clip_that_shows_something_else(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    first = (await shown(client, video))[0]
    assert first["clip"] is not None
    path = f"/api/videos/{video}/moments/{first['identifier']}"
    renamed = (await client.patch(path, json={"title": "Another name"})).json()
    assert renamed["clip"] is not None
    moved = (await client.patch(path, json={"start_time": 12.0})).json()
    assert (moved["start_time"], moved["clip"]) == (12.0, None)
    assert (await client.get(f"/api/videos/{video}/clips")).json()["items"] == []
    back = (await client.patch(path, json={"start_time": 11.0})).json()
    assert back["clip"] is not None
    asked = await client.post(f"/api/videos/{video}/extract-clips")
    assert asked.status_code == 202
    again = await client.post(f"/api/videos/{video}/extract-clips")
    assert (again.status_code, again.json()["code"]) == (409, "run_active")


async def test_deleted_moments_come_back_whole_for_ten_minutes(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    first = (await shown(client, video))[0]
    path = f"/api/videos/{video}/moments/{first['identifier']}"
    assert (await client.delete(path)).status_code == 204
    assert [item["title"] for item in await shown(client, video)] == ["Second"]  # its original does not come forth
    assert (await client.delete(path)).status_code == 404
    assert (await client.patch(path, json={"title": "x"})).status_code == 404
    await deps.services.editing.remove_due()
    restored = await client.post(f"{path}/restore")
    assert (restored.status_code, restored.json()["is_refined"]) == (200, True)
    assert (await shown(client, video))[0] == first
    await client.delete(path)
    async with deps.services.database.transaction() as session:
        await session.execute(text("UPDATE moments SET deleted_at = now() - interval '11 minutes' WHERE deleted_at IS NOT NULL"))
    await deps.services.editing.remove_due()
    assert (await client.post(f"{path}/restore")).status_code == 404
    assert [item["title"] for item in await shown(client, video)] == ["Second"]


async def test_what_a_person_made_or_edited_survives_the_next_run(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/moments"
    first, second = await shown(client, video)
    await client.post(path, json={"title": "Mine", "start_time": 100, "end_time": 120})
    await client.patch(f"{path}/{second['identifier']}", json={"end_time": 95.0})
    await client.patch(f"{path}/{first['identifier']}", json={"review": "rejected"})
    claim = await claimed(deps)
    assert claim.video_id == video
    await deps.services.moments.save_generated(
        claim,
        [NewMoment(61.0, 89.0, "Found again", 0.7, None, "extractive")],
        system_prompt="s",
        user_prompt="u",
        transcript_id=None,
        sampling={"temperature": 0.3, "top_p": None, "top_k": None},
        options={},
        model="extractive",
    )
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    assert [(item["title"], item["end_time"]) for item in await shown(client, video)] == [
        ("Second", 95.0),
        ("Found again", 89.0),
        ("Mine", 120.0),
    ]


async def test_a_retried_stage_leaves_an_edited_moment_alone(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)

    async def generated(*titles: str) -> None:
        await deps.services.moments.save_generated(
            claim,
            [NewMoment(10.0 * n, 10.0 * n + 5, title, 0.7, None, "extractive") for n, title in enumerate(titles, 1)],
            system_prompt="s",
            user_prompt="u",
            transcript_id=None,
            sampling={"temperature": 0.3, "top_p": None, "top_k": None},
            options={},
            model="extractive",
        )

    await generated("One", "Two", "Three")
    path = f"/api/videos/{claim.video_id}/moments"
    first, _, third = (await client.get(path, params={"run": claim.request_id})).json()["items"]
    for moment in (first, third):
        await client.patch(f"{path}/{moment['identifier']}", json={"title": "By hand"})
    await generated("Uno", "Due")
    again = (await client.get(path, params={"run": claim.request_id})).json()["items"]
    assert [moment["title"] for moment in again] == ["By hand", "Due", "By hand"]


async def test_a_corrected_word_changes_text_and_segment_and_keeps_its_times(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/transcript"
    answer = await client.patch(path, json={"words": [{"index": 1, "was": "world.", "word": "Word!"}]})
    assert answer.status_code == 200
    got = answer.json()
    assert got["text"] == "Hello Word!"
    assert got["segment_timestamps"] == [{"text": "Hello Word!", "start": 0.0, "end": 1.0}]
    assert got["word_timestamps"][1] == {"word": "Word!", "start": 0.5, "end": 1.0, "confidence": 0.8}
    assert got["edited_at"] is not None
    stale = await client.patch(path, json={"words": [{"index": 1, "was": "world.", "word": "x"}]})
    assert (stale.status_code, stale.json()["code"]) == (409, "word_changed")
    beyond = await client.patch(path, json={"words": [{"index": 2, "was": "", "word": "x"}]})
    assert (beyond.status_code, beyond.json()["code"]) == (422, "word_not_found")


async def test_asked_again_by_another_prompt_it_is_a_run(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    answer = await client.post(f"/api/videos/{video}/moments/generate", json={"prompt": "where they talk about bread"})
    assert answer.status_code == 202
    (run,) = (await client.get("/api/pipeline", params={"kind": "generate"})).json()["items"]
    assert run["request_id"] == answer.json()["request_id"]
    assert (await client.post(f"/api/videos/{video}/transcript/transcribe")).status_code == 409


async def test_the_sound_alone_is_a_run(client: httpx.AsyncClient) -> None:
    video = (await client.post("/api/videos", json={"url": "https://example.com/talk.mp4"})).json()["identifier"]
    answer = await client.post(f"/api/videos/{video}/transcript/extract-audio")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/pipeline/{video}/status")
    (run,) = (await client.get("/api/pipeline", params={"kind": "audio"})).json()["items"]
    assert run["request_id"] == answer.json()["request_id"]
    assert (await client.post(f"/api/videos/{video}/transcript/extract-audio")).status_code == 409
    assert (await client.post("/api/videos/none/transcript/extract-audio")).status_code == 404


async def test_a_new_transcript_does_not_pass_for_a_corrected_one(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    path = f"/api/videos/{video}/transcript"
    await client.patch(path, json={"words": [{"index": 1, "was": "world.", "word": "Word!"}]})
    claim = await claimed(deps)
    heard = TimedTranscript("Other.", (Word(0.0, 0.5, "Other.", 0.9),), (Segment(0.0, 0.5, "Other."),), "en", "another", 1.0)
    await deps.services.transcripts.save(claim, heard, language="en", input_hash="other")
    got = (await client.get(path)).json()
    assert (got["text"], got["edited_at"]) == ("Other.", None)
