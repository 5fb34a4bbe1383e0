from __future__ import annotations

import httpx
from finished import CLIP, finished

from videomoments.api.deps import ApiDeps


async def test_moments_in_every_view(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    path = f"/api/videos/{done.video_id}/moments"
    final = (await client.get(path)).json()["items"]
    assert [(moment["start_time"], moment["is_refined"]) for moment in final] == [(11.0, True), (60.0, False)]
    first = final[0]
    assert (first["title"], first["score"], first["reason"], first["engine"]) == ("First/part", 0.9, "It begins.", "signal")
    assert (first["parent"]["start_time"], first["parent"]["end_time"], first["review"]) == (10.0, 40.0, "new")
    assert final[1]["parent"] is None
    assert final[1]["clip"] is None

    async def times(**params: str) -> list[float]:
        return [moment["start_time"] for moment in (await client.get(path, params=params)).json()["items"]]

    assert await times(view="raw") == [10.0, 60.0]
    assert await times(view="refined") == [11.0]
    assert await times(view="all") == [10.0, 11.0, 60.0]
    assert await times(run=done.request_id) == [11.0, 60.0]
    missing = await client.get(path, params={"run": "other"})
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
    assert (await client.get(path, params={"view": "best"})).status_code == 422


async def test_clips_have_addresses_that_serve_ranges(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    (item,) = (await client.get(f"/api/videos/{done.video_id}/clips")).json()["items"]
    clip = item["clip"]
    assert (clip["start_time"], clip["end_time"], clip["duration"], clip["mode"]) == (11.0, 39.0, 28.0, "encode")
    part = await client.get(clip["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"clip", f"bytes 0-3/{len(CLIP)}")
    saved = await client.get(clip["download_url"])
    assert saved.headers["Content-Disposition"].startswith('attachment; filename="First-part.mp4"')
    assert saved.content == CLIP
    assert (await client.get(clip["thumbnail"]["url"])).content == b"jpeg2"
    availability = (await client.get(f"/api/videos/{done.video_id}/extract-clips")).json()
    assert (availability["total"], availability["available"]) == (2, 1)
    assert [item["available"] for item in availability["items"]] == [True, False]


async def test_the_transcript_has_word_times(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    answer = await client.get(f"/api/videos/{done.video_id}/transcript")
    transcript = answer.json()
    assert (transcript["text"], transcript["language"], transcript["engine"], transcript["word_count"]) == (
        "Hello world.",
        "en",
        "whisper_base",
        2,
    )
    assert transcript["word_timestamps"][0] == {"word": "Hello", "start": 0.0, "end": 0.5, "confidence": 0.9}
    assert transcript["segment_timestamps"] == [{"text": "Hello world.", "start": 0.0, "end": 1.0}]
    again = await client.get(f"/api/videos/{done.video_id}/transcript", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
