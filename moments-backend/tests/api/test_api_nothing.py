"""Nothing is found: a state with its reason on every surface; and how many moments a video has is how many it shows."""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest
from finished import finished
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.core.errors import ModelError
from videomoments.core.names import RunKind, RunStatus
from videomoments.services.editing import MomentChange
from videomoments.services.options import RunOptions


async def emptied(deps: ApiDeps, note: str | None = None) -> str:
    """A video whose one completed run found nothing."""
    made = await finished(deps)
    async with deps.services.database.transaction() as session:
        await session.execute(text("DELETE FROM moments"))
        await session.execute(text("UPDATE pipeline_history SET note = :note"), {"note": note})
    return made.video_id


async def shown(client: httpx.AsyncClient, video_id: str, **query: str) -> Any:
    return (await client.get(f"/api/videos/{video_id}/moments", params=query)).json()


async def of_video(client: httpx.AsyncClient, video_id: str) -> tuple[Any, int]:
    video = (await client.get(f"/api/videos/{video_id}")).json()
    [listed] = (await client.get("/api/videos")).json()["items"]
    assert (listed["nothing"], listed["moment_count"]) == (video["nothing"], video["moment_count"])
    return video["nothing"], video["moment_count"]


async def test_nothing_found_is_said_with_its_reason(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video_id = await emptied(deps, "nobody speaks in this recording")
    nothing = {"code": "nothing_found", "message": "Nobody speaks in this recording."}
    page = await shown(client, video_id)
    assert page == {"items": [], "next_cursor": None, "nothing": nothing}
    assert await of_video(client, video_id) == (nothing, 0)
    [run] = (await client.get(f"/api/pipeline/{video_id}/history")).json()["items"]
    assert run["note"] == "nobody speaks in this recording"
    assert (await shown(client, video_id, run=run["request_id"]))["nothing"] == nothing
    for kind in ("json", "csv", "chapters", "edl"):
        answer = await client.get(f"/api/videos/{video_id}/export", params={"format": kind})
        assert answer.status_code == 200, answer.text
        assert any("Nobody speaks in this recording." in note for note in json.loads(answer.headers["Export-Notes"])), kind
        if kind == "json":
            assert answer.json()["nothing"] == "Nobody speaks in this recording."
    answer = await client.get(f"/api/videos/{video_id}/export", params={"format": "zip"})
    assert (answer.status_code, answer.json()["code"]) == (404, "clips_not_found")
    assert "Nobody speaks in this recording." in answer.json()["detail"]


async def test_what_a_person_deleted_is_another_reason(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    page = await shown(client, made.video_id)
    assert "nothing" not in page
    for moment in page["items"]:
        assert (await client.delete(f"/api/videos/{made.video_id}/moments/{moment['identifier']}")).status_code == 204
    page = await shown(client, made.video_id)
    assert (page["items"], page["nothing"]["code"]) == ([], "all_deleted")
    assert (await of_video(client, made.video_id))[0]["code"] == "all_deleted"


@pytest.mark.parametrize(("status", "code"), [(RunStatus.FAILED, "run_failed"), (RunStatus.CANCELLED, "run_cancelled")])
async def test_a_run_that_did_not_complete(client: httpx.AsyncClient, deps: ApiDeps, status: RunStatus, code: str) -> None:
    services = deps.services
    video, _ = await services.videos.register_url("https://example.com/talk.mp4")
    assert await shown(client, video.identifier) == {"items": [], "next_cursor": None}, "nobody has looked yet"
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions()))
    claim = await services.runs.claim(run.request_id, "worker-test")
    assert claim is not None
    assert (await of_video(client, video.identifier))[0] is None
    await services.runs.finish(claim, status, error=ModelError("The model is gone.") if status is RunStatus.FAILED else None)
    nothing = (await shown(client, video.identifier))["nothing"]
    assert nothing["code"] == code
    assert "The model is gone." in nothing["message"] or code != "run_failed"
    assert (await of_video(client, video.identifier))[0] == nothing


@pytest.mark.parametrize("seed", range(4))
async def test_the_count_is_what_is_shown(client: httpx.AsyncClient, deps: ApiDeps, seed: int) -> None:
    """After runs, edits, deletions and moments of a person's own, in any order."""
    dice = random.Random(seed)
    services = deps.services
    made = await finished(deps)
    for _ in range(12):
        moments = (await shown(client, made.video_id, view=dice.choice(["final", "raw", "all"])))["items"]
        match dice.choice(["edit", "edit", "delete", "create", "run"]):
            case "edit" if moments:
                one = dice.choice(moments)
                await services.editing.change(made.video_id, one["identifier"], MomentChange(f"Mine {dice.random()}", None, None, None))
            case "delete" if moments:
                await services.editing.delete(made.video_id, dice.choice(moments)["identifier"])
            case "create":
                await services.editing.create(made.video_id, title="Own", start_time=1.0, end_time=9.0)
            case "run":
                run = await services.runs.accept(made.video_id, await services.models.snapshot(RunOptions()), kind=RunKind.GENERATE)
                claim = await services.runs.claim(run.request_id, "worker-test")
                assert claim is not None
                await services.runs.finish(claim, RunStatus.COMPLETED, note="the model found no moment worth keeping")
        page = await shown(client, made.video_id)
        nothing, count = await of_video(client, made.video_id)
        assert count == len(page["items"]), seed
        assert (nothing is None) == bool(page["items"])
        assert page.get("nothing") == nothing
