"""A completed run that left moments unrefined, over HTTP: what it says of them, and a retry as a new run for those alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from finished import Finished, finished

from videomoments.api.deps import ApiDeps
from videomoments.core.errors import Conflict, ModelError
from videomoments.core.names import RunKind, RunStatus
from videomoments.services.moments import NewMoment
from videomoments.services.runs import Claim
from videomoments.services.unrefined import Unrefined

AWAY = ModelError("Model signal is not reachable.", code="model_unreachable", advice="Start it.")
LEFT = Unrefined.of([AWAY], 2)
BETTER = NewMoment(61.0, 88.0, "Second", 0.5, None, "extractive+signal")


async def moments(client: httpx.AsyncClient, video: str, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/api/videos/{video}/moments", params=params)).json()["items"]
    return items


async def history(client: httpx.AsyncClient, video: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/api/pipeline/{video}/history")).json()["items"]
    return items


async def retried(client: httpx.AsyncClient, made: Finished, request_id: str | None = None) -> httpx.Response:
    return await client.post(f"/api/pipeline/{made.video_id}/retry", params={"request_id": request_id or made.request_id})


async def claimed(client: httpx.AsyncClient, deps: ApiDeps, made: Finished) -> Claim:
    answer = await retried(client, made)
    assert answer.status_code == 202, answer.text
    claim = await deps.services.runs.claim(answer.json()["request_id"], "worker-test")
    assert claim is not None
    return claim


async def test_status_and_history_say_how_many_and_why(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    said = {
        "moments": 1,
        "total": 2,
        "message": "1 of 2 moments keep their first boundaries: Model signal is not reachable.",
        "reasons": [{"code": "model_unreachable", "message": "Model signal is not reachable.", "advice": "Start it.", "moments": 1}],
        "left": 1,
    }
    assert (await client.get(f"/api/pipeline/{made.video_id}/status")).json()["unrefined"] == said
    assert [run["unrefined"] for run in await history(client, made.video_id)] == [said]
    assert [run["unrefined"] for run in (await client.get("/api/pipeline")).json()["items"]] == [said]
    assert (await client.get(f"/api/generate_moments/{made.request_id}")).json()["unrefined"] == said
    other = await finished(deps, "https://example.com/other.mp4")
    assert (await client.get(f"/api/pipeline/{other.video_id}/status")).json()["unrefined"] is None


async def test_a_retry_is_a_new_run_for_those_alone_and_old_and_new_are_shown_together(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    first, second = await moments(client, made.video_id)
    assert (first["is_refined"], second["is_refined"]) == (True, False)
    answer = await retried(client, made)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    new, old = await history(client, made.video_id)
    assert (old["request_id"], old["status"]) == (made.request_id, "completed")
    assert (new["request_id"], new["kind"], new["refines"]) == (answer.json()["request_id"], "refine", made.request_id)
    assert new["request_id"] != made.request_id
    claim = await deps.services.runs.claim(new["request_id"], "worker-test")
    assert claim is not None
    assert claim.snapshot.moments == (second["identifier"],)
    [original] = await deps.services.moments.untouched(made.video_id, claim.snapshot.moments)
    await deps.services.moments.save_refined(claim, original, BETTER)
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    shown = await moments(client, made.video_id)
    assert [(moment["start_time"], moment["is_refined"]) for moment in shown] == [(11.0, True), (61.0, True)]
    assert shown[0] == first | {"clip": shown[0]["clip"]}
    assert await moments(client, made.video_id, run=new["request_id"]) == shown
    exported = (await client.get(f"/api/videos/{made.video_id}/export", params={"format": "csv"})).text
    assert "11.000" in exported or "11.0" in exported
    assert "61.000" in exported or "61.0" in exported
    assert (await client.get(f"/api/videos/{made.video_id}")).json()["moment_count"] == 2
    runs = await history(client, made.video_id)
    assert (runs[1]["status"], runs[1]["unrefined"]["moments"], runs[1]["unrefined"]["left"]) == ("completed", 1, 0)
    for run in runs:
        again = await retried(client, made, run["request_id"])
        assert (again.status_code, again.json()["code"]) == (409, "nothing_to_refine")


async def test_the_newest_run_may_be_the_one_that_refined_and_its_retry_is_for_the_same_moments(
    client: httpx.AsyncClient, deps: ApiDeps
) -> None:
    made = await finished(deps, unrefined=LEFT)
    claim = await claimed(client, deps, made)
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)  # it refined none of them
    answer = await client.post(f"/api/pipeline/{made.video_id}/retry")
    assert answer.status_code == 202
    assert answer.json()["request_id"] not in (made.request_id, claim.request_id)
    run = (await history(client, made.video_id))[0]
    assert run["refines"] == made.request_id


async def test_a_refinement_that_failed_is_taken_up_again_with_its_moments(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    claim = await claimed(client, deps, made)
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=AWAY)
    answer = await client.post(f"/api/pipeline/{made.video_id}/retry")
    assert (answer.status_code, answer.json()["request_id"]) == (202, claim.request_id)
    again = await deps.services.runs.claim(claim.request_id, "worker-test")
    assert again is not None
    assert (again.kind, again.snapshot.moments, again.snapshot.refines) == (RunKind.REFINE, claim.snapshot.moments, made.request_id)


async def test_one_run_at_a_time(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    first = (await retried(client, made)).json()["request_id"]
    again = await retried(client, made)
    assert (again.status_code, again.json()["code"]) == (409, "run_active")
    assert first in again.text
    await deps.services.runs.request_cancel(first)
    assert (await client.post(f"/api/videos/{made.video_id}/extract-clips")).status_code == 202
    assert (await retried(client, made)).json()["code"] == "run_active"


async def test_what_a_person_edited_or_deleted_is_not_refined(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    second = f"/api/videos/{made.video_id}/moments/{(await moments(client, made.video_id))[1]['identifier']}"
    await client.delete(second)
    assert (await retried(client, made)).json()["code"] == "nothing_to_refine"
    await client.post(f"{second}/restore")
    claim = await claimed(client, deps, made)
    [original] = await deps.services.moments.untouched(made.video_id, claim.snapshot.moments)
    await client.patch(second, json={"title": "By hand"})
    assert await deps.services.moments.untouched(made.video_id, claim.snapshot.moments) == []
    with pytest.raises(Conflict) as caught:
        await deps.services.moments.save_refined(claim, original, BETTER)
    assert caught.value.code == "moment_edited"
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    assert (await moments(client, made.video_id))[1]["title"] == "By hand"
    assert (await retried(client, made)).json()["code"] == "nothing_to_refine"
    assert (await history(client, made.video_id))[1]["unrefined"]["left"] == 0


async def test_a_run_of_an_earlier_version_that_says_nothing_of_them_is_judged_by_its_moments(
    client: httpx.AsyncClient, deps: ApiDeps
) -> None:
    made = await finished(deps)
    claim = await claimed(client, deps, made)
    assert len(claim.snapshot.moments) == 1


async def test_the_models_that_found_the_moments_need_no_way_in_any_more(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps, unrefined=LEFT)
    await deps.services.models.remove("whisper_tiny_en")
    for key in ("extractive", "whisper_base"):
        model = await deps.services.models.get(key)
        await deps.services.models.put(model.model_copy(update={"builtin": False}))
    assert (await retried(client, made)).status_code == 202
